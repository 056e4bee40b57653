"""What people do in the stories: open a page, press a button, sign up, nominate, start a round."""

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tutormatch.services.demonstration import PASSWORD as DEMONSTRATION_PASSWORD

AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
COORDINATOR = "coordinator@example.org"
ADMINISTRATOR = "administrator@example.org"
PASSWORD = "кең дала мен көк аспан"
# Early afternoons of workdays, when no tutor of the demonstration is free.
FREE = ("Monday 14:00", "Tuesday 14:00", "Wednesday 14:00")


def check(page: Page) -> None:
    """Fail when the open page has an accessibility fault (axe-core, itself a script) or scrolls sideways."""
    page.wait_for_load_state()
    if not page.evaluate("matchMedia('(scripting: none)').matches"):
        violations = Axe().run(page, options={"runOnly": AXE_RULES})
        assert violations.violations_count == 0, f"{page.url}\n{violations.generate_report()}"
    # A document that has only begun to arrive has no root yet: a locator waits for it.
    width = page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth")
    assert width <= 0, f"{page.url} scrolls sideways by {width} px"


def sign_in(page: Page, email: str, password: str = DEMONSTRATION_PASSWORD) -> None:
    """Sign in by the form, land on the role's home and read it in English."""
    page.goto("/sign-in")
    check(page)
    page.locator("input[name=email]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("h1")).to_be_visible()
    assert "/sign-in" not in page.url, "the sign-in was refused"
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def press(page: Page, text: str | re.Pattern) -> None:
    """Press a button of the page's content and check the page that follows."""
    page.locator("main").get_by_role("button", name=text).first.click()
    page.wait_for_load_state()
    check(page)


def follow(page: Page, text: str | re.Pattern) -> None:
    """Follow a link of the page's content and check the page that follows."""
    page.locator("main").get_by_role("link", name=text).first.click()
    page.wait_for_load_state()
    check(page)


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    check(page)


def choose_hours(page: Page, hours: tuple[str, ...]) -> None:
    """Choose exactly these hours in the weekly grid."""
    chosen = page.locator(".grid-input input:checked")
    while chosen.count():
        chosen.first.uncheck(force=True)
    for hour in hours:
        page.get_by_label(hour, exact=True).check(force=True)
    expect(page.locator(".grid-input input:checked")).to_have_count(len(hours))


def confirm_email(page: Page, email: str, administrator: Page) -> None:
    """Open the link of the mail to ``email``, which in development stays in the outbox."""
    sign_in(administrator, ADMINISTRATOR)
    open_page(administrator, "/administration/outbox")
    administrator.locator("tr", has_text=email).filter(has_text="Confirm").get_by_role("link").first.click()
    check(administrator)
    link = re.search(r"https?://\S+/confirm/\S+", administrator.locator("main").inner_text())
    assert link, "the mail holds no link"
    page.goto(link.group())
    check(page)
    press(page, "Confirm my e-mail")


def sign_up_student(page: Page, email: str, last_name: str) -> None:
    check(page)
    follow(page, "I am a student")
    page.get_by_label("Last name").fill(last_name)
    page.get_by_label("First name").fill("Әсем")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_label("University or college").select_option(label="M. Kozybayev North Kazakhstan University")
    page.get_by_label("Study programme").fill("Mathematics and physics")
    page.get_by_label("Year of study").select_option("3")
    page.get_by_label("18 or older").check()
    press(page, "Go on to subjects")

    press(page, "Save and go on")
    expect(page.get_by_role("alert")).to_contain_text("Choose at least one")
    page.get_by_role("checkbox", name="Algebra", exact=True).check()
    page.get_by_role("checkbox", name="Physics", exact=True).check()
    page.locator("[name=tutoring_languages][value=kk]").check()
    press(page, "Save and go on")

    choose_hours(page, FREE)
    page.get_by_label("Sessions a week, at most").select_option("2")
    page.get_by_label("Pupils, at most").select_option("1")
    press(page, "Save and check your answers")
    expect(page.locator("main")).to_contain_text("Tuesday 14:00")
    page.get_by_label("I have read the code of conduct").check()
    press(page, "Send my application")


def sign_up_teacher(page: Page, email: str, last_name: str) -> None:
    check(page)
    follow(page, "I am a teacher")
    follow(page, "North Kazakhstan Region")
    page.locator("main li a").first.click()
    check(page)
    follow(page, "Add my school")
    page.get_by_label(re.compile("Kazakh")).first.fill("Ақжар ауылының мектебі")
    page.get_by_label(re.compile("Russian")).first.fill("Школа села Акжар")
    page.get_by_label("rural school").check()
    page.get_by_label("Last name").fill(last_name)
    page.get_by_label("First name").fill("Гүлнар")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_label(re.compile("reach|contact", re.IGNORECASE)).fill("school@example.org")
    press(page, "Sign up")


def nominate(page: Page, last_name: str) -> None:
    open_page(page, "/pupils/nominate/who")
    page.get_by_label("Last name").fill(last_name)
    page.get_by_label("First name").fill("Нұрлан")
    page.get_by_label("Grade", exact=True).select_option("8")
    page.get_by_label("Class").fill("8 ә")
    choose(page, "instruction_language", "kk")
    choose(page, "consent_state", "received")
    page.locator("[name=consent_on]").fill("2026-09-05")
    choose(page, "consent_form", "paper")
    press(page, "Continue to the subjects")

    page.locator("select[name$=subject_code]").first.select_option("ALG")
    page.locator("textarea[name$=topics]").first.fill("ИИН 950101300046")
    press(page, "Add another subject")
    page.locator("select[name$=subject_code]").nth(1).select_option("PHYS")
    page.locator("textarea[name$=topics]").nth(1).fill("Механика")
    press(page, "Continue to the free time")
    expect(page.get_by_role("alert")).to_contain_text("Remove the IIN")
    page.locator("textarea[name$=topics]").first.fill("Квадрат теңдеулер")
    press(page, "Continue to the free time")

    choose_hours(page, FREE)
    press(page, "Continue to the check")
    expect(page.locator("main")).to_contain_text("8Ә")
    press(page, "Nominate Нұрлан")
    expect(page.locator("main")).to_contain_text(last_name)


def choose(page: Page, name: str, value: str) -> None:
    """Choose a value of a select or of radio buttons."""
    field = page.locator(f"[name={name}]").first
    if field.evaluate("field => field.tagName") == "SELECT":
        field.select_option(value)
    else:
        page.locator(f"[name={name}][value={value}]").check()


def check_tutor(page: Page, last_name: str) -> None:
    open_page(page, "/people")
    follow(page, re.compile(last_name))
    page.locator("[name=identity_seen]").check()
    page.locator("[name=no_criminal_record_on]").fill("2026-09-01")
    page.locator("[name=briefed_on]").fill("2026-09-10")
    press(page, "Confirm the check")


def admit_teacher(page: Page, last_name: str) -> None:
    open_page(page, "/people/teachers")
    page.locator("tr", has_text=last_name).get_by_role("checkbox").check()
    press(page, "Admit those ticked")


def run_round(page: Page) -> None:
    """Start a round, watch it end, and open its proposals."""
    open_page(page, "/rounds")
    press(page, "Start a round")
    expect(page.locator("main")).to_contain_text(re.compile("Proven", re.IGNORECASE), timeout=60_000)
    check(page)
    page.goto(page.url.split("?")[0] + "/proposals")
    check(page)


def proposals(page: Page, pupil: str) -> None:
    """Narrow the proposals to one pupil."""
    page.locator("input[name=name]").fill(pupil)
    page.get_by_role("button", name="Filter").click()
    page.wait_for_load_state()
    check(page)
