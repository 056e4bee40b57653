"""What each reader sees of a small group: the tutor all names, a teacher how many others, a coordinator the pairs."""

import pytest

from tests.factories import OTHER_REGION
from tutormatch.extensions import db
from tutormatch.models import ScopeKind
from tutormatch.services import matches


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def group(make, coordinator):
    """Return the round and two proposals, the second joining the first, of pupils of different regions."""
    tutor = make.tutor(slots="mon-15", sessions_per_week=1, group_size=2)
    round_ = make.round(coordinator)
    pupils = [
        make.pupil(make.school(region=region), slots="mon-15", first_name=first_name, last_name=last_name)
        for region, first_name, last_name in (
            ("KZ-59", "Аружан", "Біріншиева"),
            (OTHER_REGION, "Ерасыл", "Екіншиев"),
        )
    ]
    for pupil in pupils:
        pupil.needs[0].is_group_ok = True
    db.session.commit()
    host = make.proposal(pupils[0].needs[0], tutor, "mon-15", round_)
    return round_, host, make.proposal(pupils[1].needs[0], tutor, "mon-15", round_, joins_id=host.id)


@pytest.fixture
def agreed(coordinator, group):
    round_, host, joining = group
    matches.approve(coordinator, round_.id, [host.id, joining.id])
    return host, joining


def test_tutor_reads_both_names(client, agreed):
    host, _ = agreed
    client.sign_in(host.tutor.account)
    assert "In a small group with Ерасыл" in client.page("/tutors/pupils").text()
    text = client.page("/timetable").text()
    assert "Аружан" in text
    assert "Ерасыл" in text


@pytest.mark.parametrize("place", [0, 1])
def test_teacher_reads_how_many_others_there_are_and_no_name(client, agreed, place):
    own, other = agreed[place], agreed[1 - place]
    client.sign_in(own.pupil.teacher)
    for address in ("/timetable", f"/pupils/{own.pupil_id}"):
        text = client.page(address).text()
        assert "in a small group, with 1 other pupil" in text
        assert other.pupil.first_name not in text
        assert other.pupil.last_name not in text


def test_coordinator_sees_who_shares_the_sessions_of_a_proposal(client, coordinator, group):
    round_, host, joining = group
    client.sign_in(coordinator)
    assert client.page(f"/rounds/{round_.id}/proposals").text().count("in a small group, with 1 other pupil") == 2
    page = client.page(f"/matches/{joining.id}")
    assert f"/matches/{host.id}" in page.links()
    assert "Approve that pair first, or both together." in page.text()


def test_coordinator_of_one_region_reads_no_name_of_another(make, client, agreed):
    host, joining = agreed
    client.sign_in(make.coordinator(ScopeKind.REGION, region="KZ-59"))
    text = client.page(f"/matches/{host.id}").text()
    assert "a pupil of another region" in text
    assert joining.pupil.last_name not in text


def test_joining_pair_alone_is_not_approved_and_the_page_says_why(client, coordinator, group):
    round_, _host, joining = group
    page = client.sign_in(coordinator).submit(f"/rounds/{round_.id}/approve", {"match_ids": joining.id}, status=409)
    assert "This pupil joins the sessions of another pair." in page.text()


def test_undoing_the_host_says_that_another_pupil_has_joined(client, coordinator, group):
    round_, host, joining = group
    decision = matches.approve(coordinator, round_.id, [host.id])
    matches.approve(coordinator, round_.id, [joining.id])
    page = client.sign_in(coordinator).submit(f"/decisions/{decision.id}/undo", status=409)
    assert page.heading == "Another pupil has joined these sessions"
