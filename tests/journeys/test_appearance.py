"""The same pages in the dark, and on paper."""

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import ADMINISTRATOR, COORDINATOR, check, open_page, sign_in
from tutormatch.services.demonstration import TEACHER, TUTOR

pytestmark = pytest.mark.parametrize("viewport", ["desktop"])

PAGES = {
    COORDINATOR: ("/", "/people", "/pupils", "/rounds", "/schools"),
    TEACHER: ("/", "/pupils", "/pupils/nominate/who", "/timetable"),
    TUTOR: ("/", "/tutors/profile", "/tutors/profile/free-time", "/timetable"),
    ADMINISTRATOR: ("/", "/administration/accounts", "/administration/activity", "/administration/outbox"),
}


@pytest.mark.parametrize("email", PAGES)
def test_pages_of_each_role_stand_out_in_the_dark(visit, email):
    page = visit()
    page.emulate_media(color_scheme="dark")
    sign_in(page, email)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, background.strip("rgb()").split(","))) < 80, f"{background} is not dark"
    for address in PAGES[email]:
        open_page(page, address)


def test_printed_timetable_is_the_timetable_alone(visit):
    page = visit()
    sign_in(page, TUTOR)
    open_page(page, "/timetable")
    page.emulate_media(media="print")
    expect(page.locator("h1")).to_be_visible()
    for around in (".site-header", ".site-footer", ".skip-link"):
        expect(page.locator(around)).to_be_hidden()
    for button in page.locator("main button, main .btn").all():
        expect(button).to_be_hidden()
    check(page)
