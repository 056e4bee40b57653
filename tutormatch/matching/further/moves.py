"""Whose sessions are at other times, and who has an hour free, since matches were looked at last."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from operator import attrgetter

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
        had, has = [old for old, _ in changed], [new for _, new in changed]

        def freed(person: Callable[[Match], str]) -> frozenset[str]:
            hours, hours_now = (
                {(person(match), slot) for match in some for slot in match.slots} for some in (had, has)
            )
            return frozenset(each for each, _ in hours - hours_now)

        def pupil(match: Match) -> str:
            return openings.problem.need[match.need_id].pupil_id

        return cls(tuple(has), freed(attrgetter("tutor_id")), freed(pupil))
