"""From two sign-ups to two timetables: a student, a teacher, a coordinator, and a round between them."""

import re

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


def test_a_programme_from_sign_up_to_timetable(visit, viewport):
    tutor, teacher, pupil = {
        "desktop": ("Бірінова", "Екіншіна", "Үшінов"),
        "phone": ("Төртінова", "Бесіншіна", "Алтынов"),
    }[viewport]
    tutor_email, teacher_email = f"tutor.{viewport}@example.org", f"teacher.{viewport}@example.org"

    student = visit()
    sign_up_student(student, tutor_email, tutor)
    confirm_email(student, tutor_email, visit())

    teacher_page = visit()
    sign_up_teacher(teacher_page, teacher_email, teacher)
    confirm_email(teacher_page, teacher_email, visit())

    coordinator = visit()
    sign_in(coordinator, COORDINATOR)
    check_tutor(coordinator, tutor)
    admit_teacher(coordinator, teacher)

    nominate(teacher_page, pupil)

    run_round(coordinator)
    first_round = coordinator.url
    proposals(coordinator, pupil)
    rows = coordinator.locator("tr[data-row]")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(tutor)
    rows.first.locator("summary").click()
    check(coordinator)
    for box in rows.locator("input[name=match_ids]").all():
        box.check()
    press(coordinator, "Approve 2 pairs")
    expect(coordinator.locator("main")).to_contain_text("You approved 2 pairs")

    coordinator.goto(first_round)
    rejected = coordinator.locator("tr[data-row]").first
    names = rejected.locator("th, td").all_inner_texts()
    rejected.locator("input[name=match_ids]").check()
    press(coordinator, "Reject 1 pair")
    press(coordinator, "Reject 1 pair")
    expect(coordinator.get_by_role("alert")).to_be_visible()
    coordinator.locator("textarea[name=reason]").fill("They live in the same family.")
    press(coordinator, "Reject 1 pair")
    expect(coordinator.locator("main")).to_contain_text("You rejected 1 pair")

    run_round(coordinator)
    second_round = coordinator.url
    assert second_round != first_round
    rejected_pupil, rejected_tutor = names[1].splitlines()[0], names[4].splitlines()[0]
    proposals(coordinator, rejected_pupil)
    for row in coordinator.locator("tr[data-row]").all():
        assert rejected_tutor not in row.inner_text(), "a rejected pair was offered again"
    coordinator.goto(second_round)
    proposals(coordinator, pupil)
    expect(coordinator.locator("tr[data-row]")).to_have_count(0)

    for page, others in ((student, "Нұрлан"), (teacher_page, tutor)):
        page.goto("/")
        page.get_by_role("button", name="Қазақша").click()
        page.wait_for_load_state()
        open_page(page, "/timetable")
        expect(page.locator("html")).to_have_attribute("lang", "kk")
        expect(page.locator("main")).to_contain_text(others)
        expect(page.locator("main")).to_contain_text("Физика")
        expect(page.locator("main")).to_contain_text(re.compile("дүйсенбі|сейсенбі|сәрсенбі", re.IGNORECASE))
    assert pupil not in student.locator("main").inner_text(), "a tutor never sees a pupil's last name"
