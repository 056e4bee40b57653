"""Mail that was given up, sent again."""

from flask import current_app
from sqlalchemy import select

from .. import clock, mail
from ..database import after_commit, transactional
from ..errors import NotAllowed
from ..extensions import db
from ..models import Account, AuditKind, OutboxMessage, Role
from . import audit


@transactional
def retry_failed(administrator: Account) -> int:
    """Try all failed mail again from the start; return how many there are.

    Raises
    ------
    NotAllowed
        For anybody but administrators.
    """
    if administrator.role != Role.ADMINISTRATOR:
        raise NotAllowed
    failed = db.session.scalars(select(OutboxMessage).where(mail.is_failed()).with_for_update()).all()
    for message in failed:
        message.attempts = 0
        message.not_before = clock.now()
    if failed:
        audit.record(AuditKind.MAIL_RETRIED, administrator, messages=len(failed))
        after_commit(current_app.extensions["wake_mail"])
    return len(failed)
