"""Which needs some tutor could still take: asked for all needs at once, in words of slots."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import WORDS, Wish, to_words

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
    taking = [tutor for tutor in range(len(openings.problem.tutors)) if assignment.takes_new(tutor)]
    tutor_words = to_words(openings.tutor_free[tutor] & ~assignment.tutor_taken.get(tutor, 0) for tutor in taking)
    place_of = np.full(len(openings.problem.tutors), -1, dtype=np.int64)
    place_of[taking] = np.arange(len(taking))
    group_of: dict[Wish, list[int]] = defaultdict(list)
    for need in needs:
        if assignment.new_tutors.get(pupil := openings.pupil_of[need], 0) < openings.tutors_left[pupil]:
            group_of[openings.wish_of[need]].append(need)
    found: dict[int, list[int]] = {}
    for wish, group in group_of.items():
        suited = openings.suited(wish)
        suited = suited[place_of[suited] >= 0]
        if not len(suited):
            continue
        theirs = tutor_words[place_of[suited]]
        step = max(1, CELLS_AT_ONCE // len(suited))
        for start in range(0, len(group), step):
            some = group[start : start + step]
            pupils = [openings.pupil_of[need] for need in some]
            words = to_words(openings.pupil_free[pupil] & ~assignment.pupil_taken.get(pupil, 0) for pupil in pupils)
            meet = np.zeros((len(some), len(suited)), dtype=bool)
            for word in range(WORDS):
                meet |= (words[:, word][:, None] & theirs[:, word]) != 0
            row, column = np.nonzero(meet)
            for place, tutor in zip(row.tolist(), suited[column].tolist(), strict=True):
                found.setdefault(some[place], []).append(tutor)
    with_tutor = {openings.pupil_of[need] for need in assignment.seat_of} | openings.tutors_of_pupil.keys()
    for need in needs:
        if (pupil := openings.pupil_of[need]) in with_tutor:
            own = [tutor for tutor in assignment.own_tutors(pupil) if assignment.has_sessions(tutor)]
            if own := [tutor for tutor in own if openings.suits(need, tutor)]:
                found[need] = list(dict.fromkeys([*own, *found.get(need, ())]))
    return {need: found[need] for need in needs if need in found}
