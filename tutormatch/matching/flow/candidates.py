"""Which needs some tutor could still take: asked for all needs at once, in words of slots."""

from collections import defaultdict
from collections.abc import Collection

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import to_words

CELLS_AT_ONCE = 4_000_000


def candidates(assignment: Assignment, needs: Collection[int]) -> dict[int, list[int]]:
    """Return the tutors who suit each need and have room and common time as things are.

    Parameters
    ----------
    assignment : Assignment
    needs : collection of int
        Without a seat.

    Returns
    -------
    dict of int to list of int
        Only needs that have such tutors, in the given order. As seats are taken, some fall away and none
        is added.
    """
    openings = assignment.openings
    taking = np.array(
        [tutor for tutor in range(len(openings.problem.tutors)) if assignment.takes_new(tutor)], dtype=np.int64
    )
    is_taking = np.zeros(len(openings.problem.tutors), dtype=bool)
    is_taking[taking] = True
    found: dict[int, list[int]] = {}
    for wish, group in _by_wish(assignment, needs).items():
        tutors = openings.suited(wish)
        tutors = tutors[is_taking[tutors]]
        if not len(tutors):
            continue
        theirs = to_words(openings.tutor_free[tutor] & ~assignment.tutor_taken[tutor] for tutor in tutors.tolist())
        step = max(1, CELLS_AT_ONCE // len(tutors))
        for start in range(0, len(group), step):
            some = group[start : start + step]
            pupils = [openings.pupil_of[need] for need in some]
            own = to_words(openings.pupil_free[pupil] & ~assignment.pupil_taken[pupil] for pupil in pupils)
            row, column = np.nonzero((own[:, None, :] & theirs[None, :, :]).any(axis=2))
            for place, tutor in zip(row.tolist(), tutors[column].tolist(), strict=True):
                found.setdefault(some[place], []).append(tutor)
    with_tutor = {openings.pupil_of[need] for need in assignment.seat_of} | openings.tutors_of_pupil.keys()
    for need in needs:
        if (pupil := openings.pupil_of[need]) in with_tutor:
            own = [tutor for tutor in assignment.own_tutors(pupil) if assignment.has_sessions(tutor)]
            if own := [tutor for tutor in own if openings.suits(need, tutor)]:
                found[need] = list(dict.fromkeys([*own, *found.get(need, ())]))
    return {need: found[need] for need in needs if need in found}


def _by_wish(assignment: Assignment, needs: Collection[int]) -> dict:
    """Return the needs whose pupils may have another tutor, by what they wish for."""
    openings = assignment.openings
    groups = defaultdict(list)
    for need in needs:
        pupil = openings.pupil_of[need]
        if assignment.new_tutors[pupil] < openings.tutors_left[pupil]:
            groups[openings.wish_of[need]].append(need)
    return groups
