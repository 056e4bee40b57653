"""Invitations of coordinators: an account without a password until it is accepted."""

from .. import clock, mail
from ..database import transactional
from ..errors import AlreadyDecided, LinkExpired, NotAllowed, NotFound
from ..extensions import db
from ..models import Account, AuditKind, Coordinator, Role, ScopeKind
from ..queries import accounts as known
from . import accounts, audit, links, passwords
from .links import Purpose


@transactional
def invite(
    administrator: Account,
    email: str,
    first_name: str,
    last_name: str,
    locale: str,
    scope_kind: ScopeKind,
    region_code: str | None = None,
    institution_id: int | None = None,
) -> Account:
    """Invite a coordinator; the mailed link sets the password and confirms the address.

    Raises
    ------
    EmailTaken
        When an account holds the address, or an invitation for it is open.
    """
    _require_administrator(administrator)
    address = known.normalized(email)
    known.refuse_taken(address)
    known.refuse_invited(address)
    account = Account(
        role=Role.COORDINATOR,
        email=address,
        locale=locale,
        created_at=clock.now(),
        **accounts.names(first_name, last_name),
    )
    db.session.add(account)
    db.session.flush()
    _give_scope(account, scope_kind, region_code, institution_id)
    account.coordinator.invited_at = clock.now()
    audit.record(AuditKind.COORDINATOR_INVITED, administrator, account, scope=scope_kind)
    _mail_invitation(account)
    return account


def _require_administrator(account: Account) -> None:
    if account.role != Role.ADMINISTRATOR:
        raise NotAllowed


def _give_scope(
    account: Account, kind: ScopeKind, region_code: str | None = None, institution_id: int | None = None
) -> None:
    account.coordinator = Coordinator(
        account_id=account.id,
        scope_kind=kind,
        region_code=region_code if kind == ScopeKind.REGION else None,
        institution_id=institution_id if kind == ScopeKind.INSTITUTION else None,
    )
    db.session.flush()


def _mail_invitation(account: Account) -> None:
    mail.write(
        account,
        "invitation",
        link=mail.link("accounts.accept_invitation", token=links.sign(Purpose.ACCEPT_INVITATION, account)),
        lifetime=links.lifetime(Purpose.ACCEPT_INVITATION),
    )


def _open_invitation(account_id: int) -> Account:
    account = db.session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if account is None or account.role != Role.COORDINATOR:
        raise NotFound
    if account.password_hash is not None:
        raise AlreadyDecided("accepted")
    return account


@transactional
def renew(administrator: Account, account_id: int) -> Account:
    """Mail a new link, good for the whole time again; the old one no longer works.

    Raises
    ------
    AlreadyDecided
        When the invitation is accepted.
    """
    _require_administrator(administrator)
    account = _open_invitation(account_id)
    account.credentials_version += 1
    assert account.coordinator is not None
    account.coordinator.invited_at = clock.now()
    audit.record(AuditKind.INVITATION_RENEWED, administrator, account)
    _mail_invitation(account)
    return account


@transactional
def withdraw(administrator: Account, account_id: int) -> None:
    """Delete an invitation that is not accepted; its link no longer works.

    Raises
    ------
    AlreadyDecided
        When the invitation is accepted.
    """
    _require_administrator(administrator)
    account = _open_invitation(account_id)
    audit.record(AuditKind.INVITATION_WITHDRAWN, administrator, account)
    db.session.delete(account)


def read(token: str, *, hold: bool = False) -> Account:
    """Return the invited account of a link; ``hold`` as in `links.read`.

    Raises
    ------
    LinkExpired
        When the link cannot be used or the invitation is accepted.
    """
    account = links.read(Purpose.ACCEPT_INVITATION, token, hold=hold)
    if account.password_hash is not None:
        raise LinkExpired
    return account


@transactional
def accept(token: str, password: str, locale: str) -> Account:
    """Set the password of an invited coordinator, once; that the link arrived confirms the address.

    Raises
    ------
    LinkExpired
        When the link cannot be used.
    UnfitPassword
        When the password is easy to guess.
    """
    account = read(token, hold=True)
    assert account.email is not None
    passwords.check(password, account.email)
    account.password_hash = passwords.digest(password)
    account.credentials_version += 1
    account.locale = locale
    accounts.confirm(account)
    audit.record(AuditKind.INVITATION_ACCEPTED, account, account)
    return account


@transactional
def create_coordinator(
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    locale: str,
    scope_kind: ScopeKind,
    region_code: str | None = None,
    institution_id: int | None = None,
) -> Account:
    """Create a coordinator with a confirmed address; for the command line."""
    account = accounts.create_confirmed(Role.COORDINATOR, email, password, first_name, last_name, locale)
    _give_scope(account, scope_kind, region_code, institution_id)
    return account
