"""Which needs some tutor could still take: asked for all needs at once, in words of slots."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain, compress

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import WORDS, Openings

CELLS_AT_ONCE = 4_000_000


def candidates(assignment: Assignment, needs: Sequence[int]) -> dict[int, list[int]]:
    """Return the tutors who suit each need and have room and common time as things are.

    Parameters
    ----------
    assignment : Assignment
    needs : sequence of int
        Without a seat.

    Returns
    -------
    dict of int to list of int
        Only needs that have such tutors, in the given order. As seats are taken, some fall away and none
        is added.
    """
    openings, pupil_of = assignment.openings, assignment.openings.pupil_numbers
    tutor_words, pupil_words = assignment.free_words()
    takes_new, may_have_new = assignment.takes_new(), np.less(assignment.new_tutors, openings.tutors_left)
    numbers = np.array(needs, dtype=np.int64)
    found: dict[int, list[int]] = defaultdict(list)
    for need, tutor in zip(*_own_tutors(assignment, numbers, tutor_words, pupil_words), strict=True):
        found[need].append(tutor)
    for wish, places in _by_wish(openings, numbers):
        suited = openings.suited(openings.wishes[wish])
        suited, some = suited[takes_new[suited]], numbers[places]
        some = some[may_have_new[pupil_of[some]]]
        for row, columns in with_common_time(pupil_words[pupil_of[some]], tutor_words[suited]):
            need = int(some[row])
            found[need] = list(dict.fromkeys([*found.get(need, ()), *suited[columns].tolist()]))
    return {need: found[need] for need in needs if need in found}


def couples_with_sessions(assignment: Assignment) -> tuple[np.ndarray, np.ndarray]:
    """Return who is together with a tutor who can give one more session: the tutors, and beside them the pupils."""
    count = len(assignment.together)
    couples = np.fromiter(chain.from_iterable(assignment.together), dtype=np.int64, count=2 * count)
    tutors, pupils = couples.reshape(-1, 2).T
    meetings = np.fromiter(assignment.together.values(), dtype=np.int64, count=count)
    can_meet = assignment.with_sessions()[tutors] & (meetings > 0)
    return tutors[can_meet], pupils[can_meet]


def with_common_time(some: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield which of some share a slot with others, and with which; all are rows of words."""
    step = max(1, CELLS_AT_ONCE // max(1, len(others)))
    for start in range(0, len(some), step):
        block = some[start : start + step]
        meet = np.zeros((len(block), len(others)), dtype=bool)
        for word in range(WORDS):
            meet |= (block[:, word, None] & others[:, word]) != 0
        for row in np.flatnonzero(meet.any(axis=1)).tolist():
            yield start + row, np.flatnonzero(meet[row])


def _by_wish(openings: Openings, needs: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each wish of some needs, by number, and which of them have it."""
    wish = np.array(openings.wish_number, dtype=np.int64)[needs]
    order = np.argsort(wish, kind="stable")
    wishes, starts = np.unique(wish[order], return_index=True)
    yield from zip(wishes.tolist(), np.split(order, starts[1:]) if len(needs) else (), strict=True)


def _own_tutors(
    assignment: Assignment, needs: np.ndarray, tutor_words: np.ndarray, pupil_words: np.ndarray
) -> tuple[list[int], list[int]]:
    """Return needs and, beside each, a tutor of its pupil who suits it and could meet the pupil once more."""
    openings = assignment.openings
    tutors, pupils = couples_with_sessions(assignment)
    could_meet = (tutor_words[tutors] & pupil_words[pupils]).any(axis=1)
    order = np.lexsort((tutors[could_meet], pupils[could_meet]))
    tutors, pupils = tutors[could_meet][order], pupils[could_meet][order]
    first, last = (np.searchsorted(pupils, openings.pupil_numbers[needs], side) for side in ("left", "right"))
    rows = np.repeat(np.arange(len(needs)), last - first)
    tutors = tutors[np.arange(len(rows)) + np.repeat(last - np.cumsum(last - first), last - first)]
    suits, is_suited = np.zeros(len(rows), dtype=bool), np.zeros(len(openings.tutor_free), dtype=bool)
    for wish, some in _by_wish(openings, needs[rows]):
        suited = openings.suited(openings.wishes[wish])
        is_suited[suited] = True
        suits[some] = is_suited[tutors[some]]
        is_suited[suited] = False
    own = needs[rows[suits]].tolist(), tutors[suits].tolist()
    # Words do not say who is blocked.
    may = [bool(assignment.free_slots(tutor, openings.pupil_of[need])) for need, tutor in zip(*own, strict=True)]
    return list(compress(own[0], may)), list(compress(own[1], may))
