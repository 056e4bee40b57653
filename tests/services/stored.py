"""What services have stored, read anew."""

from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import Match, OutboxMessage, WeeklySession


def state_of(match):
    """Return the state of a match as it is stored now."""
    db.session.expire_all()
    return db.session.get(Match, match.id).state


def live_slots(match):
    """Return the slots of a match that are held."""
    return db.session.scalars(
        select(WeeklySession.slot).where(WeeklySession.match_id == match.id, WeeklySession.is_live)
    ).all()


def outbox():
    """Return all mails written so far, in order."""
    return db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()


def number_of(model):
    """Return how many rows of a model are stored."""
    return len(db.session.scalars(select(model)).all())
