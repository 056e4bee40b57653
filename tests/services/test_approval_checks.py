"""Approving: what has happened since the proposal stops it, and nothing is approved by halves."""

import pytest

from tests.services.stored import live_slots, number_of, outbox, state_of
from tutormatch.errors import PairsOvertaken, SlotTaken
from tutormatch.extensions import db
from tutormatch.models import (
    BlockedPair,
    ConsentState,
    Decision,
    MatchState,
    TutorState,
)
from tutormatch.models.match import Obstacle
from tutormatch.services import approval_checks, matches


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def withdraw_consent(pair, make):
    pair.pupil.consent_state = ConsentState.WITHDRAWN


def tutor_leaves(pair, make):
    pair.tutor.state = TutorState.LEFT


def tutor_pauses(pair, make):
    pair.tutor.state = TutorState.PAUSED


def tutor_is_disabled(pair, make):
    pair.tutor.account.disabled_at = pair.tutor.account.created_at


def pupil_is_withdrawn(pair, make):
    pair.pupil.withdrawn_at = pair.pupil.nominated_at


def need_is_closed(pair, make):
    pair.need.closed_at = pair.pupil.nominated_at


def pair_is_blocked(pair, make):
    db.session.add(BlockedPair(tutor_id=pair.tutor_id, pupil_id=pair.pupil_id))


def slot_is_blocked(pair, make):
    db.session.add(BlockedPair(tutor_id=pair.tutor_id, pupil_id=pair.pupil_id, slot=pair.slots[0]))


def need_gets_another_tutor(pair, make):
    make.proposal(pair.need, make.tutor(), "tue-16", state=MatchState.APPROVED)


def tutor_drops_the_subject(pair, make):
    pair.tutor.subjects = []


def pupil_accepts_another_language(pair, make):
    pair.pupil.tutoring_languages = ("ru",)


def pupil_needs_a_condition(pair, make):
    pair.pupil.requires = ("sen",)


def tutor_gives_up_the_time(pair, make):
    pair.tutor.slots = frozenset({100})


def pupil_gives_up_the_time(pair, make):
    pair.pupil.slots = frozenset({100})


def tutor_gets_another_pupil_then(pair, make):
    make.proposal(make.pupil().needs[0], pair.tutor, state=MatchState.APPROVED)


def pupil_gets_another_session_then(pair, make):
    need = make.pupil(teacher=pair.pupil.teacher, needs=("PHYS",)).needs[0]
    need.pupil_id = pair.pupil_id
    db.session.commit()
    make.proposal(need, make.tutor(subjects=[("PHYS", 7, 11)]), state=MatchState.APPROVED)


def tutor_gets_full(pair, make):
    pair.tutor.sessions_per_week = 1
    make.proposal(make.pupil().needs[0], pair.tutor, "tue-16", state=MatchState.APPROVED)


def tutor_has_pupils_enough(pair, make):
    pair.tutor.max_pupils = 1
    make.proposal(make.pupil().needs[0], pair.tutor, "tue-16", state=MatchState.APPROVED)


def pupil_has_tutors_enough(pair, make):
    pair.pupil.max_tutors = 1
    need = make.pupil(teacher=pair.pupil.teacher, needs=("PHYS",)).needs[0]
    need.pupil_id = pair.pupil_id
    db.session.commit()
    make.proposal(need, make.tutor(), "tue-16", state=MatchState.APPROVED)


@pytest.mark.parametrize(
    ("meanwhile", "obstacle"),
    [
        (withdraw_consent, Obstacle.CONSENT_MISSING),
        (tutor_leaves, Obstacle.TUTOR_AWAY),
        (tutor_pauses, Obstacle.TUTOR_AWAY),
        (tutor_is_disabled, Obstacle.TUTOR_AWAY),
        (pupil_is_withdrawn, Obstacle.NEED_CLOSED),
        (need_is_closed, Obstacle.NEED_CLOSED),
        (pair_is_blocked, Obstacle.BLOCKED),
        (slot_is_blocked, Obstacle.BLOCKED),
        (need_gets_another_tutor, Obstacle.NEED_SERVED),
        (tutor_drops_the_subject, Obstacle.NO_LONGER_FITS),
        (pupil_accepts_another_language, Obstacle.NO_LONGER_FITS),
        (pupil_needs_a_condition, Obstacle.NO_LONGER_FITS),
        (tutor_gives_up_the_time, Obstacle.TUTOR_NOT_FREE),
        (pupil_gives_up_the_time, Obstacle.PUPIL_NOT_FREE),
        (tutor_gets_another_pupil_then, Obstacle.TUTOR_TAKEN),
        (pupil_gets_another_session_then, Obstacle.PUPIL_TAKEN),
        (tutor_gets_full, Obstacle.TUTOR_FULL),
        (tutor_has_pupils_enough, Obstacle.TUTOR_FULL),
        (pupil_has_tutors_enough, Obstacle.MAX_TUTORS),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_what_happened_since_the_proposal_stops_all_of_a_bulk_approval(make, coordinator, round_, meanwhile, obstacle):
    pair, other = make.proposal(round=round_), make.proposal(round=round_)
    meanwhile(pair, make)
    db.session.commit()

    with pytest.raises(PairsOvertaken) as refusal:
        matches.approve(coordinator, round_.id, [pair.id, other.id])

    assert refusal.value.obstacles == {pair.id: obstacle}
    assert refusal.value.rest == [other.id]
    assert [state_of(pair), state_of(other)] == [MatchState.PROPOSED] * 2
    assert live_slots(other) == []
    assert number_of(Decision) == 0
    assert outbox() == []
    matches.approve(coordinator, round_.id, refusal.value.rest)
    assert [state_of(pair), state_of(other)] == [MatchState.PROPOSED, MatchState.APPROVED]


def test_capacity_counts_the_pairs_approved_together(make, coordinator, round_):
    tutor = make.tutor()
    first, second = (make.proposal(make.pupil().needs[0], tutor, slot, round_) for slot in ("mon-15", "tue-16"))
    tutor.sessions_per_week = 1
    db.session.commit()
    with pytest.raises(PairsOvertaken) as refusal:
        matches.approve(coordinator, round_.id, [first.id, second.id])
    assert refusal.value.obstacles == {second.id: Obstacle.TUTOR_FULL}
    assert refusal.value.rest == [first.id]


def test_database_has_the_last_word_on_double_booking(make, coordinator, round_, monkeypatch):
    tutor = make.tutor()
    make.proposal(make.pupil().needs[0], tutor, state=MatchState.APPROVED)
    pair = make.proposal(make.pupil().needs[0], tutor, round=round_)
    monkeypatch.setattr(approval_checks.ApprovalCheck, "obstacles", lambda self: {})
    with pytest.raises(SlotTaken):
        matches.approve(coordinator, round_.id, [pair.id])
    assert state_of(pair) == MatchState.PROPOSED
    assert number_of(Decision) == 0
