"""Mail that waits, failed or left."""

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import defer

from .. import mail
from ..errors import NotFound
from ..extensions import db
from ..models import MAX_ATTEMPTS, MailState, OutboxMessage
from .paging import Page, paginate


def _is_in(state: MailState) -> ColumnElement[bool]:
    if state == MailState.SENT:
        return OutboxMessage.sent_at.is_not(None)
    if state == MailState.FAILED:
        return mail.is_failed()
    return OutboxMessage.sent_at.is_(None) & (OutboxMessage.attempts < MAX_ATTEMPTS)


def messages(state: MailState | None, address: str, page: int, rows_per_page: int) -> Page[OutboxMessage]:
    """Return one page of mail without its text, newest first."""
    statement = select(OutboxMessage).options(defer(OutboxMessage.body, raiseload=True))
    if state:
        statement = statement.where(_is_in(state))
    if address:
        statement = statement.where(OutboxMessage.to_address.contains(address.lower(), autoescape=True))
    return paginate(statement.order_by(OutboxMessage.id.desc()), page, rows_per_page)


def counts() -> dict[MailState, int]:
    """Count the mail of each state."""
    return {
        state: db.session.scalar(select(func.count(OutboxMessage.id)).where(_is_in(state))) or 0 for state in MailState
    }


def is_readable() -> bool:
    """Say whether the text of mails may be shown: it holds signed links, so only while no mail is being sent."""
    return not mail.is_sending()


def message(message_id: int) -> OutboxMessage:
    """Return one mail with its text.

    Raises
    ------
    NotFound
        When there is none of this number, or its text may not be shown.
    """
    found = db.session.get(OutboxMessage, message_id) if is_readable() else None
    if found is None:
        raise NotFound
    return found
