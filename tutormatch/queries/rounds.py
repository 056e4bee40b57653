"""Rounds as coordinators see them: the list, the story of one, and the needs that it left waiting."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager, joinedload

from .. import clock
from ..errors import NotFound
from ..extensions import db
from ..matching import Reason
from ..models import (
    Account,
    District,
    Match,
    MatchState,
    Need,
    Priority,
    Pupil,
    Round,
    RoundFailure,
    RoundState,
    School,
    Subject,
    WaitingNeed,
)
from .paging import Page, paginate
from .scopes import Scope, rounds_in_sight

WORTHLESS_INPUT = frozenset({RoundFailure.FAULTY_INPUT})


def is_silent(round_: Round) -> bool:
    """Say whether a round under way has not been heard of for too long: its worker has stopped."""
    if not round_.is_under_way:
        return False
    heard = round_.heard_at or round_.created_at
    return clock.now() - heard > current_app.config["ROUND_SILENCE_LIMIT"]


def can_restart(round_: Round) -> bool:
    """Say whether the round may be queued again: it failed or fell silent, and its input can be solved."""
    if round_.state == RoundState.FAILED:
        return round_.failure not in WORTHLESS_INPUT
    return is_silent(round_)


@dataclass(frozen=True)
class RoundLine:
    """A line of the list of rounds: the round, and how many proposals in each state it has, and needs waiting."""

    round: Round
    proposals: int
    proposed: int
    approved: int
    waiting: int


def _with_people(statement: Select[Any]) -> Select[Any]:
    return statement.options(joinedload(Round.created_by), joinedload(Round.region), joinedload(Round.institution))


def rounds(viewer: Account, page: int, rows_per_page: int) -> Page[RoundLine]:
    """Return the rounds in the viewer's sight, latest first."""

    def number_of(condition: Any) -> Any:
        return select(func.count()).where(Match.round_id == Round.id, condition).correlate(Round).scalar_subquery()

    waiting = select(func.count()).where(WaitingNeed.round_id == Round.id).correlate(Round).scalar_subquery()
    found = paginate(
        _with_people(
            select(
                Round,
                number_of(Match.id.is_not(None)),
                number_of(Match.state == MatchState.PROPOSED),
                number_of(Match.state == MatchState.APPROVED),
                waiting,
            )
        )
        .where(rounds_in_sight(viewer))
        .order_by(Round.id.desc()),
        page,
        rows_per_page,
        scalars=False,
    )
    return Page([RoundLine(*row) for row in found.rows], found.number, found.rows_per_page, found.total)


def under_way(viewer: Account) -> Round | None:
    """Return the round of the viewer's own scope that is queued or running."""
    return db.session.scalar(
        _with_people(select(Round)).where(
            Round.scope_key == Scope.of_coordinator(viewer).key,
            Round.state.in_((RoundState.QUEUED, RoundState.RUNNING)),
        )
    )


def get(viewer: Account, round_id: int) -> Round:
    """Return one round.

    Raises
    ------
    NotFound
        When it is not there or not the viewer's to see.
    """
    round_ = db.session.scalar(_with_people(select(Round)).where(Round.id == round_id, rounds_in_sight(viewer)))
    if round_ is None:
        raise NotFound
    return round_


@dataclass(frozen=True)
class Story:
    """What became of a round's proposals, by state, and of the needs it left, by reason (most frequent first)."""

    matches: Mapping[MatchState, int]
    waiting: Mapping[Reason, int]

    @property
    def proposals(self) -> int:
        return sum(self.matches.values())

    @property
    def needs_waiting(self) -> int:
        return sum(self.waiting.values())


def story(round_: Round) -> Story:
    """Count what a round proposed and what it left."""
    matches = db.session.execute(
        select(Match.state, func.count()).where(Match.round_id == round_.id).group_by(Match.state)
    )
    return Story(dict(matches.tuples()), _reasons(round_))


def _reasons(round_: Round) -> dict[Reason, int]:
    rows = db.session.execute(
        select(WaitingNeed.reason, func.count())
        .where(WaitingNeed.round_id == round_.id)
        .group_by(WaitingNeed.reason)
        .order_by(func.count().desc(), WaitingNeed.reason)
    )
    return {Reason(reason): count for reason, count in rows}


@dataclass(frozen=True)
class WaitingFilter:
    """What the waiting list is narrowed to; ``None`` does not narrow."""

    reason: Reason | None = None
    subject: str | None = None
    school: int | None = None
    sort: str = "priority"


WAITING_SORTS = {
    "priority": (Need.priority.desc(), Need.opened_on, Pupil.sort_name, Need.id),
    "pupil": (Pupil.sort_name, Need.id),
    "subject": (Subject.position, Pupil.sort_name, Need.id),
    "grade": (Need.grade, Pupil.sort_name, Need.id),
    "waiting": (Need.opened_on, Pupil.sort_name, Need.id),
    "reason": (WaitingNeed.reason, Pupil.sort_name, Need.id),
}


@dataclass(frozen=True)
class WaitingLine:
    """A need that a round left waiting, with the pupil, school and subject loaded.

    ``has_tutor_now`` says that a match was approved since.
    """

    waiting: WaitingNeed
    has_tutor_now: bool

    @property
    def need(self) -> Need:
        return self.waiting.need

    @property
    def pupil(self) -> Pupil:
        return self.waiting.need.pupil

    @property
    def reason(self) -> Reason:
        return Reason(self.waiting.reason)

    @property
    def priority(self) -> Priority:
        return Priority(self.waiting.need.priority)

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """The rules in their order with the tutors that each left, up to the one that left nobody."""
        steps: list[tuple[str, int]] = []
        for step in self.waiting.explanation.get("funnel", ()):
            steps.append((step["rule"], step["tutors_left"]))
            if step["tutors_left"] == 0:
                break
        return steps


def _waiting(viewer: Account, round_: Round, columns: Select[Any]) -> Select[Any]:
    return (
        columns.join(WaitingNeed.need)
        .join(Need.pupil)
        .join(Pupil.school)
        .join(Need.subject)
        .where(WaitingNeed.round_id == round_.id, Scope.of_coordinator(viewer).has_school())
    )


def _narrowed(statement: Select[Any], wanted: WaitingFilter) -> Select[Any]:
    if wanted.reason is not None:
        statement = statement.where(WaitingNeed.reason == wanted.reason)
    if wanted.subject is not None:
        statement = statement.where(Need.subject_code == wanted.subject)
    if wanted.school is not None:
        statement = statement.where(Pupil.school_id == wanted.school)
    return statement


def waiting_needs(
    viewer: Account, round_: Round, wanted: WaitingFilter, page: int, rows_per_page: int
) -> Page[WaitingLine]:
    """Return the needs that ``round_`` left without a tutor and that lie in the viewer's scope."""
    is_approved = (
        select(Match.id).where(Match.need_id == Need.id, Match.state == MatchState.APPROVED).correlate(Need).exists()
    )
    statement = _narrowed(_waiting(viewer, round_, select(WaitingNeed, is_approved)), wanted).options(
        contains_eager(WaitingNeed.need).options(
            contains_eager(Need.subject),
            contains_eager(Need.pupil)
            .contains_eager(Pupil.school)
            .joinedload(School.district)
            .joinedload(District.region),
        )
    )
    statement = statement.order_by(*WAITING_SORTS.get(wanted.sort, WAITING_SORTS["priority"]))
    found = paginate(statement, page, rows_per_page, scalars=False)
    return Page([WaitingLine(*row) for row in found.rows], found.number, found.rows_per_page, found.total)


@dataclass(frozen=True)
class WaitingChoices:
    """What the waiting list can be narrowed to, each with its number of needs."""

    reasons: list[tuple[Reason, int]]
    subjects: list[tuple[Subject, int]]
    schools: list[tuple[int, str, int]]


def waiting_choices(viewer: Account, round_: Round) -> WaitingChoices:
    """Return the filters of the waiting list, in three statements."""
    number = func.count()
    reasons = db.session.execute(
        _waiting(viewer, round_, select(WaitingNeed.reason, number))
        .group_by(WaitingNeed.reason)
        .order_by(number.desc(), WaitingNeed.reason)
    )
    subjects = db.session.execute(
        _waiting(viewer, round_, select(Subject, number)).group_by(Subject.code).order_by(Subject.position)
    )
    schools = db.session.execute(_waiting(viewer, round_, select(School, number)).group_by(School.id)).all()
    return WaitingChoices(
        [(Reason(reason), count) for reason, count in reasons],
        [(subject, count) for subject, count in subjects],
        [
            (school.id, school.name, count)
            for school, count in sorted(schools, key=lambda row: (row[0].collation_key, row[0].id))
        ],
    )
