"""What a better matching is: the order of pupils, and the points of a pair.

The levels of the objective count strictly in this order: *breadth* (pupils with
a tutor), *cover* (further needs of those pupils), *quality* (points of the pairs).

Notes
-----
Breadth and cover are both won greedily. The sets of session units that can be
linked to tutors' hours along disjoint paths are the independent sets of a
matroid (a gammoid), and in a matroid the greedy order by weight ends in a basis:
serving the most urgent first never costs the total. Only the order of the weights
matters, so small consecutive ranks give the lexicographically best result and
the largest number at once.

References
----------
.. [1] H. Perfect, "Applications of Menger's graph theorem",
   J. Math. Anal. Appl. 22 (1968), 96-111.
.. [2] J. Edmonds, "Matroids and the greedy algorithm",
   Math. Programming 1 (1971), 127-136.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType

import numpy as np

from tutormatch.matching.columns import numbers_of
from tutormatch.matching.problem import PRIORITIES, Match, Need, PairStatus, Problem, Profile, Pupil, Tutor
from tutormatch.matching.rules import tutoring_language
from tutormatch.matching.slots import weekday_of

COMPLETE, BREADTH, COVER, GROUPS, DEPTH, QUALITY, BALANCE = (
    "complete",
    "breadth",
    "cover",
    "groups",
    "depth",
    "quality",
    "balance",
)
LEVELS: Mapping[Profile, tuple[str, ...]] = MappingProxyType(
    {
        # As many pupils as possible, the most urgent first, then those who have waited longest.
        Profile.BREADTH_FIRST: (BREADTH, COVER, GROUPS, DEPTH, QUALITY, BALANCE),
        # The full number of sessions for fewer pupils, and what is left as above.
        Profile.DEPTH_FIRST: (COMPLETE, BREADTH, COVER, GROUPS, DEPTH, QUALITY, BALANCE),
        # As breadth first, but who has waited longest comes before who is most urgent.
        Profile.LONGEST_WAIT_FIRST: (BREADTH, COVER, GROUPS, DEPTH, QUALITY, BALANCE),
    }
)

POINTS: Mapping[str, int] = MappingProxyType(
    {
        # A pupil who gets fewer tutors than wished for gets them for the urgent needs:
        # one step of urgency outweighs everything else a pair can earn.
        "urgent_need": 64,
        "normal_need": 32,
        "returning": 12,
        "same_tutor": 8,
        "first_language": 4,
        "patron": 2,
        # For each session on a day of the week that the match did not have yet.
        "spread": 1,
    }
)
URGENCY_ITEM: Mapping[int, str | None] = MappingProxyType({3: "urgent_need", 2: "normal_need", 1: None})


POINTS_BY_PRIORITY = np.array(
    [POINTS[item] if (item := URGENCY_ITEM.get(priority)) else 0 for priority in range(max(PRIORITIES) + 1)]
)
"""What serving a need earns whoever its tutor is."""


def urgency_points(need: Need) -> int:
    """Return what serving ``need`` earns whoever its tutor is."""
    return int(POINTS_BY_PRIORITY[need.priority])


def pair_items(tutor: Tutor, pupil: Pupil, need: Need, *, is_returning: bool) -> dict[str, int]:
    """Return the points that one match earns by itself, item by item.

    The item ``same_tutor`` depends on the other matches and is added by `match_items`.
    """
    items = {}
    if urgency := URGENCY_ITEM[need.priority]:
        items[urgency] = POINTS[urgency]
    if is_returning:
        items["returning"] = POINTS["returning"]
    if tutoring_language(tutor, pupil) == pupil.languages[0]:
        items["first_language"] = POINTS["first_language"]
    if tutor.institution and tutor.institution in pupil.patrons:
        items["patron"] = POINTS["patron"]
    return items


def match_items(problem: Problem, matches: Iterable[Match]) -> dict[str, dict[str, int]]:
    """Return the points of every match, item by item, under the identifier of its need.

    A tutor who takes several needs of one pupil earns ``same_tutor`` for each but
    the first by identifier. A match earns ``spread`` for its own sessions only, not
    for those that it joins.
    """
    returning = {(pair.tutor_id, pair.pupil_id) for pair in problem.pairs if pair.status is PairStatus.RETURNING}
    together: set[tuple[str, str]] = set()
    items = {}
    for match in sorted(matches, key=attrgetter("need_id")):
        need = problem.need[match.need_id]
        pair = (match.tutor_id, need.pupil_id)
        tutor, pupil = problem.tutor[match.tutor_id], problem.pupil[need.pupil_id]
        items[need.id] = pair_items(tutor, pupil, need, is_returning=pair in returning)
        if pair in together:
            items[need.id]["same_tutor"] = POINTS["same_tutor"]
        together.add(pair)
        if len(match.slots) > 1 and not match.joins:
            days = len({weekday_of(slot) for slot in match.slots})
            if days > 1:
                items[need.id]["spread"] = POINTS["spread"] * (days - 1)
    return items


def quality(problem: Problem, matches: Iterable[Match]) -> int:
    """Return the points of all matches together."""
    return sum(sum(items.values()) for items in match_items(problem, matches).values())


def urgency_of(needs: Collection[Need], profile: Profile = Profile.BREADTH_FIRST) -> np.ndarray:
    """Return the place of each need among those of all pupils, larger first.

    By priority and then by how long it has waited, in days; for `Profile.LONGEST_WAIT_FIRST` the other way round.
    """
    first, then = numbers_of(needs, "priority"), numbers_of(needs, "waiting_days")
    if profile is Profile.LONGEST_WAIT_FIRST:
        first, then = then, first
    return first * (then.max(initial=0) + 1) + then


def pupil_ranks(pupils: np.ndarray, urgency: np.ndarray) -> dict[int, int]:
    """Rank the pupils of open needs: 1 is the least urgent, equals share a rank.

    Parameters
    ----------
    pupils : ndarray of int
        By open need, its pupil.
    urgency : ndarray of int
        By open need, its place by `urgency_of`; that of a pupil is the first of them.
    """
    different, number = np.unique(pupils, return_inverse=True)
    most_urgent = np.zeros(len(different), dtype=np.int64)
    np.maximum.at(most_urgent, number, urgency)
    _, rank = np.unique(most_urgent, return_inverse=True)
    return dict(zip(different.tolist(), (rank + 1).tolist(), strict=True))


def breadth_and_cover(problem: Problem, matches: Iterable[Match]) -> tuple[dict[int, int], dict[int, int]]:
    """Count pupils with a tutor, and their further needs, by the pupil's most urgent need.

    Returns
    -------
    tuple of dict
        Breadth and cover, each from priority (3, 2, 1) to a count.
    """
    urgency: Counter[str] = Counter()
    for need in problem.needs:
        urgency[need.pupil_id] = max(urgency[need.pupil_id], need.priority)
    served = Counter(problem.need[match.need_id].pupil_id for match in matches)
    breadth, cover = {3: 0, 2: 0, 1: 0}, {3: 0, 2: 0, 1: 0}
    for pupil_id, count in served.items():
        breadth[urgency[pupil_id]] += 1
        cover[urgency[pupil_id]] += count - 1
    return breadth, cover
