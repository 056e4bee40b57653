"""Weekly timetables of a tutor and of a teacher, each with what they may know of the other side."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select

from .. import clock
from ..database import localized_name
from ..extensions import db
from ..models import (
    Account,
    Institution,
    Match,
    Need,
    Pupil,
    Role,
    School,
    SchoolPeriod,
    Subject,
    Tutor,
    WeeklySession,
)
from .groups import others_in_session


@dataclass(frozen=True)
class TutorSession:
    """A session as its tutor sees it: the pupil's first name, grade and school."""

    slot: int
    pupil_id: int
    first_name: str
    grade: int
    school: str
    subject: str
    tutoring_language: str


@dataclass(frozen=True)
class TeacherSession:
    """A session of an own pupil as the teacher sees it: who the tutor is and how to write to them.

    ``others`` counts the other pupils of the group; who they are, their own teachers know.
    """

    slot: int
    pupil_id: int
    pupil_last_name: str
    pupil_first_name: str
    class_label: str
    subject: str
    tutoring_language: str
    tutor_id: int
    tutor_last_name: str
    tutor_first_name: str
    tutor_patronymic: str
    tutor_sort_name: str
    tutor_email: str | None
    institution: str
    tutoring_languages: tuple[str, ...]
    others: int

    @property
    def pupil_name(self) -> str:
        return f"{self.pupil_last_name} {self.pupil_first_name}".strip()

    @property
    def tutor_name(self) -> str:
        return " ".join(part for part in (self.tutor_last_name, self.tutor_first_name, self.tutor_patronymic) if part)


def live_sessions(*columns: Any) -> Select[Any]:
    """Return the statement for the weekly sessions under way in order of the week.

    Its columns may be of the session, its match, need and subject, the pupil and the school, and the
    tutor with account and institution.
    """
    return (
        select(*columns)
        .select_from(WeeklySession)
        .join(WeeklySession.match)
        .join(Need, Need.id == Match.need_id)
        .join(Subject, Subject.code == Need.subject_code)
        .join(Pupil, Pupil.id == Match.pupil_id)
        .join(School, School.id == Pupil.school_id)
        .join(Tutor, Tutor.id == Match.tutor_id)
        .join(Account, Account.id == Tutor.account_id)
        .join(Institution, Institution.id == Tutor.institution_id)
        .where(WeeklySession.is_live)
        .order_by(WeeklySession.slot, Pupil.sort_name, WeeklySession.id)
    )


def of_tutor(viewer: Account) -> list[TutorSession]:
    """Return the viewer's own weekly sessions in order of the week, in one SQL statement."""
    if viewer.role != Role.TUTOR or not viewer.is_email_confirmed:
        return []
    rows = db.session.execute(
        live_sessions(
            WeeklySession.slot,
            WeeklySession.pupil_id,
            Pupil.first_name,
            Pupil.grade,
            localized_name(School).label("school"),
            localized_name(Subject).label("subject"),
            Match.tutoring_language,
        ).where(Tutor.account_id == viewer.id)
    )
    return [TutorSession(*row) for row in rows]


def of_teacher(viewer: Account) -> list[TeacherSession]:
    """Return the weekly sessions of the viewer's own pupils in order of the week, in one SQL statement."""
    if viewer.role != Role.TEACHER or viewer.teacher is None or not viewer.teacher.is_admitted:
        return []
    rows = db.session.execute(
        live_sessions(
            WeeklySession.slot,
            WeeklySession.pupil_id,
            Pupil.last_name,
            Pupil.first_name,
            Pupil.class_label,
            localized_name(Subject).label("subject"),
            Match.tutoring_language,
            Tutor.id,
            Account.last_name,
            Account.first_name,
            Account.patronymic,
            Account.sort_name,
            Account.email,
            localized_name(Institution).label("institution"),
            Tutor.tutoring_languages,
            others_in_session().label("others"),
        ).where(Pupil.teacher_id == viewer.id)
    )
    return [TeacherSession(*row) for row in rows]


def current_period() -> SchoolPeriod | None:
    """Return the quarter or the holidays that all grades are in today; none in summer."""
    today = clock.today()
    return db.session.scalar(
        select(SchoolPeriod)
        .where(
            SchoolPeriod.starts_on <= today,
            SchoolPeriod.ends_on >= today,
            SchoolPeriod.kind.in_(("quarter", "holiday")),
            SchoolPeriod.grades == (),
        )
        .order_by(SchoolPeriod.starts_on.desc())
        .limit(1)
    )
