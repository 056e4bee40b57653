"""Reading of accounts."""

from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import contains_eager, joinedload

from ..errors import EmailTaken, NotFound
from ..extensions import db
from ..models import Account, AccountState, Coordinator, Role, Teacher
from .paging import Page, paginate
from .people import is_named, sorted_by


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


@dataclass(frozen=True)
class WantedAccounts:
    """Which accounts to show."""

    role: Role | None = None
    state: AccountState | None = None
    text: str = ""
    sort: str = "name"
    page: int = 1


def accounts(wanted: WantedAccounts, rows_per_page: int) -> Page[Account]:
    """Return one page of accounts."""
    statement = select(Account)
    if wanted.role:
        statement = statement.where(Account.role == wanted.role)
    if wanted.state == AccountState.DISABLED:
        statement = statement.where(Account.disabled_at.is_not(None))
    elif wanted.state:
        is_confirmed = Account.email_confirmed_at.is_not(None)
        is_wanted = is_confirmed if wanted.state == AccountState.ACTIVE else ~is_confirmed
        statement = statement.where(Account.disabled_at.is_(None), is_wanted)
    if wanted.text:
        statement = statement.where(is_named(wanted.text))
    columns = {"name": Account.sort_name, "created": Account.created_at, "role": Account.role}
    return paginate(sorted_by(statement, wanted.sort, columns, Account.id), wanted.page, rows_per_page)


def by_role() -> dict[Role, int]:
    """Count the accounts of each role that are not disabled."""
    counts = db.session.execute(
        select(Account.role, func.count()).where(Account.disabled_at.is_(None)).group_by(Account.role)
    )
    found = {row[0]: row[1] for row in counts}
    return {role: found.get(role, 0) for role in Role}


def account(account_id: int) -> Account:
    """Return one account.

    Raises
    ------
    NotFound
        When there is none of this number.
    """
    found = db.session.scalar(
        select(Account)
        .where(Account.id == account_id)
        .options(
            joinedload(Account.coordinator).joinedload(Coordinator.region),
            joinedload(Account.coordinator).joinedload(Coordinator.institution),
            joinedload(Account.teacher).joinedload(Teacher.school),
        )
    )
    if found is None:
        raise NotFound
    return found


def invitations() -> list[Account]:
    """Return the invited coordinators who have not accepted yet, the newest first."""
    statement = (
        select(Account)
        .join(Account.coordinator)
        .where(Account.password_hash.is_(None), Coordinator.invited_at.is_not(None))
        .order_by(Coordinator.invited_at.desc(), Account.id.desc())
        .options(
            contains_eager(Account.coordinator).joinedload(Coordinator.region),
            contains_eager(Account.coordinator).joinedload(Coordinator.institution),
        )
    )
    return list(db.session.scalars(statement))


def invitation(account_id: int) -> Account:
    """Return one invited coordinator who has not accepted yet.

    Raises
    ------
    NotFound
        When there is no such invitation.
    """
    found = account(account_id)
    if found.coordinator is None or found.password_hash is not None:
        raise NotFound
    return found
