"""Whom to recruit next, as the latest round has found it, with the names that a coordinator may read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from ..database import localized_name
from ..errors import NotFound
from ..extensions import db
from ..matching import WeekPart, WhatIfKind
from ..matching.slots import HOURS_PER_DAY, WEEKDAYS, make_slot, parse_slot
from ..models import Account, District, Pupil, Round, RoundState, School, Subject
from .people import tutor_names
from .scopes import Scope, rounds_in_sight

HEAT_STEPS = 5
WHAT_IFS_SHOWN = 5
LEAST_HOURS = range(9, 20)


@dataclass(frozen=True)
class NamedPupil:
    """A pupil of the viewer's schools."""

    id: int
    name: str


@dataclass(frozen=True)
class RecruitLine:
    """A kind of tutor: how many more pupils each further one serves, and those of them whom the viewer may see."""

    subject: str
    grade_from: int
    grade_to: int
    tutoring_language: str
    conditions: Sequence[str]
    part: WeekPart
    slots: Sequence[int]
    serves: Sequence[int]
    pupils: Sequence[Sequence[NamedPupil]]

    @property
    def total(self) -> int:
        return sum(self.serves)


@dataclass(frozen=True)
class WhatIfLine:
    """A change for many at once; ``name`` is of the school or the tutor it speaks of, if the viewer may read it."""

    kind: WhatIfKind
    slot: int | None
    tutoring_language: str
    name: str
    is_for_all: bool
    serves: int
    pupils: Sequence[NamedPupil]


@dataclass(frozen=True)
class HeatCell:
    """An hour of the week: needs that wait and could use it, tutors free in it, and how hot it is (0 to 5)."""

    slot: int
    waiting: int
    free: int
    heat: int


@dataclass(frozen=True)
class RecruitmentPage:
    """The advice of one round."""

    round: Round
    recruits: Sequence[RecruitLine]
    what_ifs: Sequence[WhatIfLine]
    hours: Sequence[int]
    cells: Mapping[tuple[int, int], HeatCell]
    """By hour and weekday."""

    def of_kind(self, kind: str) -> list[WhatIfLine]:
        """Return the most helpful changes of one kind."""
        return [line for line in self.what_ifs if line.kind == kind][:WHAT_IFS_SHOWN]

    @property
    def shortest(self) -> HeatCell | None:
        """The hour for which most needs wait."""
        hottest = max(self.cells.values(), key=lambda cell: (cell.waiting, -cell.slot), default=None)
        return hottest if hottest and hottest.waiting else None


def latest_round(viewer: Account) -> Round | None:
    """Return the latest round of the viewer's own scope that has advice."""
    return db.session.scalar(
        _with_advice()
        .where(
            Round.scope_key == Scope.of_coordinator(viewer).key,
            Round.state == RoundState.DONE,
            Round.finished_at.is_not(None),
        )
        .order_by(Round.id.desc())
        .limit(1)
    )


def advised_round(viewer: Account, round_id: int) -> Round:
    """Return one round with its advice.

    Raises
    ------
    NotFound
        When it is not there or not the viewer's to see.
    """
    round_ = db.session.scalar(_with_advice().where(Round.id == round_id, rounds_in_sight(viewer)))
    if round_ is None:
        raise NotFound
    return round_


def _with_advice() -> Any:
    return select(Round).options(
        undefer(Round.advice), joinedload(Round.region), joinedload(Round.institution), joinedload(Round.created_by)
    )


def page(viewer: Account, round_: Round) -> RecruitmentPage | None:
    """Return the advice of a round in words and names, in four statements; nothing when it has none."""
    advice = round_.advice
    if not advice:
        return None
    codes = {code for line in advice["recruits"] for each in line["pupil_ids"] for code in each} | {
        code for line in advice["what_ifs"] for code in line["pupil_ids"]
    }
    pupils = _pupils(viewer, codes)
    subjects = dict(db.session.execute(select(Subject.code, localized_name(Subject))).all())
    hours, cells = _heat(advice)
    return RecruitmentPage(
        round_,
        [_recruit(line, subjects, pupils) for line in advice["recruits"]],
        _what_ifs(viewer, advice["what_ifs"], pupils),
        hours,
        cells,
    )


def _pupils(viewer: Account, codes: set[str]) -> dict[str, NamedPupil]:
    rows = db.session.execute(
        select(Pupil.code, Pupil.id, Pupil.last_name, Pupil.first_name)
        .join(Pupil.school)
        .where(Pupil.code.in_(codes), Scope.of_coordinator(viewer).has_school())
    )
    return {
        code: NamedPupil(number, f"{last_name} {first_name}".strip()) for code, number, last_name, first_name in rows
    }


def _recruit(line: Mapping[str, Any], subjects: Mapping[str, str], pupils: Mapping[str, NamedPupil]) -> RecruitLine:
    return RecruitLine(
        subjects.get(line["subject"], line["subject"]),
        line["grade_from"],
        line["grade_to"],
        line["tutoring_language"],
        line["conditions"],
        WeekPart(line["part"]),
        [parse_slot(slot) for slot in line["slots"]],
        line["serves"],
        [[pupils[code] for code in each if code in pupils] for each in line["pupil_ids"]],
    )


def _what_ifs(
    viewer: Account, lines: Sequence[Mapping[str, Any]], pupils: Mapping[str, NamedPupil]
) -> list[WhatIfLine]:
    schools = {line["value"].partition(" ")[0] for line in lines if line["kind"] == WhatIfKind.SCHOOL_SLOT}
    tutors = {line["value"] for line in lines if line["kind"] == WhatIfKind.TUTOR_SESSION and line["value"]}
    names: dict[tuple[str, str], str] = {}
    if schools:
        rows = db.session.execute(
            select(School.code, localized_name(School), localized_name(District))
            .join(School.district)
            .where(School.code.in_(schools), Scope.of_coordinator(viewer).has_school())
        )
        names |= {("school", code): f"{name} ({district})" for code, name, district in rows}
    names |= {("tutor", code): name for code, name in tutor_names(viewer, tutors).items()}
    found = []
    for line in lines:
        kind, value = WhatIfKind(line["kind"]), line["value"]
        who, _space, slot = value.rpartition(" ")
        has_slot = kind in (WhatIfKind.SLOT, WhatIfKind.SCHOOL_SLOT)
        of = "school" if kind is WhatIfKind.SCHOOL_SLOT else "tutor"
        found.append(
            WhatIfLine(
                kind,
                parse_slot(slot) if has_slot else None,
                value if kind is WhatIfKind.LANGUAGE else "",
                names.get((of, who or value), ""),
                not value,
                line["serves"],
                [pupils[code] for code in line["pupil_ids"] if code in pupils],
            )
        )
    return found


def _heat(advice: Mapping[str, Any]) -> tuple[list[int], dict[tuple[int, int], HeatCell]]:
    waiting = {parse_slot(slot): count for slot, count in advice["shortage"].items()}
    free = {parse_slot(slot): count for slot, count in advice["supply"].items()}
    known = {slot % HOURS_PER_DAY for slot in waiting}
    hours = range(min(known | {LEAST_HOURS.start}), max(known | {LEAST_HOURS.stop - 1}) + 1)
    most = max(waiting.values(), default=0)
    cells = {}
    for hour in hours:
        for weekday in range(len(WEEKDAYS)):
            slot = make_slot(weekday, hour)
            count = waiting.get(slot, 0)
            cells[hour, weekday] = HeatCell(
                slot, count, free.get(slot, 0), -(-HEAT_STEPS * count // most) if count else 0
            )
    return list(hours), cells
