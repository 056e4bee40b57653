"""Invitations of coordinators: once, for a time, with a scope."""

import pytest
from sqlalchemy import select

from tests.factories import REGION
from tests.mailbox import link_in, mails_to, only_mail_to
from tutormatch.errors import AlreadyDecided, EmailTaken, LinkExpired, NotAllowed, UnfitPassword
from tutormatch.extensions import db
from tutormatch.models import Account, AuditEvent, AuditKind, Coordinator, Role, ScopeKind
from tutormatch.queries import accounts as known
from tutormatch.services import accounts, invitations

GOOD = "correct horse battery"


@pytest.fixture
def invite(make):
    administrator = make.administrator()

    def invite(email="new@example.org", scope=ScopeKind.COUNTRY, **values):
        return invitations.invite(administrator, email, "Жанар", "Оспанова", "kk", scope, **values)

    invite.administrator = administrator
    return invite


def token_mailed_to(address):
    return link_in(mails_to(address)[-1]).rpartition("/")[2]


def test_invited_coordinator_sets_a_password_and_has_the_scope(invite):
    account = invite(scope=ScopeKind.REGION, region_code=REGION, institution_id=7)
    assert known.invitations() == [account]
    assert not account.is_email_confirmed
    assert (account.coordinator.region_code, account.coordinator.institution_id) == (REGION, None)
    assert only_mail_to("new@example.org").locale == "kk"
    invitations.accept(token_mailed_to("new@example.org"), GOOD, "ru")
    assert accounts.sign_in("new@example.org", GOOD, "client") is account
    assert account.is_email_confirmed
    assert account.locale == "ru"
    assert known.invitations() == []


def test_invitation_is_accepted_once(invite):
    invite()
    token = token_mailed_to("new@example.org")
    invitations.accept(token, GOOD, "kk")
    with pytest.raises(LinkExpired):
        invitations.accept(token, "quite another one", "kk")
    assert accounts.sign_in("new@example.org", GOOD, "client")


def test_invitation_expires_and_can_be_renewed(invite, clock):
    account = invite()
    old = token_mailed_to("new@example.org")
    clock.advance(days=14, seconds=1)
    with pytest.raises(LinkExpired):
        invitations.accept(old, GOOD, "kk")
    invitations.renew(invite.administrator, account.id)
    assert account.coordinator.invited_at == clock.now()
    with pytest.raises(LinkExpired):
        invitations.read(old)
    invitations.accept(token_mailed_to("new@example.org"), GOOD, "kk")


def test_renewed_invitation_ends_the_link_before_it(invite):
    account = invite()
    old = token_mailed_to("new@example.org")
    invitations.renew(invite.administrator, account.id)
    with pytest.raises(LinkExpired):
        invitations.read(old)


def test_withdrawn_invitation_leaves_no_account(invite):
    account = invite()
    token = token_mailed_to("new@example.org")
    invitations.withdraw(invite.administrator, account.id)
    with pytest.raises(LinkExpired):
        invitations.read(token)
    assert db.session.scalars(select(Coordinator)).all() == []
    kinds = db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)).all()
    assert kinds == [AuditKind.COORDINATOR_INVITED, AuditKind.INVITATION_WITHDRAWN]


def test_accepted_invitation_can_be_neither_renewed_nor_withdrawn(invite):
    account = invite()
    invitations.accept(token_mailed_to("new@example.org"), GOOD, "kk")
    for change in (invitations.renew, invitations.withdraw):
        with pytest.raises(AlreadyDecided):
            change(invite.administrator, account.id)


def test_address_with_an_account_or_an_open_invitation_is_not_invited_again(invite, make):
    make.teacher(email="here@example.org")
    for address in ("here@example.org", "Here@example.org"):
        with pytest.raises(EmailTaken):
            invite(address)
    invite()
    with pytest.raises(EmailTaken):
        invite()


def test_invitation_cannot_take_an_address_that_somebody_confirmed_meanwhile(invite, make):
    invite()
    token = token_mailed_to("new@example.org")
    make.teacher(email="new@example.org")
    with pytest.raises(LinkExpired):
        invitations.accept(token, GOOD, "kk")
    assert db.session.scalars(select(Account).where(Account.role == Role.COORDINATOR)).one().password_hash is None


def test_obvious_password_is_refused_and_the_invitation_stays_good(invite):
    invite()
    token = token_mailed_to("new@example.org")
    with pytest.raises(UnfitPassword):
        invitations.accept(token, "1234567890", "kk")
    invitations.accept(token, GOOD, "kk")


@pytest.mark.parametrize("role", [Role.TUTOR, Role.TEACHER, Role.COORDINATOR])
def test_only_administrators_invite(make, invite, role):
    account, person = invite(), make.account(role)
    with pytest.raises(NotAllowed):
        invitations.invite(person, "x@example.org", "X", "Y", "kk", ScopeKind.COUNTRY)
    for change in (invitations.renew, invitations.withdraw):
        with pytest.raises(NotAllowed):
            change(person, account.id)
