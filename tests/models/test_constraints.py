"""The database refuses nonsense by itself."""

import pytest
from sqlalchemy.exc import IntegrityError

from tutormatch.extensions import db
from tutormatch.models import Match, MatchState, WeeklySession


def live_match(tutor, pupil, slot):
    need = pupil.needs[0]
    match = Match(
        need_id=need.id,
        pupil_id=pupil.id,
        tutor_id=tutor.id,
        state=MatchState.APPROVED,
        tutoring_language="kk",
        sessions=[WeeklySession(slot=slot, is_live=True)],
    )
    db.session.add(match)
    db.session.flush()
    return match


def test_tutor_cannot_have_two_live_sessions_in_one_slot(make):
    tutor, first, second = make.tutor(), make.pupil(), make.pupil()
    live_match(tutor, first, slot=15)
    with pytest.raises(IntegrityError):
        live_match(tutor, second, slot=15)


def test_pupil_cannot_have_two_live_sessions_in_one_slot(make):
    pupil = make.pupil(needs=("ALG", "PHYS"))
    live_match(make.tutor(), pupil, slot=15)
    db.session.add(
        Match(
            need_id=pupil.needs[1].id,
            pupil_id=pupil.id,
            tutor_id=make.tutor().id,
            state=MatchState.APPROVED,
            tutoring_language="kk",
            sessions=[WeeklySession(slot=15, is_live=True)],
        )
    )
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_session_cannot_name_another_tutor_than_its_match(make):
    match = live_match(make.tutor(), make.pupil(), slot=15)
    other = make.tutor()
    db.session.add(WeeklySession(match_id=match.id, tutor_id=other.id, pupil_id=match.pupil_id, slot=16))
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_need_has_one_approved_match(make):
    pupil = make.pupil()
    live_match(make.tutor(), pupil, slot=15)
    with pytest.raises(IntegrityError):
        live_match(make.tutor(), pupil, slot=40)


def test_consent_received_needs_date_and_form(make):
    with pytest.raises(IntegrityError):
        make.pupil(consent_on=None)


def test_pupil_needs_a_subject_once(make):
    with pytest.raises(IntegrityError):
        make.pupil(needs=("ALG", "ALG"), code="p-same")
