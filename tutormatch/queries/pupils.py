"""Pupils as their teacher and the coordinators of their school may see them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, case, exists, false, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from .. import clock
from ..extensions import db
from ..i18n import collation_key
from ..matching.problem import Reason
from ..models import (
    Account,
    AuditEvent,
    AuditKind,
    ConsentState,
    District,
    Match,
    MatchState,
    Need,
    Priority,
    Pupil,
    PupilState,
    Role,
    Round,
    School,
    Tutor,
    WaitingNeed,
)
from .groups import others_in_group
from .paging import Page, paginate
from .scopes import Scope

LIVE_STATES = (MatchState.APPROVED, MatchState.PROPOSED)


@dataclass(frozen=True)
class NeedStanding:
    """Where a need stands: its live match, or why the latest round left it waiting.

    ``others`` counts the pupils who share the sessions of the match.
    """

    need: Need
    match: Match | None = None
    waiting: WaitingNeed | None = None
    others: int = 0

    @property
    def state(self) -> PupilState:
        if self.match is None:
            return PupilState.WAITING
        return PupilState.MATCHED if self.match.state == MatchState.APPROVED else PupilState.PROPOSED

    @property
    def priority(self) -> Priority:
        return Priority(self.need.priority)

    @property
    def reason(self) -> Reason | None:
        """Why the latest round left the need waiting; nothing when no round has looked at it yet."""
        return Reason(self.waiting.reason) if self.waiting else None


@dataclass(frozen=True)
class PupilStanding:
    """A pupil with the standing of each open need."""

    pupil: Pupil
    needs: tuple[NeedStanding, ...]

    @property
    def state(self) -> PupilState:
        if self.pupil.withdrawn_at is not None:
            return PupilState.WITHDRAWN
        reached = {need.state for need in self.needs}
        return next(
            (state for state in (PupilState.MATCHED, PupilState.PROPOSED) if state in reached), PupilState.WAITING
        )


@dataclass(frozen=True)
class PupilFilter:
    """What a list of pupils is narrowed to; without ``state`` everybody who is not withdrawn."""

    state: PupilState | None = None
    search: str = ""
    region_code: str = ""
    school_id: int | None = None
    subject_code: str = ""
    consent: ConsentState | None = None
    priority: Priority | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions of everything but the state."""
        conditions: list[ColumnElement[bool]] = [
            or_(Pupil.sort_name.contains(collation_key(word), autoescape=True), Pupil.code == word.lower())
            for word in self.search.split()
        ]
        if self.region_code:
            conditions.append(Pupil.school.has(School.district.has(District.region_code == self.region_code)))
        if self.school_id is not None:
            conditions.append(Pupil.school_id == self.school_id)
        if self.consent is not None:
            conditions.append(Pupil.consent_state == self.consent)
        need = [Need.closed_at.is_(None)]
        if self.subject_code:
            need.append(Need.subject_code == self.subject_code)
        if self.priority is not None:
            need.append(Need.priority == self.priority)
        if len(need) > 1:
            conditions.append(Pupil.needs.any(and_(*need)))
        return conditions


SORTS: dict[str, Sequence[Any]] = {
    "name": (Pupil.sort_name,),
    "grade": (Pupil.grade, Pupil.sort_name),
    "nominated": (Pupil.nominated_at, Pupil.sort_name),
}
DEFAULT_SORT = "name"


@dataclass(frozen=True)
class PupilList:
    """One page of standings, and how many pupils there are in each state under the other filters."""

    page: Page[PupilStanding]
    counts: dict[PupilState, int]
    sort: str
    narrowed: PupilFilter = field(default_factory=PupilFilter)


def in_sight(viewer: Account) -> ColumnElement[bool]:
    """Return the condition that ``viewer`` may see a `Pupil`."""
    if viewer.role == Role.TEACHER and viewer.teacher is not None and viewer.teacher.is_admitted:
        return Pupil.teacher_id == viewer.id
    if viewer.role == Role.COORDINATOR and viewer.coordinator is not None:
        return Pupil.school.has(Scope.of_coordinator(viewer).has_school())
    return false()


def state_of_pupil() -> ColumnElement[str]:
    """Return the `PupilState` of a pupil as an SQL expression."""

    def has_match(state: MatchState) -> ColumnElement[bool]:
        return exists().where(Match.pupil_id == Pupil.id, Match.state == state).correlate(Pupil)

    return case(
        (Pupil.withdrawn_at.is_not(None), PupilState.WITHDRAWN.value),
        (has_match(MatchState.APPROVED), PupilState.MATCHED.value),
        (has_match(MatchState.PROPOSED), PupilState.PROPOSED.value),
        else_=PupilState.WAITING.value,
    )


def pupil_in_sight(viewer: Account, pupil_id: int) -> Pupil | None:
    """Return the pupil with everything a page shows, or nothing when it is not the viewer's to see."""
    return db.session.scalar(_with_needs(select(Pupil)).where(Pupil.id == pupil_id, in_sight(viewer)))


def _with_needs(statement: Select[Any]) -> Select[Any]:
    return statement.options(
        joinedload(Pupil.school).joinedload(School.district).joinedload(District.region),
        joinedload(Pupil.teacher),
        selectinload(Pupil.needs).joinedload(Need.subject),
    )


def listed(viewer: Account, narrowed: PupilFilter, sort: str, number: int, rows_per_page: int) -> PupilList:
    """Return one page of the viewer's pupils.

    Parameters
    ----------
    sort
        A key of `SORTS`, with ``-`` before it for the reverse; anything else sorts by name.
    """
    key = sort.removeprefix("-")
    if key not in SORTS:
        key = sort = DEFAULT_SORT
    columns = [column.desc() if sort.startswith("-") else column for column in SORTS[key]]
    conditions = [in_sight(viewer), *narrowed.conditions()]
    chosen = Pupil.withdrawn_at.is_(None) if narrowed.state is None else state_of_pupil() == narrowed.state.value
    page = paginate(
        _with_needs(select(Pupil)).where(*conditions, chosen).order_by(*columns, Pupil.id), number, rows_per_page
    )
    return PupilList(
        Page(standings(page.rows), page.number, page.rows_per_page, page.total),
        count_by_state(conditions),
        sort,
        narrowed,
    )


def count_by_state(conditions: Iterable[ColumnElement[bool]]) -> dict[PupilState, int]:
    """Return how many pupils of these conditions there are in each state."""
    state = state_of_pupil().label("state")
    inner = select(state).where(*conditions).subquery()
    counted = dict(db.session.execute(select(inner.c.state, func.count()).group_by(inner.c.state)).all())
    return {state: counted.get(state.value, 0) for state in PupilState}


def standings(pupils: Sequence[Pupil]) -> list[PupilStanding]:
    """Return where each pupil stands, in two SQL statements; the needs must be loaded."""
    needs = [need for pupil in pupils for need in pupil.open_needs]
    matches = _live_matches([need.id for need in needs])
    waiting = _latest_waiting([need.id for need in needs if need.id not in matches])
    by_pupil: dict[int, list[NeedStanding]] = defaultdict(list)
    for need in needs:
        match, others = matches.get(need.id, (None, 0))
        by_pupil[need.pupil_id].append(NeedStanding(need, match, waiting.get(need.id), others))
    return [
        PupilStanding(
            pupil,
            tuple(sorted(by_pupil[pupil.id], key=lambda standing: (-standing.need.priority, standing.need.id))),
        )
        for pupil in pupils
    ]


def _live_matches(need_ids: Sequence[int]) -> dict[int, tuple[Match, int]]:
    """Return the live match of each need, an approved one before a proposed one, and how many share its sessions."""
    if not need_ids:
        return {}
    statement = (
        select(Match, others_in_group())
        .where(Match.need_id.in_(need_ids), Match.state.in_(LIVE_STATES))
        .order_by(Match.state.desc(), Match.id)
        .options(
            joinedload(Match.tutor).options(joinedload(Tutor.account), joinedload(Tutor.institution)),
            selectinload(Match.sessions),
        )
    )
    return {match.need_id: (match, others) for match, others in db.session.execute(statement)}


def matches(match_ids: Sequence[int]) -> list[Match]:
    """Return these matches with their sessions."""
    return list(
        db.session.scalars(
            select(Match).where(Match.id.in_(match_ids)).order_by(Match.id).options(selectinload(Match.sessions))
        )
    )


def _latest_waiting(need_ids: Sequence[int]) -> dict[int, WaitingNeed]:
    if not need_ids:
        return {}
    latest = select(func.max(WaitingNeed.id)).where(WaitingNeed.need_id.in_(need_ids)).group_by(WaitingNeed.need_id)
    rows = db.session.scalars(
        select(WaitingNeed)
        .where(WaitingNeed.id.in_(latest))
        .options(joinedload(WaitingNeed.round).load_only(Round.created_at, Round.finished_at))
    )
    return {row.need_id: row for row in rows}


@dataclass(frozen=True)
class Sighting:
    """Who opened a pupil's page, and when."""

    viewer_name: str
    seen_at: datetime


def sightings(pupil: Pupil, limit: int = 20) -> list[Sighting]:
    """Return who has opened the pupil's page, the latest first."""
    rows = db.session.execute(
        select(Account, AuditEvent.at)
        .join(Account, Account.id == AuditEvent.actor_id)
        .where(
            AuditEvent.subject_table == Pupil.__tablename__,
            AuditEvent.subject_id == pupil.id,
            AuditEvent.kind == AuditKind.PUPIL_SEEN,
        )
        .order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        .limit(limit)
    )
    return [Sighting(account.full_name, at) for account, at in rows]


def has_seen_today(viewer: Account, pupil_id: int) -> bool:
    """Say whether ``viewer`` opened the pupil's page earlier on this day of programme time."""
    zone = ZoneInfo(current_app.config["TIME_ZONE"])
    midnight = datetime.combine(clock.today(), time(), zone)
    return (
        db.session.scalar(
            select(AuditEvent.id)
            .where(
                AuditEvent.subject_table == Pupil.__tablename__,
                AuditEvent.subject_id == pupil_id,
                AuditEvent.kind == AuditKind.PUPIL_SEEN,
                AuditEvent.actor_id == viewer.id,
                AuditEvent.at >= midnight,
                AuditEvent.at < midnight + timedelta(days=1),
            )
            .limit(1)
        )
        is not None
    )


def probable_duplicates(school_id: int, grade: int, first_name: str, last_name: str) -> list[Pupil]:
    """Return the nominated pupils of this school and grade with the same names.

    Letter case, ``ё`` for ``е`` and the order of first and last name make no difference.
    """
    wanted = _name_key(first_name, last_name)
    pupils = db.session.scalars(
        select(Pupil)
        .where(Pupil.school_id == school_id, Pupil.grade == grade, Pupil.withdrawn_at.is_(None))
        .options(joinedload(Pupil.teacher))
        .order_by(Pupil.id)
    )
    return [pupil for pupil in pupils if _name_key(pupil.first_name, pupil.last_name) == wanted]


def _name_key(*names: str) -> tuple[str, ...]:
    return tuple(sorted(" ".join(names).casefold().replace("ё", "е").replace("-", " ").split()))
