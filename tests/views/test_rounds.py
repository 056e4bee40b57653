"""Pages about rounds, as coordinators open them."""

import json

import pytest
from sqlalchemy import func, select

from tests.factories import OTHER_REGION
from tutormatch import wording
from tutormatch.extensions import db
from tutormatch.matching.solver import STAGES
from tutormatch.models import ConsentState, Round, RoundFailure, RoundState, ScopeKind, TutorState
from tutormatch.services import round_runs, rounds


@pytest.fixture
def coordinator(make):
    return make.coordinator(ScopeKind.REGION)


@pytest.fixture
def programme(make):
    """One tutor with one hour, two pupils who want it, one pupil without a common hour."""
    school = make.school(name_en="School of the River")
    teacher = make.teacher(school)
    make.tutor(slots="mon-15", sessions_per_week=1)
    for slots in ("mon-15", "mon-15", "sun-10"):
        make.pupil(teacher=teacher, slots=slots)
    return school


@pytest.fixture
def done(programme, coordinator):
    round_ = rounds.start(coordinator)
    round_runs.run(round_.id)
    return db.session.get(Round, round_.id, populate_existing=True)


def test_list_says_who_is_in_and_what_keeps_others_out(client, make, coordinator, programme):
    make.pupil(consent_state=ConsentState.PENDING, consent_on=None, consent_form=None)
    make.tutor(state=TutorState.APPLIED)
    page = client.sign_in(coordinator).page("/rounds")
    text = page.text()
    assert "pupils wait for a tutor 3" in text
    assert "tutor is checked and free 1" in text
    assert "1 pupil waits for the consent of the legal representative" in text
    assert "1 tutor is still to be checked" in text
    assert page.all("button", class_="btn-primary")


def test_start_is_not_offered_when_nobody_waits(client, make, coordinator):
    make.tutor()
    page = client.sign_in(coordinator).page("/rounds")
    assert "No pupil waits for a tutor" in page.text()
    assert not [form for form in page.all("form") if form.get("action") == "/rounds"]


def test_starting_leads_to_the_round_and_wakes_the_worker(client, coordinator, programme, woken):
    page = client.sign_in(coordinator).submit("/rounds")
    round_id = db.session.scalar(select(Round.id))
    assert page.heading == f"Round {round_id}"
    assert "You may close this page" in page.text()
    assert ("round", round_id) in woken


def test_pressing_start_twice_shows_the_one_round(client, coordinator, programme):
    client.sign_in(coordinator).submit("/rounds")
    page = client.submit("/rounds")
    assert "under way already" in page.text()
    assert db.session.scalar(select(func.count(Round.id))) == 1


def test_story_says_in_plain_words_what_is_proven(client, coordinator, done):
    text = client.sign_in(coordinator).page(f"/rounds/{done.id}").text()
    assert "1 of 3 pupils get a tutor. Proven: no matching can serve more." in text
    assert "1 pair of a need and a tutor was proposed." in text
    assert "2 needs have no tutor yet." in text
    assert "Every suitable tutor is full" in text


def test_waiting_list_shows_reason_and_funnel(client, coordinator, done):
    text = client.sign_in(coordinator).page(f"/rounds/{done.id}/waiting").text()
    assert "No common free time" in text
    assert "1 teach this subject → 1 teach it at this grade → 1 speak an accepted language" in text
    assert "0 share free time with the pupil" in text
    assert "School of the River" in text


@pytest.mark.parametrize(
    ("address", "rows"),
    [("reason=no_common_time", 1), ("reason=tutors_full", 1), ("subject=ALG", 2), ("subject=PHYS", 0), ("name=нет", 0)],
)
def test_waiting_list_is_narrowed_by_the_address(client, coordinator, done, address, rows):
    page = client.sign_in(coordinator).page(f"/rounds/{done.id}/waiting?{address}")
    assert sum(row.get("id", "").startswith("need-") for row in page.all("tr")) == rows


@pytest.mark.parametrize(
    "address", ["sort=nonsense&page=99", "page=-1&school=x", "reason=no_such&subject=%00", "sort=-pupil"]
)
def test_waiting_list_bears_any_address(client, coordinator, done, address):
    client.sign_in(coordinator).page(f"/rounds/{done.id}/waiting?{address}")


def test_progress_is_told_while_a_round_runs(client, coordinator, programme, clock):
    round_ = rounds.start(coordinator)
    client.sign_in(coordinator)
    answer = json.loads(client.get(f"/rounds/{round_.id}/progress").data)
    assert answer == {"is_under_way": True, "label": "waiting to start", "progress": 0}
    clock.advance(minutes=10)
    assert not json.loads(client.get(f"/rounds/{round_.id}/progress").data)["is_under_way"]


def test_round_that_fell_silent_can_be_started_again(client, coordinator, programme, clock, woken):
    round_ = rounds.start(coordinator)
    clock.advance(minutes=10)
    page = client.sign_in(coordinator).page(f"/rounds/{round_.id}")
    assert "the background worker has stopped" in page.text()
    woken.clear()
    client.submit(f"/rounds/{round_.id}/restart")
    assert woken == [("round", round_.id)]


def test_failed_round_says_why_with_its_reference(client, coordinator, programme):
    round_ = rounds.start(coordinator)
    round_.state, round_.failure, round_.reference = RoundState.FAILED, RoundFailure.SOLVER_ENDED, "AB12CD34"
    db.session.commit()
    text = client.sign_in(coordinator).page(f"/rounds/{round_.id}").text()
    assert "The solver ended before it had an answer." in text
    assert "AB12CD34" in text
    assert "Start this round again" in text


def test_round_that_is_done_is_not_started_again(client, coordinator, done):
    page = client.sign_in(coordinator).submit(f"/rounds/{done.id}/restart")
    assert "cannot be started again" in page.text()


@pytest.mark.parametrize("address", ["", "/progress", "/waiting"])
def test_rounds_of_other_scopes_are_not_found(client, make, done, address):
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    client.sign_in(stranger).page(f"/rounds/{done.id}{address}", status=404)
    local = make.coordinator(ScopeKind.INSTITUTION)
    client.sign_in(local).page(f"/rounds/{done.id}{address}", status=404)


def test_rounds_of_other_scopes_are_not_restarted(client, make, done):
    client.sign_in(make.coordinator(ScopeKind.REGION, region=OTHER_REGION)).submit(
        f"/rounds/{done.id}/restart", status=404
    )


def test_coordinator_of_the_country_sees_every_round(client, make, done):
    client.sign_in(make.coordinator()).page(f"/rounds/{done.id}")


@pytest.mark.parametrize("role", ["tutor", "teacher", "administrator"])
def test_other_roles_see_no_rounds(client, make, done, role):
    account = {"tutor": lambda: make.tutor().account, "teacher": make.teacher, "administrator": make.administrator}[
        role
    ]()
    client.sign_in(account)
    for address in ("/rounds", f"/rounds/{done.id}", f"/rounds/{done.id}/waiting"):
        client.page(address, status=403)
    client.submit("/rounds", status=403)


def test_every_stage_of_the_solver_has_words():
    assert {*STAGES, "done"} <= wording.STAGES.keys()
