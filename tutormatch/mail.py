"""Mail: written as outbox rows in the caller's transaction, sent afterwards by `deliver_due`."""

import smtplib
import ssl
from datetime import timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from sqlalchemy import ColumnElement, select

from . import clock
from .database import after_commit, transactional
from .errors import UndoTooLate
from .extensions import db
from .i18n import in_locale
from .models import MAX_ATTEMPTS, Account, Decision, OutboxMessage

BATCH = 100
LONGEST_SUBJECT = 250
SMTP_TIMEOUT_SECONDS = 20


def write(
    to: Account,
    template: str,
    *,
    delay: timedelta = timedelta(0),
    decision: Decision | None = None,
    **context: object,
) -> OutboxMessage | None:
    """Write one mail to ``to`` in their own language; nothing when they have no address or their account is closed.

    Parameters
    ----------
    template
        Name of ``templates/emails/<template>.txt``: its first line is the subject.
    delay
        How long the mail is held back.
    decision
        The decision that causes it; undoing the decision deletes the mail while it is unsent.
    """
    if to.email is None or not to.is_active:
        return None
    with in_locale(to.locale):
        text = render_template(f"emails/{template}.txt", account=to, **context)
    subject, _, body = text.strip().partition("\n")
    message = OutboxMessage(
        to_address=to.email,
        locale=to.locale,
        subject=subject.strip()[:LONGEST_SUBJECT],
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


def is_failed() -> ColumnElement[bool]:
    """Return the condition that an `OutboxMessage` is given up until somebody asks for it again."""
    return OutboxMessage.sent_at.is_(None) & (OutboxMessage.attempts >= MAX_ATTEMPTS)


def is_due() -> ColumnElement[bool]:
    """Return the condition that an `OutboxMessage` is to be sent now."""
    return (
        OutboxMessage.sent_at.is_(None)
        & (OutboxMessage.attempts < MAX_ATTEMPTS)
        & (OutboxMessage.not_before <= clock.now())
    )


def recall(decision: Decision) -> None:
    """Delete the mail about ``decision``; must be inside the transaction that takes it back.

    Raises
    ------
    UndoTooLate
        When any of it has left or is just leaving.
    """
    messages = db.session.scalars(
        select(OutboxMessage).where(OutboxMessage.decision_id == decision.id).with_for_update()
    ).all()
    if any(message.attempts > 0 for message in messages):
        raise UndoTooLate
    for message in messages:
        db.session.delete(message)


def deliver_due() -> int:
    """Send the mail that is due; return how many left.

    No transaction is open while the mail server is being talked to. What the server refuses is
    tried again later, `MAX_ATTEMPTS` times in all; when it cannot be reached, the rest waits.
    Should the worker die between sending and noting it, that one mail is sent twice, with the same
    ``Message-ID``.
    """
    if not is_sending():
        return 0
    due = db.session.scalars(
        select(OutboxMessage.id).where(is_due()).order_by(OutboxMessage.not_before, OutboxMessage.id).limit(BATCH)
    ).all()
    db.session.rollback()
    sent = 0
    server: smtplib.SMTP | None = None
    try:
        for message_id in due:
            message = _take(message_id)
            if message is None:
                continue
            try:
                if server is None:
                    server = _connect()
                server.send_message(_compose(message))
            except smtplib.SMTPResponseException as error:
                _note_failure(message_id, f"{error.smtp_code} {_readable(error.smtp_error)}")
            except smtplib.SMTPRecipientsRefused as error:
                _note_failure(message_id, "; ".join(f"{code} {_readable(t)}" for code, t in error.recipients.values()))
            except (smtplib.SMTPException, OSError, ValueError) as error:
                _note_failure(message_id, str(error))
                break
            else:
                _note_sent(message_id)
                sent += 1
    finally:
        if server is not None:
            _part(server)
    return sent


@transactional
def _take(message_id: int) -> OutboxMessage | None:
    """Reserve a message for this worker: nobody else takes it before its next attempt is due."""
    message = db.session.scalar(
        select(OutboxMessage).where(OutboxMessage.id == message_id, is_due()).with_for_update(skip_locked=True)
    )
    if message is not None:
        message.attempts += 1
        message.not_before = clock.now() + timedelta(minutes=2**message.attempts)
    return message


@transactional
def _note_sent(message_id: int) -> None:
    message = db.session.get_one(OutboxMessage, message_id, with_for_update=True, populate_existing=True)
    message.sent_at = clock.now()
    message.last_error = ""
    # Nobody reads it here any more, and it may name a pupil or hold a signed link.
    message.body = ""


@transactional
def _note_failure(message_id: int, error: str) -> None:
    message = db.session.get_one(OutboxMessage, message_id, with_for_update=True, populate_existing=True)
    message.last_error = error[:500]


def _readable(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _connect() -> smtplib.SMTP:
    url = urlsplit(current_app.config["MAIL_URL"])
    host = url.hostname or "localhost"
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, url.port or 465, timeout=SMTP_TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    elif url.scheme in ("smtp", "smtp+plain"):
        server = smtplib.SMTP(host, url.port or (587 if url.scheme == "smtp" else 25), timeout=SMTP_TIMEOUT_SECONDS)
    else:
        raise ValueError(f"MAIL_URL begins with {url.scheme!r}, not with smtp, smtps or smtp+plain")
    try:
        if url.scheme == "smtp":
            server.starttls(context=ssl.create_default_context())
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
    except (smtplib.SMTPException, OSError):
        server.close()
        raise
    return server


def _part(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (smtplib.SMTPException, OSError):
        server.close()


def _compose(message: OutboxMessage) -> EmailMessage:
    sender = current_app.config["MAIL_FROM"]
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = message.to_address
    mail["Subject"] = message.subject
    mail["Date"] = message.created_at
    mail["Message-ID"] = f"<outbox-{message.id}.{int(message.created_at.timestamp())}@{_domain(sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    # Setting the content removes the headers about it, so they come after it.
    mail.set_content(message.body, cte="quoted-printable")
    mail["Content-Language"] = message.locale
    return mail


def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
