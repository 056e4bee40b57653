"""The weekly grid in a real browser: painting, heads, arrow keys, touch, and the same without JavaScript."""

from pathlib import Path

import flask_bootstrap
import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask, render_template_string
from flask_babel import force_locale
from playwright.sync_api import Browser, Page
from werkzeug.datastructures import MultiDict

from tutormatch import ROOT
from tutormatch.forms.base import Form, WeeklyGridField

BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
STATIC = ROOT / "tutormatch" / "static"
STYLE_SHEETS = ("tokens.css", "tutormatch.css", "weekly_grid.css")

TEMPLATE = """<!doctype html><html lang="en"><head><title>Grid</title></head><body><main><h1>Grid</h1>
{% from "components/forms.html" import field %}<form>{{ field(form.slots) }}</form></main></body></html>"""


class GridForm(Form):
    slots = WeeklyGridField("When are you free?")


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """The grid asks no database; one is enough."""
    return request.param


@pytest.fixture
def html(app: Flask) -> str:
    with app.test_request_context("/", method="POST"), force_locale("en"):
        return render_template_string(TEMPLATE, form=GridForm(MultiDict({"slots": "sun-20"})))


def opened(browser: Browser, html: str, *, has_script: bool = True, **options: object) -> Page:
    page = browser.new_context(**{"viewport": {"width": 1000, "height": 900}, **options}).new_page()
    page.set_content(html)
    for sheet in (BOOTSTRAP, *(STATIC / name for name in STYLE_SHEETS)):
        page.add_style_tag(path=sheet)
    if has_script:
        page.add_script_tag(path=STATIC / "weekly_grid.js")
    return page


def chosen(page: Page) -> set[str]:
    return set(page.eval_on_selector_all("input:checked", "boxes => boxes.map(box => box.value)")) - {"sun-20"}


def centre(page: Page, slot: str) -> tuple[float, float]:
    box = page.locator(f"#slots-{slot}").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, *slots: str) -> None:
    page.mouse.move(*centre(page, slots[0]))
    page.mouse.down()
    for slot in slots[1:]:
        page.mouse.move(*centre(page, slot), steps=3)
    page.mouse.up()


def block(days: str, hours: range) -> set[str]:
    return {f"{day}-{hour:02d}" for day in days.split() for hour in hours}


def test_drag_chooses_a_block_and_a_second_drag_clears_it(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    drag(page, "mon-15", "wed-18")
    assert chosen(page) == block("mon tue wed", range(15, 19))
    drag(page, "mon-15", "wed-17")
    assert chosen(page) == block("mon tue wed", range(18, 19))


def test_drag_that_turns_back_leaves_what_it_passed_as_it_was(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    page.locator("#slots-thu-10").check()
    drag(page, "mon-10", "fri-10", "tue-10")
    assert chosen(page) == {"mon-10", "tue-10", "thu-10"}


def test_click_chooses_one_hour(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    page.locator("#slots-tue-09").click()
    assert chosen(page) == {"tue-09"}
    page.locator("#slots-tue-09").click()
    assert chosen(page) == set()


def test_key_works_after_a_drag_that_ended_outside(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    page.mouse.move(*centre(page, "mon-10"))
    page.mouse.down()
    page.mouse.move(*centre(page, "mon-11"))
    page.mouse.move(999, 5)
    page.mouse.up()
    page.locator("#slots-fri-12").focus()
    page.keyboard.press("Space")
    assert chosen(page) == {"mon-10", "mon-11", "fri-12"}


def test_heads_choose_and_clear_a_whole_day_or_hour(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    page.get_by_role("button", name="Monday: the whole day").click()
    assert chosen(page) == block("mon", range(8, 21))
    page.get_by_role("button", name="08:00: every day").click()
    assert chosen(page) == block("mon", range(8, 21)) | block("tue wed thu fri sat sun", range(8, 9))
    page.get_by_role("button", name="Monday: the whole day").click()
    assert chosen(page) == block("tue wed thu fri sat sun", range(8, 9))


def test_arrow_keys_move_between_hours_and_stop_at_the_edge(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    page.locator("#slots-mon-08").focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "Space"):
        page.keyboard.press(key)
    assert chosen(page) == {"tue-09"}


def test_count_follows_every_change(browser: Browser, html: str) -> None:
    page = opened(browser, html)
    count = page.locator("[data-count]")
    assert count.inner_text() == "1"
    drag(page, "mon-15", "wed-18")
    assert count.inner_text() == "13"
    page.locator("#slots-mon-15").click()
    assert count.inner_text() == "12"


@pytest.fixture
def phone(browser: Browser, html: str) -> Page:
    """A phone on which time stands still, so that a finger rests just as long as a test says."""
    tall = html.replace("</main>", "<p>" + "and more below<br>" * 80 + "</p></main>")
    page = opened(browser, tall, viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    page.clock.install(time=0)
    page.clock.pause_at(1)
    page.evaluate("document.querySelector('#slots-mon-12').scrollIntoView({block: 'center'})")
    return page


def touch(page: Page, *points: tuple[float, float], hold: int = 0) -> None:
    session = page.context.new_cdp_session(page)

    def send(kind: str, *at: tuple[float, float]) -> None:
        points = [{"x": x, "y": y} for x, y in at]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", points[0])
    page.clock.run_for(hold)
    for point in points[1:]:
        send("touchMove", point)
        page.wait_for_timeout(20)
    send("touchEnd")
    page.wait_for_timeout(100)


def test_finger_that_moves_sideways_chooses(phone: Page) -> None:
    touch(phone, centre(phone, "mon-12"), centre(phone, "tue-12"), centre(phone, "wed-12"))
    assert chosen(phone) == block("mon tue wed", range(12, 13))


def test_finger_that_rests_first_chooses_downwards_without_scrolling(phone: Page) -> None:
    before = phone.evaluate("scrollY")
    touch(phone, *(centre(phone, f"thu-{hour}") for hour in (11, 12, 13)), hold=400)
    assert chosen(phone) == block("thu", range(11, 14))
    assert phone.evaluate("scrollY") == before


def test_finger_that_swipes_scrolls_and_chooses_nothing(phone: Page) -> None:
    before = phone.evaluate("scrollY")
    x, y = centre(phone, "fri-12")
    touch(phone, *((x, y - 20 * step) for step in range(12)))
    assert chosen(phone) == set()
    assert phone.evaluate("scrollY") > before + 50


def test_tap_chooses_one_hour(phone: Page) -> None:
    phone.tap("#slots-sat-11")
    assert chosen(phone) == {"sat-11"}


@pytest.mark.parametrize("has_script", [True, False])
def test_grid_fits_a_phone(browser: Browser, html: str, has_script: bool) -> None:
    page = opened(browser, html, has_script=has_script, viewport={"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator("#slots-mon-08").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 36


def test_grid_works_without_javascript(browser: Browser, html: str) -> None:
    page = opened(browser, html, has_script=False, viewport={"width": 360, "height": 800})
    page.get_by_role("checkbox", name="Monday 15:00").click()
    assert chosen(page) == {"mon-15"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_grid_has_no_fault_that_axe_finds(browser: Browser, html: str, scheme: str) -> None:
    page = opened(browser, html, color_scheme=scheme)
    drag(page, "mon-15", "wed-18")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
