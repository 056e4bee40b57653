"""The coordinator's page of people."""

import pytest

from tests.factories import OTHER_REGION, REGION
from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import Role, ScopeKind, TeacherState, TutorState

CHECK = {
    "identity_seen": "y",
    "no_criminal_record_on": "2026-10-01",
    "briefed_on": "2026-11-02",
    "note": "",
}


@pytest.fixture
def as_coordinator(client, make):
    def as_coordinator(*scope):
        return client.sign_in(make.coordinator(*scope))

    return as_coordinator


def applicant(make, **values):
    return make.tutor(state=TutorState.APPLIED, **values)


def test_page_shows_first_who_waits_to_be_checked(as_coordinator, make):
    waiting, checked = applicant(make), make.tutor()
    page = as_coordinator().page("/people")
    assert waiting.account.full_name in page.text()
    assert checked.account.full_name not in page.text()
    assert checked.account.full_name in as_coordinator().page("/people?state=all").text()


def test_row_says_what_a_check_needs_to_know(as_coordinator, make):
    account = make.account(Role.TUTOR, email_confirmed_at=None)
    applicant(make, account=account, is_minor=True, conduct_agreed_at=None, subjects=[("PHYS", 7, 11)])
    text = as_coordinator().page("/people").text()
    for words in ("minor", "Physics", "7–11", "e-mail not confirmed", "conduct not agreed", "Mathematics"):
        assert words in text


def test_names_are_found_whatever_their_case(as_coordinator, make):
    applicant(make, account=make.account(Role.TUTOR, last_name="Әлиева", first_name="Жанна"))
    applicant(make, account=make.account(Role.TUTOR, last_name="Петрова", first_name="Анна"))
    text = as_coordinator().page("/people?q=әлиева жан").text()
    assert "Әлиева Жанна" in text
    assert "Петрова" not in text
    assert "No tutor fits" in as_coordinator().page("/people?q=100%25").text()


def test_tutors_are_sorted_by_kazakh_alphabet_and_paged(app, as_coordinator, make, monkeypatch):
    monkeypatch.setitem(app.config, "ROWS_PER_PAGE", 2)
    for name in ("Яковлева", "Әлиева", "Асанова"):
        applicant(make, account=make.account(Role.TUTOR, last_name=name))
    first, second = as_coordinator().page("/people").text(), as_coordinator().page("/people?page=2").text()
    assert first.index("Асанова") < first.index("Әлиева")
    assert "Яковлева" in second
    assert "Яковлева" in as_coordinator().page("/people?sort=-name").text()


@pytest.mark.parametrize("address", ["/people?sort=nonsense&page=x&state=nonsense", "/people/teachers?sort=;&page=-1"])
def test_nonsense_in_the_address_is_ignored(as_coordinator, make, address):
    applicant(make)
    as_coordinator().page(address)


def test_coordinator_sees_only_the_own_scope(as_coordinator, make):
    tutor, teacher = applicant(make), make.teacher(make.school(REGION), TeacherState.APPLIED)
    outsider = as_coordinator(ScopeKind.REGION, OTHER_REGION)
    assert tutor.account.full_name not in outsider.page("/people?state=all").text()
    assert teacher.full_name not in outsider.page("/people/teachers?state=all").text()
    outsider.page(f"/people/tutors/{tutor.id}", status=404)
    outsider.page(f"/people/tutors/{tutor.id}/decline", status=404)
    outsider.submit("/people/teachers", {"teacher": f"{teacher.id}:applied", "decision": "admitted"}, status=404)
    assert teacher.teacher.state == TeacherState.APPLIED


def test_coordinator_checks_a_tutor(as_coordinator, make):
    tutor = applicant(make)
    page = as_coordinator().submit(f"/people/tutors/{tutor.id}", {**CHECK, "version": tutor.version})
    assert "is checked and enters the next round" in page.text()
    db.session.refresh(tutor)
    assert tutor.is_checked
    assert "2026" in as_coordinator().page(f"/people/tutors/{tutor.id}").text()


def test_faulty_check_keeps_what_was_typed(as_coordinator, make):
    tutor = applicant(make)
    data = {**CHECK, "version": tutor.version, "identity_seen": "", "briefed_on": "2027-01-01", "note": "Room 12"}
    page = as_coordinator().submit(f"/people/tutors/{tutor.id}", data)
    assert "Room 12" in page.html
    assert "See the document first." in page.text()
    assert "This day is still to come." in page.text()
    db.session.refresh(tutor)
    assert not tutor.is_checked


def test_form_of_a_minor_asks_for_the_agreement_of_a_parent(as_coordinator, make):
    tutor = applicant(make, is_minor=True)
    page = as_coordinator().page(f"/people/tutors/{tutor.id}")
    assert page.all("input", name="parent_agreed_on")
    assert not page.all("input", name="no_criminal_record_on")
    data = {**CHECK, "version": tutor.version, "parent_agreed_on": "2026-10-02"}
    as_coordinator().submit(f"/people/tutors/{tutor.id}", data)
    db.session.refresh(tutor)
    assert tutor.is_checked


def test_stale_page_tells_who_was_quicker(as_coordinator, make):
    tutor = applicant(make)
    data = {**CHECK, "version": tutor.version}
    as_coordinator().submit(f"/people/tutors/{tutor.id}", data)
    db.session.refresh(tutor)
    page = as_coordinator().submit(f"/people/tutors/{tutor.id}", data)
    assert f"{tutor.checked_by.full_name} was quicker" in page.text()


def test_decline_needs_a_reason(as_coordinator, make):
    tutor = applicant(make)
    address = f"/people/tutors/{tutor.id}/decline"
    page = as_coordinator().submit(address, {"version": tutor.version, "reason": " "})
    assert "Fill in this field." in page.text()
    as_coordinator().submit(address, {"version": tutor.version, "reason": "Not a student"})
    db.session.refresh(tutor)
    assert tutor.state == TutorState.DECLINED


def test_pause_warns_about_pupils_under_way_and_ends(as_coordinator, make):
    tutor = make.tutor()
    client = as_coordinator()
    client.submit(f"/people/tutors/{tutor.id}/pause", {"version": tutor.version, "reason": "Exams"})
    db.session.refresh(tutor)
    assert tutor.state == TutorState.PAUSED
    page = client.submit(f"/people/tutors/{tutor.id}/resume", {"version": tutor.version})
    assert "gets a mail about it" in page.text()
    db.session.refresh(tutor)
    assert tutor.is_checked


def test_several_teachers_are_admitted_at_once(as_coordinator, make):
    teachers = [make.teacher(state=TeacherState.APPLIED) for _number in range(2)]
    ticks = [f"{teacher.id}:applied" for teacher in teachers]
    page = as_coordinator().submit("/people/teachers", {"teacher": ticks, "decision": "admitted"})
    assert "2 teachers are admitted." in page.text()
    again = as_coordinator().submit("/people/teachers", {"teacher": ticks, "decision": "declined", "note": "no"})
    assert "was decided meanwhile: admitted" in again.text()


def test_decline_of_teachers_needs_a_note_and_keeps_the_ticks(as_coordinator, make):
    teacher = make.teacher(state=TeacherState.APPLIED)
    page = as_coordinator().submit("/people/teachers", {"teacher": f"{teacher.id}:applied", "decision": "declined"})
    assert "Write why." in page.text()
    (tick,) = page.all("input", id=f"teacher-{teacher.id}")
    assert "checked" in tick.attrib
    assert "Tick at least one" in as_coordinator().submit("/people/teachers", {"decision": "admitted"}).text()


def test_new_school_of_a_teacher_is_marked(as_coordinator, make):
    make.teacher(make.school(is_listed=False), TeacherState.APPLIED)
    assert "new school" in as_coordinator().page("/people/teachers").text()


@pytest.mark.parametrize("address", ["/people?state=all", "/people/teachers?state=all"])
def test_pages_do_not_ask_more_of_the_database_for_more_people(as_coordinator, make, address):
    client = as_coordinator()
    counts = []
    for number in (1, 12):
        for _each in range(number):
            applicant(make)
            make.teacher(state=TeacherState.ADMITTED)
        with count_statements() as statements:
            client.page(address)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12
