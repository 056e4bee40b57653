"""Accounts: what signing up and in, links and passwords do, and what nobody learns from them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.mailbox import link_in, mails_to, only_mail_to
from tutormatch.access import load_account
from tutormatch.errors import EmailTaken, LinkExpired, NotAllowed, TooManyAttempts, UnfitPassword
from tutormatch.extensions import db
from tutormatch.models import Account, Attempt, AuditEvent, AuditKind, Role
from tutormatch.services import accounts, links, passwords
from tutormatch.services.links import Purpose

GOOD = "correct horse battery"


@pytest.fixture
def sign_up(app):
    def sign_up(email="aru@example.org", password=GOOD, role=Role.TUTOR, **values):
        names = {"first_name": "Ару", "last_name": "Тестова", "patronymic": "", "locale": "en", **values}
        return accounts.sign_up(role, email, password, **names)

    return sign_up


def audited(kind):
    return db.session.scalars(select(AuditEvent).where(AuditEvent.kind == kind)).all()


def test_newcomer_has_an_unconfirmed_account_and_a_mail_with_a_link(sign_up):
    account = sign_up(" Aru@Example.org ")
    assert (account.email, account.is_email_confirmed, account.role) == ("aru@example.org", False, Role.TUTOR)
    assert account.password_hash != GOOD
    assert account.sort_name
    assert "/confirm/" in link_in(only_mail_to("aru@example.org"))
    assert audited(AuditKind.SIGNED_UP)[0].actor_id == account.id


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMINISTRATOR])
def test_nobody_signs_up_as_staff(sign_up, role):
    with pytest.raises(NotAllowed):
        sign_up(role=role)


def test_sign_up_with_a_confirmed_address_only_tells_its_holder(sign_up, make):
    holder = make.teacher(email="aru@example.org", first_name="Holder")
    account = sign_up()
    assert account.id != holder.id
    mail = only_mail_to("aru@example.org")
    assert "Hello, Holder." in mail.body
    assert "/confirm/" not in mail.body
    with pytest.raises(LinkExpired):
        accounts.confirm_email(links.sign(Purpose.CONFIRM_EMAIL, account))


def test_of_two_who_typed_one_address_the_first_to_confirm_holds_it(sign_up):
    squatter, owner = sign_up(), sign_up(password="another good one")
    accounts.confirm_email(links.sign(Purpose.CONFIRM_EMAIL, owner))
    with pytest.raises(LinkExpired):
        accounts.confirm_email(links.sign(Purpose.CONFIRM_EMAIL, squatter))
    assert accounts.sign_in("aru@example.org", "another good one", "c") is owner


def test_database_refuses_two_confirmed_accounts_of_one_address(make):
    make.teacher(email="same@example.org")
    with pytest.raises(IntegrityError):
        make.teacher(email="same@example.org")


def test_mailbox_is_not_flooded_by_sign_ups(sign_up):
    for _attempt in range(accounts.LINKS_PER_ADDRESS + 3):
        sign_up()
    assert len(mails_to("aru@example.org")) == accounts.LINKS_PER_ADDRESS


def test_client_that_signs_up_many_is_refused(sign_up, monkeypatch, clock):
    monkeypatch.setattr(accounts, "SIGN_UPS_PER_CLIENT", 2)
    sign_up("a@example.org", client="10.0.0.1")
    sign_up("b@example.org", client="10.0.0.1")
    with pytest.raises(TooManyAttempts):
        sign_up("c@example.org", client="10.0.0.1")
    sign_up("c@example.org", client="10.0.0.2")
    clock.advance(hours=1)
    sign_up("d@example.org", client="10.0.0.1")


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short", "too_short"),
        ("x" * 201, "too_long"),
        ("I am aruzhan!", "contains_name"),
        ("qwerty12345", "obvious"),
        ("QWERTY12345", "obvious"),
        ("aaaaaaaaaaaa", "obvious"),
        ("abababababab", "obvious"),
        ("1234567890", "obvious"),
        ("9876543210", "obvious"),
        ("пароль12345", "obvious"),
    ],
)
def test_password_that_is_easy_to_guess_is_refused(password, rule):
    with pytest.raises(UnfitPassword) as refused:
        passwords.check(password, "aruzhan@example.org")
    assert refused.value.rule == rule


@pytest.mark.parametrize("password", ["жаңбыр су өзен", GOOD, "9f8a7c6b5d4e", "a lo ng one with al in it"])
def test_password_of_any_kind_of_characters_is_taken(password):
    passwords.check(password, "al@example.org")


def test_confirmation_confirms_and_a_second_time_changes_nothing(sign_up, clock):
    account = sign_up()
    token = links.sign(Purpose.CONFIRM_EMAIL, account)
    clock.advance(hours=71)
    accounts.confirm_email(token)
    first = account.email_confirmed_at
    clock.advance(minutes=5)
    accounts.confirm_email(token)
    assert account.email_confirmed_at == first
    assert len(audited(AuditKind.EMAIL_CONFIRMED)) == 1


@pytest.mark.parametrize("purpose", list(Purpose))
def test_link_expires(app, make, clock, purpose):
    account = make.teacher()
    token = links.sign(purpose, account)
    clock.moment += links.lifetime(purpose)
    assert links.read(purpose, token) is account
    clock.moment += timedelta(seconds=1)
    with pytest.raises(LinkExpired):
        links.read(purpose, token)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_link_serves_no_other_purpose(make, purpose):
    account = make.teacher()
    for other in set(Purpose) - {purpose}:
        with pytest.raises(LinkExpired):
            links.read(other, links.sign(purpose, account))


def test_link_that_was_tampered_with_is_refused(make):
    token = links.sign(Purpose.RESET_PASSWORD, make.teacher())
    for forged in ("", "x", token[:-1], token + "x", "a" + token, token.replace(".", "!", 1)):
        with pytest.raises(LinkExpired):
            links.read(Purpose.RESET_PASSWORD, forged)


def test_link_to_an_address_that_was_corrected_no_longer_works(sign_up):
    account = sign_up()
    token = links.sign(Purpose.CONFIRM_EMAIL, account)
    accounts.correct_email(account, "Aru2@example.org")
    with pytest.raises(LinkExpired):
        accounts.confirm_email(token)
    assert "/confirm/" in link_in(only_mail_to("aru2@example.org"))


def test_confirmed_address_cannot_be_replaced(make):
    with pytest.raises(NotAllowed):
        accounts.correct_email(make.teacher(), "other@example.org")


def test_confirmation_is_mailed_again_but_not_without_end(sign_up):
    account = sign_up()
    for _attempt in range(accounts.LINKS_PER_ADDRESS - 1):
        accounts.resend_confirmation(account)
    with pytest.raises(TooManyAttempts):
        accounts.resend_confirmation(account)


def test_right_password_signs_in_whatever_the_case_of_the_address(sign_up):
    account = sign_up()
    assert accounts.sign_in("ARU@example.org ", GOOD, "client") is account


def test_wrong_password_unknown_address_and_disabled_account_all_give_nothing(sign_up, make):
    account = sign_up()
    assert accounts.sign_in("aru@example.org", "wrong", "client") is None
    assert accounts.sign_in("nobody@example.org", GOOD, "client") is None
    accounts.set_disabled(make.administrator(), account.id, True)
    assert accounts.sign_in("aru@example.org", GOOD, "client") is None


def test_as_many_passwords_are_compared_for_any_address(sign_up, make, monkeypatch):
    make.coordinator(email="invited@example.org", email_confirmed_at=None)
    sign_up("one@example.org")
    for _twice in range(3):
        sign_up("three@example.org")
    compared = []
    monkeypatch.setattr(passwords, "fits", lambda digest, password: compared.append(digest) or False)
    for address in ("nobody", "invited", "one", "three"):
        accounts.sign_in(f"{address}@example.org", "wrong", "client")
    assert len(compared) == 8


def test_sign_in_is_refused_after_repeated_failures_for_an_address(sign_up, clock):
    sign_up()
    for number in range(accounts.FAILURES_PER_ADDRESS):
        accounts.sign_in("aru@example.org", "wrong", f"client {number}")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("aru@example.org", GOOD, "another client")
    clock.advance(minutes=15)
    assert accounts.sign_in("aru@example.org", GOOD, "another client") is not None


def test_sign_in_is_refused_after_repeated_failures_of_a_client(app, monkeypatch):
    monkeypatch.setattr(accounts, "FAILURES_PER_CLIENT", 3)
    for number in range(3):
        accounts.sign_in(f"nobody{number}@example.org", "wrong", "client")
    with pytest.raises(TooManyAttempts):
        accounts.sign_in("somebody@example.org", "wrong", "client")
    assert accounts.sign_in("somebody@example.org", "wrong", "another") is None


def test_signing_in_begins_to_count_anew(sign_up):
    sign_up()
    for _round in range(3):
        for _attempt in range(accounts.FAILURES_PER_ADDRESS - 1):
            accounts.sign_in("aru@example.org", "wrong", "client")
        assert accounts.sign_in("aru@example.org", GOOD, "client") is not None


def test_attempts_keep_neither_address_nor_client_and_are_forgotten(app, clock):
    accounts.sign_in("aru@example.org", "wrong", "10.1.2.3")
    kept = [attempt.key for attempt in db.session.scalars(select(Attempt))]
    assert len(kept) == 2
    assert not any("aru" in key or "10.1" in key for key in kept)
    clock.advance(hours=2)
    accounts.sign_in("other@example.org", "wrong", "10.9.9.9")
    assert not set(kept) & {attempt.key for attempt in db.session.scalars(select(Attempt))}


def test_new_password_is_set_once_by_a_mailed_link(sign_up):
    account = sign_up()
    accounts.request_password("aru@example.org", "client")
    token = link_in(mails_to("aru@example.org")[-1]).rpartition("/")[2]
    session = account.get_id()
    accounts.reset_password(token, "quite another one")
    assert accounts.sign_in("aru@example.org", "quite another one", "c") is account
    assert accounts.sign_in("aru@example.org", GOOD, "c") is None
    assert account.get_id() != session
    with pytest.raises(LinkExpired):
        accounts.reset_password(token, "and once more now")


def test_password_link_confirms_the_address_it_arrived_at(sign_up):
    account = sign_up()
    accounts.reset_password(links.sign(Purpose.RESET_PASSWORD, account), "quite another one")
    assert account.is_email_confirmed


def test_link_used_twice_at_the_same_moment_sets_one_password(app, sign_up):
    account = sign_up()
    token = links.sign(Purpose.RESET_PASSWORD, account)
    start = Barrier(2)

    def reset(password):
        with app.app_context():
            start.wait()
            try:
                accounts.reset_password(token, password)
            except LinkExpired:
                return False
            return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(reset, ("quite another one", "and one more new"))) == [False, True]
    assert len(audited(AuditKind.PASSWORD_CHANGED)) == 1


def test_password_links_of_before_a_change_no_longer_work(sign_up):
    account = sign_up()
    token = links.sign(Purpose.RESET_PASSWORD, account)
    assert accounts.change_password(account, GOOD, "quite another one")
    with pytest.raises(LinkExpired):
        accounts.reset_password(token, "and once more now")


def test_obvious_password_is_refused_at_a_reset_and_the_link_stays_good(sign_up):
    account = sign_up()
    token = links.sign(Purpose.RESET_PASSWORD, account)
    with pytest.raises(UnfitPassword):
        accounts.reset_password(token, "1234567890")
    accounts.reset_password(token, "quite another one")


def test_no_password_link_goes_to_unknown_or_disabled_accounts(make, app):
    make.teacher(email="shut@example.org", disabled_at=app.extensions["clock"].now(), password_hash="x")
    accounts.request_password("nobody@example.org", "client")
    accounts.request_password("shut@example.org", "client")
    assert mails_to("nobody@example.org") == mails_to("shut@example.org") == []


def test_password_is_changed_only_with_the_present_one(sign_up):
    account = sign_up()
    assert not accounts.change_password(account, "wrong", "quite another one")
    assert accounts.sign_in("aru@example.org", GOOD, "c") is account
    assert accounts.change_password(account, GOOD, "quite another one")
    assert accounts.sign_in("aru@example.org", "quite another one", "c") is account
    assert "password" in mails_to("aru@example.org")[-1].subject.lower()


def test_name_and_locale_change_with_the_order_of_names(sign_up):
    account = sign_up()
    before = account.sort_name
    accounts.change_details(account, "Айша", "Әлиева", "Маратқызы", "kk")
    assert (account.full_name, account.locale) == ("Әлиева Айша Маратқызы", "kk")
    assert account.sort_name != before
    assert "Айша" not in str(audited(AuditKind.ACCOUNT_CHANGED)[0].detail)


def test_administrator_disables_and_enables_but_never_the_own_account(make):
    administrator, teacher = make.administrator(), make.teacher()
    accounts.set_disabled(administrator, teacher.id, True)
    accounts.set_disabled(administrator, teacher.id, True)
    assert not teacher.is_active
    assert len(audited(AuditKind.ACCOUNT_DISABLED)) == 1
    accounts.set_disabled(administrator, teacher.id, False)
    assert teacher.is_active
    with pytest.raises(NotAllowed):
        accounts.set_disabled(administrator, administrator.id, True)
    with pytest.raises(NotAllowed):
        accounts.set_disabled(make.coordinator(), teacher.id, True)


def test_sessions_and_links_from_before_stay_void_when_an_account_is_opened_again(make):
    administrator, teacher = make.administrator(), make.teacher()
    session, link = teacher.get_id(), links.sign(Purpose.RESET_PASSWORD, teacher)
    accounts.set_disabled(administrator, teacher.id, True)
    assert load_account(session) is None
    accounts.set_disabled(administrator, teacher.id, False)
    assert load_account(session) is None
    assert load_account(teacher.get_id()) == teacher
    with pytest.raises(LinkExpired):
        links.read(Purpose.RESET_PASSWORD, link)


def test_somebody_imported_chooses_the_first_password_by_a_mailed_link(make):
    teacher = make.teacher(email="imported@example.org")
    accounts.request_password("imported@example.org", "client")
    token = link_in(only_mail_to("imported@example.org")).rpartition("/")[2]
    accounts.reset_password(token, GOOD)
    assert accounts.sign_in("imported@example.org", GOOD, "c") is teacher


def test_invitation_is_not_accepted_by_asking_for_a_password(make):
    make.coordinator(email="invited@example.org", email_confirmed_at=None)
    accounts.request_password("invited@example.org", "client")
    assert mails_to("invited@example.org") == []


def test_administrator_of_the_command_line_is_confirmed_and_unique(app):
    account = accounts.create_administrator("root@example.org", GOOD, "Root", "Person", "en")
    assert account.role == Role.ADMINISTRATOR
    assert account.is_email_confirmed
    with pytest.raises(EmailTaken):
        accounts.create_administrator("root@example.org", GOOD, "Root", "Person", "en")
    assert db.session.scalars(select(Account)).all() == [account]
