"""Regions, districts, institutions, schools, subjects and the school year."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import Codes, LocalizedName, enum_column
from ..extensions import db


class Region(LocalizedName, db.Model):
    """A region or a city of republican level, by its ISO 3166-2 code."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(8), primary_key=True)


class District(LocalizedName, db.Model):
    """A district or a city of regional level. Names repeat between regions: always show the region too."""

    __tablename__ = "districts"
    __table_args__ = (UniqueConstraint("region_code", "name_kk"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"))
    kato: Mapped[str | None] = mapped_column(String(9), unique=True)

    region: Mapped[Region] = relationship()


class Institution(LocalizedName, db.Model):
    """A university or college whose students tutor."""

    __tablename__ = "institutions"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    region_code: Mapped[str] = mapped_column(ForeignKey("regions.code"), index=True)

    region: Mapped[Region] = relationship()


school_patrons = Table(
    "school_patrons",
    db.metadata,
    Column("school_id", ForeignKey("schools.id", ondelete="CASCADE"), primary_key=True),
    Column("institution_id", ForeignKey("institutions.id", ondelete="CASCADE"), primary_key=True),
)


class SchoolKind(StrEnum):
    URBAN = "urban"
    RURAL = "rural"
    SMALL_SCALE = "small_scale"


class School(LocalizedName, db.Model):
    """A school, in its district; ``patrons`` are the institutions that look after it.

    One that a teacher added at sign-up is not listed for others until a coordinator admits a teacher of it.
    """

    __tablename__ = "schools"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"), index=True)
    kind: Mapped[SchoolKind] = enum_column(SchoolKind, default=SchoolKind.RURAL)
    is_listed: Mapped[bool] = mapped_column(default=True)

    district: Mapped[District] = relationship()
    patrons: Mapped[list[Institution]] = relationship(secondary=school_patrons, order_by=Institution.code)


class Subject(LocalizedName, db.Model):
    """A school subject. ``track`` is the medium it belongs to: ``all``, ``kk``, ``ru`` or ``other``."""

    __tablename__ = "subjects"
    __table_args__ = (
        CheckConstraint("1 <= grade_from AND grade_from <= grade_to AND grade_to <= 11", "grades"),
        CheckConstraint("track IN ('all', 'kk', 'ru', 'other')", "track"),
    )

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    family: Mapped[str] = mapped_column(String(32))
    grade_from: Mapped[int]
    grade_to: Mapped[int]
    track: Mapped[str] = mapped_column(String(8))
    is_offered: Mapped[bool]
    position: Mapped[int]


class SchoolPeriod(db.Model):
    """A quarter, a holiday or the exams of a school year; ``grades`` is empty when all have it."""

    __tablename__ = "school_periods"
    __table_args__ = (
        UniqueConstraint("school_year", "kind", "number", "starts_on"),
        CheckConstraint("starts_on <= ends_on", "dates"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    school_year: Mapped[str] = mapped_column(String(9))
    kind: Mapped[str] = mapped_column(String(16))
    number: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    grades: Mapped[tuple[str, ...]] = mapped_column(Codes, default=())
    note: Mapped[str] = mapped_column(Text, default="")
