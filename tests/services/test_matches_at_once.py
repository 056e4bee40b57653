"""Decisions that meet: two coordinators who decide at once."""

import threading

import pytest
from sqlalchemy import select

from tutormatch.errors import PairsOvertaken
from tutormatch.extensions import db
from tutormatch.models import Account, BlockedPair, Decision, DecisionKind, Match, OutboxMessage, Round, ScopeKind
from tutormatch.models.match import Obstacle
from tutormatch.services import matches


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def outbox():
    return db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()


def number_of(model):
    return len(db.session.scalars(select(model)).all())


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
    is_held, are_locked = threading.Event(), threading.Event()
    lock_partners = matches._lock_partners

    def lock_and_say_so(ids):
        lock_partners(ids)
        are_locked.set()

    monkeypatch.setattr(matches, "_lock_partners", lock_and_say_so)

    def block():
        db.session.execute(select(Match.id).where(Match.id == match_id).with_for_update())
        is_held.set()
        assert are_locked.wait(timeout=30)
        db.session.add(BlockedPair(tutor_id=tutor_id, pupil_id=pupil_id, slot=None))
        db.session.commit()

    def approve():
        assert is_held.wait(timeout=30)
        return matches.approve(db.session.get(Account, account_id), round_id, [match_id])

    blocked, approved = at_once(app, block, approve)
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
