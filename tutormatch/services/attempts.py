"""Slowing down those who guess passwords or flood mailboxes; counted in the database for all processes."""

import hashlib
import hmac
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, func, select

from .. import clock
from ..errors import TooManyAttempts
from ..extensions import db
from ..models import Attempt, AttemptKind

WINDOW = {
    AttemptKind.FAILED_SIGN_IN: timedelta(minutes=15),
    AttemptKind.SIGN_UP: timedelta(hours=1),
    AttemptKind.LINK_MAILED: timedelta(hours=1),
}


def note(kind: AttemptKind, *whats: str) -> None:
    """Count one attempt for each address or client in ``whats``, and forget the old ones."""
    db.session.execute(delete(Attempt).where(Attempt.at < clock.now() - max(WINDOW.values())))
    db.session.add_all(Attempt(kind=kind, key=_digest(what), at=clock.now()) for what in whats)


def forget(kind: AttemptKind, what: str) -> None:
    """Begin to count anew for one address or client."""
    db.session.execute(delete(Attempt).where(Attempt.kind == kind, Attempt.key == _digest(what)))


def refuse_beyond(limit: int, kind: AttemptKind, what: str) -> None:
    """Refuse when there were ``limit`` attempts within the kind's window.

    Raises
    ------
    TooManyAttempts
        With the minutes to wait.
    """
    if is_beyond(limit, kind, what):
        raise TooManyAttempts(minutes=int(WINDOW[kind].total_seconds() // 60))


def is_beyond(limit: int, kind: AttemptKind, what: str) -> bool:
    """Say whether there were ``limit`` attempts within the kind's window."""
    recent = db.session.scalar(
        select(func.count(Attempt.id)).where(
            Attempt.kind == kind, Attempt.key == _digest(what), Attempt.at > clock.now() - WINDOW[kind]
        )
    )
    return (recent or 0) >= limit


def _digest(what: str) -> str:
    key = f"attempts:{current_app.config['SECRET_KEY']}".encode()
    return hmac.new(key, what.encode(), hashlib.sha256).hexdigest()
