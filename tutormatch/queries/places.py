"""Regions, districts, schools and institutions to choose from, in the order of the reader's alphabet."""

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ScalarSelect, Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from ..errors import NotFound
from ..extensions import db
from ..models import District, Institution, Region, School, SchoolPeriod, Subject
from .paging import Page, paginate

Row = TypeVar("Row", Institution, School, SchoolPeriod)


def regions() -> list[Region]:
    """Return all regions and cities of republican level."""
    return sorted(db.session.scalars(select(Region)), key=lambda region: region.collation_key)


def region(code: str) -> Region:
    """Return one region.

    Raises
    ------
    NotFound
        When there is none of this code.
    """
    found = db.session.get(Region, code)
    if found is None:
        raise NotFound
    return found


def districts(region: Region) -> list[District]:
    """Return the districts and cities of a region."""
    found = db.session.scalars(select(District).where(District.region_code == region.code))
    return sorted(found, key=lambda district: district.collation_key)


def district(district_id: int) -> District:
    """Return one district with its region.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    found = db.session.scalar(select(District).where(District.id == district_id).options(joinedload(District.region)))
    if found is None:
        raise NotFound
    return found


def schools(district: District) -> list[School]:
    """Return the schools of a district that newcomers choose from; No. 4 stands before No. 11."""
    found = db.session.scalars(select(School).where(School.district_id == district.id, School.is_listed))
    return sorted(found, key=lambda school: school.collation_key)


def school(school_id: int) -> School:
    """Return one school that newcomers choose from, with its district and region.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    found = db.session.scalar(
        select(School)
        .where(School.id == school_id, School.is_listed)
        .options(joinedload(School.district).joinedload(District.region))
    )
    if found is None:
        raise NotFound
    return found


def institutions() -> list[Institution]:
    """Return all universities and colleges."""
    with_region = select(Institution).options(joinedload(Institution.region))
    return sorted(db.session.scalars(with_region), key=lambda institution: institution.collation_key)


@dataclass(frozen=True)
class CatalogueCounts:
    """How much the catalogue holds."""

    institutions: int
    schools: int
    periods: int
    subjects: int
    subjects_offered: int


def counts() -> CatalogueCounts:
    """Count the catalogue in one statement."""

    def number(statement: Select[tuple[int]]) -> ScalarSelect[int]:
        return statement.scalar_subquery()

    row = db.session.execute(
        select(
            number(select(func.count(Institution.id))),
            number(select(func.count(School.id))),
            number(select(func.count(SchoolPeriod.id))),
            number(select(func.count(Subject.code))),
            number(select(func.count(Subject.code)).where(Subject.is_offered)),
        )
    ).one()
    return CatalogueCounts(*row)


def districts_by_region() -> dict[str, list[District]]:
    """Return all districts under the names of their regions."""
    found: dict[str, list[District]] = {}
    rows = db.session.scalars(select(District).options(joinedload(District.region)))
    for row in sorted(rows, key=lambda row: (row.region.collation_key, row.collation_key)):
        found.setdefault(row.region.name, []).append(row)
    return found


def all_schools(text: str, region_code: str, page: int, rows_per_page: int) -> Page[School]:
    """Return one page of all schools, also of those that are not listed yet."""
    statement = (
        select(School)
        .join(School.district)
        .options(contains_eager(School.district).joinedload(District.region))
        .order_by(School.is_listed, District.region_code, School.district_id, School.name_kk, School.id)
    )
    if region_code:
        statement = statement.where(District.region_code == region_code)
    if text:
        # SQLite lowers Latin letters only, so both spellings are tried.
        spellings = {text, text.lower(), text.upper(), text.capitalize()}
        names = (School.name_kk, School.name_ru, School.name_en, School.code)
        statement = statement.where(
            or_(*(name.contains(spelling, autoescape=True) for name in names for spelling in sorted(spellings)))
        )
    return paginate(statement, page, rows_per_page)


def any_school(school_id: int) -> School:
    """Return one school, listed or not.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    return _one(School, school_id)


def institution(institution_id: int) -> Institution:
    """Return one institution.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    return _one(Institution, institution_id)


def institution_of_code(code: str) -> Institution:
    """Return the institution of a code such as ``NKU``.

    Raises
    ------
    NotFound
        When there is none.
    """
    found = db.session.scalar(select(Institution).where(Institution.code == code))
    if found is None:
        raise NotFound
    return found


def periods() -> list[SchoolPeriod]:
    """Return the periods of all school years, the newest year first."""
    rows = db.session.scalars(select(SchoolPeriod).order_by(SchoolPeriod.starts_on, SchoolPeriod.id)).all()
    return sorted(rows, key=lambda row: row.school_year, reverse=True)


def period(period_id: int) -> SchoolPeriod:
    """Return one period of a school year.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    return _one(SchoolPeriod, period_id)


def subjects() -> list[Subject]:
    """Return all subjects, also those without tutoring, in the order of the curriculum."""
    return list(db.session.scalars(select(Subject).order_by(Subject.position)))


def _one(kind: type[Row], row_id: int) -> Row:
    found = db.session.get(kind, row_id)
    if found is None:
        raise NotFound
    return found
