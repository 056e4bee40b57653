"""Decisions about proposals: rights, states, all or nothing, mail, undo."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from tutormatch.errors import (
    AlreadyDecided,
    NotAllowed,
    NotFound,
    PairsOvertaken,
    SelectionChanged,
    SlotTaken,
    UndoTooLate,
)
from tutormatch.extensions import db
from tutormatch.models import (
    Account,
    AuditEvent,
    AuditKind,
    BlockedPair,
    ConsentState,
    Decision,
    DecisionKind,
    Match,
    MatchState,
    OutboxMessage,
    Role,
    Round,
    RoundState,
    ScopeKind,
    TutorState,
    WeeklySession,
)
from tutormatch.models.match import Obstacle
from tutormatch.queries.matches import MatchFilter
from tutormatch.services import approval_checks, matches

KOSTANAY = "KZ-39"
FORBIDDEN_WORDS = ("underperform", "weak", "слаб", "неуспев", "төмен", "репетитор")


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def state_of(match):
    db.session.expire_all()
    return db.session.get(Match, match.id).state


def live_slots(match):
    return db.session.scalars(
        select(WeeklySession.slot).where(WeeklySession.match_id == match.id, WeeklySession.is_live)
    ).all()


def outbox():
    return db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()


def number_of(model):
    return len(db.session.scalars(select(model)).all())


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


# Mail


def test_each_tutor_and_teacher_gets_one_mail_with_all_pairs(make, coordinator, round_, clock):
    tutor = make.tutor(account=make.account(Role.TUTOR, locale="ru"))
    teacher = make.teacher(locale="kk")
    pairs = [make.proposal(make.pupil(teacher=teacher).needs[0], tutor, slot, round_) for slot in ("mon-15", "tue-16")]
    decision = matches.approve(coordinator, round_.id, [pair.id for pair in pairs])

    mails = outbox()
    assert [(mail.to_address, mail.locale) for mail in mails] == [(tutor.account.email, "ru"), (teacher.email, "kk")]
    for mail in mails:
        assert mail.decision_id == decision.id
        assert mail.not_before == clock.now() + timedelta(minutes=2)
        assert mail.sent_at is None
    for pair in pairs:
        assert pair.pupil.full_name in mails[1].body
        assert tutor.account.email in mails[1].body
        assert tutor.institution.name_kk in mails[1].body


def test_tutor_reads_only_what_a_tutor_may_know(make, coordinator, round_):
    pupil = make.pupil(last_name="Жасырын", consent_state=ConsentState.RECEIVED)
    need = pupil.needs[0]
    need.current_mark, need.topics = 31, "Quadratic equations"
    db.session.commit()
    for locale in ("kk", "ru", "en"):
        pupil_of_locale = pupil if locale == "kk" else make.pupil(last_name="Жасырын")
        tutor = make.tutor(account=make.account(Role.TUTOR, locale=locale))
        matches.approve(coordinator, round_.id, [make.proposal(pupil_of_locale.needs[0], tutor, round=round_).id])
    to_tutors = outbox()[::2]
    first = to_tutors[0]
    assert first.to_address != pupil.teacher.email
    for known in (pupil.first_name, pupil.school.name_kk, pupil.teacher.full_name, "school@example.org", "Quadratic"):
        assert known in first.body
    for mail in to_tutors:
        text = f"{mail.subject}\n{mail.body}"
        assert "Жасырын" not in text
        assert "31" not in mail.body
        assert not [word for word in FORBIDDEN_WORDS if word in text.casefold()]


def test_teacher_without_address_gets_no_mail(make, coordinator, round_):
    teacher = make.teacher()
    teacher.email = None
    db.session.commit()
    matches.approve(coordinator, round_.id, [make.proposal(make.pupil(teacher=teacher).needs[0], round=round_).id])
    assert len(outbox()) == 1


# Undo


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


# Two at once


def at_once(app, *actions):
    """Run each action in a thread with a database connection of its own; return what came of each."""
    barrier = threading.Barrier(len(actions))
    outcomes = [None] * len(actions)

    def run(position, action):
        with app.app_context():
            barrier.wait()
            try:
                outcomes[position] = action()
            except Exception as error:  # noqa: BLE001 - the outcome is what the test looks at
                outcomes[position] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_two_coordinators_at_once_make_one_decision(app, make, coordinator, round_):
    pairs = [make.proposal(round=round_).id for _ in range(3)]
    ids = (coordinator.id, make.coordinator().id)
    round_id = round_.id
    db.session.remove()

    def approving(account_id):
        return lambda: matches.approve(db.session.get(Account, account_id), round_id, pairs).id

    outcomes = at_once(app, *(approving(account_id) for account_id in ids))
    decided = [outcome for outcome in outcomes if isinstance(outcome, int)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, PairsOvertaken)]
    assert (len(decided), len(refused)) == (1, 1), outcomes
    assert set(refused[0].obstacles.values()) == {Obstacle.DECIDED}
    assert set(refused[0].obstacles) == set(pairs)
    assert set(db.session.scalars(select(Match.decision_id))) == {decided[0]}
    assert number_of(Decision) == 1
    assert len(outbox()) == 6


def test_approval_and_rejection_at_once_leave_one_of_them(app, make, coordinator, round_):
    pair = make.proposal(round=round_).id
    first, second, round_id = coordinator.id, make.coordinator().id, round_.id
    db.session.remove()
    outcomes = at_once(
        app,
        lambda: matches.approve(db.session.get(Account, first), round_id, [pair]).kind,
        lambda: matches.reject(db.session.get(Account, second), round_id, [pair], "no", only_slot=False).kind,
    )
    kinds = [outcome for outcome in outcomes if isinstance(outcome, DecisionKind)]
    assert len(kinds) == 1, outcomes
    assert db.session.get(Match, pair).state == matches.STATE_AFTER[kinds[0]]
    assert number_of(BlockedPair) == (kinds[0] == DecisionKind.REJECT)


def test_approval_that_waits_for_a_rejection_of_the_same_pair_does_not_block_it(
    app, make, coordinator, round_, monkeypatch
):
    """On PostgreSQL a row that points to the tutor is added while the approval holds the tutor."""
    if db.session.get_bind().dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    pair = make.proposal(round=round_)
    match_id, tutor_id, pupil_id = pair.id, pair.tutor_id, pair.pupil_id
    account_id, round_id = coordinator.id, round_.id
    db.session.remove()
    are_locked = threading.Event()
    lock_partners = matches._lock_partners

    def lock_and_say_so(ids):
        lock_partners(ids)
        are_locked.set()

    monkeypatch.setattr(matches, "_lock_partners", lock_and_say_so)

    def block():
        db.session.execute(select(Match.id).where(Match.id == match_id).with_for_update())
        assert are_locked.wait(timeout=30)
        db.session.add(BlockedPair(tutor_id=tutor_id, pupil_id=pupil_id, slot=None))
        db.session.commit()

    blocked, approved = at_once(
        app, block, lambda: matches.approve(db.session.get(Account, account_id), round_id, [match_id])
    )
    assert blocked is None
    assert isinstance(approved, PairsOvertaken)


def test_rounds_of_two_scopes_cannot_give_a_tutor_too_much_at_once(app, make):
    """A country round and a region round propose one tutor in two slots; the tutor gives one session."""
    country, region = make.coordinator(), make.coordinator(ScopeKind.REGION)
    tutor = make.tutor(sessions_per_week=1)
    jobs = []
    for coordinator, slot in ((country, "mon-15"), (region, "tue-16")):
        round_ = make.round(coordinator)
        jobs.append((coordinator.id, round_.id, make.proposal(make.pupil().needs[0], tutor, slot, round_).id))
    db.session.remove()

    def approving(account_id, round_id, match_id):
        return lambda: matches.approve(db.session.get(Account, account_id), round_id, [match_id]).id

    outcomes = at_once(app, *(approving(*job) for job in jobs))
    refused = [outcome for outcome in outcomes if isinstance(outcome, PairsOvertaken)]
    assert len(refused) == 1, outcomes
    assert list(refused[0].obstacles.values()) == [Obstacle.TUTOR_FULL]
    assert number_of(Round) == 2
