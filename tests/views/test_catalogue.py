"""The administrator edits the catalogue."""

import pytest

from tests.factories import REGION
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, Institution, School, SchoolKind, SchoolPeriod, Subject

NAMES = {"name_kk": "Жаңа университет", "name_ru": "Новый университет", "name_en": "New University"}
PERIOD = {
    "school_year": "2030-2031",
    "kind": "quarter",
    "number": "1",
    "starts_on": "2030-09-02",
    "ends_on": "2030-10-27",
    "note": "",
}


@pytest.fixture
def admin(client, make):
    return client.sign_in(make.administrator())


@pytest.fixture(autouse=True)
def as_it_was(app):
    """Put the catalogue back, which the other tests share."""
    before = {kind: set(db.session.scalars(db.select(kind.id))) for kind in (Institution, SchoolPeriod)}
    offered = set(db.session.scalars(db.select(Subject.code).where(Subject.is_offered)))
    institution = db.session.get(Institution, 1)
    names = (institution.name_kk, institution.name_ru, institution.name_en, institution.code, institution.region_code)
    yield
    db.session.rollback()
    for kind, kept in before.items():
        db.session.execute(db.delete(kind).where(kind.id.not_in(kept)))
    db.session.execute(db.update(Subject).values(is_offered=Subject.code.in_(offered)))
    columns = dict(zip(("name_kk", "name_ru", "name_en", "code", "region_code"), names, strict=True))
    db.session.execute(db.update(Institution).where(Institution.id == 1).values(**columns))
    db.session.commit()


def test_catalogue_says_what_it_holds(admin):
    text = admin.page("/administration/catalogue").text()
    assert "Universities and colleges" in text
    assert "with tutoring" in text


def test_institution_is_added_and_changed(admin):
    data = {**NAMES, "code": "NEW", "region_code": REGION}
    assert "New University" in admin.submit("/administration/catalogue/institutions/new", data).text()
    row = db.session.scalars(db.select(Institution).where(Institution.code == "NEW")).one()
    admin.submit(f"/administration/catalogue/institutions/{row.id}", {**data, "name_en": "Renamed"})
    db.session.refresh(row)
    assert row.name_en == "Renamed"
    assert [event.detail["added"] for event in db.session.scalars(db.select(AuditEvent))] == [True, False]


def test_code_of_another_institution_is_refused(admin, make):
    data = {**NAMES, "code": make.institution().code, "region_code": REGION}
    page = admin.submit("/administration/catalogue/institutions/new", data)
    assert "Another institution has this code." in page.text()
    assert page.all("input", name="name_en")[0].get("value") == "New University"


def test_school_is_added_changed_and_found(admin, make):
    district = make.district()
    data = {**NAMES, "name_en": "Village School", "district_id": district.id, "kind": "rural", "is_listed": "y"}
    admin.submit("/administration/catalogue/schools/new", data)
    row = db.session.scalars(db.select(School)).one()
    admin.submit(f"/administration/catalogue/schools/{row.id}", {**data, "kind": "small_scale"})
    db.session.refresh(row)
    assert (row.kind, row.is_listed) == (SchoolKind.SMALL_SCALE, True)
    assert "Village School" in admin.page("/administration/catalogue/schools?q=жаңа").text()
    assert "No school fits" in admin.page("/administration/catalogue/schools?q=100%25").text()
    assert "Village School" in admin.page(f"/administration/catalogue/schools?region={REGION}").text()


def test_school_that_a_teacher_added_is_marked_and_can_be_listed(admin, make):
    row = make.school(is_listed=False)
    assert "added by a teacher" in admin.page("/administration/catalogue/schools").text()
    data = {**NAMES, "district_id": row.district_id, "kind": "rural", "is_listed": "y"}
    admin.submit(f"/administration/catalogue/schools/{row.id}", data)
    db.session.refresh(row)
    assert row.is_listed


def test_period_is_added_changed_and_deleted(admin):
    assert "2030-2031" in admin.submit("/administration/catalogue/periods/new", PERIOD).text()
    row = db.session.scalars(db.select(SchoolPeriod).where(SchoolPeriod.school_year == "2030-2031")).one()
    admin.submit(f"/administration/catalogue/periods/{row.id}", {**PERIOD, "is_first_grade_only": "y"})
    db.session.refresh(row)
    assert row.grades == ("1",)
    assert (
        "checked"
        in admin.page(f"/administration/catalogue/periods/{row.id}").all("input", name="is_first_grade_only")[0].attrib
    )
    assert "2030-2031" not in admin.submit(f"/administration/catalogue/periods/{row.id}/delete").text()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ends_on": "2030-09-01"}, "The last day lies before the first."),
        ({"school_year": "2030"}, "Write the year like 2026-2027."),
        ({"number": "0"}, "Write a number from 1 to 9."),
        ({"starts_on": "2 September"}, "Not a valid date"),
    ],
)
def test_faulty_period_is_refused(admin, values, words):
    assert words in admin.submit("/administration/catalogue/periods/new", {**PERIOD, **values}).text()


def test_period_is_not_added_twice(admin):
    admin.submit("/administration/catalogue/periods/new", PERIOD)
    assert "already" in admin.submit("/administration/catalogue/periods/new", PERIOD).text()


def test_subject_is_offered_or_not(admin):
    address = "/administration/catalogue/subjects/PHYS"
    assert "is no longer offered" in admin.submit(f"{address}/withhold").text()
    assert not db.session.get(Subject, "PHYS", populate_existing=True).is_offered
    assert "is offered now" in admin.submit(f"{address}/offer").text()
    assert db.session.get(Subject, "PHYS", populate_existing=True).is_offered
