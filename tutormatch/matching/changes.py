"""The smallest single change that would serve a need at once, all other matches as they are."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tutormatch.matching.problem import Problem, Solution


class ChangeKind(StrEnum):
    """What would have to change; of equally helpful changes the earlier kind comes first."""

    SLOT = "slot"
    LANGUAGE = "language"
    GROUP = "group"
    GROUP_SIZE = "group_size"
    TUTOR_SESSION = "tutor_session"
    MAX_TUTORS = "max_tutors"
    UNBLOCK = "unblock"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Change:
    """One change, and who could take the need once it is made.

    Attributes
    ----------
    kind : ChangeKind
    value : str
        ``slot``: one more free slot of the pupil, as ``tue-17``. ``language``: one more
        that the pupil accepts, as ``ru``. ``group``: the need whose session the pupil
        could join if a place in a group were wanted. ``group_size``: the need whose session
        has room if its tutor took one more pupil into it. ``tutor_session``: a tutor who
        would have to give one more session (and take one more pupil, if full in that too).
        ``max_tutors``: the pupil's new limit. ``unblock``: the tutor. ``condition``: what a
        tutor would have to meet, as ``sen``.
    tutors : int
        How many tutors could then take the need at once.
    tutor_ids : tuple of str
        The first of them by identifier.
    """

    kind: ChangeKind
    value: str
    tutors: int
    tutor_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the change for JSON."""
        return {
            "kind": str(self.kind),
            "value": self.value,
            "tutors": self.tutors,
            "tutor_ids": list(self.tutor_ids),
        }


def smallest_changes(problem: Problem, solution: Solution, need_id: str) -> tuple[Change, ...]:
    """Return the single changes that would serve an unmatched need at once, best first.

    Raises
    ------
    KeyError
        If the problem has no such need.
    """
    raise NotImplementedError
