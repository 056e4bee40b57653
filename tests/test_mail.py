"""Mail leaves after its transaction, over a real SMTP conversation, once."""

import socket
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller

from tutormatch import mail
from tutormatch.database import transactional
from tutormatch.errors import UndoTooLate
from tutormatch.extensions import db
from tutormatch.models import Decision, DecisionKind, OutboxMessage, Round, ScopeKind


class Mailbox:
    """Takes mail, except to those who are refused."""

    def __init__(self) -> None:
        self.letters = []
        self.refused: set[str] = set()
        self.connections = 0

    async def handle_HELO(self, server, session, envelope, hostname):
        session.host_name = hostname
        return "250 ready"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def mailbox(app):
    mailbox = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    app.config["MAIL_URL"] = f"smtp+plain://127.0.0.1:{port}"
    yield mailbox
    controller.stop()
    app.config["MAIL_URL"] = ""


@pytest.fixture
def write(make):
    @transactional
    def write(delay=timedelta(0), decision=None, to=None, **values):
        to = to or make.teacher(**values)
        return mail.write(to, "password_changed", delay=delay, decision=decision, password_link="https://x.test/")

    return write


def message():
    db.session.expire_all()
    return db.session.scalars(db.select(OutboxMessage)).one()


def test_mail_arrives_in_the_readers_locale_with_all_its_letters(mailbox, write):
    write(locale="en", first_name="Әлия", email="aliya@example.org")
    assert mail.deliver_due() == 1
    (letter,) = mailbox.letters
    assert letter["To"] == "aliya@example.org"
    assert letter["Subject"] == "Your password was changed"
    assert letter["Content-Language"] == "en"
    assert letter["Date"].datetime == message().created_at
    assert letter["Message-ID"].startswith("<outbox-")
    assert "Hello, Әлия." in letter.get_content()


def test_mail_leaves_once(mailbox, write):
    write()
    mail.deliver_due()
    assert mail.deliver_due() == 0
    assert len(mailbox.letters) == 1
    assert message().sent_at is not None


def test_text_of_mail_that_left_is_not_kept(mailbox, write):
    write()
    mail.deliver_due()
    assert message().body == ""
    assert message().subject


def test_closed_account_gets_no_mail(app, write, clock):
    assert write(disabled_at=clock.now()) is None
    assert db.session.scalars(db.select(OutboxMessage)).all() == []


def test_mail_that_is_held_back_waits_for_its_time(mailbox, write, clock):
    write(delay=timedelta(minutes=2))
    assert mail.deliver_due() == 0
    clock.advance(minutes=2)
    assert mail.deliver_due() == 1


def test_one_refused_address_does_not_hold_up_the_others(mailbox, write):
    mailbox.refused.add("gone@example.org")
    write(email="gone@example.org")
    write(email="here@example.org")
    assert mail.deliver_due() == 1
    assert [letter["To"] for letter in mailbox.letters] == ["here@example.org"]
    assert mailbox.connections == 1


def test_refused_mail_is_tried_again_ever_later_and_then_given_up(mailbox, write, clock):
    mailbox.refused.add("gone@example.org")
    write(email="gone@example.org")
    waits = []
    for _attempt in range(mail.MAX_ATTEMPTS):
        mail.deliver_due()
        waits.append(message().not_before - clock.now())
        clock.moment = message().not_before
    assert waits == sorted(waits)
    assert "550 no such mailbox" in message().last_error
    mailbox.refused.clear()
    assert mail.deliver_due() == 0
    assert db.session.scalar(db.select(OutboxMessage.id).where(mail.is_failed())) is not None


def test_mail_waits_while_the_server_cannot_be_reached(app, write, clock):
    app.config["MAIL_URL"] = "smtp+plain://127.0.0.1:1"
    try:
        write()
        assert mail.deliver_due() == 0
    finally:
        app.config["MAIL_URL"] = ""
    assert message().sent_at is None
    assert message().last_error


def test_mail_to_a_server_without_encryption_does_not_leave_by_smtp(app, mailbox, write):
    app.config["MAIL_URL"] = app.config["MAIL_URL"].replace("smtp+plain", "smtp")
    write()
    assert mail.deliver_due() == 0
    assert mailbox.letters == []


def test_without_a_mail_server_mail_stays_in_the_outbox(write):
    write()
    assert mail.deliver_due() == 0
    assert message().attempts == 0


def test_mail_of_a_transaction_that_fails_is_never_written(make, woken):
    teacher = make.teacher()

    @transactional
    def fail():
        mail.write(teacher, "password_changed", password_link="https://x.test/")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert db.session.scalars(db.select(OutboxMessage)).all() == []
    assert woken == []


def test_worker_is_woken_after_the_commit(write, woken):
    write()
    assert woken == [("mail",)]


@pytest.fixture
def decision(make, clock):
    coordinator = make.coordinator()
    row = Round(scope_kind=ScopeKind.COUNTRY, scope_key="country", created_at=clock.now(), created_by_id=coordinator.id)
    decision = Decision(kind=DecisionKind.APPROVE, round=row, decided_by_id=coordinator.id, decided_at=clock.now())
    db.session.add(decision)
    db.session.commit()
    return decision


def test_mail_of_a_decision_can_be_recalled_until_it_leaves(mailbox, write, decision, clock):
    write(decision=decision, delay=timedelta(minutes=2))
    transactional(mail.recall)(decision)
    clock.advance(minutes=5)
    assert mail.deliver_due() == 0
    assert mailbox.letters == []


def test_mail_that_is_leaving_cannot_be_recalled(mailbox, write, decision):
    mailbox.refused.add("gone@example.org")
    write(decision=decision, email="gone@example.org")
    mail.deliver_due()
    with pytest.raises(UndoTooLate):
        transactional(mail.recall)(decision)


def test_link_is_built_without_a_request(app):
    assert mail.link("accounts.confirm", token="a.b") == "https://tutormatch.test/confirm/a.b"
