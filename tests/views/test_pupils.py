"""The page of one pupil, and the changes on it."""

from datetime import date

import pytest
from sqlalchemy import select

from tests.views.test_nominations import IIN, chosen, selected, values
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, AuditKind, ConsentState, MatchState, Need, Pupil, TeacherState


@pytest.fixture
def teacher(make, client):
    teacher = make.teacher()
    client.sign_in(teacher)
    return teacher


@pytest.fixture
def pupil(make, teacher):
    return make.pupil(teacher=teacher, first_name="Данияр", last_name="Оқушыев", slots="mon-15;tue-16")


def agree(make, pupil, slots="mon-15"):
    return make.proposal(pupil.needs[0], make.tutor(), slots=slots, state=MatchState.APPROVED)


def version(page):
    return {"version": values(page, "version")[0]}


@pytest.mark.parametrize("role", ["tutor", "administrator"])
def test_other_roles_see_no_pupils(client, make, pupil, role):
    client.sign_in(make.tutor().account if role == "tutor" else make.administrator())
    client.page("/pupils", status=403)
    client.page(f"/pupils/{pupil.id}", status=403)


@pytest.mark.parametrize("path", ["", "/who", "/what", "/when", "/consent", "/withdraw", "/matches/1/end"])
def test_other_peoples_pupils_do_not_exist_for_a_teacher(client, make, pupil, path):
    client.sign_in(make.teacher(pupil.school))
    client.page(f"/pupils/{pupil.id}{path}", status=404)
    if path:
        client.submit(f"/pupils/{pupil.id}{path}", {"version": pupil.version}, status=404)


@pytest.mark.parametrize("state", [TeacherState.APPLIED, TeacherState.DECLINED])
def test_teacher_who_is_not_admitted_any_more_sees_no_pupil(client, make, teacher, pupil, state):
    make.proposal(pupil.needs[0], state=MatchState.APPROVED)
    client.page(f"/pupils/{pupil.id}")
    teacher.teacher.state = state
    db.session.commit()
    for address in ("/", "/pupils", "/pupils?print=1", "/timetable"):
        assert pupil.last_name not in client.page(address).html
    for path in ("", "/who", "/consent", "/withdraw"):
        client.page(f"/pupils/{pupil.id}{path}", status=404)


@pytest.mark.parametrize("path", ["/who", "/what", "/when", "/consent", "/withdraw"])
def test_coordinator_reads_but_does_not_change(client, make, pupil, path):
    client.sign_in(make.coordinator())
    page = client.page(f"/pupils/{pupil.id}")
    assert f"/pupils/{pupil.id}{path}" not in page.links()
    client.page(f"/pupils/{pupil.id}{path}", status=403)


def test_page_shows_marks_and_topics_to_teacher_and_coordinator(client, make, pupil):
    need = pupil.needs[0]
    need.current_mark, need.topics = 37, "linear equations"
    db.session.commit()
    for account in (pupil.teacher, make.coordinator()):
        text = client.sign_in(account).page(f"/pupils/{pupil.id}").text()
        assert "37" in text
        assert "linear equations" in text


def test_page_names_the_tutor_only_once_the_pair_is_approved(client, make, pupil):
    match = make.proposal(pupil.needs[0])
    name = match.tutor.account.full_name
    text = client.page(f"/pupils/{pupil.id}").text()
    assert "A tutor is proposed; the coordinator decides." in text
    assert name not in text
    match.state = MatchState.SUPERSEDED
    db.session.commit()
    agree(make, pupil)
    assert "Monday 15:00, in Kazakh" in client.page(f"/pupils/{pupil.id}").text()


def test_opening_of_a_pupils_page_by_a_coordinator_is_seen_on_it(client, make, clock, pupil):
    coordinator = make.coordinator(last_name="Қадағалаушы")
    assert "No coordinator has opened this page yet." in client.page(f"/pupils/{pupil.id}").text()
    client.sign_in(coordinator)
    for _time in range(3):
        page = client.page(f"/pupils/{pupil.id}")
    [sighting] = [page.text(item) for item in page.all("li") if page.text(item).startswith("Қадағалаушы Айгүл, ")]
    assert "2026" in sighting
    assert sighting.endswith("10:00")
    kinds = db.session.scalars(select(AuditEvent.kind)).all()
    assert kinds == [AuditKind.PUPIL_SEEN]
    assert "Қадағалаушы Айгүл" in client.sign_in(pupil.teacher).page(f"/pupils/{pupil.id}").text()


WHO = {
    "last_name": "Оқушыев",
    "first_name": "Дамир",
    "grade": "8",
    "class_label": "8б",
    "instruction_language": "kk",
    "other_languages": ["ru", "en"],
}


def test_teacher_changes_who_the_pupil_is(client, pupil):
    page = client.page(f"/pupils/{pupil.id}/who")
    assert values(page, "first_name") == ["Данияр"]
    page = client.submit(f"/pupils/{pupil.id}/who", WHO | version(page))
    assert page.heading == "Оқушыев Дамир"
    db.session.refresh(pupil)
    assert (pupil.class_label, pupil.tutoring_languages) == ("8Б", ("kk", "ru", "en"))
    assert pupil.consent_state == ConsentState.RECEIVED


def test_teacher_changes_subjects_without_javascript(client, pupil):
    page = client.page(f"/pupils/{pupil.id}/what")
    assert selected(page, "needs-0-subject_code") == ["ALG"]
    algebra = {
        "needs-0-subject_code": "ALG",
        "needs-0-grade": "8",
        "needs-0-priority": "3",
        "needs-0-sessions_per_week": "1",
        "needs-0-topics": "powers",
    }
    page = client.submit(f"/pupils/{pupil.id}/what", algebra | version(page) | {"add": "1"})
    assert page.heading == "Change the subjects"
    assert "powers" in page.html
    physics = {
        "needs-1-subject_code": "PHYS",
        "needs-1-grade": "8",
        "needs-1-priority": "2",
        "needs-1-sessions_per_week": "1",
    }
    page = client.submit(f"/pupils/{pupil.id}/what", algebra | physics | version(page))
    assert page.heading == "Оқушыев Данияр"
    assert {need.subject_code for need in db.session.scalars(select(Need))} == {"ALG", "PHYS"}


def test_subject_with_an_agreed_match_is_not_removed_and_the_page_says_why(client, make, pupil):
    agree(make, pupil)
    page = client.page(f"/pupils/{pupil.id}/what")
    page = client.submit(
        f"/pupils/{pupil.id}/what",
        {
            "needs-0-subject_code": "GEOM",
            "needs-0-grade": "8",
            "needs-0-priority": "2",
            "needs-0-sessions_per_week": "1",
        }
        | version(page),
    )
    assert "A session agreed with a tutor would no longer fit: Monday 15:00." in page.text()
    assert selected(page, "needs-0-subject_code") == ["GEOM"]


def test_free_time_without_an_agreed_session_is_refused_at_the_grid(client, make, pupil):
    agree(make, pupil)
    page = client.page(f"/pupils/{pupil.id}/when")
    assert chosen(page, "slots") == {"mon-15", "tue-16"}
    page = client.submit(
        f"/pupils/{pupil.id}/when",
        {"shift": "first", "place": "home", "device": "phone", "slots": ["tue-16"]} | version(page),
    )
    assert "A session agreed with a tutor would no longer fit: Monday 15:00." in page.text()
    assert chosen(page, "slots") == {"tue-16"}


def test_form_from_an_older_version_gets_a_page_that_says_so(client, pupil):
    old = version(client.page(f"/pupils/{pupil.id}/who"))
    client.submit(f"/pupils/{pupil.id}/who", WHO | old)
    page = client.submit(f"/pupils/{pupil.id}/who", WHO | old | {"first_name": "Айша"}, status=409)
    assert "Somebody has changed this since you opened the page." in page.text()
    assert db.session.scalar(select(Pupil.first_name)) == "Дамир"


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("who", WHO | {"first_name": IIN}),
        ("what", {"needs-0-subject_code": "ALG", "needs-0-grade": "8", "needs-0-topics": f"IIN {IIN}"}),
    ],
)
def test_changes_refuse_an_iin_too(client, pupil, path, typed):
    page = client.page(f"/pupils/{pupil.id}/{path}")
    assert "Remove the IIN" in client.submit(f"/pupils/{pupil.id}/{path}", typed | version(page)).text()


def test_consent_is_added_and_withdrawn(client, make, teacher):
    pupil = make.pupil(teacher=teacher, consent_state=ConsentState.PENDING, consent_on=None, consent_form=None)
    address = f"/pupils/{pupil.id}/consent"
    page = client.page(address)
    assert set(values(page, "consent_state")) == {"received", "pending", "refused"}
    page = client.submit(address, {"consent_state": "received"} | version(page))
    assert "Write the date on which the consent was given." in page.text()
    given = {"consent_state": "received", "consent_on": "2026-11-20", "consent_form": "electronic"}
    assert "Consent is on file." in client.submit(address, given | version(page)).text()
    db.session.refresh(pupil)
    assert (pupil.consent_state, pupil.consent_on) == (ConsentState.RECEIVED, date(2026, 11, 20))

    match = agree(make, pupil)
    page = client.page(address)
    assert set(values(page, "consent_state")) == {"received", "withdrawn"}
    assert "The sessions of Algebra with" in page.text()
    page = client.submit(address, {"consent_state": "withdrawn"} | version(page))
    assert "agreed sessions have ended" in page.text()
    db.session.refresh(match)
    assert match.state == MatchState.ENDED


def test_withdrawal_asks_first_and_says_what_ends(client, make, pupil):
    agree(make, pupil)
    page = client.page(f"/pupils/{pupil.id}/withdraw")
    assert "The sessions of Algebra with" in page.text()
    page = client.submit(f"/pupils/{pupil.id}/withdraw", version(page))
    assert "is withdrawn" in page.text()
    assert "This nomination was withdrawn on" in client.page(f"/pupils/{pupil.id}").text()
    client.page(f"/pupils/{pupil.id}/who", status=403)


def test_teacher_ends_a_match_with_a_reason(client, make, pupil):
    match = agree(make, pupil)
    address = f"/pupils/{pupil.id}/matches/{match.id}/end"
    assert address in client.page(f"/pupils/{pupil.id}").links()
    assert "Fill in this field." in client.submit(address, {"reason": ""}).text()
    page = client.submit(address, {"reason": "The pupil moves away"})
    assert "The match has ended." in page.text()
    client.page(address, status=404)


def test_match_of_another_pupil_is_not_ended_from_here(client, make, pupil, teacher):
    other = agree(make, make.pupil(teacher=teacher))
    client.submit(f"/pupils/{pupil.id}/matches/{other.id}/end", {"reason": "x"}, status=404)
