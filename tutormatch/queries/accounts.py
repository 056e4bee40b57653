"""Reading of accounts."""

from sqlalchemy import Select, select

from ..errors import EmailTaken
from ..extensions import db
from ..models import Account, Coordinator


def normalized(email: str) -> str:
    """Return an address as it is kept and compared."""
    return email.strip().lower()


def by_email(email: str) -> Select[tuple[Account]]:
    """Return the statement for the accounts of an address: the confirmed one first, then the newest.

    Anybody can sign up with any address; at most one account holds it confirmed.
    """
    return (
        select(Account)
        .where(Account.email == normalized(email))
        .order_by(Account.email_confirmed_at.is_(None), Account.id.desc())
    )


def holder(email: str) -> Account | None:
    """Return the account that holds this address confirmed."""
    return db.session.scalar(by_email(email).where(Account.email_confirmed_at.is_not(None)))


def refuse_taken(email: str) -> None:
    """Refuse an address that an account holds.

    Raises
    ------
    EmailTaken
        For people who may know; whoever signs up never learns it.
    """
    if holder(email) is not None:
        raise EmailTaken


def refuse_invited(email: str) -> None:
    """Refuse an address that an open invitation went to.

    Raises
    ------
    EmailTaken
        When there is one.
    """
    if db.session.scalar(by_email(email).join(Coordinator).where(Account.password_hash.is_(None))) is not None:
        raise EmailTaken
