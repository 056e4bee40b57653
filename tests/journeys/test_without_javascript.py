"""The main story once more in a browser that runs no scripts: an old computer, or a link that lost them."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.steps import (
    COORDINATOR,
    admit_teacher,
    check,
    check_tutor,
    confirm_email,
    nominate,
    open_page,
    press,
    proposals,
    run_round,
    sign_in,
    sign_up_student,
    sign_up_teacher,
)

TUTOR, TEACHER, PUPIL = "Жетінова", "Сегізіншіна", "Тоғызов"
TUTOR_EMAIL, TEACHER_EMAIL = "tutor.plain@example.org", "teacher.plain@example.org"


@pytest.mark.parametrize("viewport", ["desktop"])
def test_a_programme_without_javascript(visit):
    student, teacher, coordinator = (visit(has_javascript=False) for _ in range(3))
    administrator = visit(has_javascript=False)
    sign_up_student(student, TUTOR_EMAIL, TUTOR)
    confirm_email(student, TUTOR_EMAIL, administrator)
    sign_up_teacher(teacher, TEACHER_EMAIL, TEACHER)
    confirm_email(teacher, TEACHER_EMAIL, visit(has_javascript=False))

    sign_in(coordinator, COORDINATOR)
    check_tutor(coordinator, TUTOR)
    admit_teacher(coordinator, TEACHER)
    nominate(teacher, PUPIL)

    run_round(coordinator)
    proposed = coordinator.url
    proposals(coordinator, PUPIL)
    rows = coordinator.locator("tr[data-row]")
    expect(rows).to_have_count(2)
    for box in rows.locator("input[name=match_ids]").all():
        box.check()
    press(coordinator, "Approve ticked pairs")
    expect(coordinator.locator("main")).to_contain_text("You approved 2 pairs")
    open_page(coordinator, proposed)
    rows.locator("input[name=match_ids]").first.check()
    press(coordinator, "Reject ticked pairs")
    coordinator.locator("textarea[name=reason]").fill("They live in the same family.")
    press(coordinator, "Reject 1 pair")
    expect(coordinator.locator("main")).to_contain_text("You rejected 1 pair")

    for page, other in ((student, "Нұрлан"), (teacher, TUTOR)):
        page.goto("/")
        page.get_by_role("button", name="Қазақша").click()
        open_page(page, "/timetable")
        expect(page.locator("main")).to_contain_text(other)
        expect(page.locator("main")).to_contain_text(re.compile("дүйсенбі|сейсенбі|сәрсенбі", re.IGNORECASE))
    check(student)
