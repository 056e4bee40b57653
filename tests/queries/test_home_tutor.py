from datetime import date

import pytest

from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slot
from tutormatch.models import DraftKind, MatchState, Role, TutorState
from tutormatch.queries import home_tutor
from tutormatch.queries.home_tutor import NextStep
from tutormatch.services import drafts


@pytest.mark.parametrize(("saved", "missing"), [([], "who"), (["who"], "what"), (["who", "what", "when"], "check")])
def test_home_names_the_step_of_the_sign_up_that_is_missing(make, saved, missing):
    account = make.account(Role.TUTOR)
    for step in saved:
        drafts.save_step(account, DraftKind.TUTOR_PROFILE, step, {})
    home = home_tutor.tutor(account)
    assert (home.step, home.missing) == (NextStep.FINISH_PROFILE, missing)


def test_home_asks_to_confirm_the_address_first(make):
    account = make.account(Role.TUTOR, email_confirmed_at=None)
    assert home_tutor.tutor(account).step == NextStep.CONFIRM_EMAIL
    make.tutor(account=account, state=TutorState.APPLIED)
    assert home_tutor.tutor(account).step == NextStep.CONFIRM_EMAIL


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ({"state": TutorState.APPLIED}, NextStep.WAIT_FOR_CHECK),
        ({"state": TutorState.DECLINED}, NextStep.DECLINED),
        ({"state": TutorState.LEFT}, NextStep.LEFT),
        ({"state": TutorState.PAUSED}, NextStep.PAUSED),
        ({"slots": ""}, NextStep.SET_SLOTS),
        ({"subjects": ()}, NextStep.SET_SLOTS),
        ({}, NextStep.WAIT_FOR_PUPIL),
    ],
)
def test_home_says_the_one_next_step(make, client, values, step):
    tutor = make.tutor(**values)
    assert home_tutor.tutor(tutor.account).step == step
    assert client.sign_in(tutor.account).page("/").heading.startswith("Hello")


@pytest.mark.parametrize(
    ("hours_later", "slot", "day", "is_now"),
    [
        (0, "fri-10", date(2026, 11, 20), True),
        (1, "mon-15", date(2026, 11, 23), False),
        (14, "mon-15", date(2026, 11, 23), False),
        (24 * 3 + 6, "fri-10", date(2026, 11, 27), False),
    ],
)
def test_home_tells_the_next_session(make, client, clock, hours_later, slot, day, is_now):
    tutor = make.tutor()
    make.proposal(tutor=tutor, slots="mon-15;fri-10", state=MatchState.APPROVED)
    clock.advance(hours=hours_later)
    home = home_tutor.tutor(tutor.account)
    assert home.step == NextStep.NEXT_SESSION
    assert home.next_session.session.slot == parse_slot(slot)
    assert home.next_session.day == day
    assert home.next_session.is_now is is_now
    client.sign_in(tutor.account).page("/")


def test_session_past_midnight_utc_is_today_in_programme_time(make, clock):
    tutor = make.tutor()
    make.proposal(tutor=tutor, slots="sat-08", state=MatchState.APPROVED)
    clock.advance(hours=15)  # Saturday 01:00 in Almaty, still Friday in UTC
    upcoming = home_tutor.tutor(tutor.account).next_session
    assert (upcoming.day, upcoming.days_ahead) == (date(2026, 11, 21), 0)
    db.session.rollback()
