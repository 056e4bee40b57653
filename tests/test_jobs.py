"""The worker itself: a real queue and a real consumer."""

import time

from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import Match, Round, RoundState
from tutormatch.services import rounds

SECONDS_TO_WAIT = 60


def test_consumer_runs_a_round_that_was_started(app, make, monkeypatch):
    """The queue carries the round's number to a worker thread, which runs it in a context of its own."""
    queue = app.extensions["queue"]
    task = next(task for task in queue._registry._registry.values() if task.__name__ == "_run_round")
    monkeypatch.setitem(app.extensions, "wake_round", lambda round_id: queue.enqueue(task((round_id,))))
    make.tutor()
    make.pupil()
    round_ = rounds.start(make.coordinator())
    assert queue.pending_count() == 1

    consumer = queue.create_consumer(workers=1, periodic=False, initial_delay=0.01, max_delay=0.05)
    consumer.start()
    try:
        ends_at = time.monotonic() + SECONDS_TO_WAIT
        state = None
        while state not in (RoundState.DONE, RoundState.FAILED) and time.monotonic() < ends_at:
            db.session.rollback()
            state = db.session.scalar(select(Round.state).where(Round.id == round_.id))
            time.sleep(0.05)
    finally:
        consumer.stop(graceful=True)
    assert state == RoundState.DONE
    assert db.session.scalar(select(Match.id).where(Match.round_id == round_.id)) is not None
