"""People known to the programme, and what coordinators and teachers are beyond that."""

from datetime import datetime
from enum import StrEnum

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import UTCDateTime, enum_column
from ..extensions import db
from .catalogue import Institution, Region, School


class Role(StrEnum):
    TUTOR = "tutor"
    TEACHER = "teacher"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"


class AccountState(StrEnum):
    """How an account stands."""

    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    DISABLED = "disabled"


class Account(UserMixin, db.Model):
    """One person. Without ``email`` and ``password_hash`` nobody can sign in as them.

    Anybody can type any address at sign-up, so that only one account can hold it confirmed, but
    several unconfirmed: nobody learns from signing up who has an account, or locks out its owner.
    ``credentials_version`` grows with every change of the password, which ends other
    sessions and unused password links.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        CheckConstraint("email = lower(email)", "email_is_lower_case"),
        CheckConstraint("locale IN ('kk', 'ru', 'en')", "locale"),
        Index(
            "uq_accounts_confirmed_email",
            "email",
            unique=True,
            sqlite_where=text("email_confirmed_at IS NOT NULL"),
            postgresql_where=text("email_confirmed_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    role: Mapped[Role] = enum_column(Role)
    email: Mapped[str | None] = mapped_column(String(254), index=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    credentials_version: Mapped[int] = mapped_column(default=1)
    first_name: Mapped[str] = mapped_column(String(80))
    last_name: Mapped[str] = mapped_column(String(80))
    patronymic: Mapped[str] = mapped_column(String(80), default="")
    sort_name: Mapped[str] = mapped_column(String(250), index=True)
    locale: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    teacher: Mapped["Teacher | None"] = relationship(back_populates="account", foreign_keys="Teacher.account_id")
    coordinator: Mapped["Coordinator | None"] = relationship(back_populates="account", cascade="all, delete-orphan")

    @property
    def full_name(self) -> str:
        """Last name first, as it was written."""
        return " ".join(part for part in (self.last_name, self.first_name, self.patronymic) if part)

    @property
    def is_active(self) -> bool:
        return self.disabled_at is None

    @property
    def is_email_confirmed(self) -> bool:
        return self.email_confirmed_at is not None

    @property
    def state(self) -> AccountState:
        if not self.is_active:
            return AccountState.DISABLED
        return AccountState.ACTIVE if self.is_email_confirmed else AccountState.UNCONFIRMED

    def get_id(self) -> str:
        return f"{self.id}.{self.credentials_version}"


class TeacherState(StrEnum):
    APPLIED = "applied"
    ADMITTED = "admitted"
    DECLINED = "declined"


class Teacher(db.Model):
    """A teacher of one school; only an admitted one nominates pupils.

    ``contact`` is how a tutor may reach the teacher: the teacher's own words.
    """

    __tablename__ = "teachers"
    __table_args__ = (
        CheckConstraint(
            "state = 'applied' OR (decided_at IS NOT NULL AND decided_by_id IS NOT NULL)",
            "decided_by_someone",
        ),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    school_id: Mapped[int] = mapped_column(ForeignKey("schools.id"), index=True)
    contact: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[TeacherState] = enum_column(TeacherState, default=TeacherState.APPLIED)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    decision_note: Mapped[str] = mapped_column(String(500), default="")

    account: Mapped[Account] = relationship(back_populates="teacher", foreign_keys=account_id)
    decided_by: Mapped[Account | None] = relationship(foreign_keys=decided_by_id)
    school: Mapped[School] = relationship()

    @property
    def is_admitted(self) -> bool:
        return self.state == TeacherState.ADMITTED


class ScopeKind(StrEnum):
    COUNTRY = "country"
    REGION = "region"
    INSTITUTION = "institution"


class Coordinator(db.Model):
    """What a coordinator sees: the whole country, one region, or one institution.

    An institution's coordinator sees its own tutors and the schools of its region. An account that
    was invited has no password until it accepts.
    """

    __tablename__ = "coordinators"
    __table_args__ = (
        CheckConstraint(
            "(scope_kind = 'region') = (region_code IS NOT NULL)"
            " AND (scope_kind = 'institution') = (institution_id IS NOT NULL)",
            "scope_is_complete",
        ),
    )

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    scope_kind: Mapped[ScopeKind] = enum_column(ScopeKind)
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    invited_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    account: Mapped[Account] = relationship(back_populates="coordinator")
    region: Mapped[Region | None] = relationship()
    institution: Mapped[Institution | None] = relationship()
