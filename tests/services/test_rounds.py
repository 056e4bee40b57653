"""Starting rounds, starting them again, and taking up what a stopped worker left."""

import pytest
from sqlalchemy import func, select

from tests.factories import OTHER_REGION
from tutormatch import clock as programme_clock
from tutormatch.errors import AlreadyDecided, NotAllowed, NotFound, NothingToMatch, RoundUnderWay
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, AuditKind, Round, RoundFailure, RoundState, ScopeKind
from tutormatch.services import rounds


@pytest.fixture
def coordinator(make):
    return make.coordinator(ScopeKind.REGION)


@pytest.fixture
def programme(make):
    make.tutor()
    make.pupil()


def fail(round_, failure=RoundFailure.SOLVER_ENDED):
    round_.state, round_.failure = RoundState.FAILED, failure
    db.session.commit()


def test_starting_queues_a_round_of_the_own_scope_and_wakes_the_worker(app, coordinator, programme, woken):
    round_ = rounds.start(coordinator)
    assert (round_.state, round_.scope_key) == (RoundState.QUEUED, "region:KZ-59")
    assert woken == [("round", round_.id)]
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.ROUND_STARTED)).one()
    assert (event.actor_id, event.subject_id) == (coordinator.id, round_.id)


def test_starting_twice_names_the_first(app, make, coordinator, programme):
    first = rounds.start(coordinator)
    with pytest.raises(RoundUnderWay) as refused:
        rounds.start(make.coordinator(ScopeKind.REGION))
    assert refused.value.round_id == first.id
    assert db.session.scalar(select(func.count(Round.id))) == 1


def test_two_who_start_at_the_same_moment_get_one_round(app, coordinator, programme, monkeypatch):
    first = rounds.start(coordinator)
    look = rounds._refuse_second
    looks = []

    def sees_nothing_at_first(scope):
        looks.append(scope)
        if len(looks) > 1:
            look(scope)

    monkeypatch.setattr(rounds, "_refuse_second", sees_nothing_at_first)
    with pytest.raises(RoundUnderWay) as refused:
        rounds.start(coordinator)
    assert refused.value.round_id == first.id
    assert db.session.scalar(select(func.count(Round.id))) == 1


def test_rounds_of_different_scopes_run_side_by_side(app, make, coordinator, programme):
    rounds.start(coordinator)
    rounds.start(make.coordinator())
    assert db.session.scalar(select(func.count(Round.id))) == 2


@pytest.mark.parametrize("there", [(), ("tutor",), ("pupil",)])
def test_nothing_to_match_starts_nothing(app, make, coordinator, there):
    for kind in there:
        getattr(make, kind)()
    with pytest.raises(NothingToMatch):
        rounds.start(coordinator)
    assert db.session.scalar(select(func.count(Round.id))) == 0


@pytest.mark.parametrize("role", ["administrator", "teacher"])
def test_only_coordinators_start_rounds(app, make, programme, role):
    with pytest.raises(NotAllowed):
        rounds.start(getattr(make, role)())


def test_failed_round_is_queued_again_with_its_input(app, coordinator, programme, woken):
    round_ = rounds.start(coordinator)
    round_.problem = b"as it was"
    fail(round_)
    woken.clear()
    rounds.restart(coordinator, round_.id)
    assert (round_.state, round_.failure, round_.problem) == (RoundState.QUEUED, None, b"as it was")
    assert woken == [("round", round_.id)]


def test_round_whose_input_cannot_be_solved_is_not_queued_again(app, coordinator, programme):
    round_ = rounds.start(coordinator)
    fail(round_, RoundFailure.FAULTY_INPUT)
    with pytest.raises(AlreadyDecided):
        rounds.restart(coordinator, round_.id)


def test_failed_round_waits_for_the_one_that_was_started_since(app, coordinator, programme):
    failed = rounds.start(coordinator)
    fail(failed)
    newer = rounds.start(coordinator)
    with pytest.raises(RoundUnderWay) as refused:
        rounds.restart(coordinator, failed.id)
    assert refused.value.round_id == newer.id
    assert db.session.get(Round, failed.id, populate_existing=True).state == RoundState.FAILED


def test_restart_that_is_overtaken_names_the_other_round(app, coordinator, programme, monkeypatch):
    failed = rounds.start(coordinator)
    fail(failed)
    newer = rounds.start(coordinator)
    look = rounds._refuse_second
    looks = []

    def sees_nothing_at_first(scope):
        looks.append(scope)
        if len(looks) > 1:
            look(scope)

    monkeypatch.setattr(rounds, "_refuse_second", sees_nothing_at_first)
    with pytest.raises(RoundUnderWay) as refused:
        rounds.restart(coordinator, failed.id)
    assert refused.value.round_id == newer.id


@pytest.mark.parametrize("state", [RoundState.QUEUED, RoundState.RUNNING])
def test_round_under_way_is_started_again_only_when_it_fell_silent(app, coordinator, programme, clock, state):
    round_ = rounds.start(coordinator)
    round_.state, round_.heard_at = state, programme_clock.now()
    db.session.commit()
    with pytest.raises(AlreadyDecided):
        rounds.restart(coordinator, round_.id)
    clock.advance(minutes=10)
    assert rounds.restart(coordinator, round_.id).state == RoundState.QUEUED


def test_rounds_elsewhere_are_not_found(app, make, coordinator, programme):
    round_ = rounds.start(coordinator)
    fail(round_)
    with pytest.raises(NotFound):
        rounds.restart(make.coordinator(ScopeKind.REGION, region=OTHER_REGION), round_.id)


def test_starting_worker_fails_what_was_running_and_wakes_what_was_queued(app, make, coordinator, programme, woken):
    running = rounds.start(coordinator)
    queued = rounds.start(make.coordinator())
    running.state = RoundState.RUNNING
    db.session.commit()
    woken.clear()
    rounds.recover()
    db.session.expire_all()
    assert (running.state, running.failure) == (RoundState.FAILED, RoundFailure.WORKER_STOPPED)
    assert queued.state == RoundState.QUEUED
    assert woken == [("round", queued.id)]
