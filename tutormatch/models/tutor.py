"""Volunteer tutors: what they teach, when, and who checked them."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import Codes, UTCDateTime, WeeklySlots, enum_column
from ..extensions import db
from .account import Account
from .catalogue import Institution, Subject


class TutorState(StrEnum):
    APPLIED = "applied"
    CHECKED = "checked"
    DECLINED = "declined"
    PAUSED = "paused"
    LEFT = "left"


class Tutor(db.Model):
    """A student who tutors. Only a checked one enters a round.

    A paused one is checked and takes no new pupils for a time. Of a minor no certificate of no
    criminal record is asked, but the agreement of a parent (legal representative).
    ``conditions`` are what the tutor says to be briefed for (``sen``); those confirmed at the
    check are ``confirmed_conditions``, and only they count in matching.
    """

    __tablename__ = "tutors"
    __table_args__ = (
        CheckConstraint("1 <= sessions_per_week AND sessions_per_week <= 20", "sessions_per_week"),
        CheckConstraint("1 <= max_pupils AND max_pupils <= 20", "max_pupils"),
        CheckConstraint("1 <= group_size AND group_size <= 3", "group_size"),
        CheckConstraint("1 <= year_of_study AND year_of_study <= 7", "year_of_study"),
        CheckConstraint(
            "state != 'checked' OR (checked_at IS NOT NULL AND briefed_on IS NOT NULL)", "checked_has_facts"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), unique=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institutions.id"), index=True)
    study_programme: Mapped[str] = mapped_column(String(120))
    year_of_study: Mapped[int]
    is_minor: Mapped[bool] = mapped_column(default=False)
    tutoring_languages: Mapped[tuple[str, ...]] = mapped_column(Codes)
    slots: Mapped[frozenset[int]] = mapped_column(WeeklySlots)
    sessions_per_week: Mapped[int]
    max_pupils: Mapped[int]
    group_size: Mapped[int] = mapped_column(default=1)
    conditions: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    confirmed_conditions: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    motivation: Mapped[str] = mapped_column(Text, default="")
    conduct_agreed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    applied_at: Mapped[datetime] = mapped_column(UTCDateTime)

    state: Mapped[TutorState] = enum_column(TutorState, default=TutorState.APPLIED)
    identity_seen: Mapped[bool] = mapped_column(default=False)
    no_criminal_record_on: Mapped[date | None]
    parent_agreed_on: Mapped[date | None]
    briefed_on: Mapped[date | None]
    checked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    check_note: Mapped[str] = mapped_column(String(500), default="")
    version: Mapped[int] = mapped_column(default=1)

    account: Mapped[Account] = relationship(foreign_keys=account_id)
    checked_by: Mapped[Account | None] = relationship(foreign_keys=checked_by_id)
    institution: Mapped[Institution] = relationship()
    subjects: Mapped[list["TutorSubject"]] = relationship(
        back_populates="tutor", cascade="all, delete-orphan", order_by="TutorSubject.subject_code"
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_checked(self) -> bool:
        return self.state == TutorState.CHECKED


class TutorSubject(db.Model):
    """A subject that a tutor teaches, with its lowest and highest grade."""

    __tablename__ = "tutor_subjects"
    __table_args__ = (CheckConstraint("1 <= grade_from AND grade_from <= grade_to AND grade_to <= 11", "grades"),)

    tutor_id: Mapped[int] = mapped_column(ForeignKey("tutors.id", ondelete="CASCADE"), primary_key=True)
    subject_code: Mapped[str] = mapped_column(ForeignKey("subjects.code"), primary_key=True)
    grade_from: Mapped[int]
    grade_to: Mapped[int]

    tutor: Mapped[Tutor] = relationship(back_populates="subjects")
    subject: Mapped[Subject] = relationship()
