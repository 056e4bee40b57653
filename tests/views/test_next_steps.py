"""From a result to the next step: the proof, what would help, a suggestion, recruitment."""

import pytest
from sqlalchemy import select

from tests.factories import OTHER_REGION
from tutormatch.extensions import db
from tutormatch.matching import Profile
from tutormatch.models import Match, MatchState, OutboxMessage, Pupil, Round, ScopeKind, WaitingNeed
from tutormatch.services import round_runs, rounds


@pytest.fixture
def coordinator(make):
    return make.coordinator(ScopeKind.REGION)


@pytest.fixture
def crowd(make):
    """Three pupils for one tutor of two sessions, one of them with another hour; a fourth speaks Kazakh alone."""
    make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=2)
    make.tutor((("PHYS", 7, 9),), slots="mon-15", tutoring_languages=("ru",))
    pupils = [make.pupil(slots=slots) for slots in ("mon-15", "mon-15", "tue-16")]
    return [*pupils, make.pupil(slots="mon-15", needs=("PHYS",))]


@pytest.fixture
def done(crowd, coordinator):
    round_ = rounds.start(coordinator)
    round_runs.run(round_.id)
    return db.session.get(Round, round_.id, populate_existing=True)


@pytest.fixture
def browser(client, coordinator):
    return client.sign_in(coordinator)


def buttons(page, word):
    return [page.text(button) for button in page.all("button") if word in page.text(button)]


def left(round_, subject):
    found = db.session.scalars(select(WaitingNeed).where(WaitingNeed.round_id == round_.id)).all()
    return next(row.need for row in found if row.need.subject_code == subject)


def test_round_keeps_the_profile_it_was_started_with(browser, crowd):
    page = browser.page("/rounds")
    assert len(page.all("input", type="radio", name="profile")) == len(Profile)
    browser.submit("/rounds", {"profile": "longest_wait_first"})
    round_ = db.session.scalars(select(Round)).one()
    assert round_.profile == Profile.LONGEST_WAIT_FIRST
    round_runs.run(round_.id)
    assert "this comes first: who has waited longest" in browser.page(f"/rounds/{round_.id}").text()


def test_unknown_profile_is_breadth_first(browser, crowd):
    browser.submit("/rounds", {"profile": "no such"})
    assert db.session.scalars(select(Round.profile)).one() == Profile.BREADTH_FIRST


def test_round_says_what_is_proven_of_each_level(browser, done):
    text = browser.page(f"/rounds/{done.id}").text()
    for words in ("Pupils with a tutor 2 The best there is", "Further sessions a week", "Unevenness"):
        assert words in text


def test_proof_tells_the_numbers_of_this_round(browser, done):
    page = browser.page(f"/rounds/{done.id}/proof")
    text = page.text()
    assert "4 pupils entered this round. It was started so that this comes first: as many pupils as possible." in text
    assert "2 of them get a tutor. The claim: nobody could have paired them so that more get one." in text
    assert "the urgent come first" in text
    assert "Both are equal" in text
    assert "Needs: 2. Sessions: 1. Left behind: 1." in text


def proof_with(browser, round_, profile, levels):
    """Open the proof of a round as if it had ended with these levels."""
    kept = {name: value for name, value in round_.certificate.items() if name != "levels"}
    round_.profile = profile
    round_.certificate = kept | {
        "levels": [
            dict(zip(("name", "reached", "bound", "proof", "by_priority"), (*each, {}), strict=True)) for each in levels
        ]
    }
    db.session.commit()
    return browser.page(f"/rounds/{round_.id}/proof").text()


def test_each_level_is_told_with_its_own_kind_of_proof(browser, done):
    levels = [
        ("breadth", 2, 2, "prices"),
        ("cover", 0, 1, "flow"),
        ("depth", 0, 3, "count"),
        ("balance", 2, 1, "exact"),
    ]
    text = proof_with(browser, done, Profile.BREADTH_FIRST, levels)
    for line in (
        "Pupils with a tutor 2 at most 2 by prices",
        "Further needs of these pupils with a tutor 0 at most 1 by a flow",
        "Further sessions a week with the same tutor 0 at most 3 by counting",
        "(less is better) 2 at least 1 by trying everything",
    ):
        assert line in text
    for words in (
        "adds the prices up again",
        "like water through pipes",
        "too generous",
        "does not do this work again",
    ):
        assert words in text


def test_kinds_of_proof_that_a_round_does_not_have_are_not_explained(browser, done):
    text = proof_with(browser, done, Profile.BREADTH_FIRST, [("breadth", 2, 2, "prices")])
    assert "adds the prices up again" in text
    assert "pipes" not in text
    assert "trying everything" not in text


def test_proof_of_a_round_for_all_sessions_claims_just_that(browser, done):
    levels = [("complete", 1, 1, "exact"), ("breadth", 1, 2, "prices")]
    text = proof_with(browser, done, Profile.DEPTH_FIRST, levels)
    assert "1 of them gets all the sessions that were asked for." in text
    assert "1 of 4 pupils get all the sessions that were asked for; more than 1 is not possible." in text
    assert "At most 1 of them could have had one if others had fewer sessions" in text
    assert "nobody could have paired them so that more get one" not in text


def test_proof_of_the_longest_wait_says_who_comes_first(browser, done):
    text = proof_with(browser, done, Profile.LONGEST_WAIT_FIRST, [("breadth", 2, 2, "prices")])
    assert "whoever has waited longer comes first" in text
    assert "the urgent come first" not in text


def test_proof_of_a_round_without_result_is_an_empty_state(make, browser, coordinator):
    round_ = make.round(coordinator)
    assert "There is no proof yet" in browser.page(f"/rounds/{round_.id}/proof").text()


def test_language_is_accepted_and_taken_back_on_the_waiting_list(browser, done):
    need = left(done, "PHYS")
    waiting = f"/rounds/{done.id}/waiting"
    page = browser.page(waiting)
    assert "One more accepted language: Russian." in page.text()
    assert buttons(page, "Accept") == ["Accept: Russian"]
    page = browser.submit(
        f"{waiting}/{need.id}/accept-language", {"tutoring_language": "ru", "next": f"{waiting}?subject=PHYS"}
    )
    assert "can now also be taught in Russian" in page.text()
    assert db.session.get(Pupil, need.pupil_id, populate_existing=True).tutoring_languages == ("kk", "ru")
    take_back = next(form.get("action") for form in page.all("form") if "take-back" in form.get("action", ""))
    browser.submit(take_back, {"next": waiting})
    assert db.session.get(Pupil, need.pupil_id, populate_existing=True).tutoring_languages == ("kk",)


def test_teacher_is_asked_from_the_waiting_list_once(browser, done):
    need = left(done, "ALG")
    waiting = f"/rounds/{done.id}/waiting"
    page = browser.page(waiting)
    if not buttons(page, "Ask the teacher"):
        row = db.session.scalars(select(WaitingNeed).where(WaitingNeed.need_id == need.id)).one()
        change = {"kind": "slot", "value": "tue-16", "tutors": 1, "tutor_ids": []}
        row.explanation = row.explanation | {"changes": [change]}
        db.session.commit()
        page = browser.page(waiting)
    assert buttons(page, "Ask the teacher") == ["Ask the teacher for these hours"]
    page = browser.submit(f"{waiting}/{need.id}/ask", {"next": waiting})
    assert "The teacher was asked on" in page.text()
    assert not buttons(page, "Ask the teacher")
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 1


def test_suggested_tutor_is_proposed(make, browser, done):
    need = left(done, "ALG")
    helper = make.tutor(slots="mon-15")
    address = f"/rounds/{done.id}/waiting/{need.id}/suggest"
    page = browser.page(address)
    assert helper.account.full_name in page.text()
    assert "Monday 15:00" in page.text()
    assert "In the language that the pupil wants most." in page.text()
    assert "priority" not in page.text()
    assert "A proposal is not agreed until you approve it." in page.text()
    shown = page.all("input", name="shown")[0].get("value")
    page = browser.submit(address.replace("suggest", "propose"), {"choice": helper.code, "shown": shown})
    assert "1 pair is proposed" in page.text()
    match = db.session.scalars(select(Match).where(Match.need_id == need.id)).one()
    assert (match.tutor_id, match.state) == (helper.id, MatchState.PROPOSED)
    assert "was proposed or approved" in browser.page(address).text()


def test_page_without_a_suggestion_does_not_speak_of_a_proposal(browser, done):
    text = browser.page(f"/rounds/{done.id}/waiting/{left(done, 'PHYS').id}/suggest").text()
    assert "Nobody can take this need now" in text
    assert "A proposal is not agreed" not in text


def test_suggestion_that_is_out_of_date_changes_nothing(browser, done):
    need = left(done, "ALG")
    page = browser.submit(f"/rounds/{done.id}/waiting/{need.id}/propose", {"choice": "chain", "shown": "old"})
    assert "Nothing was changed" in page.text()
    assert db.session.scalars(select(Match).where(Match.need_id == need.id)).all() == []


def test_recruitment_says_whom_to_look_for_and_where_hours_are_short(browser, done):
    page = browser.page("/recruitment")
    text = page.text()
    assert "Algebra" in text
    assert "tutor 1: 1 more" in text
    assert "Waiting needs by weekday and hour" in text
    assert f"/rounds/{done.id}/recruitment.csv" in page.links()
    table = browser.get(f"/rounds/{done.id}/recruitment.csv").get_data(as_text=True)
    assert table.startswith("\ufeffSubject;From grade")
    assert "Algebra" in table


def test_recruitment_is_empty_before_the_first_round(browser):
    assert "No advice yet" in browser.page("/recruitment").text()


@pytest.mark.parametrize("address", ["proof", "recruitment", "recruitment.csv", "waiting/1/suggest"])
def test_next_steps_of_other_scopes_are_not_found(client, make, done, address):
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    client.sign_in(stranger)
    assert client.get(f"/rounds/{done.id}/{address}").status_code == 404


def test_coordinator_of_a_university_reads_no_name_of_another(make, client, done):
    """A tutor of another institution is nobody's business here, nor is a pupil of another region."""
    local = make.coordinator(ScopeKind.INSTITUTION, institution=make.institution(OTHER_REGION))
    assert "No advice yet" in client.sign_in(local).page("/recruitment").text()
