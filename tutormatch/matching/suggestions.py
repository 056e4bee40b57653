"""The best tutors for one need at once, or the shortest chain of changes that would serve it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutormatch.matching.problem import Problem, Solution
from tutormatch.matching.slots import format_slot


@dataclass(frozen=True, slots=True)
class TutorOption:
    """A tutor who suits a need by rules 1, 2, 6 and 8 and shares time with the pupil.

    Attributes
    ----------
    tutor_id : str
    slots : tuple of int
        In which both could meet as things are if ``is_free``; else by their own word.
    tutoring_language : str
    points : mapping of str to int
        What the pair would earn, item by item (`tutormatch.matching.POINTS`).
    is_free : bool
        Whether the tutor can take the need at once.
    """

    tutor_id: str
    slots: tuple[int, ...]
    tutoring_language: str
    points: Mapping[str, int]
    is_free: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the option for JSON."""
        return {
            "tutor_id": self.tutor_id,
            "slots": [format_slot(slot) for slot in self.slots],
            "tutoring_language": self.tutoring_language,
            "points": dict(self.points),
            "is_free": self.is_free,
        }


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a chain: a need comes to a tutor and slots; ``from_tutor_id`` "" is from none."""

    need_id: str
    tutor_id: str
    slots: tuple[int, ...]
    from_tutor_id: str = ""
    from_slots: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the move for JSON."""
        return {
            "need_id": self.need_id,
            "tutor_id": self.tutor_id,
            "slots": [format_slot(slot) for slot in self.slots],
            "from_tutor_id": self.from_tutor_id,
            "from_slots": [format_slot(slot) for slot in self.from_slots],
        }


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What could be done for one need.

    Attributes
    ----------
    need_id : str
    tutors : tuple of TutorOption
        Free ones first, then by points, ties by identifier.
    chain : tuple of Move
        The first move serves the need, each further one seats whoever had to make room;
        locked matches stay. Empty if a tutor is free, or if no chain was found.
    """

    need_id: str
    tutors: tuple[TutorOption, ...]
    chain: tuple[Move, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the suggestion for JSON."""
        return {
            "need_id": self.need_id,
            "tutors": [option.to_dict() for option in self.tutors],
            "chain": [move.to_dict() for move in self.chain],
        }


class Suggester:
    """Answers for many needs of one solution; preparing takes longer than answering.

    Parameters
    ----------
    problem : Problem
    solution : Solution
    """

    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem = problem
        self.solution = solution

    def suggest(self, need_id: str, *, limit: int = 5) -> Suggestion:
        """Return the best tutors for a need without one, at most ``limit``, or a chain that serves it.

        Raises
        ------
        KeyError
            If the problem has no such need.
        """
        raise NotImplementedError


def suggest(problem: Problem, solution: Solution, need_id: str, *, limit: int = 5) -> Suggestion:
    """Return the best tutors for one need, or the shortest chain that serves it; see `Suggester`."""
    return Suggester(problem, solution).suggest(need_id, limit=limit)
