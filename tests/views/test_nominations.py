"""The steps of a nomination, as a teacher goes through them."""

import pytest
from sqlalchemy import func, select

from tutormatch.extensions import db
from tutormatch.matching.slots import format_slot
from tutormatch.models import (
    AuditEvent,
    AuditKind,
    ConsentState,
    Draft,
    Place,
    Priority,
    Pupil,
    Shift,
    TeacherState,
    usual_free_slots,
)

IIN = "050101500010"

WHO = {
    "last_name": "Оқушыева",
    "first_name": "Аружан",
    "grade": "8",
    "class_label": '8 "ә"',
    "instruction_language": "kk",
    "other_languages": ["ru"],
    "needs_briefing": "y",
    "consent_state": "received",
    "consent_on": "2026-09-05",
    "consent_form": "paper",
}
ALGEBRA = {
    "needs-0-subject_code": "ALG",
    "needs-0-grade": "7",
    "needs-0-priority": "3",
    "needs-0-sessions_per_week": "2",
    "needs-0-current_mark": "41",
    "needs-0-topics": "fractions, powers",
    "needs-0-is_group_ok": "y",
}
KAZAKH = {
    "needs-1-subject_code": "KAZ1",
    "needs-1-grade": "8",
    "needs-1-priority": "2",
    "needs-1-sessions_per_week": "1",
    "needs-1-current_mark": "",
    "needs-1-topics": "",
}
WHEN = {"shift": "first", "place": "home", "device": "phone", "slots": ["mon-15", "tue-16"], "max_tutors": "2"}


@pytest.fixture
def teacher(make, client):
    teacher = make.teacher()
    client.sign_in(teacher)
    return teacher


def go_to_check(client, who=WHO, what=ALGEBRA, when=WHEN):
    client.submit("/pupils/nominate/who", who)
    client.submit("/pupils/nominate/what", what)
    return client.submit("/pupils/nominate/when", when)


def send(client, page, status=200, **data):
    seen = page.all("input", name="seen")[0].get("value")
    return client.submit("/pupils/nominate/check", {"seen": seen, **data}, status=status)


def pupils():
    return db.session.scalars(select(Pupil).order_by(Pupil.id)).all()


def values(page, name):
    return [field.get("value") for field in page.all("input", name=name)]


def chosen(page, name):
    return {box.get("value") for box in page.all("input", name=name) if box.get("checked") is not None}


def selected(page, name):
    return [
        option.get("value")
        for field in page.all("select", name=name)
        for option in field
        if option.get("selected") is not None
    ]


def test_teacher_nominates_a_pupil_in_three_steps(client, teacher):
    assert client.page("/pupils/nominate").heading == "Nominate a pupil: who?"
    assert client.submit("/pupils/nominate/who", WHO).heading == "Nominate a pupil: what?"
    assert client.submit("/pupils/nominate/what", ALGEBRA | KAZAKH).heading == "Nominate a pupil: when?"
    page = client.submit("/pupils/nominate/when", WHEN)
    assert page.heading == "Check the nomination"
    text = page.text()
    for answer in (
        "Оқушыева Аружан",
        "8Ә",
        "Consent received",
        "on paper",
        "Algebra",
        "fractions, powers",
        "41",
        "urgent",
        "Kazakh language",
        "Monday 15:00–16:00; Tuesday 16:00–17:00",
        "first shift",
        "briefed for special educational needs",
    ):
        assert answer in text

    page = send(client, page)
    assert page.heading == "Оқушыева Аружан"
    assert "is nominated. The next round looks for a tutor." in page.text()

    [pupil] = pupils()
    assert pupil.code.startswith("p")
    assert (pupil.teacher_id, pupil.school_id) == (teacher.id, teacher.teacher.school_id)
    assert (pupil.grade, pupil.class_label) == (8, "8Ә")
    assert pupil.tutoring_languages == ("kk", "ru")
    assert pupil.requires == ("sen",)
    assert pupil.max_tutors == 2
    assert pupil.consent_state == ConsentState.RECEIVED
    assert [
        (need.subject_code, need.grade, need.priority, need.current_mark, need.is_group_ok) for need in pupil.needs
    ] == [("ALG", 7, 3, 41, True), ("KAZ1", 8, 2, None, False)]
    assert [need.code for need in pupil.needs] == [f"{pupil.code}-ALG", f"{pupil.code}-KAZ1"]
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0
    assert db.session.scalars(select(AuditEvent.kind)).all() == [AuditKind.PUPIL_NOMINATED]


def test_draft_is_kept_between_visits_and_can_be_discarded(client, teacher):
    client.submit("/pupils/nominate/who", WHO)
    page = client.page("/pupils/nominate")
    assert "You have begun a nomination of Аружан Оқушыева." in page.text()
    assert "/pupils/nominate/what" in page.links()
    assert values(client.page("/pupils/nominate/who"), "class_label") == ['8 "ә"']
    client.submit("/pupils/nominate/discard")
    assert values(client.page("/pupils/nominate"), "class_label") == [""]


def test_later_step_leads_back_to_the_first_that_is_missing(client, teacher):
    assert client.page("/pupils/nominate/check").heading == "Nominate a pupil: who?"
    client.submit("/pupils/nominate/who", WHO)
    assert client.page("/pupils/nominate/check").heading == "Nominate a pupil: what?"


def test_changed_grade_asks_for_subjects_that_no_longer_fit(client, teacher):
    go_to_check(client)
    page = client.submit("/pupils/nominate/who", WHO | {"grade": "10", "class_label": "10"})
    assert page.heading == "Nominate a pupil: what?"


def test_teacher_who_waits_for_admission_reads_what_comes_next(client, make):
    client.sign_in(make.teacher(state=TeacherState.APPLIED))
    page = client.page("/pupils/nominate")
    assert "A coordinator has to admit you first" in page.text()
    assert client.page("/pupils/nominate/who").heading == "Nominate a pupil"
    assert client.submit("/pupils/nominate/who", WHO).heading == "Nominate a pupil"
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"last_name": ""}, "Fill in this field."),
        ({"last_name": "Ок7шыева"}, "A name has letters, spaces and hyphens only."),
        ({"last_name": "Оқушыeва"}, "Cyrillic and Latin letters are mixed here."),
        ({"class_label": "9Ә"}, "for example 8Ә"),
        ({"class_label": "8 abc"}, "for example 8Ә"),
        ({"grade": ""}, "Choose one."),
        ({"consent_on": "2026-11-21"}, "This date is in the future."),
        ({"consent_on": ""}, "Write the date on which the consent was given."),
        ({"consent_on": "yesterday"}, "This is not a date."),
        ({"consent_form": ""}, "Say in which form the consent was given."),
        ({"first_name": IIN}, "Remove the IIN"),
        ({"last_name": f"Оқушыева {IIN}"}, "Remove the IIN"),
        ({"class_label": IIN}, "Remove the IIN"),
    ],
)
def test_first_step_says_what_is_wrong(client, teacher, typed, error):
    page = client.submit("/pupils/nominate/who", WHO | typed)
    assert page.heading == "Nominate a pupil: who?"
    assert error in page.text()
    assert db.session.scalar(select(func.count()).select_from(Draft)) == 0


def test_consent_may_be_missing_at_first(client, teacher):
    who = WHO | {"consent_state": "pending", "consent_on": "", "consent_form": ""}
    page = send(client, go_to_check(client, who))
    assert "once consent is on file" in page.text()
    assert pupils()[0].consent_on is None


def test_subjects_are_added_and_removed_without_javascript(client, teacher):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA | {"add": "1"})
    assert page.heading == "Nominate a pupil: what?"
    assert selected(page, "needs-0-subject_code") == ["ALG"]
    assert "fractions, powers" in page.html
    assert page.all("select", name="needs-1-subject_code")

    page = client.submit("/pupils/nominate/what", ALGEBRA | KAZAKH | {"remove": "0"})
    assert selected(page, "needs-0-subject_code") == ["KAZ1"]
    assert not page.all("select", name="needs-1-subject_code")
    assert "fractions, powers" not in page.html
    assert "what" not in db.session.scalars(select(Draft.steps)).one()


def test_last_subject_can_only_be_emptied(client, teacher):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA | {"remove": "0"})
    assert page.all("select", name="needs-0-subject_code")
    assert selected(page, "needs-0-subject_code") in ([], [""])


@pytest.mark.parametrize("position", ["7", "-1", "x", "²"])
def test_removing_what_is_not_there_changes_nothing(client, teacher, position):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA | KAZAKH | {"remove": position})
    assert selected(page, "needs-1-subject_code") == ["KAZ1"]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"needs-0-subject_code": ""}, "Choose one."),
        ({"needs-0-subject_code": "KAZ2"}, "This subject is not taught in this grade and language."),
        ({"needs-0-subject_code": "PE"}, "This subject is not taught in this grade and language."),
        ({"needs-0-grade": "6"}, "This subject is taught in grades 7–8."),
        ({"needs-0-current_mark": "101"}, "Write a number from 0 to 100."),
        ({"needs-0-current_mark": "half"}, "Write a whole number."),
        ({"needs-0-topics": f"asks for {IIN}"}, "Remove the IIN"),
        ({"needs-1-subject_code": "ALG"} | {"needs-1-priority": "2"}, "This subject stands above already."),
    ],
)
def test_second_step_says_what_is_wrong(client, teacher, typed, error):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA | typed)
    assert page.heading == "Nominate a pupil: what?"
    [message] = page.all("p", class_="form-error")
    assert page.text(message).count(error) == 1


def test_grid_begins_with_the_afternoons_of_the_first_shift(client, teacher):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA)
    afternoons = usual_free_slots(Shift.FIRST, Place.HOME)
    assert chosen(page, "slots") == {format_slot(slot) for slot in afternoons}
    assert all(slot % 24 >= 14 for slot in afternoons)


@pytest.mark.parametrize(("shift", "place"), [("second", "home"), ("first", "school"), ("second", "school")])
def test_grid_is_filled_anew_for_another_shift_or_place(client, teacher, shift, place):
    client.submit("/pupils/nominate/who", WHO)
    page = client.submit("/pupils/nominate/what", ALGEBRA)
    untouched = WHEN | {"shift": shift, "place": place, "slots": sorted(chosen(page, "slots"))}
    page = client.submit("/pupils/nominate/when", untouched)
    assert page.heading == "Nominate a pupil: when?"
    wanted = usual_free_slots(Shift(shift), Place(place))
    assert chosen(page, "slots") == {format_slot(slot) for slot in wanted}
    assert all(slot % 24 < 14 for slot in wanted)


def test_hours_chosen_by_hand_are_never_replaced(client, teacher):
    page = go_to_check(client, when=WHEN | {"shift": "second", "slots": ["mon-09"]})
    assert page.heading == "Check the nomination"


def test_button_fills_the_grid_without_javascript(client, teacher):
    client.submit("/pupils/nominate/who", WHO)
    client.submit("/pupils/nominate/what", ALGEBRA)
    page = client.submit("/pupils/nominate/when", WHEN | {"shift": "second", "slots": ["mon-09"], "fill": "1"})
    assert chosen(page, "slots") == {format_slot(slot) for slot in usual_free_slots(Shift.SECOND, Place.HOME)}


def test_pupil_without_free_time_is_not_accepted(client, teacher):
    page = go_to_check(client, when=WHEN | {"slots": []})
    assert "Choose at least one hour." in page.text()


def test_pressing_the_last_button_twice_nominates_once(client, teacher):
    check = go_to_check(client)
    send(client, check)
    page = send(client, check)
    assert "This nomination was sent already." in page.text()
    assert len(pupils()) == 1


def test_what_was_changed_in_another_window_is_checked_again(client, teacher):
    check = go_to_check(client)
    client.submit("/pupils/nominate/who", WHO | {"first_name": "Айша"})
    page = send(client, check)
    assert page.heading == "Check the nomination"
    assert "changed in another window" in page.text()
    assert pupils() == []


@pytest.mark.parametrize(("first", "last"), [("Аружан", "Оқушыева"), ("аружан", "ОҚУШЫЕВА"), ("Оқушыева", "Аружан")])
def test_own_probable_duplicate_needs_a_confirmation(client, teacher, make, first, last):
    make.pupil(teacher=teacher, first_name=first, last_name=last)
    check = go_to_check(client)
    assert "You nominated a pupil of this name and grade" in check.text()
    page = send(client, check)
    assert page.heading == "Check the nomination"
    assert "Tick this box" in page.text()
    assert len(pupils()) == 1
    send(client, page, is_another_pupil="y")
    assert len(pupils()) == 2
    assert len({pupil.code for pupil in pupils()}) == 2


def test_colleagues_nomination_is_not_shown_in_a_duplicate(client, teacher, make):
    colleague = make.teacher(teacher.teacher.school)
    pupil = make.pupil(teacher=colleague, first_name="Аружан", last_name="Оқушыева")
    page = go_to_check(client)
    assert "A colleague of your school has nominated" in page.text()
    assert f"/pupils/{pupil.id}" not in page.links()


def test_same_name_in_another_grade_or_school_is_no_duplicate(client, teacher, make):
    make.pupil(teacher=teacher, first_name="Аружан", last_name="Оқушыева", grade=7)
    make.pupil(first_name="Аружан", last_name="Оқушыева")
    assert "nominated already" not in go_to_check(client).text()


def test_priority_is_kept_as_the_database_has_it(client, teacher):
    send(client, go_to_check(client, what=ALGEBRA | {"needs-0-priority": "1"}))
    assert pupils()[0].needs[0].priority == Priority.LOW


@pytest.mark.parametrize("path", ["", "/who", "/what", "/when", "/check"])
def test_other_roles_cannot_nominate(client, make, path):
    client.sign_in(make.coordinator())
    client.page(f"/pupils/nominate{path}", status=403)
