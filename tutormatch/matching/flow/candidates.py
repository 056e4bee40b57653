"""Which needs some tutor could still take: asked for all needs at once, in words of slots."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import WORDS

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
    openings = assignment.openings
    takes_new, may_have_new = assignment.takes_new(), np.less(assignment.new_tutors, openings.tutors_left)
    tutor_words, pupil_words = assignment.tutor_words(), assignment.pupil_words()
    pupil_of = openings.pupil_numbers
    group_of: dict[int, list[int]] = defaultdict(list)
    for need in needs:
        group_of[openings.wish_number[need]].append(need)
    found: dict[int, list[int]] = {}
    for wish, group in group_of.items():
        suited = openings.suited(openings.wishes[wish])
        suited = suited[takes_new[suited]]
        some = np.array(group, dtype=np.int64)
        some = some[may_have_new[pupil_of[some]]]
        for row, columns in with_common_time(pupil_words[pupil_of[some]], tutor_words[suited]):
            found[int(some[row])] = suited[columns].tolist()
    own_of = _with_sessions_by_pupil(assignment)
    for need in needs:
        if own := own_of.get(pupil := openings.pupil_of[need]):
            own = [tutor for tutor in own if assignment.free_slots(tutor, pupil) and openings.suits(need, tutor)]
            found[need] = list(dict.fromkeys([*own, *found.get(need, ())]))
    return {need: found[need] for need in needs if found.get(need)}


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


def _with_sessions_by_pupil(assignment: Assignment) -> dict[int, list[int]]:
    """Return by pupil those of the pupil's tutors, in order, who can give one more session."""
    with_sessions = assignment.with_sessions().tolist()
    own_of: dict[int, list[int]] = defaultdict(list)
    for (tutor, pupil), meetings in assignment.together.items():
        if meetings and with_sessions[tutor]:
            own_of[pupil].append(tutor)
    for own in own_of.values():
        own.sort()
    return own_of
