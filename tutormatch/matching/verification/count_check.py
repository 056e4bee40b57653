"""Bounds from the records alone, for `verify`: what nothing could exceed, whoever meets whom.

Nothing here is shared with the solver but the records and the table of points.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from tutormatch.matching.objective import POINTS
from tutormatch.matching.problem import Need, PairStatus, Problem


def bounds_by_count(problem: Problem, reached: Mapping[str, int]) -> dict[str, int]:
    """Return bounds beside what is reached at the levels above each.

    Parameters
    ----------
    problem : Problem
    reached : mapping of str to int
        By level.

    Returns
    -------
    dict of str to int
        ``complete``, ``cover``, ``groups``, ``depth`` and ``quality`` have no more, ``balance`` has no less.
    """
    hours = [min(len(tutor.slots), tutor.sessions_per_week) for tutor in problem.tutors]
    own = reached["breadth"] + reached["cover"]
    served = own + reached["groups"]
    longest = sorted((need.sessions_per_week - 1 for need in problem.needs), reverse=True)
    best = sorted(_points(problem), reverse=True)
    pupils_of_school = Counter(problem.pupil[pupil_id].school for pupil_id in {need.pupil_id for need in problem.needs})
    return {
        "complete": _fitting(problem.needs, sum(hours)),
        "cover": min(len(problem.needs), sum(hours)) - reached["breadth"],
        "groups": min(len(problem.needs) - own, *_group_places(problem)),
        "depth": min(sum(longest[:own]), sum(hours) - own),
        "quality": sum(best[:served]) + POINTS["same_tutor"] * (served - reached["breadth"]),
        "balance": _evenly(reached["breadth"], pupils_of_school.values()) + _evenly(own + reached["depth"], hours),
    }


def _fitting(needs: Iterable[Need], hours: int) -> int:
    """Return how many pupils' shortest wishes fit into so many hours."""
    wished: dict[str, int] = {}
    for need in needs:
        wished[need.pupil_id] = min(need.sessions_per_week, wished.get(need.pupil_id, need.sessions_per_week))
    fitting = 0
    for sessions in sorted(wished.values()):
        if sessions > hours:
            break
        hours -= sessions
        fitting += 1
    return fitting


def _group_places(problem: Problem) -> tuple[int, int]:
    """Return how many needs a tutor of groups could take, and the places beside the hosts in all their sessions."""
    of_groups = [tutor for tutor in problem.tutors if tutor.group_size > 1]
    subjects = {
        (each.subject, grade)
        for tutor in of_groups
        for each in tutor.subjects
        for grade in range(each.grade_from, each.grade_to + 1)
    }
    willing = sum((need.subject, need.grade) in subjects for need in problem.needs if need.group_ok)
    places = sum((tutor.group_size - 1) * min(tutor.sessions_per_week, len(tutor.slots)) for tutor in of_groups)
    return willing, places


def _points(problem: Problem) -> Iterable[int]:
    """Yield for each need everything that a pair could earn, ``same_tutor`` aside."""
    returning = {pair.pupil_id for pair in problem.pairs if pair.status is PairStatus.RETURNING}
    institutions = {tutor.institution for tutor in problem.tutors}
    for need in problem.needs:
        pupil = problem.pupil[need.pupil_id]
        days = min(len({slot // 24 for slot in pupil.slots}), need.sessions_per_week)
        yield (
            {3: POINTS["urgent_need"], 2: POINTS["normal_need"], 1: 0}[need.priority]
            + POINTS["first_language"]
            + POINTS["returning"] * (need.pupil_id in returning)
            + POINTS["patron"] * bool(institutions & pupil.patrons)
            + POINTS["spread"] * max(days - 1, 0)
        )


def _evenly(count: int, limits: Iterable[int]) -> int:
    """Return the least sum of k (k - 1) / 2 with ``count`` spread over places with limits."""
    rooms: dict[int, int] = defaultdict(int)
    for limit in limits:
        # The k-th at a place adds k - 1.
        for nth in range(limit):
            rooms[nth] += 1
    least = 0
    for nth, room in sorted(rooms.items()):
        taken = min(room, count)
        least += nth * taken
        count -= taken
    return least
