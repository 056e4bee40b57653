"""From a queued round to stored proposals."""

import signal
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.factories import OTHER_REGION
from tutormatch import clock as programme_clock
from tutormatch.extensions import db
from tutormatch.matching import solve
from tutormatch.matching.slots import parse_slot, parse_slots
from tutormatch.models import (
    BlockedPair,
    Decision,
    DecisionKind,
    Match,
    MatchState,
    Round,
    RoundFailure,
    RoundState,
    ScopeKind,
    TutorState,
    WaitingNeed,
)
from tutormatch.queries.problems import collect
from tutormatch.queries.scopes import Scope
from tutormatch.services import round_runs, rounds, solvers


def run(coordinator):
    """Start a round, run it as the worker does, and return it."""
    round_ = rounds.start(coordinator)
    round_runs.run(round_.id)
    return db.session.get(Round, round_.id, populate_existing=True)


def proposals(round_):
    return db.session.scalars(
        select(Match).where(Match.round_id == round_.id, Match.state == MatchState.PROPOSED).order_by(Match.id)
    ).all()


def approve(match, coordinator):
    """Approve one proposal as the database sees it."""
    decision = Decision(
        kind=DecisionKind.APPROVE,
        round_id=match.round_id,
        decided_by_id=coordinator.id,
        decided_at=programme_clock.now(),
    )
    match.decision = decision
    match.state = MatchState.APPROVED
    for session in match.sessions:
        session.is_live = True
    db.session.commit()


def reject(match, coordinator, slot=None):
    decision = Decision(
        kind=DecisionKind.REJECT,
        round_id=match.round_id,
        decided_by_id=coordinator.id,
        decided_at=programme_clock.now(),
    )
    match.decision = decision
    match.state = MatchState.REJECTED
    db.session.add(BlockedPair(tutor_id=match.tutor_id, pupil_id=match.pupil_id, slot=slot, decision_id=None))
    db.session.commit()


@pytest.fixture
def coordinator(make):
    return make.coordinator()


def test_proposals_are_what_the_solver_finds(app, make, coordinator):
    make.tutor(slots="mon-15;tue-16", sessions_per_week=2)
    make.tutor(slots="wed-17", sessions_per_week=1)
    for slots in ("mon-15", "mon-15;tue-16", "wed-17", "sun-10"):
        make.pupil(slots=slots)
    problem = collect(Scope.of_coordinator(coordinator)).problem
    round_ = run(coordinator)
    assert round_.state == RoundState.DONE
    solution = solve(problem)
    assert {(match.need.code, match.tutor.code, match.slots) for match in proposals(round_)} == {
        (match.need_id, match.tutor_id, match.slots) for match in solution.matches
    }
    assert len(proposals(round_)) == 3
    waiting = db.session.scalars(select(WaitingNeed).where(WaitingNeed.round_id == round_.id)).one()
    assert waiting.reason == "no_common_time"
    assert [step["rule"] for step in waiting.explanation["funnel"]][:2] == ["subject", "grade"]
    assert round_.certificate["levels"][0] == {
        "name": "breadth",
        "reached": 3,
        "bound": 3,
        "proof": round_.certificate["levels"][0]["proof"],
        "by_priority": {"3": 0, "2": 3, "1": 0},
    }
    assert round_.certificate["pupils"] == 4


def test_second_round_keeps_approved_pairs_and_never_offers_rejected_ones(app, make, coordinator):
    make.tutor(slots="mon-15;tue-16", sessions_per_week=2)
    make.tutor(slots="mon-15;tue-16", sessions_per_week=2)
    make.pupil(slots="mon-15", needs=["ALG"])
    make.pupil(slots="tue-16", needs=["ALG"])
    first = run(coordinator)
    kept, refused = proposals(first)
    approve(kept, coordinator)
    reject(refused, coordinator)
    second = run(coordinator)
    assert kept.state == MatchState.APPROVED
    assert kept.slots == db.session.get(Match, kept.id).slots
    (other,) = proposals(second)
    assert other.need_id == refused.need_id
    assert other.tutor_id != refused.tutor_id
    assert second.entrants["agreed"] == 1
    assert second.certificate["levels"][0]["reached"] == 2


def test_pair_rejected_at_one_time_may_meet_at_another(app, make, coordinator):
    make.tutor(slots="mon-15;tue-16")
    make.pupil(slots="mon-15;tue-16")
    (refused,) = proposals(run(coordinator))
    (slot,) = refused.slots
    reject(refused, coordinator, slot=slot)
    (other,) = proposals(run(coordinator))
    assert other.tutor_id == refused.tutor_id
    assert slot not in other.slots


def test_newer_round_supersedes_what_was_not_decided(app, make, coordinator):
    make.tutor()
    make.pupil()
    (old,) = proposals(run(coordinator))
    version = old.version
    (new,) = proposals(run(coordinator))
    db.session.refresh(old)
    assert (old.state, new.state) == (MatchState.SUPERSEDED, MatchState.PROPOSED)
    assert old.version == version + 1


def test_round_of_a_region_leaves_other_regions_proposals_alone(app, make, coordinator):
    far = make.institution(OTHER_REGION)
    make.tutor(institution_id=far.id)
    make.pupil(school=make.school(OTHER_REGION))
    make.tutor()
    make.pupil()
    elsewhere = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    (theirs,) = proposals(run(elsewhere))
    run(make.coordinator(ScopeKind.REGION))
    db.session.refresh(theirs)
    assert theirs.state == MatchState.PROPOSED


def test_pupil_withdrawn_while_the_round_ran_is_not_proposed(app, make, coordinator, monkeypatch):
    make.tutor()
    pupil = make.pupil()
    meanwhile(monkeypatch, lambda: setattr(pupil, "withdrawn_at", programme_clock.now()))
    round_ = run(coordinator)
    assert round_.state == RoundState.DONE
    assert proposals(round_) == []
    assert round_.certificate["set_aside"] == {"pupil_left": 1}


def test_tutor_who_left_while_the_round_ran_is_not_proposed(app, make, coordinator, monkeypatch):
    tutor = make.tutor()
    make.pupil()
    meanwhile(monkeypatch, lambda: setattr(tutor, "state", TutorState.LEFT))
    assert run(coordinator).certificate["set_aside"] == {"tutor_left": 1}


def test_pair_rejected_while_the_round_ran_is_not_proposed(app, make, coordinator, monkeypatch):
    tutor, pupil = make.tutor(), make.pupil()
    meanwhile(monkeypatch, lambda: db.session.add(BlockedPair(tutor_id=tutor.id, pupil_id=pupil.id)))
    assert run(coordinator).certificate["set_aside"] == {"decided_meanwhile": 1}


def test_solution_that_breaks_a_rule_is_not_stored(app, make, coordinator, monkeypatch):
    make.tutor()
    make.pupil()
    honest = solvers.solve

    def dishonest(problem, solution, profile, report):
        found = honest(problem, solution, profile, report)
        return replace(found, matches=(replace(found.matches[0], slots=(parse_slot("sun-03"),)),))

    monkeypatch.setattr(solvers, "solve", dishonest)
    round_ = run(coordinator)
    assert (round_.state, round_.failure) == (RoundState.FAILED, RoundFailure.UNEXPECTED)
    assert db.session.scalar(select(func.count(Match.id))) == 0


@pytest.fixture
def beside(app, monkeypatch):
    """The solver in a process of its own, as in production."""
    monkeypatch.setitem(app.config, "SOLVER", "process")


def test_solver_beside_the_worker_finds_the_same(app, make, coordinator, beside):
    make.tutor()
    make.pupil()
    problem = collect(Scope.of_coordinator(coordinator)).problem
    (match,) = proposals(run(coordinator))
    (expected,) = solve(problem).matches
    assert (match.need.code, match.tutor.code, match.slots) == (expected.need_id, expected.tutor_id, expected.slots)


def test_killed_solver_fails_the_round_which_keeps_its_input(app, make, coordinator, beside, monkeypatch, caplog):
    make.tutor()
    make.pupil()
    suicide = f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"
    with monkeypatch.context() as killing:
        killing.setattr(solvers, "command", lambda problem, solution, profile: [sys.executable, "-c", suicide])
        round_ = run(coordinator)
    assert (round_.state, round_.failure) == (RoundState.FAILED, RoundFailure.SOLVER_ENDED)
    assert round_.reference in caplog.text
    kept = round_.problem
    assert kept

    make.pupil()
    rounds.restart(coordinator, round_.id)
    round_runs.run(round_.id)
    round_ = db.session.get(Round, round_.id, populate_existing=True)
    assert round_.state == RoundState.DONE
    assert round_.problem == kept
    assert len(proposals(round_)) == 1


def test_solver_that_takes_too_long_is_ended(app, make, coordinator, beside, monkeypatch):
    make.tutor()
    make.pupil()
    monkeypatch.setitem(app.config, "SOLVER_TIME_LIMIT", timedelta(seconds=0.2))
    monkeypatch.setattr(solvers, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(
        solvers, "command", lambda problem, solution, profile: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    assert run(coordinator).failure == RoundFailure.SOLVER_ENDED


def test_progress_of_the_solver_is_written(app, make, coordinator, monkeypatch):
    make.tutor()
    make.pupil()
    monkeypatch.setattr(round_runs, "SECONDS_BETWEEN_WRITES", 0)
    seen = []
    honest = round_runs._write

    def watched(round_id, started_at, **values):
        if "stage" in values:
            seen.append((values["stage"], values["progress"]))
        honest(round_id, started_at, **values)

    monkeypatch.setattr(round_runs, "_write", watched)
    run(coordinator)
    stages = [stage for stage, _ in seen]
    assert stages[0] == "collect"
    assert stages[-3:] == ["verify", "advise", "store"]
    assert {"build", "explain"} <= set(stages)
    assert [thousandths for _, thousandths in seen] == sorted(thousandths for _, thousandths in seen)


def test_round_started_again_elsewhere_is_left_alone(app, make, coordinator, clock, monkeypatch):
    make.tutor()
    make.pupil()

    def take_away():
        clock.advance(minutes=10)
        rounds.restart(coordinator, db.session.scalar(select(Round.id)))

    meanwhile(monkeypatch, take_away)
    round_ = run(coordinator)
    assert round_.state == RoundState.QUEUED
    assert db.session.scalar(select(func.count(Match.id))) == 0


def test_round_that_is_not_queued_is_not_run(app, make, coordinator):
    make.tutor()
    make.pupil()
    round_ = run(coordinator)
    round_runs.run(round_.id)
    assert len(proposals(round_)) == 1


def test_approved_match_survives_every_later_change_of_its_people(app, make, coordinator):
    tutor = make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=1)
    pupil = make.pupil(slots="mon-15")
    (match,) = proposals(run(coordinator))
    approve(match, coordinator)
    tutor.slots, tutor.tutoring_languages = parse_slots("tue-16"), ("ru",)
    pupil.slots = parse_slots("sat-10")
    db.session.commit()
    make.pupil(slots="tue-16", tutoring_languages=("ru",))
    round_ = run(coordinator)
    assert round_.state == RoundState.DONE
    assert match.state == MatchState.APPROVED
    assert proposals(round_) == []


def meanwhile(monkeypatch, change):
    """Make ``change`` after the input of a round was collected and before its result is stored."""
    honest = solvers.solve

    def solve_while_it_changes(problem, solution, profile, report):
        found = honest(problem, solution, profile, report)
        change()
        db.session.commit()
        return found

    monkeypatch.setattr(solvers, "solve", solve_while_it_changes)
