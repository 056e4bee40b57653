"""The pages that everybody may read, the choice of the locale, and the pages for errors."""

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from tests.factories import Factory
from tests.page import Page, PageClient
from tutormatch import errors
from tutormatch.extensions import db
from tutormatch.models import (
    Account,
    AuditEvent,
    Decision,
    Match,
    MatchState,
    OutboxMessage,
    Role,
    TutorState,
)
from tutormatch.services import match_mails

PUBLIC_PAGES = ("/", "/about", "/privacy", "/code-of-conduct")


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
@pytest.mark.parametrize("address", PUBLIC_PAGES)
def test_visitor_reads_public_pages_in_each_locale(client: PageClient, address: str, locale: str) -> None:
    page = client.in_locale(locale).page(address)
    assert page.all("html")[0].get("lang") == locale


def test_visitor_finds_two_doors_and_the_rules(client: PageClient) -> None:
    links = client.in_locale("en").page("/").links()
    assert {"/tutors/sign-up", "/teachers/sign-up", "/about", "/privacy", "/code-of-conduct", "/sign-in"} <= set(links)


def figures(page: Page) -> dict[str, str]:
    words, numbers = page.all("dt"), page.all("dd")
    return {page.text(word): page.text(number) for word, number in zip(words, numbers, strict=True)}


def test_visitor_sees_live_counts(client: PageClient, make: Factory) -> None:
    make.tutor()
    make.tutor(state=TutorState.APPLIED)
    make.pupil(needs=("ALG", "GEOM"))
    make.pupil()
    assert figures(client.in_locale("en").page("/")) == {
        "checked tutor": "1",
        "pupils have a tutor": "0",
        "sessions every week": "0",
        "pupils wait for a tutor": "2",
    }


def test_withdrawn_pupil_is_not_counted_as_waiting(client: PageClient, make: Factory, clock) -> None:
    make.tutor()
    make.pupil(withdrawn_at=clock.now())
    assert figures(client.in_locale("en").page("/"))["pupils wait for a tutor"] == "0"


def test_empty_programme_shows_no_counts(client: PageClient) -> None:
    assert client.page("/").all("dl") == []


@pytest.mark.parametrize("role", list(Role))
def test_each_role_has_a_home(client: PageClient, make: Factory, role: Role) -> None:
    account = getattr(make, role)() if role != Role.TUTOR else make.tutor().account
    page = client.sign_in(account).page("/")
    assert page.all("form", action="/sign-out")


# The choice of the locale


def test_chosen_locale_stays_for_a_year_and_keeps_the_page(client: PageClient) -> None:
    response = client.post("/locale", data={"locale": "kk", "next": "/privacy?from=footer"})
    assert response.location == "/privacy?from=footer"
    cookie = client.get_cookie("locale")
    assert cookie is not None
    assert (cookie.value, cookie.max_age, cookie.same_site) == ("kk", 365 * 24 * 3600, "Lax")
    assert client.page("/privacy").all("html")[0].get("lang") == "kk"


def test_signed_in_reader_keeps_the_locale_in_the_account(client: PageClient, make: Factory) -> None:
    tutor = make.tutor()
    client.sign_in(tutor.account).submit("/locale", {"locale": "kk", "next": "/about"})
    assert db.session.get(Account, tutor.account_id, populate_existing=True).locale == "kk"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\r\nX: y"]
)
def test_choice_of_locale_never_leads_to_another_site(client: PageClient, target: str) -> None:
    assert client.post("/locale", data={"locale": "ru", "next": target}).location == "/"


def test_choice_of_locale_does_not_lead_to_a_page_that_only_answers_buttons(client: PageClient) -> None:
    assert client.post("/locale", data={"locale": "ru", "next": "/sign-out"}).location == "/"


def test_unknown_locale_is_refused(client: PageClient) -> None:
    client.submit("/locale", {"locale": "de", "next": "/about"}, status=400)
    assert client.get_cookie("locale") is None


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_each_locale_is_offered_in_its_own_name_and_the_present_one_is_marked(client: PageClient, locale: str) -> None:
    page = client.in_locale(locale).page("/about")
    buttons = page.all("button", name="locale")
    assert [(button.get("lang"), page.text(button)) for button in buttons] == [
        ("kk", "Қазақша"),
        ("ru", "Русский"),
        ("en", "English"),
    ]
    assert [button.get("lang") for button in buttons if button.get("aria-current")] == [locale]


# Errors


def test_unknown_address_gets_a_page_in_the_readers_locale(client: PageClient) -> None:
    page = client.in_locale("kk").page("/no/such/page", status=404)
    assert page.all("html")[0].get("lang") == "kk"


def test_wrong_method_gets_a_page(client: PageClient) -> None:
    client.page("/locale", status=405)


@pytest.fixture
def failing(app: Flask, monkeypatch: pytest.MonkeyPatch):
    """Make the page about the programme raise an error."""

    def fail_with(error: Exception) -> None:
        def view() -> None:
            raise error

        view.access = app.view_functions["pages.about"].access
        monkeypatch.setitem(app.view_functions, "pages.about", view)

    return fail_with


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.SlotTaken(), "taken by another session"),
        (errors.AlreadyDecided("approved"), "decided this meanwhile"),
        (errors.DomainError(), "changed this meanwhile"),
    ],
)
def test_overtaken_request_says_what_has_happened(client: PageClient, failing, error: Exception, words: str) -> None:
    failing(error)
    page = client.in_locale("en").page("/about", status=409)
    assert words in page.text()


def test_fault_shows_a_number_that_is_in_the_log(client: PageClient, failing, caplog) -> None:
    failing(ZeroDivisionError("secret detail"))
    page = client.page("/about", status=500)
    reference = page.text(page.all("p", class_="reference")[0])
    assert reference in caplog.text
    assert "secret detail" not in page.html


def test_fault_at_a_mailed_link_keeps_the_link_out_of_the_log(
    app: Flask, client: PageClient, monkeypatch, caplog
) -> None:
    def view(token: str) -> None:
        raise ZeroDivisionError

    view.access = app.view_functions["accounts.reset_password"].access
    monkeypatch.setitem(app.view_functions, "accounts.reset_password", view)
    client.page("/password/as-good-as-a-password", status=500)
    assert "fault" in caplog.text
    assert "as-good-as-a-password" not in caplog.text


def test_error_of_the_database_holds_no_values(make: Factory) -> None:
    with pytest.raises(IntegrityError) as raised:
        make.account(Role.TUTOR, first_name="Құпия", email="UPPER@EXAMPLE.ORG", sort_name=None)
    assert "[SQL parameters hidden due to hide_parameters=True]" in str(raised.value)
    db.session.rollback()


def test_fault_in_the_middle_leaves_nothing_half_written(client: PageClient, make: Factory, monkeypatch) -> None:
    round_ = make.round(coordinator := make.coordinator())
    match = make.proposal(round=round_)

    def broken(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(match_mails, "tell_approval", broken)
    client.sign_in(coordinator).submit(f"/rounds/{round_.id}/approve", {"match_ids": match.id}, status=500)
    db.session.expire_all()
    assert db.session.get_one(Match, match.id).state == MatchState.PROPOSED
    for model in (Decision, AuditEvent, OutboxMessage):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0


def test_fault_page_needs_no_database(client: PageClient, make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    client.sign_in(make.administrator())

    def no_database(*_args: object, **_options: object) -> None:
        raise OperationalError("SELECT", {}, ConnectionError("no database"))

    monkeypatch.setattr(db.session, "scalar", no_database)
    assert client.page("/about", status=500).all("p", class_="reference")


def test_too_large_request_gets_a_page(app: Flask, client: PageClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1024 * 1024)
    page = client.in_locale("en").submit("/locale", {"locale": "k" * 2 * 1024 * 1024}, status=413)
    assert "1 MB" in page.text()


# Headers and static files


def test_pages_load_nothing_foreign_and_stay_out_of_frames(client: PageClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_signed_in_pages_are_not_kept_by_the_browser(client: PageClient, make: Factory) -> None:
    assert client.get("/about").headers["Cache-Control"] == "private, no-cache"
    client.sign_in(make.administrator())
    assert client.get("/about").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("address", ["/confirm/x", "/password/x", "/invitation/x"])
def test_page_of_a_mailed_link_stays_out_of_the_cache(client: PageClient, address: str) -> None:
    assert client.get(address).headers["Cache-Control"] == "no-store"


def static_addresses(page: Page) -> list[str]:
    return [element.get("href") or element.get("src") or "" for element in [*page.all("link"), *page.all("script")]]


def test_static_files_are_kept_for_a_year_whoever_reads(client: PageClient, make: Factory) -> None:
    client.sign_in(make.administrator())
    addresses = static_addresses(client.page("/about"))
    assert len(addresses) >= 5
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        assert "?v=" in address
        assert "immutable" in response.headers["Cache-Control"]
        assert "max-age=31536000" in response.headers["Cache-Control"]
        assert "Cookie" not in response.headers["Vary"]
        assert "Set-Cookie" not in response.headers
        response.close()


@pytest.mark.parametrize("encodings", ["gzip, deflate, br, zstd", "gzip, deflate"])
def test_first_visit_fits_in_100_kilobytes_and_the_next_pages_in_25(client: PageClient, encodings: str) -> None:
    accept = {"Accept-Encoding": encodings}

    def size(address: str) -> int:
        response = client.get(address, headers=accept)
        return len(response.get_data()) + sum(len(name) + len(value) + 4 for name, value in response.headers)

    first_visit = size("/") + sum(size(address) for address in static_addresses(client.page("/")))
    assert first_visit <= 100_000
    assert all(size(address) <= 25_000 for address in PUBLIC_PAGES)


def test_address_of_a_static_file_changes_with_its_content(app: Flask, tmp_path) -> None:
    from tutormatch.assets import content_version

    file = tmp_path / "a.css"
    file.write_text("one")
    first = content_version(file, 1)
    file.write_text("two")
    assert content_version(file, 2) != first
