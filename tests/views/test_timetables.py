import pytest

from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import MatchState, TeacherState


def approved(make, tutor, teacher=None, slots="mon-15", **pupil):
    return make.proposal(make.pupil(teacher=teacher, **pupil).needs[0], tutor, slots, state=MatchState.APPROVED)


def test_tutor_sees_own_week_with_permitted_details(client, make):
    tutor = make.tutor()
    approved(make, tutor, first_name="Данияр", last_name="Құпияев")
    approved(make, make.tutor(), first_name="Сәуле")
    page = client.sign_in(tutor.account).page("/timetable")
    text = page.text()
    assert "Данияр" in text
    assert "Algebra" in text
    assert "in Kazakh" in text
    assert "Құпияев" not in text
    assert "Сәуле" not in text
    assert "School quarter 2, until December 27, 2026." in text
    assert "UTC+5" in text


def test_teacher_sees_own_pupils_and_how_to_write_to_the_tutor(client, make):
    teacher = make.teacher()
    tutor = make.tutor()
    approved(make, tutor, teacher, first_name="Данияр", last_name="Ахметов", class_label="8Ә")
    approved(make, make.tutor(), first_name="Сәуле")
    text = client.sign_in(teacher).page("/timetable").text()
    assert "Ахметов Данияр, 8Ә" in text
    assert tutor.account.full_name in text
    assert tutor.account.email in text
    assert tutor.institution.name in text
    assert "Kazakh, Russian" in text
    assert "Сәуле" not in text


def test_tutor_never_sees_the_address_of_another_tutor(client, make):
    tutor, colleague = make.tutor(), make.tutor()
    pupil = make.pupil(needs=("ALG", "GEOM"))
    make.proposal(pupil.needs[0], tutor, "mon-15", state=MatchState.APPROVED)
    make.proposal(pupil.needs[1], colleague, "tue-16", state=MatchState.APPROVED)
    assert colleague.account.email not in client.sign_in(tutor.account).page("/timetable").html


def test_teacher_who_is_not_admitted_has_an_empty_week(client, make):
    teacher = make.teacher()
    approved(make, make.tutor(), teacher, first_name="Данияр")
    teacher.teacher.state = TeacherState.DECLINED
    db.session.commit()
    text = client.sign_in(teacher).page("/timetable").text()
    assert "Данияр" not in text
    assert "No sessions yet" in text


@pytest.mark.parametrize("state", [MatchState.PROPOSED, MatchState.ENDED])
def test_only_sessions_under_way_stand_in_the_timetable(client, make, state):
    tutor = make.tutor()
    make.proposal(tutor=tutor, state=state)
    assert "No sessions yet" in client.sign_in(tutor.account).page("/timetable").text()


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (40, "School holidays until January 10, 2027."),
        (80, "School quarter 3, until March 21, 2027."),
        (240, "Outside of the school year."),
    ],
)
def test_timetable_names_the_present_school_period(client, make, clock, days, words):
    clock.advance(days=days)
    assert words in client.sign_in(make.tutor().account).page("/timetable").text()


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_timetable_is_for_tutors_and_teachers_only(client, make, role):
    assert client.get("/timetable").status_code == 302
    assert client.sign_in(getattr(make, role)()).get("/timetable").status_code == 403


def test_tutors_pages_do_not_grow_with_the_number_of_matches(client, make):
    tutor = make.tutor(slots="mon-15;mon-16;mon-17;tue-15;tue-16", sessions_per_week=5, max_pupils=5)
    for slots in ("mon-15", "mon-16", "mon-17", "tue-15", "tue-16"):
        approved(make, tutor, slots=slots)
    client.sign_in(tutor.account)
    for address in ("/", "/timetable", "/tutors/pupils", "/tutors/profile"):
        with count_statements() as statements:
            client.page(address)
        assert len(statements) <= 12, f"{address}: {statements}"


def test_teachers_timetable_does_not_grow_with_the_number_of_matches(client, make):
    teacher = make.teacher()
    for _number in range(5):
        approved(make, make.tutor(), teacher)
    client.sign_in(teacher)
    with count_statements() as statements:
        page = client.page("/timetable")
    assert page.text().count("Algebra") >= 5
    assert len(statements) <= 12, statements
