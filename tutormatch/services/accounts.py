"""Accounts: signing up and in, confirming the address, passwords, own details."""

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from .. import clock, mail
from ..database import transactional
from ..errors import LinkExpired, NotAllowed
from ..extensions import db
from ..i18n import collation_key
from ..models import Account, AttemptKind, AuditKind, Role
from ..queries import accounts as known
from . import attempts, audit, links, passwords
from .links import Purpose

SELF_SIGN_UP = {Role.TUTOR, Role.TEACHER}
# A university's whole computer room may share one client address, and so may a village behind one satellite dish.
FAILURES_PER_ADDRESS = 8
FAILURES_PER_CLIENT = 60
SIGN_UPS_PER_CLIENT = 60
LINKS_PER_ADDRESS = 4
LINKS_PER_CLIENT = 60


@transactional
def sign_up(
    role: Role,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    patronymic: str,
    locale: str,
    client: str = "",
) -> Account:
    """Create the account of a tutor or teacher who signs up, and mail the link that confirms the address.

    Whether the address has an account already shows nowhere but in its mailbox: there is a new,
    unconfirmed account in any case, and the holder of the address is told by mail.

    Parameters
    ----------
    client
        Where the request came from, to slow down floods.

    Raises
    ------
    NotAllowed
        For roles that do not sign up by themselves.
    UnfitPassword
        When the password is easy to guess.
    TooManyAttempts
        When too many signed up from ``client``.
    """
    if role not in SELF_SIGN_UP:
        raise NotAllowed
    address = known.normalized(email)
    passwords.check(password, address)
    if client:
        attempts.refuse_beyond(SIGN_UPS_PER_CLIENT, AttemptKind.SIGN_UP, client)
        attempts.note(AttemptKind.SIGN_UP, client)
    account = Account(
        role=role,
        email=address,
        password_hash=passwords.digest(password),
        locale=locale,
        created_at=clock.now(),
        **names(first_name, last_name, patronymic),
    )
    db.session.add(account)
    db.session.flush()
    audit.record(AuditKind.SIGNED_UP, account, account, role=role)
    _mail_confirmation(account)
    return account


def names(first_name: str, last_name: str, patronymic: str = "") -> dict[str, str]:
    """Return the columns of an account that hold its name."""
    return {
        "first_name": first_name,
        "last_name": last_name,
        "patronymic": patronymic,
        "sort_name": collation_key(f"{last_name} {first_name} {patronymic}".strip()),
    }


def _mail_confirmation(account: Account) -> None:
    assert account.email is not None
    if attempts.is_beyond(LINKS_PER_ADDRESS, AttemptKind.LINK_MAILED, account.email):
        return
    attempts.note(AttemptKind.LINK_MAILED, account.email)
    holder = known.holder(account.email)
    if holder is not None:
        mail.write(
            holder,
            "address_in_use",
            sign_in_link=mail.link("accounts.sign_in"),
            password_link=mail.link("accounts.request_password"),
        )
        return
    mail.write(
        account,
        "confirm_email",
        link=mail.link("accounts.confirm", token=links.sign(Purpose.CONFIRM_EMAIL, account)),
        lifetime=links.lifetime(Purpose.CONFIRM_EMAIL),
    )


@transactional
def resend_confirmation(account: Account) -> None:
    """Mail the link that confirms the address once more.

    Raises
    ------
    TooManyAttempts
        When it was mailed several times within the hour.
    """
    if account.is_email_confirmed or account.email is None:
        return
    attempts.refuse_beyond(LINKS_PER_ADDRESS, AttemptKind.LINK_MAILED, account.email)
    _mail_confirmation(account)


@transactional
def correct_email(account: Account, email: str) -> None:
    """Replace an address that is not confirmed yet, and mail the link to the new one."""
    if account.is_email_confirmed:
        raise NotAllowed
    account.email = known.normalized(email)
    db.session.flush()
    audit.record(AuditKind.ACCOUNT_CHANGED, account, account, changed=["email"])
    _mail_confirmation(account)


@transactional
def confirm_email(token: str) -> Account:
    """Confirm the address that the link was mailed to; a second time changes nothing.

    Raises
    ------
    LinkExpired
        When the link cannot be used, or another account has confirmed the address meanwhile.
    """
    account = links.read(Purpose.CONFIRM_EMAIL, token, hold=True)
    confirm(account)
    return account


def confirm(account: Account) -> None:
    """Note that whoever uses the account reads its mailbox.

    Raises
    ------
    LinkExpired
        When another account has confirmed the address meanwhile.
    """
    if account.is_email_confirmed:
        return
    if account.email is None or known.holder(account.email) is not None:
        raise LinkExpired
    account.email_confirmed_at = clock.now()
    try:
        db.session.flush()
    except IntegrityError as error:
        raise LinkExpired from error
    audit.record(AuditKind.EMAIL_CONFIRMED, account, account)


@transactional
def sign_in(email: str, password: str, client: str) -> Account | None:
    """Return the account whose password this is, or None.

    Takes as long for an unknown address as for a wrong password.

    Raises
    ------
    TooManyAttempts
        After too many failures for the address or from the client.
    """
    address = known.normalized(email)
    attempts.refuse_beyond(FAILURES_PER_ADDRESS, AttemptKind.FAILED_SIGN_IN, address)
    attempts.refuse_beyond(FAILURES_PER_CLIENT, AttemptKind.FAILED_SIGN_IN, client)
    candidates = db.session.scalars(known.by_email(address).where(Account.password_hash.is_not(None)).limit(2)).all()
    # Always two hashes, so that the time does not tell how many accounts there are.
    pairs = [*candidates, None, None][:2]
    fitting = [account for account in pairs if passwords.fits(account.password_hash if account else None, password)]
    account = next((account for account in fitting if account is not None and account.is_active), None)
    if account is None:
        attempts.note(AttemptKind.FAILED_SIGN_IN, address, client)
        return None
    attempts.forget(AttemptKind.FAILED_SIGN_IN, address)
    return account


@transactional
def request_password(email: str, client: str) -> None:
    """Mail a link to choose a new password, if the address has an account; the caller learns nothing.

    Raises
    ------
    TooManyAttempts
        When too many links were asked for from the client.
    """
    address = known.normalized(email)
    attempts.refuse_beyond(LINKS_PER_CLIENT, AttemptKind.LINK_MAILED, client)
    is_flooded = attempts.is_beyond(LINKS_PER_ADDRESS, AttemptKind.LINK_MAILED, address)
    attempts.note(AttemptKind.LINK_MAILED, address, client)
    # Somebody imported has a confirmed address and no password yet; an invitation is accepted by its own link.
    may_choose = or_(Account.password_hash.is_not(None), Account.email_confirmed_at.is_not(None))
    account = db.session.scalar(known.by_email(address).where(may_choose))
    if account is None or not account.is_active or is_flooded:
        return
    mail.write(
        account,
        "reset_password",
        link=mail.link("accounts.reset_password", token=links.sign(Purpose.RESET_PASSWORD, account)),
        lifetime=links.lifetime(Purpose.RESET_PASSWORD),
    )


@transactional
def reset_password(token: str, password: str) -> Account:
    """Set a new password by a mailed link, once; that the link arrived confirms the address.

    Raises
    ------
    LinkExpired
        When the link cannot be used or was used already.
    UnfitPassword
        When the password is easy to guess.
    """
    account = links.read(Purpose.RESET_PASSWORD, token, hold=True)
    _set_password(account, password)
    confirm(account)
    return account


@transactional
def change_password(account: Account, old: str, new: str) -> bool:
    """Set a new password; False when ``old`` is not the present one. Other sessions end.

    Raises
    ------
    TooManyAttempts
        After too many wrong passwords.
    """
    assert account.email is not None
    attempts.refuse_beyond(FAILURES_PER_ADDRESS, AttemptKind.FAILED_SIGN_IN, account.email)
    db.session.refresh(account, with_for_update=True)
    if not passwords.fits(account.password_hash, old):
        attempts.note(AttemptKind.FAILED_SIGN_IN, account.email)
        return False
    _set_password(account, new)
    mail.write(account, "password_changed", password_link=mail.link("accounts.request_password"))
    return True


def _set_password(account: Account, password: str) -> None:
    assert account.email is not None
    passwords.check(password, account.email)
    account.password_hash = passwords.digest(password)
    account.credentials_version += 1
    attempts.forget(AttemptKind.FAILED_SIGN_IN, account.email)
    audit.record(AuditKind.PASSWORD_CHANGED, account, account)


@transactional
def change_details(account: Account, first_name: str, last_name: str, patronymic: str, locale: str) -> None:
    """Change the own name and locale."""
    changes = {**names(first_name, last_name, patronymic), "locale": locale}
    changed = sorted(column for column, value in changes.items() if getattr(account, column) != value)
    for column, value in changes.items():
        setattr(account, column, value)
    if changed:
        audit.record(AuditKind.ACCOUNT_CHANGED, account, account, changed=changed)


@transactional
def create_administrator(email: str, password: str, first_name: str, last_name: str, locale: str) -> Account:
    """Create an administrator with a confirmed address; for the command line."""
    return create_confirmed(Role.ADMINISTRATOR, email, password, first_name, last_name, locale)


def create_confirmed(role: Role, email: str, password: str, first_name: str, last_name: str, locale: str) -> Account:
    """Add an account whose address needs no confirmation.

    Raises
    ------
    EmailTaken
        When an account holds the address.
    """
    address = known.normalized(email)
    passwords.check(password, address)
    known.refuse_taken(address)
    account = Account(
        role=role,
        email=address,
        password_hash=passwords.digest(password),
        locale=locale,
        created_at=clock.now(),
        email_confirmed_at=clock.now(),
        **names(first_name, last_name),
    )
    db.session.add(account)
    db.session.flush()
    audit.record(AuditKind.SIGNED_UP, None, account, role=role)
    return account


@transactional
def set_disabled(administrator: Account, account_id: int, is_disabled: bool) -> Account:
    """Close or open an account; whoever is signed in with it is out at once.

    Raises
    ------
    NotAllowed
        For anybody but administrators, and for the own account.
    """
    if administrator.role != Role.ADMINISTRATOR or administrator.id == account_id:
        raise NotAllowed
    account = db.session.scalars(select(Account).where(Account.id == account_id).with_for_update()).one()
    if account.is_active == is_disabled:
        account.disabled_at = clock.now() if is_disabled else None
        # Sessions and links from before stay void, also once the account is open again.
        account.credentials_version += 1
        kind = AuditKind.ACCOUNT_DISABLED if is_disabled else AuditKind.ACCOUNT_ENABLED
        audit.record(kind, administrator, account)
    return account
