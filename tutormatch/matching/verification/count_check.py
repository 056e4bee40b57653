"""Bounds from the records alone, for `verify`: what nothing could exceed, whoever meets whom.

Nothing here is shared with the solver but the records and the table of points.
"""

from collections.abc import Mapping

import numpy as np

from tutormatch.matching.objective import POINTS
from tutormatch.matching.slots import HOURS_PER_DAY, WEEKDAYS
from tutormatch.matching.verification.roster import Roster

POINTS_BY_PRIORITY = np.array([0, 0, POINTS["normal_need"], POINTS["urgent_need"]])


def bounds_by_count(roster: Roster, reached: Mapping[str, int]) -> dict[str, int]:
    """Return bounds beside what is reached at the levels above each.

    Parameters
    ----------
    roster : Roster
    reached : mapping of str to int
        By level.

    Returns
    -------
    dict of str to int
        ``complete``, ``cover``, ``groups``, ``depth`` and ``quality`` have no more, ``balance`` has no less.
    """
    hours = np.minimum(roster.tutor_free.sum(axis=1), roster.sessions)
    sessions, needs = int(hours.sum()), len(roster.need_pupil)
    own = reached["breadth"] + reached["cover"]
    served = own + reached["groups"]
    longest = np.sort(roster.wanted - 1)[::-1]
    best = np.sort(_points(roster))[::-1]
    pupils_of_school = np.bincount(roster.school[roster.urgency > 0])
    return {
        "complete": _fitting(roster, sessions),
        "cover": min(needs, sessions) - reached["breadth"],
        "groups": min(needs - own, *_group_places(roster, hours)),
        "depth": min(int(longest[:own].sum()), sessions - own),
        "quality": int(best[:served].sum()) + POINTS["same_tutor"] * (served - reached["breadth"]),
        "balance": _evenly(reached["breadth"], pupils_of_school) + _evenly(own + reached["depth"], hours),
    }


def _fitting(roster: Roster, hours: int) -> int:
    """Return how many pupils' shortest wishes fit into so many hours."""
    wished = np.full(len(roster.urgency), np.iinfo(np.int64).max)
    np.minimum.at(wished, roster.need_pupil, roster.wanted)
    taken = np.cumsum(np.sort(wished[roster.urgency > 0]))
    return int(np.searchsorted(taken, hours, side="right"))


def _group_places(roster: Roster, hours: np.ndarray) -> tuple[int, int]:
    """Return how many needs a tutor of groups could take, and the places beside the hosts in all their sessions."""
    of_groups = roster.group_size > 1
    teaches = roster.teaches
    is_taught = teaches.table[:, np.unique(teaches.offered[of_groups])].any(axis=1)
    willing = int((roster.group_ok & is_taught[teaches.asked]).sum())
    return willing, int(((roster.group_size - 1) * hours)[of_groups].sum())


def _points(roster: Roster) -> np.ndarray:
    """Return for each need everything that a pair could earn, ``same_tutor`` aside."""
    pupils = len(roster.urgency)
    days = roster.pupil_free.reshape(pupils, len(WEEKDAYS), HOURS_PER_DAY).any(axis=2).sum(axis=1)
    is_returning = np.zeros(pupils, dtype=bool)
    is_returning[roster.returning.pupil] = True
    patron = roster.is_patron
    of_pupil = POINTS["returning"] * is_returning + POINTS["patron"] * patron.table.any(axis=1)[patron.asked]
    further_days = np.maximum(np.minimum(days[roster.need_pupil], roster.wanted) - 1, 0)
    return (
        POINTS_BY_PRIORITY[roster.priority]
        + POINTS["first_language"]
        + of_pupil[roster.need_pupil]
        + POINTS["spread"] * further_days
    )


def _evenly(count: int, limits: np.ndarray) -> int:
    """Return the least sum of k (k - 1) / 2 with ``count`` spread over places with limits."""
    # The k-th at a place adds k - 1; so many places have room for it.
    rooms = len(limits) - np.cumsum(np.bincount(limits))
    before = np.cumsum(rooms) - rooms
    taken = np.clip(count - before, 0, rooms)
    return int(taken @ np.arange(len(rooms)))
