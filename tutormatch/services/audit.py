"""The activity log, written in the transaction of what it records."""

from typing import Any

from .. import clock
from ..extensions import db
from ..models import Account, AuditEvent, AuditKind


def record(kind: AuditKind, actor: Account | None, subject: Any = None, **detail: Any) -> AuditEvent:
    """Add one event; ``subject`` is the row concerned, flushed so that it has its number.

    ``detail`` holds counts, codes and states, never names or texts of a person.
    """
    event = AuditEvent(
        at=clock.now(),
        kind=kind,
        actor_id=actor.id if actor else None,
        subject_table=subject.__tablename__ if subject is not None else "",
        subject_id=subject.id if subject is not None and hasattr(subject, "id") else None,
        detail=detail,
    )
    if subject is not None and getattr(subject, "account_id", None) and not hasattr(subject, "id"):
        event.subject_id = subject.account_id
    db.session.add(event)
    return event
