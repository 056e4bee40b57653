"""Mail: written as outbox rows in the caller's transaction, sent afterwards by `deliver_due`."""

import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from sqlalchemy import select

from . import clock
from .database import after_commit, transactional
from .extensions import db
from .i18n import in_locale
from .models import Account, Decision, OutboxMessage

BATCH = 100
MAX_ATTEMPTS = 8
SMTP_TIMEOUT_SECONDS = 20


def write(
    to: Account,
    template: str,
    *,
    delay: timedelta = timedelta(0),
    decision: Decision | None = None,
    **context: object,
) -> OutboxMessage | None:
    """Write one mail to ``to`` in their own language; nothing when they have no address.

    Parameters
    ----------
    template
        Name of ``templates/emails/<template>.txt``: its first line is the subject.
    delay
        How long the mail is held back.
    decision
        The decision that causes it; undoing the decision deletes the mail while it is unsent.
    """
    if to.email is None:
        return None
    with in_locale(to.locale):
        text = render_template(f"emails/{template}.txt", account=to, **context)
    subject, _, body = text.strip().partition("\n")
    message = OutboxMessage(
        to_address=to.email,
        locale=to.locale,
        subject=subject.strip(),
        body=body.strip() + "\n",
        created_at=clock.now(),
        not_before=clock.now() + delay,
        decision_id=decision.id if decision else None,
    )
    db.session.add(message)
    after_commit(current_app.extensions["wake_mail"])
    return message


def link(endpoint: str, **values: object) -> str:
    """Return the address of a page for use in mails; needs no request."""
    path = current_app.url_map.bind("").build(endpoint, values)
    return current_app.config["PUBLIC_URL"].rstrip("/") + path


def is_sending() -> bool:
    """Say whether mail leaves at all, or stays in the outbox to be read there."""
    return bool(current_app.config["MAIL_URL"])


def deliver_due() -> int:
    """Send the mail that is due, each in a transaction of its own; return how many left.

    A message that the server refuses is tried again later, `MAX_ATTEMPTS` times in all.
    """
    if not is_sending():
        return 0
    due = db.session.scalars(
        select(OutboxMessage.id)
        .where(
            OutboxMessage.sent_at.is_(None),
            OutboxMessage.not_before <= clock.now(),
            OutboxMessage.attempts < MAX_ATTEMPTS,
        )
        .order_by(OutboxMessage.not_before, OutboxMessage.id)
        .limit(BATCH)
    ).all()
    db.session.rollback()
    return sum(_deliver(message_id) for message_id in due)


@transactional
def _deliver(message_id: int) -> bool:
    message = db.session.get(OutboxMessage, message_id, with_for_update={"skip_locked": True})
    if message is None or message.sent_at is not None:
        return False
    message.attempts += 1
    try:
        _send(message)
    except (smtplib.SMTPException, OSError) as error:
        message.last_error = str(error)[:500]
        message.not_before = clock.now() + timedelta(minutes=2**message.attempts)
        return False
    message.sent_at = clock.now()
    message.last_error = ""
    return True


def _send(message: OutboxMessage) -> None:
    url = urlsplit(current_app.config["MAIL_URL"])
    mail = EmailMessage()
    mail["From"] = current_app.config["MAIL_FROM"]
    mail["To"] = message.to_address
    mail["Subject"] = message.subject
    mail["Content-Language"] = message.locale
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body)
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, timeout=SMTP_TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, url.port or 25, timeout=SMTP_TIMEOUT_SECONDS)
    with server:
        if url.scheme == "smtp":
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(mail)
