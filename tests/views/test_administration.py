"""The administrator's pages: health, accounts, invitations, outbox, activity log."""

import pytest

from tests.mailbox import link_in, mails_to, only_mail_to
from tests.statements import count_statements
from tutormatch import mail
from tutormatch.database import transactional
from tutormatch.extensions import db
from tutormatch.jobs import _say_that_worker_lives
from tutormatch.models import MAX_ATTEMPTS, Account, OutboxMessage, Role
from tutormatch.queries.health import WORKER_HEARD_AT, health
from tutormatch.services import accounts

INVITATION = {
    "last_name": "Оспанова",
    "first_name": "Жанар",
    "email": "new@example.org",
    "locale": "kk",
    "scope_kind": "country",
    "region_code": "",
    "institution_id": "",
}


@pytest.fixture
def admin(client, make):
    return client.sign_in(make.administrator())


@pytest.fixture
def write(make):
    @transactional
    def write(email="aru@example.org"):
        return mail.write(
            make.teacher(email=email), "password_changed", password_link="https://tutormatch.test/x/secret"
        )

    return write


@pytest.fixture
def is_sending(app):
    app.config["MAIL_URL"] = "smtp+plain://127.0.0.1:1"
    yield
    app.config["MAIL_URL"] = ""


def test_health_hears_the_worker(app, clock):
    app.extensions["queue"].delete(WORKER_HEARD_AT)
    assert not health().is_worker_well
    _say_that_worker_lives()
    assert health().worker_heard_at == clock.now()
    assert health().is_worker_well
    clock.advance(minutes=4)
    assert not health().is_worker_well


def test_health_counts_mail_that_waits_and_that_failed(write, is_sending, clock):
    written = [write(f"p{number}@example.org") for number in range(3)]
    written[0].attempts = MAX_ATTEMPTS
    written[1].not_before = clock.now().replace(hour=6)
    db.session.commit()
    queue = health().mail
    assert (queue.due, queue.held, queue.failed) == (1, 1, 1)
    assert queue.oldest_due == clock.now()
    assert not queue.is_well


def test_mail_that_is_late_is_a_fault_only_while_mail_is_being_sent(app, write, clock):
    write()
    clock.advance(minutes=16)
    assert health().mail.is_well
    app.config["MAIL_URL"] = "smtp+plain://127.0.0.1:1"
    try:
        assert not health().mail.is_well
    finally:
        app.config["MAIL_URL"] = ""


def test_home_shows_each_part(admin):
    text = admin.page("/").text()
    for words in ("Database", "Migrations", "Background worker", "Mail due", "Rounds"):
        assert words in text


def test_accounts_are_found_by_name_role_and_state(admin, make):
    make.teacher(last_name="Әлиева")
    make.coordinator(last_name="Петров", email_confirmed_at=None)
    assert "Әлиева" in admin.page("/administration/accounts?q=әлие").text()
    assert "Петров" not in admin.page("/administration/accounts?role=teacher").text()
    assert "Петров" in admin.page("/administration/accounts?state=unconfirmed").text()
    assert "No account fits" in admin.page("/administration/accounts?state=disabled").text()


def test_account_is_disabled_and_enabled_after_a_question(admin, make):
    teacher = make.teacher()
    address = f"/administration/accounts/{teacher.id}"
    assert "Disable the account" in admin.page(f"{address}/disable").heading
    db.session.refresh(teacher)
    assert teacher.is_active
    assert "can no longer sign in" in admin.submit(f"{address}/disable").text()
    db.session.refresh(teacher)
    assert not teacher.is_active
    assert "can sign in again" in admin.submit(f"{address}/enable").text()


def test_administrator_cannot_disable_the_own_account(admin):
    own = db.session.scalars(db.select(Account).where(Account.role == Role.ADMINISTRATOR)).one()
    admin.submit(f"/administration/accounts/{own.id}/disable", status=403)
    assert "Disable" not in admin.page(f"/administration/accounts/{own.id}").text()


def test_coordinator_is_invited_and_the_invitation_renewed_and_withdrawn(admin):
    assert "is on its way" in admin.submit("/administration/invitations/new", INVITATION).text()
    account = db.session.scalars(db.select(Account).where(Account.email == "new@example.org")).one()
    assert "/invitation/" in link_in(only_mail_to("new@example.org"))
    assert "again" in admin.submit(f"/administration/invitations/{account.id}/renew").text()
    assert len(mails_to("new@example.org")) == 2
    assert "Withdraw" in admin.page(f"/administration/invitations/{account.id}/withdraw").heading
    assert "is withdrawn" in admin.submit(f"/administration/invitations/{account.id}/withdraw").text()
    admin.submit(f"/administration/invitations/{account.id}/withdraw", status=404)


def test_expired_invitation_says_so(admin, clock):
    admin.submit("/administration/invitations/new", INVITATION)
    assert "expired" not in admin.page("/administration/invitations").text()
    clock.advance(days=15)
    assert "expired" in admin.page("/administration/invitations").text()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scope_kind": "region"}, "Choose what the coordinator will see."),
        ({"scope_kind": "institution"}, "Choose what the coordinator will see."),
        ({"scope_kind": "planet"}, "Not a valid choice"),
        ({"email": "here@example.org"}, "There is an account or an open invitation"),
        ({"email": "nowhere"}, "Write an e-mail address"),
    ],
)
def test_faulty_invitation_is_not_sent(admin, make, values, words):
    make.teacher(email="here@example.org")
    page = admin.submit("/administration/invitations/new", {**INVITATION, **values})
    assert words in page.text()
    assert "Жанар" in page.html
    assert db.session.scalars(db.select(OutboxMessage)).all() == []


def test_mail_is_read_with_its_links_while_none_is_being_sent(admin, write):
    message = write()
    assert message.subject in admin.page("/administration/outbox").text()
    page = admin.page(f"/administration/outbox/{message.id}")
    assert "https://tutormatch.test/x/secret" in page.links()


def test_text_of_mail_stays_hidden_while_mail_is_being_sent(admin, write, is_sending):
    message = write()
    page = admin.page("/administration/outbox")
    assert message.subject in page.text()
    assert "secret" not in page.html
    assert f"/administration/outbox/{message.id}" not in page.links()
    assert "secret" not in admin.page(f"/administration/outbox/{message.id}", status=404).html


def test_failed_mail_is_tried_again(admin, write, clock, woken):
    message = write()
    message.attempts, message.last_error = MAX_ATTEMPTS, "550 no such mailbox"
    db.session.commit()
    woken.clear()
    assert "550 no such mailbox" in admin.page("/administration/outbox?state=failed").text()
    assert "1 mail is tried again" in admin.submit("/administration/outbox/retry").text()
    db.session.refresh(message)
    assert (message.attempts, message.not_before) == (0, clock.now())
    assert woken == [("mail",)]


def test_activity_is_filtered_by_kind_person_and_day(admin, make, clock):
    teacher = make.teacher(last_name="Әлиева")
    accounts.change_details(teacher, "Айша", "Әлиева", "", "kk")
    clock.advance(days=2)
    accounts.set_disabled(make.administrator(last_name="Второй"), teacher.id, True)

    def shown(query):
        body = admin.page(f"/administration/activity?{query}").all("tbody")
        return len(body[0].findall("*")) if body else 0

    assert shown("") == 2
    assert shown("kind=account_disabled") == 1
    assert shown("person=әлиева") == 1
    assert shown("from=2026-11-21") == 1
    assert shown("to=2026-11-20") == 1
    assert shown("from=2026-11-20&to=2026-11-22") == 2
    assert shown("from=nonsense&kind=nonsense") == 2
    assert shown("person=nobody") == 0


def test_days_of_the_activity_log_are_days_in_kazakhstan(admin, make, clock):
    clock.moment = clock.moment.replace(hour=20)
    accounts.set_disabled(make.administrator(), make.teacher().id, True)
    assert "disabled an account" in admin.page("/administration/activity?from=2026-11-21&kind=account_disabled").text()


@pytest.mark.parametrize(
    "address", ["/", "/administration/accounts", "/administration/activity", "/administration/outbox"]
)
def test_pages_do_not_ask_more_of_the_database_for_more_rows(admin, make, write, address):
    counts = []
    for number in (1, 10):
        for each in range(number):
            write(f"p{number}.{each}@example.org")
            accounts.set_disabled(make.administrator(), make.teacher().id, True)
        with count_statements() as statements:
            admin.page(address)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
