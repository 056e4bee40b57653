"""What lies in the outbox, for tests."""

import re

from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import OutboxMessage


def mails_to(address: str) -> list[OutboxMessage]:
    """Return the mail to ``address``, oldest first."""
    return list(
        db.session.scalars(select(OutboxMessage).where(OutboxMessage.to_address == address).order_by(OutboxMessage.id))
    )


def only_mail_to(address: str) -> OutboxMessage:
    """Return the one mail to ``address``."""
    (mail,) = mails_to(address)
    return mail


def link_in(mail: OutboxMessage) -> str:
    """Return the path of the first link in a mail."""
    found = re.search(r"https://tutormatch\.test(/\S+)", mail.body)
    assert found, f"no link in {mail.body!r}"
    return found.group(1)
