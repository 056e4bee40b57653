"""The people and schools of a synthetic population, and the problem they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from tutormatch.matching.population.tables import SESSION_MINUTES
from tutormatch.matching.problem import Need, Pair, Problem, Pupil, Tutor


@dataclass(frozen=True, slots=True)
class School:
    """A numbered school of a real district; it has ``pupils`` and ``nominates`` some of them."""

    code: str
    district_kato: str
    region_code: str
    number: int
    kind: str
    name_kk: str
    name_ru: str
    name_en: str
    instruction: tuple[str, ...]
    has_second_shift: bool
    has_six_days: bool
    patrons: tuple[str, ...]
    class_sets: tuple[tuple[int, int], ...]
    pupils: int
    nominates: int = 0


@dataclass(frozen=True, slots=True)
class Teacher:
    """A teacher who nominates pupils of one school."""

    email: str
    first_name: str
    last_name: str
    school: str
    locale: str


@dataclass(frozen=True, slots=True)
class SyntheticTutor:
    """A core tutor with the person behind it; ``checked_on`` None keeps the tutor out of a round."""

    tutor: Tutor
    first_name: str
    last_name: str
    email: str
    locale: str
    study_programme: str
    year_of_study: int
    is_minor: bool
    motivation: str
    checked_on: date | None
    briefed_on: date | None

    @property
    def may_enter(self) -> bool:
        return self.checked_on is not None


@dataclass(frozen=True, slots=True)
class SyntheticPupil:
    """A core pupil with the person behind it; only ``consent_state`` "received" lets the pupil into a round."""

    pupil: Pupil
    first_name: str
    last_name: str
    grade: int
    class_label: str
    shift: str
    place: str
    device: str
    instruction_language: str
    consent_on: date | None
    consent_form: str
    consent_state: str
    teacher_email: str

    @property
    def may_enter(self) -> bool:
        return self.consent_state == "received"


@dataclass(frozen=True, slots=True)
class SyntheticNeed:
    """A core need with the current mark in percent and the topics to work on."""

    need: Need
    current_mark: int
    topics: str


@dataclass(frozen=True)
class Population:
    """Everybody that was drawn, those kept out of a round included.

    ``cases`` names the rows that were built on purpose: number of the hard case
    (see `tutormatch.matching.population.cases`) to identifiers.
    """

    size: str
    seed: int
    on: date
    schools: tuple[School, ...]
    teachers: tuple[Teacher, ...]
    tutors: tuple[SyntheticTutor, ...]
    pupils: tuple[SyntheticPupil, ...]
    needs: tuple[SyntheticNeed, ...]
    pairs: tuple[Pair, ...] = ()
    cases: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def problem(self) -> Problem:
        """The round's problem: checked tutors and pupils with consent, their needs and pairs."""
        return self.entering.everybody

    @cached_property
    def everybody(self) -> Problem:
        """The same, were nobody kept out."""
        return Problem.of(
            (row.tutor for row in self.tutors),
            (row.pupil for row in self.pupils),
            (row.need for row in self.needs),
            self.pairs,
        )

    @cached_property
    def entering(self) -> "Population":
        """The population without those who may not enter a round."""
        if all(row.may_enter for row in (*self.tutors, *self.pupils)):
            return self
        tutors = tuple(row for row in self.tutors if row.may_enter)
        pupils = tuple(row for row in self.pupils if row.may_enter)
        tutor_ids = {row.tutor.id for row in tutors}
        pupil_ids = {row.pupil.id for row in pupils}
        return Population(
            self.size,
            self.seed,
            self.on,
            self.schools,
            self.teachers,
            tutors,
            pupils,
            tuple(row for row in self.needs if row.need.pupil_id in pupil_ids),
            tuple(pair for pair in self.pairs if pair.tutor_id in tutor_ids and pair.pupil_id in pupil_ids),
            self.cases,
        )

    @cached_property
    def hours_wanted(self) -> float:
        """Hours a week that all pupils want, a session lasting as long as their grade allows."""
        return sum(row.need.sessions_per_week * session_minutes(row.need.grade) for row in self.needs) / 60

    @cached_property
    def hours_offered(self) -> int:
        """Hours a week that all tutors offer."""
        return sum(row.tutor.sessions_per_week for row in self.tutors)


def session_minutes(grade: int) -> int:
    """Return the length of one session for ``grade``."""
    return next(minutes for last_grade, minutes in SESSION_MINUTES if grade <= last_grade)
