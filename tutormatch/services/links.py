"""Signed links in mails: which account, for what purpose, until when."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask import current_app
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from .. import clock
from ..errors import LinkExpired
from ..extensions import db
from ..models import Account


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    RESET_PASSWORD = "reset_password"
    ACCEPT_INVITATION = "accept_invitation"


LIFETIME_SETTINGS = {
    Purpose.CONFIRM_EMAIL: "CONFIRMATION_LINK_LIFETIME",
    Purpose.RESET_PASSWORD: "PASSWORD_LINK_LIFETIME",
    Purpose.ACCEPT_INVITATION: "INVITATION_LIFETIME",
}


class _Signer(TimestampSigner):
    """Signs with the application's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


def _serializer(purpose: Purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=f"link:{purpose}", signer=_Signer)


def lifetime(purpose: Purpose) -> timedelta:
    """Return how long a link of this purpose can be used."""
    return current_app.config[LIFETIME_SETTINGS[purpose]]


def sign(purpose: Purpose, account: Account) -> str:
    """Return the token of a link for ``account``, good for one purpose and the present address and password."""
    return _serializer(purpose).dumps([account.id, account.credentials_version, account.email])


def read(purpose: Purpose, token: str, *, hold: bool = False) -> Account:
    """Return the account that a link was made for.

    Parameters
    ----------
    hold
        Keep others from using the link until the transaction ends.

    Raises
    ------
    LinkExpired
        When the link is forged, of another purpose, too old, or when the password or the address of
        the account has changed since it was made.
    """
    try:
        content: Any = _serializer(purpose).loads(token, max_age=int(lifetime(purpose).total_seconds()))
        account_id, version, email = content
    except (BadData, ValueError, TypeError) as error:
        raise LinkExpired from error
    account = db.session.get(Account, account_id, with_for_update=hold or None, populate_existing=hold)
    if account is None or not account.is_active or (account.credentials_version, account.email) != (version, email):
        raise LinkExpired
    return account
