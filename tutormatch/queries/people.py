"""Tutors to check and teachers to admit, within a coordinator's scope."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from ..errors import NotFound
from ..extensions import db
from ..i18n import collation_key
from ..models import (
    Account,
    District,
    Match,
    MatchState,
    School,
    Teacher,
    TeacherState,
    Tutor,
    TutorState,
    TutorSubject,
)
from .paging import Page, paginate
from .scopes import Scope


@dataclass(frozen=True)
class Wanted:
    """What a list of people is to show. ``sort`` begins with ``-`` for the reverse order."""

    state: StrEnum | None = None
    text: str = ""
    sort: str = "name"
    page: int = 1


def is_named(text: str) -> ColumnElement[bool]:
    """Return the condition that an `Account` has ``text`` in its name or address."""
    return or_(
        Account.sort_name.contains(collation_key(text), autoescape=True),
        Account.email.contains(text.lower(), autoescape=True),
    )


def sorted_by(statement: Select[Any], sort: str, columns: dict[str, Any], row_id: Any) -> Select[Any]:
    """Order a statement by one of ``columns`` (a name in front of it turns the order round), then by row."""
    column = columns.get(sort.removeprefix("-"), next(iter(columns.values())))
    return statement.order_by(column.desc() if sort.startswith("-") else column.asc(), row_id)


def tutor_names(viewer: Account, codes: Collection[str]) -> dict[str, str]:
    """Return the names of the tutors in the viewer's scope, by their code."""
    if not codes:
        return {}
    rows = db.session.execute(
        select(Tutor.code, Account)
        .join(Tutor.account)
        .where(Tutor.code.in_(codes), Scope.of_coordinator(viewer).has_tutor())
    )
    return {code: account.full_name for code, account in rows}


def tutors(viewer: Account, wanted: Wanted, rows_per_page: int) -> Page[Tutor]:
    """Return one page of the tutors in the viewer's scope."""
    statement = (
        select(Tutor)
        .join(Tutor.account)
        .where(Scope.of_coordinator(viewer).has_tutor())
        .options(
            contains_eager(Tutor.account),
            joinedload(Tutor.institution),
            joinedload(Tutor.checked_by),
            selectinload(Tutor.subjects).joinedload(TutorSubject.subject),
        )
    )
    if wanted.state:
        statement = statement.where(Tutor.state == wanted.state)
    if wanted.text:
        statement = statement.where(is_named(wanted.text))
    columns = {"name": Account.sort_name, "applied": Tutor.applied_at, "year": Tutor.year_of_study}
    return paginate(sorted_by(statement, wanted.sort, columns, Tutor.id), wanted.page, rows_per_page)


def teachers(viewer: Account, wanted: Wanted, rows_per_page: int) -> Page[Teacher]:
    """Return one page of the teachers in the viewer's scope."""
    statement = (
        select(Teacher)
        .join(Teacher.account)
        .join(Teacher.school)
        .where(Scope.of_coordinator(viewer).has_school())
        .options(
            contains_eager(Teacher.account),
            contains_eager(Teacher.school).joinedload(School.district).joinedload(District.region),
            joinedload(Teacher.decided_by),
        )
    )
    if wanted.state:
        statement = statement.where(Teacher.state == wanted.state)
    if wanted.text:
        statement = statement.where(is_named(wanted.text))
    columns = {"name": Account.sort_name, "applied": Account.created_at, "school": School.code}
    return paginate(sorted_by(statement, wanted.sort, columns, Teacher.account_id), wanted.page, rows_per_page)


def tutors_by_state(viewer: Account) -> dict[TutorState, int]:
    """Count the tutors in the viewer's scope."""
    counts = _counts(select(Tutor.state, func.count()).where(Scope.of_coordinator(viewer).has_tutor()), Tutor.state)
    return {state: counts.get(state, 0) for state in TutorState}


def teachers_by_state(viewer: Account) -> dict[TeacherState, int]:
    """Count the teachers in the viewer's scope."""
    statement = (
        select(Teacher.state, func.count()).join(Teacher.school).where(Scope.of_coordinator(viewer).has_school())
    )
    counts = _counts(statement, Teacher.state)
    return {state: counts.get(state, 0) for state in TeacherState}


def _counts(statement: Select[Any], column: Any) -> dict[Any, int]:
    return {row[0]: row[1] for row in db.session.execute(statement.group_by(column))}


def tutor(viewer: Account, tutor_id: int) -> Tutor:
    """Return one tutor of the viewer's scope with all that a check looks at.

    Raises
    ------
    NotFound
        Also when the tutor lies outside of the scope.
    """
    found = db.session.scalar(
        select(Tutor)
        .where(Tutor.id == tutor_id, Scope.of_coordinator(viewer).has_tutor())
        .options(
            joinedload(Tutor.account),
            joinedload(Tutor.institution),
            joinedload(Tutor.checked_by),
            selectinload(Tutor.subjects).joinedload(TutorSubject.subject),
        )
    )
    if found is None:
        raise NotFound
    return found


def live_matches(tutor: Tutor) -> int:
    """Count the tutor's matches under way, which a decline or a pause leaves as they are."""
    return (
        db.session.scalar(
            select(func.count(Match.id)).where(Match.tutor_id == tutor.id, Match.state == MatchState.APPROVED)
        )
        or 0
    )


def lock_tutor(viewer: Account, tutor_id: int) -> Tutor:
    """Return one tutor of the viewer's scope as it is now, held until the transaction ends.

    Raises
    ------
    NotFound
        Also when the tutor lies outside of the scope.
    """
    found = db.session.scalar(
        select(Tutor)
        .where(Tutor.id == tutor_id, Scope.of_coordinator(viewer).has_tutor())
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


def lock_teachers(viewer: Account, account_ids: Iterable[int]) -> list[Teacher]:
    """Return teachers of the viewer's scope as they are now, held until the transaction ends.

    Raises
    ------
    NotFound
        When one of them lies outside of the scope.
    """
    wanted = sorted(set(account_ids))
    found = db.session.scalars(
        select(Teacher)
        .join(Teacher.school)
        .where(Teacher.account_id.in_(wanted), Scope.of_coordinator(viewer).has_school())
        .order_by(Teacher.account_id)
        .with_for_update(of=Teacher)
        .execution_options(populate_existing=True)
    ).all()
    if len(found) != len(wanted):
        raise NotFound
    return list(found)
