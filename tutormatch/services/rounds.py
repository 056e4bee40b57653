"""Starting rounds, starting failed ones again, and what happens when the worker was stopped."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from .. import clock
from ..database import after_commit, transactional
from ..errors import AlreadyDecided, NotFound, NothingToMatch, RoundUnderWay
from ..extensions import db
from ..matching import Profile
from ..models import Account, AuditKind, Round, RoundFailure, RoundState
from ..queries.entrants import entrants
from ..queries.rounds import can_restart
from ..queries.scopes import Scope, rounds_in_sight
from . import audit

UNDER_WAY = (RoundState.QUEUED, RoundState.RUNNING)


@transactional
def start(coordinator: Account, profile: Profile = Profile.BREADTH_FIRST) -> Round:
    """Queue a round of the coordinator's scope and wake the worker.

    Parameters
    ----------
    profile
        What the round is to put first.

    Raises
    ------
    NotAllowed
        When the account is not a coordinator's.
    RoundUnderWay
        When one of this scope is queued or running; so pressing twice starts one.
    NothingToMatch
        When no pupil waits or no tutor is free.
    """
    scope = Scope.of_coordinator(coordinator)
    _refuse_second(scope)
    if not entrants(scope).can_match:
        raise NothingToMatch
    with _as_only_one(scope):
        round_ = Round(
            scope_kind=scope.kind,
            region_code=scope.region_code,
            institution_id=scope.institution_id,
            scope_key=scope.key,
            profile=profile,
            created_at=clock.now(),
            created_by_id=coordinator.id,
        )
        db.session.add(round_)
    audit.record(AuditKind.ROUND_STARTED, coordinator, round_, scope=scope.key, profile=profile)
    _wake(round_)
    return round_


@transactional
def restart(coordinator: Account, round_id: int) -> Round:
    """Queue a failed round again; the input that it has stored is used once more.

    Raises
    ------
    NotFound
        When there is no such round in the coordinator's sight.
    AlreadyDecided
        When the round is under way or done, or its input can never be solved.
    RoundUnderWay
        When another round of its scope is queued or running.
    """
    round_ = db.session.scalar(
        select(Round).where(Round.id == round_id, rounds_in_sight(coordinator)).with_for_update()
    )
    if round_ is None:
        raise NotFound
    if not can_restart(round_):
        raise AlreadyDecided(round_.state)
    scope = Scope.of(round_)
    if not round_.is_under_way:
        _refuse_second(scope)
    with _as_only_one(scope):
        round_.state = RoundState.QUEUED
        round_.failure = round_.reference = None
        round_.started_at = round_.heard_at = round_.finished_at = None
        round_.stage = ""
        round_.progress = 0
    audit.record(AuditKind.ROUND_RESTARTED, coordinator, round_, scope=round_.scope_key)
    _wake(round_)
    return round_


@transactional
def recover() -> None:
    """Take up what a stopped worker has left: running rounds have failed, queued ones are woken again.

    Called when the worker starts. There is one worker, so nobody else can be running a round.
    """
    db.session.execute(
        update(Round)
        .where(Round.state == RoundState.RUNNING)
        .values(state=RoundState.FAILED, failure=RoundFailure.WORKER_STOPPED, finished_at=clock.now())
    )
    for round_ in db.session.scalars(select(Round).where(Round.state == RoundState.QUEUED).order_by(Round.id)):
        _wake(round_)


def _wake(round_: Round) -> None:
    round_id = round_.id
    after_commit(lambda: current_app.extensions["wake_round"](round_id))


def _refuse_second(scope: Scope) -> None:
    round_id = db.session.scalar(select(Round.id).where(Round.scope_key == scope.key, Round.state.in_(UNDER_WAY)))
    if round_id is not None:
        raise RoundUnderWay(round_id)


@contextmanager
def _as_only_one(scope: Scope) -> Iterator[None]:
    """Write a queued round; when the database finds that one of the scope came in between, name that one."""
    try:
        with db.session.begin_nested():
            yield
    except IntegrityError:
        _refuse_second(scope)
        raise
