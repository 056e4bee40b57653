"""Schools in a coordinator's scope, with how their pupils stand."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import joinedload

from ..database import localized_name
from ..extensions import db
from ..i18n import collation_key
from ..models import (
    Account,
    District,
    Institution,
    Pupil,
    PupilState,
    Region,
    School,
    ScopeKind,
    Subject,
    Teacher,
    TeacherState,
    WeeklySession,
)
from .groups import others_in_session
from .paging import Page
from .pupils import state_of_pupil
from .scopes import Scope
from .timetables import live_sessions

STATES = tuple(state.value for state in PupilState)
SORTS = ("name", "place", *STATES)
DEFAULT_SORT = "name"
MOST_SCHOOLS_TO_CHOOSE = 600


@dataclass(frozen=True)
class SchoolFilter:
    search: str = ""
    region_code: str = ""


@dataclass(frozen=True)
class SchoolRow:
    """A school, how many of its pupils are in each state, and how many teachers nominate there."""

    school: School
    pupils: dict[PupilState, int]
    teachers: int


@dataclass(frozen=True)
class SchoolTeacher:
    """A teacher of a school, and how many pupils the teacher has nominated who are not withdrawn."""

    account: Account
    state: TeacherState
    pupils: int


@dataclass(frozen=True)
class SchoolSession:
    """A weekly session of a pupil of the school; a tutor outside of the viewer's scope stands by the university."""

    slot: int
    pupil_id: int
    pupil_name: str
    class_label: str
    subject: str
    tutor: str
    others: int


@dataclass(frozen=True)
class Places:
    """What a coordinator chooses a place from. There are no schools where they are too many to choose."""

    regions: list[Region]
    schools: list[tuple[int, str]]


@dataclass(frozen=True)
class _Name:
    id: int
    school: str
    district: str
    region: str

    @property
    def own_order(self) -> tuple[str, ...]:
        return tuple(map(_in_order, (self.school, self.region, self.district)))

    @property
    def place_order(self) -> tuple[str, ...]:
        return tuple(map(_in_order, (self.region, self.district, self.school)))

    def holds(self, words: Iterable[str]) -> bool:
        text = collation_key(f"{self.school} {self.district}")
        return all(collation_key(word) in text for word in words)


# A country has thousands of school names, and the same ones are ordered at each request.
_in_order = lru_cache(maxsize=50_000)(collation_key)


def _names(conditions: Iterable[ColumnElement[bool]]) -> list[_Name]:
    rows = db.session.execute(
        select(School.id, localized_name(School), localized_name(District), localized_name(Region))
        .join(School.district)
        .join(District.region)
        .where(*conditions)
    )
    return [_Name(*row) for row in rows]


def listed(viewer: Account, narrowed: SchoolFilter, sort: str, number: int, rows_per_page: int) -> Page[SchoolRow]:
    """Return one page of the schools in the viewer's scope.

    No database orders names as the alphabets of three languages have it, so that the names of the
    scope's schools are ordered here; only the schools of the page are read whole.

    Parameters
    ----------
    sort
        One of `SORTS`, with ``-`` before it for the reverse; anything else sorts by name.
    """
    scope = Scope.of_coordinator(viewer)
    conditions = [scope.has_school()]
    if narrowed.region_code:
        conditions.append(School.district.has(District.region_code == narrowed.region_code))
    names = [name for name in _names(conditions) if name.holds(narrowed.search.split())]
    key, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    if key in STATES:
        counts = _pupils_by_state([Pupil.school.has(scope.has_school())])
        names.sort(key=lambda name: name.own_order)
        names.sort(key=lambda name: counts[name.id][PupilState(key)], reverse=is_reversed)
    elif key == "place":
        names.sort(key=lambda name: name.place_order, reverse=is_reversed)
    else:
        names.sort(key=lambda name: name.own_order, reverse=sort == "-name")
    number = min(max(1, number), max(1, -(-len(names) // rows_per_page)))
    window = names[(number - 1) * rows_per_page : number * rows_per_page]
    return Page(_rows([name.id for name in window]), number, rows_per_page, len(names))


def _rows(ids: Sequence[int]) -> list[SchoolRow]:
    """Return these schools in this order, in three SQL statements."""
    if not ids:
        return []
    schools = {school.id: school for school in db.session.scalars(_with_place().where(School.id.in_(ids)))}
    pupils = _pupils_by_state([Pupil.school_id.in_(ids)])
    teachers = dict(
        db.session.execute(
            select(Teacher.school_id, func.count())
            .where(Teacher.school_id.in_(ids), Teacher.state == TeacherState.ADMITTED)
            .group_by(Teacher.school_id)
        ).all()
    )
    return [SchoolRow(schools[id], pupils[id], teachers.get(id, 0)) for id in ids]


def _with_place() -> Select[tuple[School]]:
    return select(School).options(joinedload(School.district).joinedload(District.region))


def _pupils_by_state(conditions: Sequence[ColumnElement[bool]]) -> dict[int, dict[PupilState, int]]:
    inner = select(Pupil.school_id, state_of_pupil().label("state")).where(*conditions).subquery()
    rows = db.session.execute(
        select(inner.c.school_id, inner.c.state, func.count()).group_by(inner.c.school_id, inner.c.state)
    )
    counts: dict[int, dict[PupilState, int]] = defaultdict(lambda: dict.fromkeys(PupilState, 0))
    for school_id, state, count in rows:
        counts[school_id][PupilState(state)] = count
    return counts


def school_in_sight(viewer: Account, school_id: int) -> School | None:
    """Return the school with its place, or nothing when it is outside of the viewer's scope."""
    scope = Scope.of_coordinator(viewer)
    return db.session.scalar(_with_place().where(School.id == school_id, scope.has_school()))


def teachers_of(school: School) -> list[SchoolTeacher]:
    """Return the teachers of the school, except those who were declined."""
    number = (
        select(func.count())
        .where(Pupil.teacher_id == Account.id, Pupil.withdrawn_at.is_(None))
        .correlate(Account)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Account, Teacher.state, number)
        .join(Teacher, Teacher.account_id == Account.id)
        .where(Teacher.school_id == school.id, Teacher.state != TeacherState.DECLINED)
        .order_by(Account.sort_name, Account.id)
    )
    return [SchoolTeacher(*row) for row in rows]


def week_of(viewer: Account, school: School) -> list[SchoolSession]:
    """Return the weekly sessions of the school's pupils in order of the week, in one SQL statement."""
    rows = db.session.execute(
        live_sessions(
            WeeklySession.slot,
            Pupil.id,
            Pupil.last_name + " " + Pupil.first_name,
            Pupil.class_label,
            localized_name(Subject),
            case(
                (Scope.of_coordinator(viewer).has_tutor(), Account.last_name + " " + Account.first_name),
                else_=localized_name(Institution),
            ),
            others_in_session(),
        ).where(Pupil.school_id == school.id)
    )
    return [SchoolSession(*row) for row in rows]


def regions_of(viewer: Account) -> list[Region]:
    """Return the regions that a coordinator can choose between: none unless of the whole country."""
    if Scope.of_coordinator(viewer).kind != ScopeKind.COUNTRY:
        return []
    return sorted(db.session.scalars(select(Region)), key=lambda region: region.collation_key)


def to_choose(viewer: Account, region_code: str = "") -> Places:
    """Return the regions and schools that a coordinator narrows a list of pupils to.

    A coordinator of the whole country chooses a region first.
    """
    regions = regions_of(viewer)
    if regions and not region_code:
        return Places(regions, [])
    conditions = [Scope.of_coordinator(viewer).has_school(), School.id.in_(select(Pupil.school_id))]
    if region_code:
        conditions.append(School.district.has(District.region_code == region_code))
    names = sorted(_names(conditions), key=lambda name: name.own_order)
    if len(names) > MOST_SCHOOLS_TO_CHOOSE:
        return Places(regions, [])
    return Places(regions, [(name.id, f"{name.school}, {name.district}") for name in names])
