"""Rounds as coordinators see them: the list, and the story of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from .. import clock
from ..errors import NotFound
from ..extensions import db
from ..matching import Reason
from ..models import (
    Account,
    Match,
    MatchState,
    Round,
    RoundFailure,
    RoundState,
    Subject,
    WaitingNeed,
)
from .paging import Page, paginate
from .scopes import Scope, rounds_in_sight

WORTHLESS_INPUT = frozenset({RoundFailure.FAULTY_INPUT})
DESPITE_A_TUTOR = frozenset({Reason.PUPIL_TIME_TAKEN, Reason.MAX_TUTORS_REACHED, Reason.TUTORS_FULL})
"""Why a need waits although some tutor would suit it at a time that both have."""


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
    return Story(dict(matches.all()), _reasons(round_))


def subject_name(code: str) -> str:
    """Return what a subject is called; one that is gone keeps its code."""
    subject = db.session.get(Subject, code)
    return subject.name if subject else code


def _reasons(round_: Round) -> dict[Reason, int]:
    rows = db.session.execute(
        select(WaitingNeed.reason, func.count())
        .where(WaitingNeed.round_id == round_.id)
        .group_by(WaitingNeed.reason)
        .order_by(func.count().desc(), WaitingNeed.reason)
    )
    return {Reason(reason): count for reason, count in rows}


def stored_problem(round_id: int) -> bytes:
    """Return the input of a round as it was packed, for the command line.

    Raises
    ------
    NotFound
        When there is no such round or its input was not collected yet.
    """
    packed = db.session.scalar(select(Round.problem).where(Round.id == round_id))
    if packed is None:
        raise NotFound
    return packed
