"""What a coordinator does for a waiting pupil: asking for free hours, accepting a language, taking it back."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.factories import OTHER_REGION
from tests.mailbox import mails_to
from tutormatch.errors import AlreadyDecided, AlreadySent, MatchInTheWay, NotAllowed, NotFound
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, AuditKind, MatchState, OutboxMessage, Pupil, Remedy, ScopeKind, WaitingNeed
from tutormatch.services import remedies

CHANGES = [
    {"kind": "slot", "value": "tue-17", "tutors": 2, "tutor_ids": ["t1", "t2"]},
    {"kind": "language", "value": "ru", "tutors": 1, "tutor_ids": ["t1"]},
]


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def waiting(make, coordinator):
    need = make.pupil(tutoring_languages=("kk",)).needs[0]
    row = WaitingNeed(
        round_id=make.round(coordinator).id,
        need_id=need.id,
        reason="no_common_time",
        explanation={"is_matched": False, "funnel": [], "changes": CHANGES},
    )
    db.session.add(row)
    db.session.commit()
    return row


def kinds():
    return db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)).all()


def test_teacher_is_asked_once_for_the_hours_that_would_help(coordinator, waiting, woken):
    remedies.ask_for_free_time(coordinator, waiting.round_id, waiting.need_id)
    mail = db.session.scalars(select(OutboxMessage)).one()
    assert mail.to_address == waiting.need.pupil.teacher.email
    assert "Tuesday 17:00" in mail.body
    assert f"/pupils/{waiting.need.pupil_id}/" in mail.body
    assert ("mail",) in woken
    with pytest.raises(AlreadySent):
        remedies.ask_for_free_time(coordinator, waiting.round_id, waiting.need_id)
    assert db.session.scalars(select(Remedy.value)).all() == ["tue-17"]
    assert kinds() == [AuditKind.FREE_TIME_ASKED]


def test_nobody_is_asked_for_a_pupil_without_teacher(coordinator, waiting):
    waiting.need.pupil.teacher_id = None
    db.session.commit()
    with pytest.raises(NotAllowed):
        remedies.ask_for_free_time(coordinator, waiting.round_id, waiting.need_id)
    assert db.session.scalars(select(OutboxMessage)).all() == []


@pytest.mark.parametrize("closed", [{"email": None}, {"disabled_at": datetime(2026, 9, 1, tzinfo=UTC)}])
def test_teacher_who_cannot_be_written_to_is_not_noted_as_asked(coordinator, waiting, closed):
    for name, value in closed.items():
        setattr(waiting.need.pupil.teacher, name, value)
    db.session.commit()
    with pytest.raises(NotAllowed):
        remedies.ask_for_free_time(coordinator, waiting.round_id, waiting.need_id)
    assert db.session.scalars(select(Remedy)).all() == []


def test_teacher_hears_of_an_accepted_language_and_that_it_was_taken_back(coordinator, waiting, woken):
    remedy = remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    pupil = waiting.need.pupil
    (told,) = mails_to(pupil.teacher.email)
    assert pupil.full_name in told.body
    assert "can also be taught in Russian" in told.body
    assert f"/pupils/{pupil.id}/" in told.body
    assert ("mail",) in woken
    remedies.take_back_language(coordinator, remedy.id)
    _, taken_back = mails_to(pupil.teacher.email)
    assert "in Russian, and has taken this back" in taken_back.body


def test_language_is_accepted_for_a_pupil_without_teacher_and_nobody_is_told(coordinator, waiting):
    waiting.need.pupil.teacher_id = None
    db.session.commit()
    remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    assert db.session.get(Pupil, waiting.need.pupil_id).tutoring_languages == ("kk", "ru")
    assert db.session.scalars(select(OutboxMessage)).all() == []


def test_language_that_the_teacher_took_out_can_be_accepted_again(coordinator, waiting):
    first = remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    waiting.need.pupil.tutoring_languages = ("kk",)
    db.session.commit()
    second = remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    open_now = select(Remedy.id).where(Remedy.undone_at.is_(None))
    assert db.session.scalars(open_now).all() == [second.id] != [first.id]


def test_accepted_language_comes_last_and_can_be_taken_back(coordinator, waiting):
    remedy = remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    pupil_id = waiting.need.pupil_id
    assert db.session.get(Pupil, pupil_id).tutoring_languages == ("kk", "ru")
    with pytest.raises(AlreadyDecided):
        remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    remedies.take_back_language(coordinator, remedy.id)
    assert db.session.get(Pupil, pupil_id).tutoring_languages == ("kk",)
    with pytest.raises(AlreadyDecided):
        remedies.take_back_language(coordinator, remedy.id)
    assert kinds() == [AuditKind.LANGUAGE_ACCEPTED, AuditKind.LANGUAGE_TAKEN_BACK]


def test_only_a_language_that_would_help_is_accepted(coordinator, waiting):
    with pytest.raises(NotFound):
        remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "en")


def test_language_of_an_agreed_pair_stays(make, coordinator, waiting):
    remedy = remedies.accept_language(coordinator, waiting.round_id, waiting.need_id, "ru")
    make.proposal(waiting.need, make.tutor(), "mon-15", state=MatchState.APPROVED, tutoring_language="ru")
    with pytest.raises(MatchInTheWay):
        remedies.take_back_language(coordinator, remedy.id)
    assert db.session.get(Pupil, waiting.need.pupil_id).tutoring_languages == ("kk", "ru")


def test_coordinator_elsewhere_helps_no_pupil_of_another_region(make, waiting):
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    for step in (remedies.ask_for_free_time, lambda *where: remedies.accept_language(*where, "ru")):
        with pytest.raises(NotFound):
            step(stranger, waiting.round_id, waiting.need_id)
    remedy = remedies.accept_language(make.coordinator(), waiting.round_id, waiting.need_id, "ru")
    with pytest.raises(NotFound):
        remedies.take_back_language(stranger, remedy.id)
