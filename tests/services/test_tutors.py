import threading

import pytest
from sqlalchemy import func, select

from tutormatch.errors import AlreadyDecided, DomainError, NotAllowed, NotFound, SessionsInTheWay, StepMissing
from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slots
from tutormatch.models import Account, DraftKind, MatchState, Role, Tutor, TutorState
from tutormatch.services import drafts, tutors
from tutormatch.services.tutor_parts import FreeTime, Studies, TaughtSubject, Teaching

TEACHING = Teaching((TaughtSubject("ALG", 7, 9),), ("kk",), (), 1, "")
FREE_TIME = FreeTime(parse_slots("mon-15;tue-16"), 2, 2)


@pytest.fixture
def student(make):
    """A student who has saved all steps."""
    account = make.account(Role.TUTOR)
    tutors.save_step(account, "who", Studies(make.institution().id, "Mathematics", 2, False))
    tutors.save_step(account, "what", TEACHING)
    tutors.save_step(account, "when", FREE_TIME)
    return account


def number_of_tutors():
    return db.session.scalar(select(func.count()).select_from(Tutor))


def test_second_application_is_refused(student):
    tutors.apply_as_tutor(student, agrees_to_conduct=True)
    with pytest.raises(AlreadyDecided) as refusal:
        tutors.apply_as_tutor(student, agrees_to_conduct=True)
    assert refusal.value.state == TutorState.APPLIED
    with pytest.raises(AlreadyDecided):
        tutors.save_step(student, "when", FREE_TIME)
    assert drafts.load(student, DraftKind.TUTOR_PROFILE) == {}


def test_two_applications_at_once_make_one_tutor(app, student):
    start = threading.Barrier(2)
    outcomes = []

    def apply():
        with app.app_context():
            account = db.session.get(Account, student.id)
            db.session.rollback()
            start.wait()
            try:
                tutors.apply_as_tutor(account, agrees_to_conduct=True)
                outcomes.append("applied")
            except DomainError as error:
                outcomes.append(type(error).__name__)

    db.session.commit()
    threads = [threading.Thread(target=apply) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["AlreadyDecided", "applied"]
    assert number_of_tutors() == 1


def test_application_needs_every_step(make):
    account = make.account(Role.TUTOR)
    tutors.save_step(account, "when", FREE_TIME)
    with pytest.raises(StepMissing) as refusal:
        tutors.apply_as_tutor(account, agrees_to_conduct=True)
    assert refusal.value.step == "who"


@pytest.mark.parametrize("subject", [TaughtSubject("ALG", 6, 9), TaughtSubject("PE", 1, 11), TaughtSubject("X", 1, 2)])
def test_application_with_a_subject_that_does_not_fit_is_refused(student, subject):
    tutors.save_step(student, "what", Teaching((subject,), ("kk",), (), 1, ""))
    with pytest.raises(StepMissing) as refusal:
        tutors.apply_as_tutor(student, agrees_to_conduct=True)
    assert refusal.value.step == "what"
    assert number_of_tutors() == 0


def test_application_without_agreement_is_refused(student):
    with pytest.raises(NotAllowed):
        tutors.apply_as_tutor(student, agrees_to_conduct=False)


def test_only_tutors_apply(make):
    with pytest.raises(NotAllowed):
        tutors.save_step(make.teacher(), "what", TEACHING)


def test_nobody_changes_the_profile_of_another(make):
    tutor, stranger = make.tutor(), make.account(Role.TUTOR)
    with pytest.raises(NotFound):
        tutors.change_free_time(stranger, tutor.version, FREE_TIME)
    with pytest.raises(NotFound):
        tutors.leave(stranger, "reason")


def test_refused_change_names_the_sessions_and_changes_nothing(make):
    tutor = make.tutor()
    make.proposal(tutor=tutor, slots="mon-15;wed-17", state=MatchState.APPROVED)
    with pytest.raises(SessionsInTheWay) as refusal:
        tutors.change_free_time(tutor.account, tutor.version, FreeTime(parse_slots("mon-15"), 1, 1))
    assert {name: [session.slot for session in own] for name, own in refusal.value.sessions.items()} == {
        "slots": list(parse_slots("wed-17")),
        "sessions_per_week": sorted(parse_slots("mon-15;wed-17")),
    }
    db.session.expire_all()
    assert db.session.get(Tutor, tutor.id).sessions_per_week == 3


@pytest.mark.parametrize("state", [TutorState.APPLIED, TutorState.CHECKED, TutorState.PAUSED])
def test_active_tutor_may_leave(make, state):
    tutor = make.tutor(state=state)
    tutors.leave(tutor.account, "reason")
    assert tutor.state == TutorState.LEFT
