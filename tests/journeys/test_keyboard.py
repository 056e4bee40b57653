"""The keyboard alone: deciding proposals, and the first error of a form."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.steps import COORDINATOR, check, follow, open_page, run_round, sign_in

pytestmark = pytest.mark.parametrize("viewport", ["desktop"])


def focused(page: Page, property_: str) -> str:
    return page.evaluate(f"document.activeElement.{property_}")


def test_proposals_are_ticked_and_approved_by_keys(visit):
    page = visit()
    sign_in(page, COORDINATOR)
    run_round(page)
    rows = page.locator("tr[data-row]")
    ticks = rows.locator("input[name=match_ids]")
    approve, reject = page.locator("[data-approve]"), page.locator("[data-reject]")
    expect(approve).to_have_text("Approve 0 pairs")
    expect(approve).to_be_disabled()

    page.keyboard.press("a")
    expect(page.locator("main")).not_to_contain_text("You approved")
    for key in "jxjx":
        page.keyboard.press(key)
    expect(ticks.nth(0)).to_be_checked()
    expect(ticks.nth(1)).to_be_checked()
    expect(ticks.nth(1)).to_be_focused()
    expect(approve).to_have_text("Approve 2 pairs")
    expect(reject).to_have_text("Reject 2 pairs")
    for key in "kx":
        page.keyboard.press(key)
    expect(ticks.nth(0)).not_to_be_checked()
    expect(approve).to_have_text("Approve 1 pair")

    page.locator("input[name=name]").fill("")
    page.locator("input[name=name]").press_sequentially("jxa")
    expect(page.locator("input[name=name]")).to_have_value("jxa")
    expect(approve).to_have_text("Approve 1 pair")

    summary = rows.nth(1).locator("summary")
    summary.press("Enter")
    expect(rows.nth(1).locator("details")).to_have_attribute("open", "")
    check(page)
    chosen = page.locator(f"input[name=match_ids][value='{ticks.nth(1).get_attribute('value')}']")
    ticks.nth(1).focus()
    page.keyboard.press("a")
    expect(page.locator("main")).to_contain_text("You approved 1 pair")
    expect(chosen).to_have_count(0)
    check(page)
    page.locator("main").get_by_role("button", name="Undo").first.press("Enter")
    expect(page.locator("main")).to_contain_text("The decision is taken back")
    expect(chosen).to_have_count(1)


def test_wrong_form_keeps_what_was_typed_and_leads_to_the_first_error(visit):
    page = visit()
    follow(page, "I am a student")
    page.get_by_label("First name").fill("Әсем")
    page.get_by_label("Password").first.fill("short")
    page.get_by_label("Study programme").fill("Математика")
    page.get_by_label("Study programme").press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    assert focused(page, "name") == "last_name"
    expect(page.get_by_label("First name")).to_have_value("Әсем")
    expect(page.get_by_label("Study programme")).to_have_value("Математика")
    expect(page.get_by_label("Password").first).to_have_value("")
    described = page.get_by_label("Last name").get_attribute("aria-describedby")
    assert described is not None
    expect(page.locator(f"#{described.split()[-1]}")).to_be_visible()

    page.get_by_role("alert").get_by_role("link").nth(1).press("Enter")
    assert focused(page, "getAttribute('aria-invalid')") == "true"


def test_first_tab_leads_past_the_navigation_to_the_content(visit):
    page = visit()
    open_page(page, "/about")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    assert focused(page, "id") == "main"
