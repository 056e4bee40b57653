"""Signing up, in and out, and the links of mails, as a visitor meets them."""

import pytest

from tests.mailbox import link_in, mails_to, only_mail_to
from tutormatch.extensions import db
from tutormatch.models import Role, ScopeKind
from tutormatch.services import accounts, invitations, links, passwords
from tutormatch.services.links import Purpose

GOOD = "correct horse battery"


@pytest.fixture
def client(client):
    return client.in_locale("en")


@pytest.fixture
def person(make):
    def person(**values):
        return make.teacher(password_hash=passwords.digest(GOOD), **{"email": "aru@example.org", **values})

    return person


def sign_in(client, **values):
    return client.submit("/sign-in", {"email": "aru@example.org", "password": GOOD, **values})


def is_signed_in(client):
    return client.get("/account").status_code == 200


def test_person_signs_in_and_out(client, person):
    person()
    sign_in(client)
    assert is_signed_in(client)
    assert "You are signed out." in client.submit("/sign-out").text()
    assert not is_signed_in(client)


def test_signing_out_needs_a_post(client, person):
    client.sign_in(person())
    assert client.get("/sign-out").status_code == 405
    assert is_signed_in(client)


@pytest.mark.parametrize("email", ["aru@example.org", "nobody@example.org"])
def test_wrong_sign_in_says_the_same_for_every_address(client, person, email):
    person()
    page = sign_in(client, email=email, password="wrong")
    assert "The e-mail or the password is not right." in page.text()
    assert page.all("input", name="email")[0].get("value") == email
    assert not page.all("input", name="password")[0].get("value")


def test_sign_in_leads_to_the_page_that_was_wanted(client, person):
    person()
    assert client.get("/account?x=1").location.endswith("/sign-in?next=/account?x%3D1")
    page = client.submit("/sign-in?next=/account?x%3D1", {"email": "aru@example.org", "password": GOOD})
    assert page.response.request.full_path == "/account?x=1"


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\tx"]
)
def test_sign_in_never_leads_to_another_site(client, person, target):
    person()
    response = client.post(
        "/sign-in", query_string={"next": target}, data={"email": "aru@example.org", "password": GOOD}
    )
    assert response.location == "/"


def test_remembered_person_stays_when_the_session_ends_but_not_after_a_new_password(client, person):
    account = person()
    sign_in(client, remember="y")
    client.delete_cookie("session")
    assert is_signed_in(client)
    accounts.change_password(account, GOOD, "quite another one")
    client.delete_cookie("session")
    assert not is_signed_in(client)


def test_person_who_did_not_ask_is_not_remembered(client, person):
    person()
    sign_in(client)
    client.delete_cookie("session")
    assert not is_signed_in(client)


def test_too_many_failures_say_how_long_to_wait(client, person):
    person()
    for _attempt in range(accounts.FAILURES_PER_ADDRESS):
        sign_in(client, password="wrong")
    page = client.submit("/sign-in", {"email": "aru@example.org", "password": GOOD}, status=429)
    assert "Wait 15 minutes" in page.text()


def test_disabled_account_is_out_at_once(client, person, make):
    account = person()
    client.sign_in(account)
    accounts.set_disabled(make.administrator(), account.id, True)
    assert not is_signed_in(client)


def test_opening_the_confirmation_link_changes_nothing_and_the_button_confirms(client, person):
    account = person(email_confirmed_at=None)
    address = f"/confirm/{links.sign(Purpose.CONFIRM_EMAIL, account)}"
    assert "Press the button" in client.page(address).text()
    db.session.refresh(account)
    assert not account.is_email_confirmed
    assert "Your e-mail is confirmed." in client.submit(address).text()
    db.session.refresh(account)
    assert account.is_email_confirmed
    assert "is confirmed already" in client.page(address).text()


@pytest.mark.parametrize("path", ["/confirm/", "/password/", "/invitation/"])
def test_broken_link_says_what_to_do(client, path):
    for method in (client.page, client.submit):
        assert method(f"{path}nonsense", status=410).heading == "This link no longer works"


def test_banner_asks_to_confirm_and_sends_the_link_again(client, person):
    client.sign_in(person(email_confirmed_at=None))
    page = client.page("/account")
    assert "Confirm your e-mail" in page.text()
    assert "We have sent the link again." in client.submit("/confirm").text()
    assert "/confirm/" in link_in(only_mail_to("aru@example.org"))


def test_confirmed_person_sees_no_banner(client, person):
    assert "Confirm your e-mail" not in client.sign_in(person()).page("/account").text()


def test_unconfirmed_address_can_be_corrected(client, person):
    client.sign_in(person(email_confirmed_at=None))
    client.submit("/account/email", {"email": "Right@example.org"})
    assert mails_to("right@example.org")
    assert not mails_to("aru@example.org")


@pytest.mark.parametrize("email", ["aru@example.org", "nobody@example.org"])
def test_asking_for_a_password_looks_the_same_for_every_address(client, person, email):
    person()
    page = client.submit("/password", {"email": email})
    assert page.heading == "Look into your mailbox"
    assert len(mails_to(email)) == (email == "aru@example.org")


def test_new_password_signs_in_and_works_once(client, person):
    person()
    client.submit("/password", {"email": "aru@example.org"})
    address = link_in(only_mail_to("aru@example.org"))
    assert "at least 10 characters" in client.submit(address, {"password": "short"}).text()
    client.submit(address, {"password": "quite another one"})
    assert is_signed_in(client)
    client.submit(address, {"password": "and once more now"}, status=410)


def test_password_is_changed_in_the_account_and_the_own_session_goes_on(client, person):
    account = person()
    client.sign_in(account)
    data = {"old_password": "wrong", "password": "quite another one", "repeated": "quite another one"}
    assert "not your present password" in client.submit("/account/password", data).text()
    assert "differ" in client.submit("/account/password", {**data, "repeated": "other"}).text()
    page = client.submit("/account/password", {**data, "old_password": GOOD})
    assert "Your password is changed." in page.text()
    assert is_signed_in(client)


def test_name_and_locale_change_in_the_account(client, person):
    client.sign_in(person())
    page = client.submit("/account", {"first_name": "Айша", "last_name": "Әлиева", "patronymic": "", "locale": "kk"})
    assert page.all("html")[0].get("lang") == "kk"
    assert "Әлиева Айша" in page.text()


def test_iin_is_refused_in_a_name(client, person):
    client.sign_in(person())
    data = {"first_name": "Айша 900101300007", "last_name": "Ә", "patronymic": "", "locale": "en"}
    page = client.submit("/account", data)
    assert "Saved." not in page.text()


def test_coordinator_accepts_an_invitation_with_a_password(client, make):
    invitations.invite(make.administrator(), "new@example.org", "Жанар", "Оспанова", "kk", ScopeKind.COUNTRY)
    address = link_in(only_mail_to("new@example.org"))
    page = client.page(address)
    assert page.heading == "Welcome, Жанар"
    assert "the whole country" in page.text()
    client.submit(address, {"password": GOOD})
    assert is_signed_in(client)
    assert client.get("/people").status_code == 200
    client.submit("/sign-out")
    client.page(address, status=410)
    assert accounts.sign_in("new@example.org", GOOD, "c").role == Role.COORDINATOR
