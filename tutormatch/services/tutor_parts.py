"""The three parts of a tutor's profile, as forms give them and drafts keep them.

Their attributes are named like the columns of `Tutor`, so that a form fills itself from either.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Studies:
    """Who the student is: where and what they study; adult or minor, never a birth date."""

    institution_id: int
    study_programme: str
    year_of_study: int
    is_minor: bool

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(**data)


@dataclass(frozen=True)
class TaughtSubject:
    """A subject with the lowest and the highest grade, both included."""

    subject_code: str
    grade_from: int
    grade_to: int

    def covers(self, subject_code: str, grade: int) -> bool:
        return self.subject_code == subject_code and self.grade_from <= grade <= self.grade_to


@dataclass(frozen=True)
class Teaching:
    """What the tutor teaches, in which languages, whom, and why."""

    subjects: tuple[TaughtSubject, ...]
    tutoring_languages: tuple[str, ...]
    conditions: tuple[str, ...]
    group_size: int
    motivation: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(
            subjects=tuple(TaughtSubject(**subject) for subject in data["subjects"]),
            tutoring_languages=tuple(data["tutoring_languages"]),
            conditions=tuple(data["conditions"]),
            group_size=data["group_size"],
            motivation=data["motivation"],
        )


@dataclass(frozen=True)
class FreeTime:
    """When the tutor is free, and how much of that time is for tutoring."""

    slots: frozenset[int]
    sessions_per_week: int
    max_pupils: int

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "slots": sorted(self.slots)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return cls(frozenset(data["slots"]), data["sessions_per_week"], data["max_pupils"])


Part = Studies | Teaching | FreeTime
