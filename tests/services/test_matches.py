"""Decisions about proposals: rights, states, all or nothing."""

import pytest
from sqlalchemy import select

from tests.services.stored import live_slots, number_of, outbox, state_of
from tutormatch.errors import NotAllowed, NotFound, PairsOvertaken, SelectionChanged
from tutormatch.extensions import db
from tutormatch.models import (
    AuditEvent,
    AuditKind,
    BlockedPair,
    Decision,
    DecisionKind,
    MatchState,
    ScopeKind,
)
from tutormatch.models.match import Obstacle
from tutormatch.queries.matches import MatchFilter
from tutormatch.services import matches

KOSTANAY = "KZ-39"


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


# Rights


def people(make):
    """Everybody who might press the button, and whether they may decide a pair of the region's own round."""
    return {
        "country coordinator": (make.coordinator(), True),
        "coordinator of the region": (make.coordinator(ScopeKind.REGION), True),
        "coordinator of another region": (make.coordinator(ScopeKind.REGION, region=KOSTANAY), False),
        "coordinator of a university of the region": (make.coordinator(ScopeKind.INSTITUTION), False),
        "administrator": (make.administrator(), False),
        "teacher": (make.teacher(), False),
        "tutor": (make.tutor().account, False),
    }


@pytest.mark.parametrize("act", ["approve", "reject"])
@pytest.mark.parametrize(
    "who",
    [
        "country coordinator",
        "coordinator of the region",
        "coordinator of another region",
        "coordinator of a university of the region",
        "administrator",
        "teacher",
        "tutor",
    ],
)
def test_only_coordinators_of_the_round_decide(make, who, act):
    round_ = make.round(make.coordinator(ScopeKind.REGION))
    pair = make.proposal(round=round_)
    actor, may = people(make)[who]

    def decide():
        if act == "approve":
            return matches.approve(actor, round_.id, [pair.id])
        return matches.reject(actor, round_.id, [pair.id], "no", only_slot=False)

    if may:
        decide()
        assert state_of(pair) != MatchState.PROPOSED
    else:
        with pytest.raises((NotFound, NotAllowed)):
            decide()
        assert state_of(pair) == MatchState.PROPOSED


def test_tutor_cannot_approve_own_match(make, round_):
    pair = make.proposal(round=round_)
    with pytest.raises(NotAllowed):
        matches.approve(pair.tutor.account, round_.id, [pair.id])


def test_pair_that_reaches_outside_of_the_scope_cannot_be_decided(make):
    coordinator = make.coordinator(ScopeKind.REGION)
    round_ = make.round(coordinator)
    elsewhere = make.proposal(make.pupil(school=make.school(region=KOSTANAY)).needs[0], round=round_)
    with pytest.raises(NotFound):
        matches.approve(coordinator, round_.id, [elsewhere.id])


def test_pair_of_another_round_cannot_be_smuggled_in(make, coordinator, round_):
    stranger = make.proposal(round=make.round(coordinator))
    with pytest.raises(NotFound):
        matches.approve(coordinator, round_.id, [stranger.id])
    assert state_of(stranger) == MatchState.PROPOSED


# Approving


def test_approval_makes_sessions_live_and_keeps_what_was_computed(make, coordinator, round_, clock):
    pair = make.proposal(round=round_, slots="mon-15;tue-16", need=make.pupil().needs[0])
    pair.need.sessions_per_week = 2
    db.session.commit()
    explanation = dict(pair.explanation)

    decision = matches.approve(coordinator, round_.id, [pair.id])

    assert state_of(pair) == MatchState.APPROVED
    assert pair.explanation == explanation
    assert live_slots(pair) == sorted(pair.slots)
    assert (decision.kind, decision.decided_by_id, decision.decided_at) == (
        DecisionKind.APPROVE,
        coordinator.id,
        clock.now(),
    )
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.MATCHES_APPROVED)).one()
    assert event.detail == {"matches": 1}


def test_a_filter_approves_exactly_what_was_shown(make, coordinator, round_):
    physics = [
        make.proposal(make.pupil(needs=("PHYS",)).needs[0], make.tutor([("PHYS", 7, 11)]), round=round_)
        for _ in range(2)
    ]
    algebra = make.proposal(round=round_)
    narrowed = MatchFilter(subject="PHYS")
    with pytest.raises(SelectionChanged) as refusal:
        matches.approve_filtered(coordinator, round_.id, narrowed, expected=3)
    assert refusal.value.count == 2
    assert number_of(Decision) == 0

    matches.approve_filtered(coordinator, round_.id, narrowed, expected=2)
    assert {state_of(pair) for pair in physics} == {MatchState.APPROVED}
    assert state_of(algebra) == MatchState.PROPOSED


# Rejecting


def test_rejection_blocks_the_pair_and_tells_nobody(make, coordinator, round_):
    pair = make.proposal(round=round_)
    decision = matches.reject(coordinator, round_.id, [pair.id], "The family asked for it", only_slot=False)
    assert state_of(pair) == MatchState.REJECTED
    block = db.session.scalars(select(BlockedPair)).one()
    assert (block.tutor_id, block.pupil_id, block.slot) == (pair.tutor_id, pair.pupil_id, None)
    assert decision.reason == "The family asked for it"
    assert outbox() == []


def test_rejection_of_the_time_blocks_only_its_slots(make, coordinator, round_):
    pair = make.proposal(round=round_, slots="mon-15;tue-16")
    matches.reject(coordinator, round_.id, [pair.id], "Too early", only_slot=True)
    assert sorted(block.slot for block in db.session.scalars(select(BlockedPair))) == sorted(pair.slots)


def test_those_who_work_together_are_not_blocked_for_each_other(make, coordinator, round_):
    pupil = make.pupil(needs=("ALG", "GEOM"))
    tutor = make.tutor([("ALG", 7, 9), ("GEOM", 7, 9)])
    make.proposal(pupil.needs[0], tutor, "tue-16", state=MatchState.APPROVED)
    pair = make.proposal(pupil.needs[1], tutor, "mon-15", round_)
    with pytest.raises(PairsOvertaken) as refusal:
        matches.reject(coordinator, round_.id, [pair.id], "no", only_slot=False)
    assert refusal.value.obstacles == {pair.id: Obstacle.WORK_TOGETHER}
    matches.reject(coordinator, round_.id, [pair.id], "no", only_slot=True)
    assert state_of(pair) == MatchState.REJECTED


@pytest.mark.parametrize(
    "state", [state for state in MatchState if state != MatchState.PROPOSED], ids=lambda state: state.value
)
@pytest.mark.parametrize("act", ["approve", "reject"])
def test_only_a_proposal_can_be_decided(make, coordinator, round_, state, act):
    decided = make.proposal(round=round_)
    decision = Decision(
        kind=DecisionKind.APPROVE,
        round_id=round_.id,
        decided_by_id=coordinator.id,
        decided_at=round_.created_at,
    )
    db.session.add(decision)
    db.session.flush()
    decided.state, decided.decision_id = state, decision.id
    db.session.commit()
    decide = {
        "approve": lambda: matches.approve(coordinator, round_.id, [decided.id]),
        "reject": lambda: matches.reject(coordinator, round_.id, [decided.id], "no", only_slot=True),
    }[act]
    with pytest.raises(PairsOvertaken) as refusal:
        decide()
    assert refusal.value.obstacles == {decided.id: Obstacle.DECIDED}
    assert state_of(decided) == state
