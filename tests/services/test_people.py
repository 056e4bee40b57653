"""Checking tutors and admitting teachers: facts, scope, who decides first."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import select

from tests.factories import OTHER_REGION, REGION
from tests.mailbox import mails_to, only_mail_to
from tutormatch.errors import (
    AlreadyDecided,
    EmailNotConfirmed,
    FactsMissing,
    NotAllowed,
    NotFound,
    StaleVersion,
)
from tutormatch.extensions import db
from tutormatch.models import Account, AuditEvent, AuditKind, Role, ScopeKind, TeacherState, TutorState
from tutormatch.services import people

FACTS = people.Facts(
    identity_seen=True,
    no_criminal_record_on=date(2026, 10, 1),
    parent_agreed_on=None,
    briefed_on=date(2026, 11, 2),
    note="Seen in the faculty office.",
)
FACTS_OF_MINOR = replace(FACTS, no_criminal_record_on=None, parent_agreed_on=date(2026, 10, 5))


@pytest.fixture
def applicant(make):
    def applicant(**values):
        return make.tutor(state=TutorState.APPLIED, **values)

    return applicant


def kinds():
    return [event.kind for event in db.session.scalars(select(AuditEvent).order_by(AuditEvent.id))]


def test_check_keeps_what_was_seen_by_whom_and_when(applicant, make, clock):
    coordinator, tutor = make.coordinator(), applicant(conditions=("sen",))
    people.check_tutor(coordinator, tutor.id, tutor.version, replace(FACTS, confirmed_conditions=("sen",)))
    db.session.refresh(tutor)
    assert tutor.state == TutorState.CHECKED
    assert (tutor.checked_by, tutor.checked_at) == (coordinator, clock.now())
    assert (tutor.no_criminal_record_on, tutor.briefed_on) == (date(2026, 10, 1), date(2026, 11, 2))
    assert tutor.confirmed_conditions == ("sen",)
    assert tutor.identity_seen
    assert kinds() == [AuditKind.TUTOR_CHECKED]
    assert "checked" in only_mail_to(tutor.account.email).subject


def test_check_confirms_no_condition_that_the_tutor_does_not_claim(applicant, make):
    tutor = applicant()
    people.check_tutor(make.coordinator(), tutor.id, tutor.version, replace(FACTS, confirmed_conditions=("sen",)))
    assert tutor.confirmed_conditions == ()


def test_tutor_hears_of_the_check_in_the_own_locale(applicant, make):
    tutor = applicant(account=make.account(Role.TUTOR, locale="ru"))
    people.check_tutor(make.coordinator(), tutor.id, tutor.version, FACTS)
    assert only_mail_to(tutor.account.email).locale == "ru"


@pytest.mark.parametrize(
    "faulty",
    [
        {"identity_seen": False},
        {"no_criminal_record_on": None},
        {"no_criminal_record_on": date(2026, 11, 21)},
        {"briefed_on": date(2026, 11, 21)},
    ],
)
def test_adult_is_not_checked_without_the_facts(applicant, make, faulty):
    tutor = applicant()
    with pytest.raises(FactsMissing):
        people.check_tutor(make.coordinator(), tutor.id, tutor.version, replace(FACTS, **faulty))
    assert tutor.state == TutorState.APPLIED


def test_minor_needs_the_agreement_of_a_parent_and_no_certificate(applicant, make):
    tutor = applicant(is_minor=True)
    with pytest.raises(FactsMissing):
        people.check_tutor(make.coordinator(), tutor.id, tutor.version, FACTS)
    people.check_tutor(make.coordinator(), tutor.id, tutor.version, FACTS_OF_MINOR)
    assert tutor.parent_agreed_on == date(2026, 10, 5)
    assert tutor.no_criminal_record_on is None


def test_nobody_is_checked_without_the_code_of_conduct(applicant, make):
    tutor = applicant(conduct_agreed_at=None)
    with pytest.raises(FactsMissing):
        people.check_tutor(make.coordinator(), tutor.id, tutor.version, FACTS)


def test_tutor_without_a_confirmed_address_cannot_be_checked(applicant, make):
    tutor = applicant(account=make.account(Role.TUTOR, email_confirmed_at=None))
    with pytest.raises(EmailNotConfirmed):
        people.check_tutor(make.coordinator(), tutor.id, tutor.version, FACTS)


def test_second_of_two_coordinators_hears_that_the_tutor_is_checked(applicant, make):
    tutor, first, second = applicant(), make.coordinator(), make.coordinator()
    seen = tutor.version
    people.check_tutor(first, tutor.id, seen, FACTS)
    with pytest.raises(AlreadyDecided) as refused:
        people.change_tutor(second, tutor.id, "decline", seen, "No certificate.")
    assert refused.value.state == TutorState.CHECKED
    assert tutor.checked_by == first
    assert len(mails_to(tutor.account.email)) == 1


def test_of_two_coordinators_at_the_same_moment_one_decides(app, applicant, make):
    tutor, coordinators = applicant(), [make.coordinator(), make.coordinator()]
    tutor_id, seen, ids = tutor.id, tutor.version, [coordinator.id for coordinator in coordinators]
    db.session.commit()
    start = Barrier(2)

    def decide(decision, account_id):
        with app.app_context():
            coordinator = db.session.get(Account, account_id)
            db.session.rollback()
            start.wait()
            try:
                if decision == "check":
                    people.check_tutor(coordinator, tutor_id, seen, FACTS)
                else:
                    people.change_tutor(coordinator, tutor_id, decision, seen, "No room")
            except (AlreadyDecided, StaleVersion):
                return False
            return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(decide, ("check", "decline"), ids)) == [False, True]
    db.session.refresh(tutor)
    assert len(mails_to(tutor.account.email)) == 1
    assert len(kinds()) == 1


def test_profile_that_changed_since_the_page_was_opened_is_looked_at_again(applicant, make):
    tutor = applicant()
    seen = tutor.version
    tutor.is_minor = True
    db.session.commit()
    with pytest.raises(StaleVersion):
        people.check_tutor(make.coordinator(), tutor.id, seen, FACTS)


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        ("decline", TutorState.APPLIED, TutorState.DECLINED),
        ("uncheck", TutorState.CHECKED, TutorState.APPLIED),
        ("uncheck", TutorState.PAUSED, TutorState.APPLIED),
        ("pause", TutorState.CHECKED, TutorState.PAUSED),
        ("resume", TutorState.PAUSED, TutorState.CHECKED),
    ],
)
def test_tutor_changes_state_and_is_told_why(make, change, before, after):
    tutor, coordinator = make.tutor(state=before, briefed_on=date(2026, 9, 1)), make.coordinator()
    tutor.checked_at = tutor.applied_at
    db.session.commit()
    people.change_tutor(coordinator, tutor.id, change, tutor.version, "Because of the exams.")
    assert tutor.state == after
    mail = only_mail_to(tutor.account.email)
    assert ("Because of the exams." in mail.body) == (change != "resume")
    assert kinds() == [people.CHANGES[change].kind]


@pytest.mark.parametrize("change", list(people.CHANGES))
@pytest.mark.parametrize("state", list(TutorState))
def test_tutor_changes_only_from_the_states_named(make, change, state):
    if state in people.CHANGES[change].before:
        return
    tutor = make.tutor(state=state)
    with pytest.raises(AlreadyDecided):
        people.change_tutor(make.coordinator(), tutor.id, change, tutor.version, "x")
    assert tutor.state == state


def test_pause_keeps_what_was_confirmed(applicant, make):
    tutor, coordinator = applicant(), make.coordinator()
    people.check_tutor(coordinator, tutor.id, tutor.version, FACTS)
    people.change_tutor(coordinator, tutor.id, "pause", tutor.version, "Exams")
    people.change_tutor(coordinator, tutor.id, "resume", tutor.version, "")
    assert tutor.is_checked
    assert tutor.no_criminal_record_on == date(2026, 10, 1)


def test_coordinator_checks_only_tutors_of_the_own_scope(applicant, make):
    tutor = applicant()
    elsewhere = make.institution(OTHER_REGION)
    for outsider in (
        make.coordinator(ScopeKind.REGION, OTHER_REGION),
        make.coordinator(ScopeKind.INSTITUTION, institution=elsewhere),
    ):
        with pytest.raises(NotFound):
            people.check_tutor(outsider, tutor.id, tutor.version, FACTS)
        with pytest.raises(NotFound):
            people.change_tutor(outsider, tutor.id, "decline", tutor.version, "x")
    people.check_tutor(make.coordinator(ScopeKind.INSTITUTION), tutor.id, tutor.version, FACTS)


@pytest.mark.parametrize("role", [Role.TUTOR, Role.TEACHER, Role.ADMINISTRATOR])
def test_only_coordinators_check_and_admit(applicant, make, role):
    tutor, teacher, person = applicant(), make.teacher(state=TeacherState.APPLIED), make.account(role)
    with pytest.raises(NotAllowed):
        people.check_tutor(person, tutor.id, tutor.version, FACTS)
    with pytest.raises(NotAllowed):
        people.decide_teachers(person, {teacher.id: TeacherState.APPLIED}, TeacherState.ADMITTED, "")


def test_several_teachers_are_admitted_at_once_and_their_new_school_is_listed(make, clock):
    coordinator = make.coordinator()
    school = make.school(is_listed=False)
    teachers = [make.teacher(school, TeacherState.APPLIED) for _number in range(3)]
    seen = {teacher.id: TeacherState.APPLIED for teacher in teachers}
    decided = people.decide_teachers(coordinator, seen, TeacherState.ADMITTED, "")
    assert len(decided.changed) == 3
    for teacher in teachers:
        assert teacher.teacher.is_admitted
        assert (teacher.teacher.decided_by, teacher.teacher.decided_at) == (coordinator, clock.now())
        assert "nominate" in only_mail_to(teacher.email).subject
    assert school.is_listed
    assert kinds() == [AuditKind.TEACHER_ADMITTED] * 3


def test_declined_teacher_reads_why_and_can_be_admitted_later(make):
    coordinator, teacher = make.coordinator(), make.teacher(state=TeacherState.APPLIED)
    people.decide_teachers(coordinator, {teacher.id: TeacherState.APPLIED}, TeacherState.DECLINED, "Who are you?")
    assert "Who are you?" in only_mail_to(teacher.email).body
    decided = people.decide_teachers(
        coordinator, {teacher.id: TeacherState.DECLINED}, TeacherState.ADMITTED, "Now I know."
    )
    assert decided.changed == [teacher.teacher]


def test_second_of_two_coordinators_does_not_undo_the_first(make):
    first, second = make.coordinator(), make.coordinator()
    taken, free = make.teacher(state=TeacherState.APPLIED), make.teacher(state=TeacherState.APPLIED)
    people.decide_teachers(first, {taken.id: TeacherState.APPLIED}, TeacherState.ADMITTED, "")
    decided = people.decide_teachers(
        second, {taken.id: TeacherState.APPLIED, free.id: TeacherState.APPLIED}, TeacherState.DECLINED, "no"
    )
    assert (decided.changed, decided.overtaken) == ([free.teacher], [taken.teacher])
    assert taken.teacher.is_admitted
    assert taken.teacher.decided_by == first


def test_teacher_without_a_confirmed_address_cannot_be_admitted(make):
    teacher = make.teacher(state=TeacherState.APPLIED, email_confirmed_at=None)
    seen = {teacher.id: TeacherState.APPLIED}
    decided = people.decide_teachers(make.coordinator(), seen, TeacherState.ADMITTED, "")
    assert (decided.changed, decided.unconfirmed) == ([], [teacher.teacher])
    assert people.decide_teachers(make.coordinator(), seen, TeacherState.DECLINED, "no").changed


def test_coordinator_decides_about_no_teacher_outside_of_the_scope(make):
    near = make.teacher(make.school(REGION), TeacherState.APPLIED)
    far = make.teacher(make.school(OTHER_REGION), TeacherState.APPLIED)
    coordinator = make.coordinator(ScopeKind.REGION, REGION)
    with pytest.raises(NotFound):
        people.decide_teachers(
            coordinator,
            {near.id: TeacherState.APPLIED, far.id: TeacherState.APPLIED},
            TeacherState.ADMITTED,
            "",
        )
    assert not near.teacher.is_admitted
