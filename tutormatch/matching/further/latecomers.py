"""Needs that find a tutor after all, because sessions of others have moved."""

from collections.abc import Collection

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.repair import fill
from tutormatch.matching.further.moves import Moves
from tutormatch.matching.problem import Match


def serve_too(openings: Openings, matches: Collection[Match], moves: Moves | None = None) -> tuple[Match, ...]:
    """Return new matches of needs that fit beside those there are, by need.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
        That keep every hard rule, the locked ones among them.
    moves : Moves, optional
        What has changed since no need fitted beside them: then only needs are looked at for which an hour has
        become free.
    """
    if moves is not None and not (moves.free_tutors or moves.free_pupils):
        return ()
    rest = openings.holding(matches)
    if moves is not None:
        rest.open_needs = _who_could_come(rest, moves)
    assignment = Assignment(rest)
    fill(assignment)
    return assignment.new_matches()


def _who_could_come(openings: Openings, moves: Moves) -> list[int]:
    """Return the open needs of pupils, or suiting tutors, who have got an hour free."""
    is_free = np.zeros(len(openings.tutor_free), dtype=bool)
    is_free[[openings.tutor_index[tutor] for tutor in moves.free_tutors]] = True
    suits = [bool(is_free[openings.suited(wish)].any()) for wish in openings.wishes]
    pupils = {openings.pupil_index[pupil] for pupil in moves.free_pupils}
    return [
        need for need in openings.open_needs if openings.pupil_of[need] in pupils or suits[openings.wish_number[need]]
    ]
