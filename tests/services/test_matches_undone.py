"""Taking back a decision about proposals: what comes back, and until when."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.stored import live_slots, outbox, state_of
from tutormatch.errors import AlreadyDecided, NotFound, UndoTooLate
from tutormatch.extensions import db
from tutormatch.models import BlockedPair, Decision, Match, MatchState, RoundState
from tutormatch.services import matches


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def test_undo_proposes_the_pairs_again_and_deletes_the_mail(make, coordinator, round_, clock):
    pair = make.proposal(round=round_)
    decision = matches.approve(coordinator, round_.id, [pair.id])
    clock.advance(seconds=119)
    matches.undo(coordinator, decision.id)
    assert state_of(pair) == MatchState.PROPOSED
    assert db.session.get(Match, pair.id).decision_id is None
    assert live_slots(pair) == []
    assert outbox() == []
    assert db.session.get(Decision, decision.id).undone_at == clock.now()
    matches.approve(coordinator, round_.id, [pair.id])
    assert state_of(pair) == MatchState.APPROVED


def test_undo_of_a_rejection_removes_only_its_own_blocks(make, coordinator, round_):
    pair, other = make.proposal(round=round_), make.proposal(round=round_)
    decision = matches.reject(coordinator, round_.id, [pair.id], "no", only_slot=False)
    matches.reject(coordinator, round_.id, [other.id], "no", only_slot=False)
    matches.undo(coordinator, decision.id)
    assert state_of(pair) == MatchState.PROPOSED
    assert [block.pupil_id for block in db.session.scalars(select(BlockedPair))] == [other.pupil_id]


def test_undo_is_too_late_when_its_time_is_over(make, coordinator, round_, clock):
    pair = make.proposal(round=round_)
    decision = matches.approve(coordinator, round_.id, [pair.id])
    clock.advance(minutes=2)
    with pytest.raises(UndoTooLate):
        matches.undo(coordinator, decision.id)
    assert state_of(pair) == MatchState.APPROVED
    assert len(outbox()) == 2


def test_undo_is_too_late_when_mail_has_left(make, coordinator, round_, clock):
    pair = make.proposal(round=round_)
    decision = matches.approve(coordinator, round_.id, [pair.id])
    sent = outbox()[0]
    sent.sent_at, sent.attempts = clock.now(), 1
    db.session.commit()
    with pytest.raises(UndoTooLate):
        matches.undo(coordinator, decision.id)
    assert state_of(pair) == MatchState.APPROVED


@pytest.mark.parametrize("state", [RoundState.RUNNING, RoundState.DONE])
def test_undo_is_too_late_when_a_round_counts_on_the_decision(make, coordinator, round_, clock, state):
    pair = make.proposal(round=round_)
    decision = matches.reject(coordinator, round_.id, [pair.id], "no", only_slot=False)
    clock.advance(seconds=30)
    make.round(coordinator, state=state)
    with pytest.raises(UndoTooLate):
        matches.undo(coordinator, decision.id)
    assert state_of(pair) == MatchState.REJECTED


def test_undo_happens_once(make, coordinator, round_):
    decision = matches.approve(coordinator, round_.id, [make.proposal(round=round_).id])
    matches.undo(coordinator, decision.id)
    with pytest.raises(AlreadyDecided):
        matches.undo(coordinator, decision.id)


def test_only_who_decided_takes_it_back(make, coordinator, round_):
    decision = matches.approve(coordinator, round_.id, [make.proposal(round=round_).id])
    for other in (make.coordinator(), make.administrator(), make.teacher()):
        with pytest.raises(NotFound):
            matches.undo(other, decision.id)


def test_match_that_ended_meanwhile_stays_ended(make, coordinator, round_):
    ended, kept = make.proposal(round=round_), make.proposal(round=round_)
    decision = matches.approve(coordinator, round_.id, [ended.id, kept.id])
    matches.end_match(coordinator, ended, "moved away")
    end_mail = [mail for mail in outbox() if mail.decision_id is None]
    assert {mail.not_before for mail in end_mail} == {decision.decided_at + timedelta(minutes=2)}
    matches.undo(coordinator, decision.id)
    assert [state_of(ended), state_of(kept)] == [MatchState.ENDED, MatchState.PROPOSED]
