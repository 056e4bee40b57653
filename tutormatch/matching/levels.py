"""What a matching reaches at each level of the objective, and what counting alone says of the most."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tutormatch.matching.columns import distinct, listed, marked, numbers_of
from tutormatch.matching.objective import (
    BALANCE,
    BREADTH,
    COMPLETE,
    COVER,
    DEPTH,
    GROUPS,
    LEVELS,
    POINTS,
    POINTS_BY_PRIORITY,
    QUALITY,
)
from tutormatch.matching.problem import PRIORITIES, Match, PairStatus, Problem, Profile
from tutormatch.matching.slots import SLOTS_PER_WEEK, WEEKDAYS, weekday_of


@dataclass(frozen=True, slots=True)
class Reached:
    """What a matching reaches at one level; ``by_priority`` is empty where priorities say nothing."""

    total: int
    by_priority: Mapping[int, int] = field(default_factory=dict)


class _Needs:
    """The needs of a problem as arrays.

    Attributes
    ----------
    pupil_place : dict of str to int
    pupil, priority, wanted : ndarray
        By need: its pupil's place in the problem, its urgency, and sessions a week.
    urgency : ndarray
        By pupil, the priority of the most urgent need; 0 without any.
    """

    def __init__(self, problem: Problem) -> None:
        self.pupil_place = _places(problem.pupils)
        self.pupil = np.array([self.pupil_place[need.pupil_id] for need in problem.needs], dtype=np.int64)
        self.priority = numbers_of(problem.needs, "priority")
        self.wanted = numbers_of(problem.needs, "sessions_per_week")
        self.urgency = np.zeros(len(problem.pupils), dtype=np.int64)
        np.maximum.at(self.urgency, self.pupil, self.priority)

    def by_priority(self, pupils: np.ndarray) -> Reached:
        """Count pupils, as often as they are named, by their most urgent need."""
        counts = np.bincount(self.urgency[pupils], minlength=max(PRIORITIES) + 1)
        return Reached(len(pupils), {priority: int(counts[priority]) for priority in PRIORITIES})


class _Meetings:
    """Matches as arrays; everybody goes by their place in the problem.

    Attributes
    ----------
    tutor_place : dict of str to int
    need, tutor, pupil, is_own : ndarray
        By match; whether its sessions are its own.
    match, slot : ndarray
        By session of a match.
    """

    def __init__(self, problem: Problem, needs: _Needs, matches: Collection[Match]) -> None:
        self.problem = problem
        self.needs = needs
        need_place, self.tutor_place = _places(problem.needs), _places(problem.tutors)
        self.need = np.array([need_place[match.need_id] for match in matches], dtype=np.int64)
        self.tutor = np.array([self.tutor_place[match.tutor_id] for match in matches], dtype=np.int64)
        self.is_own = np.array([not match.joins for match in matches], dtype=bool)
        self.pupil = needs.pupil[self.need]
        self.match, self.slot = listed([match.slots for match in matches])

    @property
    def sessions(self) -> np.ndarray:
        """By match, how many sessions it has."""
        return np.bincount(self.match, minlength=len(self.need))

    def points(self) -> int:
        """Return the points of all matches together, as `match_items` tells them one by one."""
        problem, count = self.problem, len(self.problem.pupils)
        couples = self.tutor * count + self.pupil
        returning = [
            self.tutor_place[pair.tutor_id] * count + self.needs.pupil_place[pair.pupil_id]
            for pair in problem.pairs
            if pair.status is PairStatus.RETURNING
        ]
        people = [
            (problem.tutors[tutor], problem.pupils[pupil]) for tutor, pupil in zip(self.tutor, self.pupil, strict=True)
        ]
        is_own = self.is_own[self.match]
        days = distinct(self.match[is_own] * len(WEEKDAYS) + weekday_of(self.slot[is_own]))
        earned = {
            "returning": np.isin(couples, np.array(returning, dtype=np.int64)).sum(),
            "same_tutor": len(couples) - len(distinct(couples)),
            "first_language": sum(pupil.languages[0] in tutor.languages for tutor, pupil in people),
            "patron": sum(tutor.institution != "" and tutor.institution in pupil.patrons for tutor, pupil in people),
            "spread": len(days) - len(distinct(self.match[is_own])),
        }
        urgency = POINTS_BY_PRIORITY[self.needs.priority[self.need]].sum()
        return int(urgency) + sum(POINTS[item] * int(times) for item, times in earned.items())

    def unevenness(self) -> int:
        """Return how unevenly schools have pupils with a tutor, and tutors sessions; the less the better.

        The sum of ``k (k - 1) / 2`` over schools (k: pupils with a tutor) and tutors
        (k: sessions a week, a group session once), so that the tenth costs more than a first.
        """
        hours = distinct(self.tutor[self.match] * SLOTS_PER_WEEK + self.slot)
        sessions = np.bincount(hours // SLOTS_PER_WEEK)
        pupils = np.array([*_pupils_of_school(self.problem, distinct(self.pupil)).values()], dtype=np.int64)
        return sum(int(each @ (each - 1)) // 2 for each in (pupils, sessions))


def _places(records: Sequence[Any]) -> dict[str, int]:
    return {record.id: place for place, record in enumerate(records)}


def _pupils_of_school(problem: Problem, pupils: np.ndarray) -> Counter[str]:
    return Counter(problem.pupils[pupil].school for pupil in pupils.tolist())


def measure(problem: Problem, matches: Collection[Match], profile: Profile) -> dict[str, Reached]:
    """Return what ``matches`` reach at each level of a profile, in its order."""
    needs = _Needs(problem)
    meetings = _Meetings(problem, needs, matches)
    own, pupil = meetings.is_own, meetings.pupil
    is_full = own & (meetings.sessions == needs.wanted[meetings.need])
    breadth, all_own = needs.by_priority(distinct(pupil[own])), needs.by_priority(pupil[own])
    further = {priority: all_own.by_priority[priority] - breadth.by_priority[priority] for priority in PRIORITIES}
    reached = {
        COMPLETE: needs.by_priority(distinct(pupil[is_full])),
        BREADTH: breadth,
        COVER: Reached(all_own.total - breadth.total, further),
        GROUPS: needs.by_priority(pupil[~own]),
        DEPTH: Reached(int((meetings.sessions - 1)[own].sum())),
        QUALITY: Reached(meetings.points()),
        BALANCE: Reached(meetings.unevenness()),
    }
    return {name: reached[name] for name in LEVELS[profile]}


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
    needs = _Needs(problem)
    own = reached[BREADTH].total + reached[COVER].total
    slots = np.array([len(tutor.slots) for tutor in problem.tutors], dtype=np.int64)
    hours = np.minimum(numbers_of(problem.tutors, "sessions_per_week"), slots)
    sessions = int(hours.sum())
    further = np.sort(needs.wanted - 1)[::-1][:own]
    served = own + reached[GROUPS].total
    points = np.sort(_most_points(problem, needs))[::-1][:served]
    pupils_of_school = _pupils_of_school(problem, np.flatnonzero(needs.urgency))
    return {
        COMPLETE: _most_complete(needs, sessions),
        COVER: min(len(problem.needs), sessions) - reached[BREADTH].total,
        GROUPS: min(len(problem.needs) - own, *_most_joining(problem)),
        DEPTH: min(sessions - own, int(further.sum())),
        QUALITY: int(points.sum()) + POINTS["same_tutor"] * (served - reached[BREADTH].total),
        BALANCE: _least_uneven(reached[BREADTH].total, pupils_of_school.values())
        + _least_uneven(own + reached[DEPTH].total, hours.tolist()),
    }


def _most_complete(needs: _Needs, sessions: int) -> int:
    """Return how many pupils' shortest wishes fit into so many sessions."""
    shortest = np.full(len(needs.urgency), SLOTS_PER_WEEK)
    np.minimum.at(shortest, needs.pupil, needs.wanted)
    taken = np.cumsum(np.sort(shortest[needs.urgency > 0]))
    return int(np.searchsorted(taken, sessions, side="right"))


def _most_joining(problem: Problem) -> tuple[int, int]:
    """Return how many needs may join a group, and how many places groups have."""
    of_groups = [tutor for tutor in problem.tutors if tutor.group_size > 1]
    places = sum((tutor.group_size - 1) * min(tutor.sessions_per_week, len(tutor.slots)) for tutor in of_groups)
    # Most equal subjects are one object.
    offers = {id(tutor.subjects): tutor.subjects for tutor in of_groups}.values()
    taught = {(each.subject, grade) for subjects in offers for each in subjects for grade in each.grades}
    return sum(need.group_ok and (need.subject, need.grade) in taught for need in problem.needs), places


def _most_points(problem: Problem, needs: _Needs) -> np.ndarray:
    """Return for each need the most points it could earn with some tutor, ``same_tutor`` aside."""
    returning = {pair.pupil_id for pair in problem.pairs if pair.status is PairStatus.RETURNING}
    institutions = {tutor.institution for tutor in problem.tutors}
    is_returning = np.array([pupil.id in returning for pupil in problem.pupils], dtype=bool)
    has_patron = np.array([not institutions.isdisjoint(pupil.patrons) for pupil in problem.pupils], dtype=bool)
    of_pupil = POINTS["first_language"] + POINTS["returning"] * is_returning + POINTS["patron"] * has_patron
    pupil, slot = listed([pupil.slots for pupil in problem.pupils])
    days = marked(pupil, weekday_of(slot), (len(problem.pupils), len(WEEKDAYS))).sum(axis=1)
    further_days = np.maximum(np.minimum(needs.wanted, days[needs.pupil]) - 1, 0)
    return POINTS_BY_PRIORITY[needs.priority] + of_pupil[needs.pupil] + POINTS["spread"] * further_days


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
