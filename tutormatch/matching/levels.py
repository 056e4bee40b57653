"""What a matching reaches at each level of the objective, and what counting alone says of the most."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from tutormatch.matching.objective import (
    BALANCE,
    BREADTH,
    COMPLETE,
    COVER,
    DEPTH,
    GROUPS,
    LEVELS,
    POINTS,
    QUALITY,
    URGENCY_ITEM,
    quality,
)
from tutormatch.matching.problem import PRIORITIES, Match, Need, PairStatus, Problem, Profile
from tutormatch.matching.slots import weekday_of


@dataclass(frozen=True, slots=True)
class Reached:
    """What a matching reaches at one level; ``by_priority`` is empty where priorities say nothing."""

    total: int
    by_priority: Mapping[int, int] = field(default_factory=dict)


def most_urgent_priority(problem: Problem) -> dict[str, int]:
    """Return the priority of each pupil's most urgent need."""
    priorities: dict[str, int] = {}
    for need in problem.needs:
        priorities[need.pupil_id] = max(need.priority, priorities.get(need.pupil_id, 0))
    return priorities


def measure(problem: Problem, matches: Collection[Match], profile: Profile) -> dict[str, Reached]:
    """Return what ``matches`` reach at each level of a profile, in its order."""
    priority_of = most_urgent_priority(problem)
    needs_of: Counter[str] = Counter()
    joined: Counter[str] = Counter()
    full: set[str] = set()
    further = 0
    for match in matches:
        need = problem.need[match.need_id]
        if match.joins:
            joined[need.pupil_id] += 1
            continue
        needs_of[need.pupil_id] += 1
        further += len(match.slots) - 1
        if len(match.slots) == need.sessions_per_week:
            full.add(need.pupil_id)

    def by_priority(count_of: Mapping[str, int]) -> Reached:
        counts = dict.fromkeys(PRIORITIES, 0)
        for pupil_id, count in count_of.items():
            counts[priority_of[pupil_id]] += count
        return Reached(sum(counts.values()), counts)

    reached = {
        COMPLETE: by_priority(dict.fromkeys(full, 1)),
        BREADTH: by_priority(dict.fromkeys(needs_of, 1)),
        COVER: by_priority({pupil_id: count - 1 for pupil_id, count in needs_of.items()}),
        GROUPS: by_priority(joined),
        DEPTH: Reached(further),
        QUALITY: Reached(quality(problem, matches)),
        BALANCE: Reached(unevenness(problem, matches)),
    }
    return {name: reached[name] for name in LEVELS[profile]}


def pairs_among(count: int) -> int:
    """Return the cost of ``count`` at one school or tutor: each adds as much as there were before it."""
    return count * (count - 1) // 2


def unevenness(problem: Problem, matches: Iterable[Match]) -> int:
    """Return how unevenly schools have pupils with a tutor, and tutors sessions; the less the better.

    The sum of ``k (k - 1) / 2`` over schools (k: pupils with a tutor) and tutors
    (k: sessions a week, a group session once), so that the tenth costs more than a first.
    """
    pupils_of: dict[str, set[str]] = defaultdict(set)
    sessions_of: dict[str, set[int]] = defaultdict(set)
    for match in matches:
        pupil = problem.pupil[problem.need[match.need_id].pupil_id]
        pupils_of[pupil.school].add(pupil.id)
        sessions_of[match.tutor_id].update(match.slots)
    return sum(pairs_among(len(each)) for each in (*pupils_of.values(), *sessions_of.values()))


def count_bounds(problem: Problem, reached: Mapping[str, Reached]) -> dict[str, int]:
    """Return bounds of levels from the records alone, given what is reached at the levels above.

    Returns
    -------
    dict of str to int
        Of ``complete``, ``cover``, ``groups``, ``depth``, ``quality`` (at most) and ``balance`` (at least).

    Notes
    -----
    ``own`` is the number of matches with sessions of their own, breadth and cover.

    - complete: the pupils whose shortest wishes fit into all sessions of all tutors
      (a tutor's sessions, or free slots if those are fewer).
    - cover: all needs, or all sessions, without the first of each pupil served; the less of the two.
    - groups: the needs without sessions of their own, the needs that may join a group
      with a tutor for one, and the places in all groups; the least of the three.
    - depth: the sessions that ``own`` leaves of all, and the most further sessions that
      ``own`` needs want; the less of the two.
    - quality: the most points of as many needs as are served, each with everything it
      could earn, and ``same_tutor`` for each but one of a pupil's.
    - balance: as many pupils as breadth says spread over the schools, and as many
      sessions as own and depth say over the tutors, as evenly as their numbers allow.
    """
    own = reached[BREADTH].total + reached[COVER].total
    capacity = [min(tutor.sessions_per_week, len(tutor.slots)) for tutor in problem.tutors]
    further = sorted((need.sessions_per_week - 1 for need in problem.needs), reverse=True)[:own]
    served = own + reached[GROUPS].total
    points = sorted(most_points(problem), reverse=True)[:served]
    return {
        COMPLETE: _most_complete(problem, sum(capacity)),
        COVER: min(len(problem.needs), sum(capacity)) - reached[BREADTH].total,
        GROUPS: min(len(problem.needs) - own, *_most_joining(problem)),
        DEPTH: min(sum(capacity) - own, sum(further)),
        QUALITY: sum(points) + POINTS["same_tutor"] * (served - reached[BREADTH].total),
        BALANCE: _least_uneven(reached[BREADTH].total, Counter(_schools_of_needs(problem)).values())
        + _least_uneven(own + reached[DEPTH].total, capacity),
    }


def _most_complete(problem: Problem, sessions: int) -> int:
    shortest: dict[str, int] = {}
    for need in problem.needs:
        shortest[need.pupil_id] = min(need.sessions_per_week, shortest.get(need.pupil_id, need.sessions_per_week))
    count = 0
    for wanted in sorted(shortest.values()):
        sessions -= wanted
        if sessions < 0:
            break
        count += 1
    return count


def _most_joining(problem: Problem) -> tuple[int, int]:
    """Return how many needs may join a group, and how many places groups have."""
    taught: set[tuple[str, int]] = set()
    places = 0
    for tutor in problem.tutors:
        if tutor.group_size > 1:
            places += (tutor.group_size - 1) * min(tutor.sessions_per_week, len(tutor.slots))
            for each in tutor.subjects:
                taught.update((each.subject, grade) for grade in range(each.grade_from, each.grade_to + 1))
    return sum(need.group_ok and (need.subject, need.grade) in taught for need in problem.needs), places


def most_points(problem: Problem) -> list[int]:
    """Return for each need the most points it could earn with some tutor, ``same_tutor`` aside."""
    returning = {pair.pupil_id for pair in problem.pairs if pair.status is PairStatus.RETURNING}
    institutions = {tutor.institution for tutor in problem.tutors}
    most = []
    for need in problem.needs:
        pupil = problem.pupil[need.pupil_id]
        points = POINTS["first_language"] + POINTS["spread"] * _most_days_more(need, pupil.slots)
        points += POINTS[item] if (item := URGENCY_ITEM[need.priority]) else 0
        points += POINTS["returning"] * (need.pupil_id in returning)
        points += POINTS["patron"] * (not institutions.isdisjoint(pupil.patrons))
        most.append(points)
    return most


def _most_days_more(need: Need, slots: Iterable[int]) -> int:
    if need.sessions_per_week == 1:
        return 0
    return max(0, min(need.sessions_per_week, len({weekday_of(slot) for slot in slots})) - 1)


def _schools_of_needs(problem: Problem) -> list[str]:
    """Return the school of each pupil with needs."""
    return [problem.pupil[pupil_id].school for pupil_id in {need.pupil_id for need in problem.needs}]


def _least_uneven(count: int, limits: Iterable[int]) -> int:
    """Return the least unevenness of ``count`` spread over places with these limits."""
    # Filling level by level: the k-th at each place costs k - 1.
    at_least = Counter(limits)
    open_places = sum(places for limit, places in at_least.items() if limit > 0)
    cost = height = 0
    while count > 0 and open_places > 0:
        taken = min(count, open_places)
        cost += taken * height
        count -= taken
        height += 1
        open_places -= at_least.get(height, 0)
    return cost
