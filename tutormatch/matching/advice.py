"""Whom to recruit next, and which one change serves most: exact, by flows of breadth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tutormatch.matching.problem import Problem, Solution
from tutormatch.matching.slots import format_slot

RECRUIT_SESSIONS, RECRUIT_PUPILS = 2, 2


class WeekPart(StrEnum):
    """When a recruit would have to be free."""

    MORNINGS = "weekday_mornings"
    AFTERNOONS = "weekday_afternoons"
    EVENINGS = "weekday_evenings"
    WEEKEND = "weekend"


class WhatIfKind(StrEnum):
    """A change for many at once."""

    SLOT = "slot"
    SCHOOL_SLOT = "school_slot"
    LANGUAGE = "language"
    TUTOR_SESSION = "tutor_session"


@dataclass(frozen=True, slots=True)
class Recruit:
    """A kind of tutor, and how many more pupils the first, second, … such tutor serves.

    Attributes
    ----------
    subject : str
    grade_from, grade_to : int
    tutoring_language : str
    conditions : tuple of str
    part : WeekPart
    slots : tuple of int
        Hours of ``part`` that are enough for these numbers.
    serves : tuple of int
        Further pupils by each recruit, beside the recruits before.
    need_ids, pupil_ids : tuple of tuple of str
        For each recruit the pupils who get a tutor, the most urgent first, and for which
        need; some of them through others who move to the recruit.
    waiting : int
        How many pupils wait for such a tutor in all.
    sessions_per_week, max_pupils : int
        What each recruit is counted with.
    """

    subject: str
    grade_from: int
    grade_to: int
    tutoring_language: str
    conditions: tuple[str, ...]
    part: WeekPart
    slots: tuple[int, ...]
    serves: tuple[int, ...]
    need_ids: tuple[tuple[str, ...], ...]
    pupil_ids: tuple[tuple[str, ...], ...]
    waiting: int = 0
    sessions_per_week: int = RECRUIT_SESSIONS
    max_pupils: int = RECRUIT_PUPILS

    def to_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return {
            "subject": self.subject,
            "grade_from": self.grade_from,
            "grade_to": self.grade_to,
            "tutoring_language": self.tutoring_language,
            "conditions": list(self.conditions),
            "part": str(self.part),
            "slots": [format_slot(slot) for slot in self.slots],
            "serves": list(self.serves),
            "need_ids": [list(each) for each in self.need_ids],
            "pupil_ids": [list(each) for each in self.pupil_ids],
            "waiting": self.waiting,
            "sessions_per_week": self.sessions_per_week,
            "max_pupils": self.max_pupils,
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change for many at once, and how many more pupils would get a tutor.

    Attributes
    ----------
    kind : WhatIfKind
        ``slot``: every waiting pupil is free in one more slot; ``school_slot``: those of one
        school are; ``language``: every waiting pupil accepts one more language;
        ``tutor_session``: a tutor, or every tutor, gives one more session to one more pupil.
    value : str
        ``tue-17``; the school and the slot, ``S12 tue-17``; ``ru``; the tutor, or "" for all.
    serves : int
        Further pupils.
    need_ids, pupil_ids : tuple of str
        Who they are, the most urgent first, and for which need.
    """

    kind: WhatIfKind
    value: str
    serves: int
    need_ids: tuple[str, ...]
    pupil_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return {
            "kind": str(self.kind),
            "value": self.value,
            "serves": self.serves,
            "need_ids": list(self.need_ids),
            "pupil_ids": list(self.pupil_ids),
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """Whom to recruit, what to change, and where hours are short.

    Attributes
    ----------
    recruits : tuple of Recruit
        The most helpful first. A line that asks for more than another and serves no more is left out.
    what_ifs : tuple of WhatIf
        The most helpful first.
    shortage : mapping of int to int
        By slot, the waiting needs whose pupils are free in it.
    supply : mapping of int to int
        By slot, the tutors who are free in it and can give one more session.
    """

    recruits: tuple[Recruit, ...]
    what_ifs: tuple[WhatIf, ...]
    shortage: Mapping[int, int] = field(default_factory=dict)
    supply: Mapping[int, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the advice for JSON."""
        return {
            "recruits": [line.to_dict() for line in self.recruits],
            "what_ifs": [line.to_dict() for line in self.what_ifs],
            "shortage": {format_slot(slot): count for slot, count in self.shortage.items()},
            "supply": {format_slot(slot): count for slot, count in self.supply.items()},
        }


def recruitment_advice(problem: Problem, solution: Solution, *, recruits: int = 3, limit: int = 30) -> Advice:
    """Find which further tutors, and which other changes, serve the most further pupils.

    Parameters
    ----------
    problem : Problem
    solution : Solution
    recruits : int, default 3
        How many tutors of each kind to look ahead.
    limit : int, default 30
        How many lines of each sort to return at most.
    """
    raise NotImplementedError


def improvable(problem: Problem, solution: Solution) -> int:
    """Return how many more pupils could have a tutor if agreed matches were released."""
    raise NotImplementedError
