"""Schools of a coordinator's scope."""

import pytest

from tests.factories import OTHER_REGION
from tests.views.test_pupil_lists import names
from tutormatch.models import MatchState, ScopeKind, TeacherState


@pytest.fixture
def coordinator(make, client):
    coordinator = make.coordinator()
    client.sign_in(coordinator)
    return coordinator


def rows(page):
    return [[page.text(cell) for cell in row] for row in page.all("tr")[1:]]


def test_each_school_stands_with_its_region_and_its_pupils_by_state(client, make, coordinator):
    teacher = make.teacher(make.school(name_en="School 7"))
    waiting, proposed, matched = (make.pupil(teacher=teacher) for _number in range(3))
    make.proposal(proposed.needs[0])
    make.proposal(matched.needs[0], make.tutor(), state=MatchState.APPROVED)
    school = waiting.school
    [row] = [row for row in rows(client.page("/schools")) if row[0] == "School 7"]
    assert row == ["School 7", f"{school.district.name_en}, {school.district.region.name_en}", "1", "1", "1", "1"]


def test_schools_are_ordered_by_number_place_and_need(client, make, coordinator):
    for number in (12, 2, 1):
        make.school(name_en=f"School {number}")
    make.pupil(make.school(OTHER_REGION, name_en="Abai school"))
    everywhere = ["Abai school", "School 1", "School 2", "School 12"]
    assert names(client.page("/schools")) == everywhere
    assert names(client.page("/schools?sort=-name")) == everywhere[::-1]
    assert names(client.page("/schools?sort=-waiting"))[0] == "Abai school"
    assert names(client.page("/schools?sort=nonsense&page=-3")) == everywhere


def test_schools_are_searched_by_name_and_district_in_any_case(client, make, coordinator):
    school = make.school(name_en="Қайрат school")
    make.school(OTHER_REGION, name_en="Абай school")
    assert names(client.page("/schools?search=ҚАЙРАТ")) == ["Қайрат school"]
    assert names(client.page(f"/schools?search=қай+{school.district.name_en}")) == ["Қайрат school"]
    assert names(client.page(f"/schools?region={OTHER_REGION}")) == ["Абай school"]


def test_coordinator_of_a_region_sees_its_schools_only(client, make):
    here, there = make.school(), make.school(OTHER_REGION)
    client.sign_in(make.coordinator(ScopeKind.REGION))
    assert names(client.page("/schools")) == [here.name_en]
    client.page(f"/schools/{here.id}")
    client.page(f"/schools/{there.id}", status=404)
    client.page(f"/schools/{there.id}/timetable", status=404)
    client.page("/schools/99999", status=404)


def test_school_shows_its_pupils_and_teachers(client, make, coordinator):
    school = make.school()
    pupil = make.pupil(teacher=make.teacher(school, last_name="Мұғалім"))
    make.teacher(school, TeacherState.APPLIED, last_name="Жаңа")
    make.teacher(school, TeacherState.DECLINED, last_name="Бөтен")
    page = client.page(f"/schools/{school.id}")
    assert names(page) == [pupil.full_name, "Жаңа Айгүл", "Мұғалім Айгүл"]
    assert "to be admitted" in page.text()


def test_tutor_of_another_university_stands_without_a_name(client, make):
    pupil, own, other = make.pupil(needs=("ALG", "PHYS")), make.tutor(), make.tutor()
    other.institution_id = make.institution(OTHER_REGION).id
    make.proposal(pupil.needs[0], own, "mon-15", state=MatchState.APPROVED)
    make.proposal(pupil.needs[1], other, "tue-16", state=MatchState.APPROVED)
    client.sign_in(make.coordinator(ScopeKind.INSTITUTION))
    for address in (f"/schools/{pupil.school_id}/timetable", f"/pupils/{pupil.id}"):
        page = client.page(address).html
        assert own.account.last_name in page
        assert other.institution.name_en in page
        assert other.account.last_name not in page
    client.sign_in(make.coordinator())
    for address in (f"/schools/{pupil.school_id}/timetable", f"/pupils/{pupil.id}"):
        assert other.account.last_name in client.page(address).html


def test_pupils_page_links_only_to_pairs_that_open(client, make):
    pupil, region = make.pupil(), make.coordinator(ScopeKind.REGION)
    pair = make.proposal(pupil.needs[0], round=make.round(region))
    for coordinator, is_open in ((make.coordinator(ScopeKind.INSTITUTION), False), (region, True)):
        client.sign_in(coordinator)
        assert (f"/matches/{pair.id}" in client.page(f"/pupils/{pupil.id}").links()) == is_open
        client.page(f"/matches/{pair.id}", status=200 if is_open else 404)


def test_school_has_a_timetable_of_its_sessions(client, make, coordinator):
    pupil = make.pupil(last_name="Оқушыев")
    assert "No sessions yet" in client.page(f"/schools/{pupil.school_id}/timetable").text()
    make.proposal(pupil.needs[0], make.tutor(), slots="mon-15", state=MatchState.APPROVED)
    page = client.page(f"/schools/{pupil.school_id}/timetable")
    assert "Оқушыев Данияр, 8Ә" in page.text()
    assert f"/pupils/{pupil.id}" in page.links()


@pytest.mark.parametrize("role", ["teacher", "administrator"])
def test_other_roles_see_no_schools(client, make, role):
    school = make.school()
    client.sign_in(getattr(make, role)())
    for address in ("/schools", f"/schools/{school.id}", f"/schools/{school.id}/timetable"):
        client.page(address, status=403)
