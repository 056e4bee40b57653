"""Editing of the catalogue by administrators: institutions, schools, the school year, subjects."""

import secrets
from dataclasses import dataclass
from datetime import date

from sqlalchemy.exc import IntegrityError

from ..database import transactional
from ..errors import CodeTaken, NotAllowed, NotFound
from ..extensions import db
from ..models import Account, AuditKind, District, Institution, Region, Role, School, SchoolKind, SchoolPeriod, Subject
from . import audit


@dataclass(frozen=True)
class Names:
    """A name in the three languages."""

    kk: str
    ru: str
    en: str

    def put(self, row: Institution | School) -> None:
        row.name_kk, row.name_ru, row.name_en = self.kk, self.ru, self.en


def _require_administrator(account: Account) -> None:
    if account.role != Role.ADMINISTRATOR:
        raise NotAllowed


def _keep(administrator: Account, row: Institution | School | SchoolPeriod | Subject, is_new: bool, code: str) -> None:
    db.session.add(row)
    try:
        db.session.flush()
    except IntegrityError as error:
        raise CodeTaken from error
    audit.record(AuditKind.CATALOGUE_CHANGED, administrator, row, added=is_new, code=code)


@transactional
def save_institution(
    administrator: Account, institution_id: int | None, code: str, names: Names, region_code: str
) -> Institution:
    """Add an institution, or change the one of this number.

    Raises
    ------
    NotFound
        When there is no such institution or region.
    CodeTaken
        When another institution has the code.
    """
    _require_administrator(administrator)
    row = Institution() if institution_id is None else db.session.get(Institution, institution_id)
    if row is None or db.session.get(Region, region_code) is None:
        raise NotFound
    row.code, row.region_code = code, region_code
    names.put(row)
    _keep(administrator, row, institution_id is None, code)
    return row


@transactional
def save_school(
    administrator: Account, school_id: int | None, names: Names, district_id: int, kind: SchoolKind, is_listed: bool
) -> School:
    """Add a school, or change the one of this number.

    Raises
    ------
    NotFound
        When there is no such school or district.
    """
    _require_administrator(administrator)
    row = School(code=f"added-{secrets.token_hex(5)}") if school_id is None else db.session.get(School, school_id)
    if row is None or db.session.get(District, district_id) is None:
        raise NotFound
    row.district_id, row.kind, row.is_listed = district_id, kind, is_listed
    names.put(row)
    _keep(administrator, row, school_id is None, row.code)
    return row


@dataclass(frozen=True)
class Period:
    """A quarter, a holiday or the exams; ``grades`` is empty when all have it."""

    school_year: str
    kind: str
    number: int
    starts_on: date
    ends_on: date
    grades: tuple[str, ...] = ()
    note: str = ""


@transactional
def save_period(administrator: Account, period_id: int | None, period: Period) -> SchoolPeriod:
    """Add a period of the school year, or change the one of this number.

    Raises
    ------
    NotFound
        When there is no such period.
    CodeTaken
        When the school year has this period already, or it ends before it begins.
    """
    _require_administrator(administrator)
    row = SchoolPeriod() if period_id is None else db.session.get(SchoolPeriod, period_id)
    if row is None:
        raise NotFound
    for column, value in vars(period).items():
        setattr(row, column, value)
    _keep(administrator, row, period_id is None, f"{period.school_year} {period.kind} {period.number}")
    return row


@transactional
def delete_period(administrator: Account, period_id: int) -> None:
    """Delete a period of the school year.

    Raises
    ------
    NotFound
        When there is no such period.
    """
    _require_administrator(administrator)
    row = db.session.get(SchoolPeriod, period_id)
    if row is None:
        raise NotFound
    audit.record(AuditKind.CATALOGUE_CHANGED, administrator, row, deleted=True)
    db.session.delete(row)


@transactional
def set_offered(administrator: Account, subject_code: str, is_offered: bool) -> Subject:
    """Offer tutoring in a subject, or no longer; needs that are open stay.

    Raises
    ------
    NotFound
        When there is no such subject.
    """
    _require_administrator(administrator)
    row = db.session.get(Subject, subject_code)
    if row is None:
        raise NotFound
    if row.is_offered != is_offered:
        row.is_offered = is_offered
        audit.record(AuditKind.CATALOGUE_CHANGED, administrator, row, code=subject_code, offered=is_offered)
    return row
