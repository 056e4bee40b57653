"""A teacher signs up with a school, step by step and without scripts."""

import pytest

from tests.factories import REGION
from tests.mailbox import link_in, only_mail_to
from tutormatch.extensions import db
from tutormatch.models import Account, School, SchoolKind, TeacherState

DATA = {
    "last_name": "Сейтқали",
    "first_name": "Гүлнар",
    "patronymic": "",
    "email": "gulnar@example.org",
    "password": "correct horse battery",
    "contact": "+7 7152 00 00 00, school office",
}
SCHOOL = {"name_kk": "Жаңа ауыл мектебі", "name_ru": "Школа села Жана", "kind": "small_scale"}


@pytest.fixture
def client(client):
    return client.in_locale("en")


def account():
    return db.session.scalars(db.select(Account).where(Account.email == "gulnar@example.org")).one()


def follow(client, page, text):
    (link,) = [link for link in page.all("a") if page.text(link) == text]
    return client.page(link.get("href"))


def test_teacher_finds_the_school_by_region_and_district(client, make):
    school = make.school()
    page = follow(client, client.page("/teachers/sign-up"), school.district.region.name_en)
    page = follow(client, page, school.district.name_en)
    page = follow(client, page, school.name_en)
    address = page.response.request.path
    page = client.submit(address, DATA)
    assert "Your account is ready." in page.text()
    teacher = account().teacher
    assert (teacher.school, teacher.state) == (school, TeacherState.APPLIED)
    assert teacher.contact == DATA["contact"]
    assert account().locale == "en"
    assert client.get("/account").status_code == 200
    assert "/confirm/" in link_in(only_mail_to("gulnar@example.org"))


def test_schools_stand_in_the_order_of_their_numbers(client, make):
    client.in_locale("ru")
    schools = [make.school(name_ru=f"Школа №{number}") for number in (11, 4, 101)]
    text = client.page(f"/teachers/sign-up/districts/{schools[0].district_id}").text()
    assert text.index("№4 ") < text.index("№11 ") < text.index("№101 ")


def test_school_that_is_missing_is_added_but_not_listed_for_others(client, make):
    district = make.district(REGION)
    address = f"/teachers/sign-up/districts/{district.id}"
    client.submit(f"{address}/new-school", {**DATA, **SCHOOL})
    school = account().teacher.school
    assert (school.name_kk, school.kind, school.district) == ("Жаңа ауыл мектебі", SchoolKind.SMALL_SCALE, district)
    assert school.name_ru not in client.application.test_client().in_locale("ru").page(address).text()


def test_school_that_is_listed_already_is_not_added_twice(client, make):
    school = make.school(name_kk="ЖАҢА АУЫЛ МЕКТЕБІ")
    client.submit(f"/teachers/sign-up/districts/{school.district_id}/new-school", {**DATA, **SCHOOL})
    assert account().teacher.school == school
    assert db.session.scalars(db.select(School)).all() == [school]


def test_faulty_sign_up_keeps_what_was_typed_and_creates_nothing(client, make):
    page = client.submit(
        f"/teachers/sign-up/schools/{make.school().id}", {**DATA, "email": "gulnar", "password": "gulnar"}
    )
    assert "Write an e-mail address" in page.text()
    assert page.all("input", name="contact")[0].get("value") == DATA["contact"]
    assert db.session.scalars(db.select(Account)).all() == []


def test_password_with_the_own_e_mail_name_is_refused(client, make):
    page = client.submit(f"/teachers/sign-up/schools/{make.school().id}", {**DATA, "password": "I am Gulnar, hello"})
    assert "must not contain your e-mail name" in page.text()


def test_sign_up_with_a_taken_address_looks_the_same(client, make):
    holder = make.teacher(email="gulnar@example.org")
    page = client.submit(f"/teachers/sign-up/schools/{make.school().id}", DATA)
    assert "Your account is ready." in page.text()
    assert "you have an account already" in only_mail_to(holder.email).body


@pytest.mark.parametrize(
    "address",
    ["regions/KZ-00", "districts/999999", "districts/999999/new-school", "schools/999999", "schools/x"],
)
def test_unknown_place_is_a_404_page(client, address):
    client.page(f"/teachers/sign-up/{address}", status=404)


def test_unlisted_school_cannot_be_joined_by_its_number(client, make):
    client.page(f"/teachers/sign-up/schools/{make.school(is_listed=False).id}", status=404)


def test_teacher_changes_how_tutors_reach_her(client, make):
    teacher = make.teacher()
    page = client.sign_in(teacher).submit("/teachers/contact", {"contact": "office@school.example"})
    assert "office@school.example" in page.text()
