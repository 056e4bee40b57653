"""Pupils who ask for help, and each subject they need it in."""

import re
from datetime import date, datetime
from enum import IntEnum, StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import Codes, UTCDateTime, WeeklySlots, enum_column
from ..extensions import db
from ..matching.slots import make_slot
from .account import Account
from .catalogue import School, Subject

_CLASS_LABEL = re.compile(r"(?P<grade>\d{1,2})?(?P<letter>[А-ЯЁӘҒҚҢӨҰҮҺІ])?")
_CYRILLIC_LOOK_ALIKES = str.maketrans("ABCEƏHIKMOPTXY", "АВСЕӘНІКМОРТХУ")


def read_class_label(text: str, grade: int) -> str:
    """Return a class label in its one form, for example ``8Ә`` for ``8 "ә"``, ``8-Ә`` or ``Ә``.

    Latin letters that look like a Cyrillic one become that letter. Blank text stays blank.

    Parameters
    ----------
    grade
        The pupil's grade, which the label must name when it names one.

    Raises
    ------
    ValueError
        When the text is no class label, or one of another grade.
    """
    plain = re.sub(r"[\s\"'«»“”„‘’`.\-‐‑–—]", "", text).upper().translate(_CYRILLIC_LOOK_ALIKES)
    if not plain:
        return ""
    label = _CLASS_LABEL.fullmatch(plain)
    if label is None:
        raise ValueError(f"{text!r} is no class label")
    if label["grade"] is not None and int(label["grade"]) != grade:
        raise ValueError(f"{text!r} is no class of grade {grade}")
    return f"{grade}{label['letter'] or ''}"


class Shift(StrEnum):
    FIRST = "first"
    SECOND = "second"


LESSON_FREE_HOURS = {Shift.FIRST: range(15, 20), Shift.SECOND: range(9, 12)}
SCHOOL_DAYS = range(5)


class Place(StrEnum):
    HOME = "home"
    SCHOOL = "school"


def usual_free_slots(shift: Shift, place: Place) -> frozenset[int]:
    """Return the slots that a pupil of ``shift`` usually has free, to begin a nomination with.

    After the first shift the afternoons, before the second the mornings of the school days. At
    school the computer room decides, so that nothing can be foreseen.
    """
    if place == Place.SCHOOL:
        return frozenset()
    return frozenset(make_slot(weekday, hour) for weekday in SCHOOL_DAYS for hour in LESSON_FREE_HOURS[shift])


class Device(StrEnum):
    PHONE = "phone"
    COMPUTER = "computer"
    SCHOOL_COMPUTER = "school"


class ConsentState(StrEnum):
    PENDING = "pending"
    RECEIVED = "received"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ConsentForm(StrEnum):
    PAPER = "paper"
    ELECTRONIC = "electronic"


class PupilState(StrEnum):
    """Where a nomination stands. It follows from the matches of its needs and is not stored."""

    WAITING = "waiting"
    PROPOSED = "proposed"
    MATCHED = "matched"
    WITHDRAWN = "withdrawn"


class Priority(IntEnum):
    LOW = 1
    NORMAL = 2
    URGENT = 3


class Pupil(db.Model):
    """A pupil whom a teacher nominated. Never matched without consent on file.

    ``tutoring_languages`` are the accepted ones, best first; ``requires`` holds needed conditions
    (``sen``), never a diagnosis.
    """

    __tablename__ = "pupils"
    __table_args__ = (
        CheckConstraint("1 <= grade AND grade <= 11", "grade"),
        CheckConstraint("max_tutors IS NULL OR max_tutors >= 1", "max_tutors"),
        CheckConstraint("instruction_language IN ('kk', 'ru', 'ug', 'uz', 'tg')", "instruction_language"),
        CheckConstraint("tutoring_languages != ''", "has_tutoring_language"),
        CheckConstraint(
            "consent_state != 'received' OR (consent_on IS NOT NULL AND consent_form IS NOT NULL)",
            "consent_has_date_and_form",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("schools.id"), index=True)
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    sort_name: Mapped[str] = mapped_column(String(250), index=True)
    grade: Mapped[int]
    class_label: Mapped[str] = mapped_column(String(8), default="")
    instruction_language: Mapped[str] = mapped_column(String(2))
    tutoring_languages: Mapped[tuple[str, ...]] = mapped_column(Codes)
    shift: Mapped[Shift] = enum_column(Shift)
    place: Mapped[Place] = enum_column(Place)
    device: Mapped[Device] = enum_column(Device)
    slots: Mapped[frozenset[int]] = mapped_column(WeeklySlots)
    max_tutors: Mapped[int | None]
    requires: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    consent_state: Mapped[ConsentState] = enum_column(ConsentState, default=ConsentState.PENDING)
    consent_on: Mapped[date | None]
    consent_form: Mapped[ConsentForm | None] = enum_column(ConsentForm, nullable=True)
    nominated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1)

    school: Mapped[School] = relationship()
    teacher: Mapped[Account | None] = relationship()
    needs: Mapped[list["Need"]] = relationship(back_populates="pupil", order_by="Need.id")

    __mapper_args__ = {"version_id_col": version}

    @property
    def full_name(self) -> str:
        return f"{self.last_name} {self.first_name}".strip()

    @property
    def has_consent(self) -> bool:
        return self.consent_state == ConsentState.RECEIVED

    @property
    def open_needs(self) -> list["Need"]:
        return [need for need in self.needs if need.closed_at is None]


class Need(db.Model):
    """One subject that a pupil needs help in; ``grade`` is the grade of the gap, normally the pupil's own."""

    __tablename__ = "needs"
    __table_args__ = (
        UniqueConstraint("id", "pupil_id"),
        Index(
            "uq_needs_open_subject",
            "pupil_id",
            "subject_code",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        CheckConstraint("1 <= grade AND grade <= 11", "grade"),
        CheckConstraint("priority IN (1, 2, 3)", "priority"),
        CheckConstraint("1 <= sessions_per_week AND sessions_per_week <= 5", "sessions_per_week"),
        CheckConstraint("current_mark IS NULL OR (0 <= current_mark AND current_mark <= 100)", "current_mark"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(48), unique=True)
    pupil_id: Mapped[int] = mapped_column(ForeignKey("pupils.id", ondelete="CASCADE"), index=True)
    subject_code: Mapped[str] = mapped_column(ForeignKey("subjects.code"), index=True)
    grade: Mapped[int]
    priority: Mapped[int] = mapped_column(default=2)
    sessions_per_week: Mapped[int] = mapped_column(default=1)
    is_group_ok: Mapped[bool] = mapped_column(default=False)
    current_mark: Mapped[int | None]
    topics: Mapped[str] = mapped_column(Text, default="")
    opened_on: Mapped[date]
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    pupil: Mapped[Pupil] = relationship(back_populates="needs")
    subject: Mapped[Subject] = relationship()
