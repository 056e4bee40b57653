import pytest
from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slots
from tutormatch.models import (
    AuditEvent,
    AuditKind,
    Match,
    MatchState,
    OutboxMessage,
    Role,
    Tutor,
    TutorState,
    WeeklySession,
)

STUDIES = {"study_programme": "Physics", "year_of_study": "4"}
TEACHING = {
    "subjects": ["ALG", "GEOM"],
    "subjects-ALG-from": "7",
    "subjects-ALG-to": "9",
    "subjects-GEOM-from": "7",
    "subjects-GEOM-to": "9",
    "tutoring_languages": ["kk", "ru"],
    "group_size": "1",
}
FREE_TIME = {"slots": ["mon-15", "fri-18"], "sessions_per_week": "3", "max_pupils": "2"}


def fresh(tutor):
    db.session.expire_all()
    return db.session.get(Tutor, tutor.id)


def approved(make, tutor, slots="mon-15", **pupil):
    return make.proposal(make.pupil(**pupil).needs[0], tutor, slots, state=MatchState.APPROVED)


def test_profile_shows_what_the_tutor_said(client, make):
    tutor = make.tutor(subjects=(("ALG", 7, 9), ("MATH", 5, 5)), motivation="I like to explain.")
    text = client.sign_in(tutor.account).page("/tutors/profile").text()
    assert "Algebra, grades 7–9" in text
    assert "Mathematics, grade 5" in text
    assert "Kazakh, Russian" in text
    assert "3 sessions a week, 3 pupils" in text
    assert "I like to explain." in text


def test_tutor_changes_each_part_of_the_profile(client, make):
    tutor = make.tutor()
    client.sign_in(tutor.account)
    for part, data in (("studies", STUDIES), ("teaching", TEACHING), ("free-time", FREE_TIME)):
        version = fresh(tutor).version
        page = client.submit(f"/tutors/profile/{part}", {**data, "version": version})
        assert page.heading == "My profile"
        assert "Saved." in page.text()
        assert fresh(tutor).version == version + 1
    tutor = fresh(tutor)
    assert (tutor.study_programme, tutor.year_of_study) == ("Physics", 4)
    assert {row.subject_code for row in tutor.subjects} == {"ALG", "GEOM"}
    assert tutor.slots == parse_slots("mon-15;fri-18")
    assert (tutor.sessions_per_week, tutor.max_pupils) == (3, 2)
    assert tutor.state == TutorState.CHECKED
    parts = db.session.scalars(select(AuditEvent.detail).where(AuditEvent.kind == AuditKind.TUTOR_CHANGED)).all()
    assert sorted(detail["part"] for detail in parts) == ["free_time", "studies", "teaching"]


@pytest.mark.parametrize(
    ("part", "data", "typed"),
    [
        ("studies", STUDIES, "Physics"),
        ("teaching", {**TEACHING, "motivation": "Typed before"}, "Typed before"),
        ("free-time", FREE_TIME, "fri-18"),
    ],
)
def test_form_made_from_an_older_version_is_shown_again_with_what_was_typed(client, make, part, data, typed):
    tutor = make.tutor()
    client.sign_in(tutor.account)
    page = client.submit(f"/tutors/profile/{part}", {**data, "version": tutor.version - 1}, status=409)
    assert "Your profile has changed meanwhile" in page.text()
    assert typed in page.html
    version = page.all("input", name="version")[0].get("value")
    assert client.submit(f"/tutors/profile/{part}", {**data, "version": version}).heading == "My profile"


def test_checked_tutor_cannot_move_to_another_university(client, make):
    tutor = make.tutor()
    other = make.institution("KZ-39")
    page = client.sign_in(tutor.account).page("/tutors/profile/studies")
    assert not page.all("select", name="institution_id")
    client.submit(
        "/tutors/profile/studies",
        {**STUDIES, "institution_id": other.id, "is_minor": "yes", "version": tutor.version},
    )
    assert fresh(tutor).institution_id != other.id
    assert fresh(tutor).is_minor is False


def test_tutor_who_waits_for_the_check_may_correct_the_university(client, make):
    tutor = make.tutor(state=TutorState.APPLIED)
    other = make.institution("KZ-39")
    client.sign_in(tutor.account)
    client.submit(
        "/tutors/profile/studies",
        {**STUDIES, "institution_id": other.id, "is_minor": "yes", "version": tutor.version},
    )
    assert fresh(tutor).institution_id == other.id
    assert fresh(tutor).is_minor is True


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("free-time", {**FREE_TIME, "slots": ["fri-18"]}),
        ("teaching", {**TEACHING, "subjects": ["GEOM"]}),
        ("teaching", {**TEACHING, "subjects-ALG-to": "7"}),
        ("teaching", {**TEACHING, "tutoring_languages": ["ru"]}),
    ],
)
def test_what_a_session_under_way_needs_cannot_be_taken_away(client, make, part, data):
    tutor = make.tutor()
    approved(make, tutor, first_name="Данияр")
    client.sign_in(tutor.account)
    page = client.submit(f"/tutors/profile/{part}", {**data, "version": tutor.version})
    assert "Monday 15:00 Данияр (Algebra)" in page.text()
    assert "Ask your coordinator to end them first." in page.text()
    assert fresh(tutor).slots == parse_slots("mon-15;tue-16;wed-17")
    assert [row.subject_code for row in fresh(tutor).subjects] == ["ALG"]
    assert fresh(tutor).tutoring_languages == ("kk", "ru")


@pytest.mark.parametrize("change", [{"sessions_per_week": "1", "max_pupils": "1"}, {"max_pupils": "1"}])
def test_capacity_does_not_go_below_the_sessions_under_way(client, make, change):
    tutor = make.tutor()
    approved(make, tutor, "mon-15")
    approved(make, tutor, "tue-16")
    client.sign_in(tutor.account)
    data = {**FREE_TIME, "slots": ["mon-15", "tue-16"], **change}
    page = client.submit("/tutors/profile/free-time", {**data, "version": tutor.version})
    assert "Your sessions need this" in page.text()
    assert fresh(tutor).max_pupils == 3


@pytest.mark.parametrize("state", [MatchState.PROPOSED, MatchState.ENDED, MatchState.SUPERSEDED])
def test_sessions_that_are_not_under_way_hold_nothing(client, make, state):
    tutor = make.tutor()
    make.proposal(tutor=tutor, state=state)
    client.sign_in(tutor.account)
    page = client.submit("/tutors/profile/free-time", {**FREE_TIME, "slots": ["fri-18"], "version": tutor.version})
    assert page.heading == "My profile"


def test_confirmed_briefing_stays_while_there_are_sessions(client, make):
    tutor = make.tutor(conditions=("sen",), confirmed_conditions=("sen",))
    match = approved(make, tutor)
    client.sign_in(tutor.account)
    page = client.submit("/tutors/profile/teaching", {**TEACHING, "version": tutor.version})
    assert "Your sessions need this" in page.text()
    db.session.delete(db.session.get(Match, match.id))
    db.session.commit()
    client.submit("/tutors/profile/teaching", {**TEACHING, "version": tutor.version})
    assert fresh(tutor).confirmed_conditions == ()


def test_subject_no_longer_offered_stays_in_the_profile(client, make):
    tutor = make.tutor(subjects=(("PE", 5, 9),))
    client.sign_in(tutor.account)
    assert client.page("/tutors/profile/teaching").all("input", value="PE")


def test_leaving_ends_the_sessions_and_tells_the_teacher(client, make):
    tutor = make.tutor()
    teacher = make.teacher()
    match = approved(make, tutor, teacher=teacher)
    other = approved(make, make.tutor())
    client.sign_in(tutor.account)
    assert "Monday 15:00" in client.page("/tutors/leave").text()
    page = client.submit("/tutors/leave", {"reason": "I move to another city"})
    assert "You have left the programme" in page.text()
    assert fresh(tutor).state == TutorState.LEFT
    assert db.session.get(Match, match.id).state == MatchState.ENDED
    assert db.session.get(Match, match.id).end_reason == "I move to another city"
    assert db.session.get(Match, other.id).state == MatchState.APPROVED
    live = db.session.scalars(select(WeeklySession.match_id).where(WeeklySession.is_live)).all()
    assert live == [other.id]
    to = db.session.scalars(select(OutboxMessage.to_address)).all()
    assert teacher.email in to
    kinds = db.session.scalars(select(AuditEvent.kind)).all()
    assert AuditKind.TUTOR_LEFT in kinds
    assert AuditKind.MATCH_ENDED in kinds


def test_leaving_needs_a_reason(client, make):
    tutor = make.tutor()
    page = client.sign_in(tutor.account).submit("/tutors/leave", {"reason": "  "})
    assert "Fill in this field." in page.text()
    assert fresh(tutor).state == TutorState.CHECKED


@pytest.mark.parametrize("state", [TutorState.LEFT, TutorState.DECLINED])
def test_leaving_twice_says_what_the_state_is(client, make, state):
    tutor = make.tutor(state=state)
    page = client.sign_in(tutor.account).submit("/tutors/leave", {"reason": "again"})
    assert "Nothing was changed." in page.text()
    assert fresh(tutor).state == state


def test_tutor_who_has_left_changes_nothing(client, make):
    tutor = make.tutor(state=TutorState.LEFT)
    client.sign_in(tutor.account)
    assert not any("/tutors/profile/" in link for link in client.page("/tutors/profile").links())
    client.submit("/tutors/profile/free-time", {**FREE_TIME, "version": tutor.version}, status=409)
    assert fresh(tutor).slots == parse_slots("mon-15;tue-16;wed-17")


@pytest.mark.parametrize(
    "address", ["profile", "profile/studies", "profile/teaching", "profile/free-time", "pupils", "leave"]
)
@pytest.mark.parametrize("role", ["teacher", "coordinator", "administrator"])
def test_profile_pages_are_for_tutors_only(client, make, address, role):
    account = getattr(make, role)()
    assert client.sign_in(account).get(f"/tutors/{address}").status_code == 403


def test_student_without_application_has_no_profile_to_change(client, make):
    client.sign_in(make.account(Role.TUTOR))
    assert client.page("/tutors/profile").heading == "Become a tutor: who you are"
    for address in ("profile/studies", "profile/teaching", "profile/free-time", "leave"):
        client.page(f"/tutors/{address}", status=404)


def test_tutor_sees_only_permitted_details_of_own_pupils(client, make):
    tutor, stranger = make.tutor(), make.tutor()
    teacher = make.teacher(first_name="Гүлнар", last_name="Мұғалімова")
    pupil = make.pupil(teacher=teacher, first_name="Данияр", last_name="Құпияев", grade=8, class_label="8Ә")
    need = pupil.needs[0]
    need.topics = "Quadratic equations"
    need.current_mark = 37
    db.session.commit()
    make.proposal(need, tutor, "mon-15;tue-16", state=MatchState.APPROVED)
    approved(make, stranger, "wed-17", first_name="Сәуле")

    text = client.sign_in(tutor.account).page("/tutors/pupils").text()
    for permitted in (
        "Данияр",
        "Grade 8",
        pupil.school.name,
        "Мұғалімова Гүлнар",
        "school@example.org",
        "Quadratic equations",
        "Algebra",
        "Monday 15:00, Tuesday 16:00",
        "in Kazakh",
    ):
        assert permitted in text
    for hidden in ("Құпияев", "37", "8Ә", "Сәуле", "underperforming", "weak"):
        assert hidden not in text


def test_tutor_has_no_pupils_from_proposals_and_ended_matches(client, make):
    tutor = make.tutor()
    make.proposal(tutor=tutor, state=MatchState.PROPOSED)
    make.proposal(tutor=tutor, state=MatchState.ENDED)
    assert "No pupils yet" in client.sign_in(tutor.account).page("/tutors/pupils").text()


def test_nobody_sees_a_pupil_before_the_address_is_confirmed(client, make):
    tutor = make.tutor()
    approved(make, tutor, first_name="Данияр")
    tutor.account.email_confirmed_at = None
    db.session.commit()
    client.sign_in(tutor.account)
    for address in ("/", "/tutors/pupils", "/timetable"):
        assert "Данияр" not in client.page(address).text()
