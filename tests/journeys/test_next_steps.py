"""From a round to what comes next: its proof, whom to recruit, and a suggestion for a pupil who waits."""

import re

from playwright.sync_api import expect

from tests.journeys.steps import COORDINATOR, check, follow, open_page, sign_in

ROUND_SECONDS = 90


def test_coordinator_chooses_what_comes_first_and_follows_the_result_to_its_end(visit):
    page = visit()
    sign_in(page, COORDINATOR)
    open_page(page, "/rounds")
    page.get_by_label("Who has waited longest").check()
    page.get_by_role("button", name="Start a round").click()
    expect(page.get_by_role("heading", name="What is proven")).to_be_visible(timeout=ROUND_SECONDS * 1000)
    check(page)
    round_url = page.url
    expect(page.locator("main")).to_contain_text("this comes first: who has waited longest")

    follow(page, "How do we know?")
    expect(page.locator("main")).to_contain_text("What is claimed")
    expect(page.locator("svg.bound-bar")).to_be_visible()
    follow(page, "See what would help most")
    expect(page.locator("h1")).to_have_text("Recruitment")
    expect(page.locator("svg.heat")).to_be_visible()
    expect(page.locator("#heat-table")).to_be_hidden()
    page.emulate_media(media="print")
    expect(page.locator("#heat-table")).to_be_visible()
    expect(page.locator("details.switch")).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_text("The same as a table, with the free tutors").click()
    expect(page.locator("#heat-table")).to_be_visible()
    check(page)
    page.locator("main details summary").first.click()
    check(page)

    page.get_by_role("navigation", name="Main navigation").get_by_role("link", name="Recruitment").click()
    expect(page.locator("h1")).to_have_text("Recruitment")

    open_page(page, f"{round_url}/waiting")
    follow(page, re.compile("Suggest a tutor"))
    expect(page.locator("h1")).to_contain_text("A tutor for")
    open_page(page, "/how-matching-works")
