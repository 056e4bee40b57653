"""Whose sessions are at other times, and who has an hour free, since matches were looked at last."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Match


@dataclass(frozen=True, slots=True)
class Moves:
    """How the slots of matches changed.

    Attributes
    ----------
    matches : tuple of Match
        Those with other slots, or more, as they are now.
    free_tutors, free_pupils : frozenset of str
        By identifier, who has an hour free that was taken.
    """

    matches: tuple[Match, ...]
    free_tutors: frozenset[str]
    free_pupils: frozenset[str]

    @classmethod
    def between(cls, openings: Openings, before: Collection[Match], after: Collection[Match]) -> "Moves":
        """Compare matches of the same needs with the same tutors, in the same order."""
        pairs = zip(before, after, strict=True)
        changed = [(old, new) for old, new in pairs if new is not old and new.slots != old.slots]

        def tutor(match: Match) -> str:
            return match.tutor_id

        def pupil(match: Match) -> str:
            return openings.problem.need[match.need_id].pupil_id

        def freed(person: Callable[[Match], str]) -> frozenset[str]:
            had, has = ({(person(pair[turn]), slot) for pair in changed for slot in pair[turn].slots} for turn in (0, 1))
            return frozenset(each for each, _ in had - has)

        return cls(tuple(new for _, new in changed), freed(tutor), freed(pupil))
