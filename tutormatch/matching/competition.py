"""Who competes for too few sessions: a Hall violator around one need."""

from dataclasses import dataclass
from typing import Any

from tutormatch.matching.problem import Problem, Solution

NAMED = 5


@dataclass(frozen=True, slots=True)
class Competition:
    """Needs that only these tutors can take, and the fewer sessions that these can give them.

    Attributes
    ----------
    needs : tuple of str
        By identifier, more than ``sessions``.
    sessions : int
        What the tutors can give these needs at most, beside what is locked.
    tutor_ids : tuple of str
    """

    needs: tuple[str, ...]
    sessions: int
    tutor_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, and the first needs and tutors, for JSON."""
        return {
            "needs": len(self.needs),
            "sessions": self.sessions,
            "tutors": len(self.tutor_ids),
            "need_ids": list(self.needs[:NAMED]),
            "tutor_ids": list(self.tutor_ids[:NAMED]),
        }


def competition(problem: Problem, solution: Solution, need_id: str) -> Competition | None:
    """Return the competition that keeps an unmatched need from a tutor.

    Returns
    -------
    Competition or None
        None if no competition proves that the need must wait, or one like it: it has a
        tutor, nobody suits it, or its pupil's own time or limits are in the way.

    Raises
    ------
    KeyError
        If the problem has no such need.
    """
    raise NotImplementedError
