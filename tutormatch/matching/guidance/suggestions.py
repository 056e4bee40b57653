"""The best tutors for one need at once, or the shortest chain of changes that would serve it."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tutormatch.matching.flow.openings import to_bits, to_numbers
from tutormatch.matching.guidance.chains import Chains, Move, points_of_pair
from tutormatch.matching.guidance.standing import Standing
from tutormatch.matching.problem import Need, Problem, Pupil, Solution
from tutormatch.matching.rules import tutoring_language
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
        self.standing = Standing(problem, solution.matches)
        self.chains = Chains(self.standing)

    def suggest(self, need_id: str, *, limit: int = 5) -> Suggestion:
        """Return the best tutors for a need, at most ``limit``, and if none is free the shortest chain.

        For a need that has a tutor already: whom it could have instead, all else as it is; no chain.

        Raises
        ------
        KeyError
            If the problem has no such need.
        """
        need = self.problem.need[need_id]
        if need_id in self.standing.match_of:
            own = self.standing.leave(need_id)
            tutors = self._tutors(need, limit)
            self.standing.take(own)
            return Suggestion(need_id, tutors)
        tutors = self._tutors(need, limit)
        is_served = bool(tutors) and tutors[0].is_free
        return Suggestion(need_id, tutors, () if is_served else self.chains.shortest(need))

    def _tutors(self, need: Need, limit: int) -> tuple[TutorOption, ...]:
        standing, pupil = self.standing, self.standing.pupil_of(need)
        teachers = standing.teachers(need.subject)
        own_word = to_bits(pupil.slots)
        suited = standing.suited(need)[-1] & standing.meeting(teachers, pupil, teachers.at, own_word)
        free = suited & standing.with_room(teachers, pupil)
        free &= standing.meeting(teachers, pupil, teachers.free, standing.pupil_free(pupil))
        chosen = [(tutor, True) for tutor in self._best(need, pupil, teachers.numbers(free), limit)]
        others = teachers.numbers(suited & ~free) if len(chosen) < limit else []
        chosen += [(tutor, False) for tutor in self._best(need, pupil, others, limit - len(chosen))]
        options = []
        for tutor, is_free in chosen:
            record = self.problem.tutors[tutor]
            slots = own_word & to_bits(record.slots) & standing.allowed(tutor, pupil)
            options.append(
                TutorOption(
                    record.id,
                    tuple(to_numbers(standing.common_slots(tutor, pupil) if is_free else slots)),
                    tutoring_language(record, pupil) or "",
                    points_of_pair(standing, tutor, need, pupil),
                    is_free,
                )
            )
        return tuple(options)

    def _best(self, need: Need, pupil: Pupil, tutors: list[int], count: int) -> list[int]:
        """Return the tutors who would earn most points with a need; equals by identifier."""
        points = {tutor: sum(points_of_pair(self.standing, tutor, need, pupil).values()) for tutor in tutors}
        return heapq.nsmallest(count, tutors, key=lambda tutor: (-points[tutor], tutor))


def suggest(problem: Problem, solution: Solution, need_id: str, *, limit: int = 5) -> Suggestion:
    """Return the best tutors for one need, or the shortest chain that serves it; see `Suggester`."""
    return Suggester(problem, solution).suggest(need_id, limit=limit)
