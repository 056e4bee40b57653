import pytest
from sqlalchemy import func, select

from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slots
from tutormatch.models import Account, AuditEvent, AuditKind, Draft, OutboxMessage, Role, Subject, Tutor, TutorState

WHO = {
    "last_name": "Серікқызы",
    "first_name": "Аружан",
    "patronymic": "",
    "study_programme": "  Mathematics   teacher education ",
    "year_of_study": "3",
    "is_minor": "no",
}
ACCESS = {"email": "Aruzhan@Example.org", "password": "four quiet steppe foxes"}
WHAT = {
    "subjects": ["ALG", "MATH"],
    "subjects-ALG-from": "7",
    "subjects-ALG-to": "8",
    "subjects-MATH-from": "5",
    "subjects-MATH-to": "6",
    "subjects-PHYS-from": "11",
    "subjects-PHYS-to": "7",
    "tutoring_languages": ["kk", "ru"],
    "group_size": "2",
    "conditions": ["sen"],
    "motivation": "I like to explain.",
}
WHEN = {"slots": ["mon-15", "sat-10"], "sessions_per_week": "3", "max_pupils": "2"}


@pytest.fixture
def in_english(client):
    client.in_locale("en")


@pytest.fixture
def who(make):
    return {**WHO, "institution_id": str(make.institution().id)}


@pytest.fixture
def student(client, who):
    """The account of a student who has saved the first step and is signed in."""
    client.submit("/tutors/sign-up", {**who, **ACCESS})
    return db.session.scalars(select(Account).where(Account.role == Role.TUTOR)).one()


def count(model):
    return db.session.scalar(select(func.count()).select_from(model))


def test_student_signs_up_in_three_steps_and_applies(client, in_english, who):
    page = client.submit("/tutors/sign-up", {**who, **ACCESS})
    assert page.heading == "Become a tutor: what you teach"
    page = client.submit("/tutors/sign-up/what", WHAT)
    assert page.heading == "Become a tutor: when you are free"
    page = client.submit("/tutors/sign-up/when", WHEN)
    assert page.heading == "Become a tutor: check your answers"
    text = page.text()
    for answer in (
        "Серікқызы Аружан",
        "Algebra, grades 7–8",
        "Kazakh, Russian",
        "Monday 15:00, Saturday 10:00",
        "I like to explain.",
    ):
        assert answer in text
    page = client.submit("/tutors/sign-up/check", {"conduct": "y"})
    assert "Your application is sent" in page.text()

    tutor = db.session.scalars(select(Tutor)).one()
    assert tutor.state == TutorState.APPLIED
    assert tutor.code.startswith("t")
    assert tutor.study_programme == "Mathematics teacher education"
    assert tutor.year_of_study == 3
    assert tutor.is_minor is False
    assert {(row.subject_code, row.grade_from, row.grade_to) for row in tutor.subjects} == {
        ("ALG", 7, 8),
        ("MATH", 5, 6),
    }
    assert tutor.tutoring_languages == ("kk", "ru")
    assert tutor.slots == parse_slots("mon-15;sat-10")
    assert (tutor.sessions_per_week, tutor.max_pupils, tutor.group_size) == (3, 2, 2)
    assert tutor.conditions == ("sen",)
    assert tutor.confirmed_conditions == ()
    assert tutor.conduct_agreed_at is not None
    assert tutor.account.email == "aruzhan@example.org"
    assert count(Draft) == 0
    kinds = db.session.scalars(select(AuditEvent.kind)).all()
    assert AuditKind.TUTOR_APPLIED in kinds
    subjects = db.session.scalars(select(OutboxMessage.subject).order_by(OutboxMessage.id)).all()
    assert subjects == ["Confirm your e-mail", "We have your application as a tutor"]


def test_second_final_submit_creates_no_second_tutor_and_says_so(client, in_english, student):
    client.submit("/tutors/sign-up/what", WHAT)
    client.submit("/tutors/sign-up/when", WHEN)
    client.submit("/tutors/sign-up/check", {"conduct": "y"})
    page = client.submit("/tutors/sign-up/check", {"conduct": "y"})
    assert "nothing was sent twice" in page.text()
    assert count(Tutor) == 1
    assert count(OutboxMessage) == 2


@pytest.mark.parametrize("step", ["who", "what", "when", "check"])
def test_steps_lead_to_the_profile_after_the_application(client, make, in_english, step):
    client.sign_in(make.tutor(state=TutorState.APPLIED).account)
    assert client.page(f"/tutors/sign-up/{step}").heading == "My profile"
    data = {"what": WHAT, "when": WHEN, "check": {"conduct": "y"}}.get(step, {})
    assert client.submit(f"/tutors/sign-up/{step}", data).heading == "My profile"


def test_application_needs_agreement_to_the_code_of_conduct(client, in_english, student):
    client.submit("/tutors/sign-up/what", WHAT)
    client.submit("/tutors/sign-up/when", WHEN)
    page = client.submit("/tutors/sign-up/check", {})
    assert "Without your agreement you cannot become a tutor." in page.text()
    assert count(Tutor) == 0


def test_steps_can_be_changed_back_and_forth(client, in_english, student, who):
    client.submit("/tutors/sign-up/when", WHEN)
    page = client.page("/tutors/sign-up/check")
    assert page.heading == "Become a tutor: what you teach"
    client.submit("/tutors/sign-up/what", WHAT)
    page = client.page("/tutors/sign-up/what")
    assert {box.get("value") for box in page.all("input", name="subjects") if box.get("checked") is not None} == {
        "ALG",
        "MATH",
    }
    page = client.page("/tutors/sign-up/who")
    assert not page.all("input", type="password")
    assert page.all("input", name="last_name")[0].get("value") == "Серікқызы"
    page = client.submit("/tutors/sign-up/who", {**who, "first_name": "Айша", "year_of_study": "4"})
    assert page.heading == "Become a tutor: check your answers"
    assert "Серікқызы Айша" in page.text()
    page = client.submit("/tutors/sign-up/when", {**WHEN, "slots": ["sun-09"]})
    assert "Sunday 09:00" in page.text()
    assert "Monday 15:00" not in page.text()


def test_expired_draft_asks_again_for_every_step(client, in_english, student, clock):
    client.submit("/tutors/sign-up/what", WHAT)
    clock.advance(days=31)
    client.sign_in(student)
    page = client.page("/tutors/sign-up/resume")
    assert page.heading == "Become a tutor: who you are"
    assert page.all("input", name="last_name")[0].get("value") == "Серікқызы"


def test_step_keeps_what_was_typed_and_names_each_error(client, in_english, student):
    page = client.submit(
        "/tutors/sign-up/what",
        {**WHAT, "subjects-ALG-from": "9", "subjects-ALG-to": "7", "tutoring_languages": [], "motivation": "Because"},
    )
    text = page.text()
    assert "Look at the grades of: Algebra." in text
    assert "The lowest grade must not be above the highest." in text
    assert "Choose at least one language." in text
    assert page.text(page.all("textarea", name="motivation")[0]) == "Because"
    chosen = [o.get("value") for o in page.all("select", id="subjects-ALG-from")[0] if o.get("selected") is not None]
    assert chosen == ["9"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"subjects": []}, "Choose at least one subject."),
        ({"subjects-ALG-to": "11"}, "This subject is taught in grades 7–9."),
        ({"subjects": ["ALG", "PE"]}, "A subject is no longer offered."),
        ({"subjects": ["ALG", "nonsense"]}, "A subject is no longer offered."),
        ({"group_size": "4"}, "Not a valid choice"),
        ({"tutoring_languages": ["kk", "xx"]}, "valid choice"),
        ({"motivation": "My number is 950101300006"}, "Remove the IIN"),
    ],
)
def test_what_step_refuses(client, in_english, student, change, message):
    page = client.submit("/tutors/sign-up/what", {**WHAT, **change})
    assert message in page.text()
    assert client.page("/tutors/sign-up/check").heading == "Become a tutor: what you teach"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slots": []}, "Choose at least one hour."),
        ({"slots": ["mon-03"]}, "This time is outside of the grid."),
        ({"slots": ["moon-15"]}, "This is not a time of the week."),
        ({"max_pupils": "4"}, "choose no more pupils than sessions"),
        ({"sessions_per_week": "40"}, "Not a valid choice"),
    ],
)
def test_when_step_refuses(client, in_english, student, change, message):
    page = client.submit("/tutors/sign-up/when", {**WHEN, **change})
    assert message in page.text()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"institution_id": ""}, "Choose one."),
        ({"institution_id": "999999"}, "Not a valid choice"),
        ({"year_of_study": ""}, "Choose one."),
        ({"is_minor": ""}, "Choose one."),
        ({"study_programme": "   "}, "Fill in this field."),
        ({"password": "short"}, "at least 10 characters"),
        ({"email": "nobody"}, "Write an e-mail address"),
    ],
)
def test_who_step_refuses_and_creates_no_account(client, in_english, who, change, message):
    page = client.submit("/tutors/sign-up", {**who, **ACCESS, **change})
    assert message in page.text()
    assert count(Account) == 0


def test_messages_are_in_the_language_of_the_reader(client, who):
    page = client.in_locale("ru").page("/tutors/sign-up")
    assert page.all("html")[0].get("lang") == "ru"
    optgroups = [group.get("label") for group in page.all("optgroup")]
    assert "Северо-Казахстанская область" in optgroups


def test_subject_withdrawn_meanwhile_sends_back_to_its_step(client, in_english, student, app):
    client.submit("/tutors/sign-up/what", WHAT)
    client.submit("/tutors/sign-up/when", WHEN)
    algebra = db.session.get(Subject, "ALG")
    algebra.is_offered = False
    db.session.commit()
    try:
        page = client.submit("/tutors/sign-up/check", {"conduct": "y"})
        assert page.heading == "Become a tutor: what you teach"
        assert "no longer offered" in page.text()
        assert count(Tutor) == 0
    finally:
        db.session.get(Subject, "ALG").is_offered = True
        db.session.commit()


def test_signed_in_student_is_not_asked_for_a_second_account(client, in_english, student, who):
    assert client.page("/tutors/sign-up").heading == "Become a tutor: what you teach"
    client.submit("/tutors/sign-up", {**who, **ACCESS})
    assert count(Account) == 1


@pytest.mark.parametrize("step", ["who", "what", "when", "check", "resume"])
def test_steps_are_for_tutors_only(client, make, step):
    assert client.get(f"/tutors/sign-up/{step}").status_code == 302
    client.sign_in(make.teacher())
    assert client.get(f"/tutors/sign-up/{step}").status_code == 403


def test_code_of_an_imported_tutor_is_never_given_twice(client, in_english, student, make):
    make.tutor(code=f"t{student.id:04d}")
    client.submit("/tutors/sign-up/what", WHAT)
    client.submit("/tutors/sign-up/when", WHEN)
    client.submit("/tutors/sign-up/check", {"conduct": "y"})
    assert count(Tutor) == 2
