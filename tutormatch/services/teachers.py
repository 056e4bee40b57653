"""Teachers: signing up with their school, and how tutors reach them."""

import secrets
from dataclasses import dataclass

from sqlalchemy import select

from ..database import transactional
from ..errors import NotAllowed, NotFound
from ..extensions import db
from ..models import Account, AuditKind, District, Role, School, SchoolKind, Teacher
from . import accounts, audit


@dataclass(frozen=True)
class NewSchool:
    """A school that is not in the list yet."""

    district_id: int
    name_kk: str
    name_ru: str
    kind: SchoolKind


@transactional
def sign_up(
    school: int | NewSchool,
    contact: str,
    *,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    patronymic: str,
    locale: str,
    client: str = "",
) -> Account:
    """Create the account of a teacher, who then waits for a coordinator.

    Parameters
    ----------
    school
        The number of a school, or one to be added.
    contact
        How tutors may reach the teacher, in the teacher's own words.

    Raises
    ------
    NotFound
        When there is no such school or district.
    UnfitPassword, TooManyAttempts
        See `accounts.sign_up`.
    """
    account = accounts.sign_up(Role.TEACHER, email, password, first_name, last_name, patronymic, locale, client=client)
    if isinstance(school, NewSchool):
        row = _add_school(school, account)
    else:
        row = db.session.get(School, school)
        if row is None:
            raise NotFound
    account.teacher = Teacher(account_id=account.id, school_id=row.id, contact=contact)
    db.session.flush()
    audit.record(AuditKind.TEACHER_APPLIED, account, account.teacher, school=row.id)
    return account


def _add_school(new: NewSchool, account: Account) -> School:
    """Add a school, unless the district has a listed one of the same name."""
    if db.session.get(District, new.district_id) is None:
        raise NotFound
    names = {new.name_kk.casefold(), new.name_ru.casefold()}
    for school in db.session.scalars(
        select(School).where(School.district_id == new.district_id, School.is_listed).order_by(School.id)
    ):
        if names & {school.name_kk.casefold(), school.name_ru.casefold()}:
            return school
    school = School(
        code=f"added-{secrets.token_hex(5)}",
        district_id=new.district_id,
        name_kk=new.name_kk,
        name_ru=new.name_ru,
        name_en=new.name_ru,
        kind=new.kind,
        is_listed=False,
    )
    db.session.add(school)
    db.session.flush()
    audit.record(AuditKind.CATALOGUE_CHANGED, account, school, added=True)
    return school


@transactional
def change_contact(account: Account, contact: str) -> None:
    """Change how tutors reach the teacher.

    Raises
    ------
    NotAllowed
        When the account is not a teacher's.
    """
    if account.role != Role.TEACHER or account.teacher is None:
        raise NotAllowed
    if account.teacher.contact != contact:
        account.teacher.contact = contact
        audit.record(AuditKind.TEACHER_CHANGED, account, account.teacher, changed=["contact"])
