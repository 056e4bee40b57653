"""Needs that find a tutor after all, because sessions of others have moved."""

from collections.abc import Collection

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.repair import fill
from tutormatch.matching.problem import Match


def serve_too(
    openings: Openings, matches: Collection[Match], before: Collection[Match] | None = None
) -> tuple[Match, ...]:
    """Return new matches of needs that fit beside those there are, by need.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
        That keep every hard rule, the locked ones among them.
    before : collection of Match, optional
        The same matches before their sessions moved, in the same order, beside which no need had fitted: then only
        needs are looked at for which an hour has become free.
    """
    moved = None
    if before is not None:
        pairs = zip(before, matches, strict=True)
        moved = [new for old, new in pairs if new is not old and not set(old.slots) <= set(new.slots)]
        if not moved:
            return ()
    rest = openings.holding(matches)
    if moved is not None:
        rest.open_needs = _who_could_come(rest, moved)
    assignment = Assignment(rest)
    fill(assignment)
    return assignment.new_matches()


def _who_could_come(openings: Openings, moved: Collection[Match]) -> list[int]:
    """Return the open needs of pupils, or suiting tutors, who have an hour free that a moved match had."""
    has_moved = np.zeros(len(openings.tutor_free), dtype=bool)
    has_moved[[openings.tutor_index[match.tutor_id] for match in moved]] = True
    pupils = {openings.pupil_of[openings.need_index[match.need_id]] for match in moved}
    wishes = {openings.wish_of[need] for need in openings.open_needs}
    suiting = {wish for wish in wishes if has_moved[openings.suited(wish)].any()}
    return [
        need for need in openings.open_needs if openings.pupil_of[need] in pupils or openings.wish_of[need] in suiting
    ]
