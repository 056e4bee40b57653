"""The end of matches under way."""

import pytest
from sqlalchemy import select

from tutormatch.errors import AlreadyDecided, NotAllowed
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, AuditKind, Match, MatchState, OutboxMessage, Role, ScopeKind, TeacherState
from tutormatch.services import matches


@pytest.fixture
def under_way(make):
    return make.proposal(state=MatchState.APPROVED)


def mails():
    return db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()


def test_coordinator_ends_a_match_and_frees_its_time(make, clock, under_way):
    matches.end_match(make.coordinator(), under_way, "The tutor is ill")

    db.session.expire_all()
    match = db.session.get(Match, under_way.id)
    assert (match.state, match.end_reason, match.ended_at) == (MatchState.ENDED, "The tutor is ill", clock.now())
    assert not any(session.is_live for session in match.sessions)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.MATCH_ENDED)).one()
    assert event.subject_id == match.id


def test_tutor_and_teacher_may_end_their_match(make):
    for role in (Role.TUTOR, Role.TEACHER):
        match = make.proposal(state=MatchState.APPROVED)
        actor = match.tutor.account if role == Role.TUTOR else match.pupil.teacher
        matches.end_match(actor, match, "moved away")
        assert match.state == MatchState.ENDED


def test_strangers_may_not_end_a_match(make, under_way):
    strangers = [
        make.tutor().account,
        make.teacher(),
        make.administrator(),
        make.coordinator(ScopeKind.REGION, region="KZ-39"),
    ]
    for stranger in strangers:
        with pytest.raises(NotAllowed):
            matches.end_match(stranger, under_way, "why not")
    db.session.expire_all()
    assert under_way.state == MatchState.APPROVED


def test_teacher_who_was_declined_ends_nothing_and_gets_no_mail_about_pupils(make, under_way):
    teacher = under_way.pupil.teacher
    teacher.teacher.state = TeacherState.DECLINED
    db.session.commit()
    with pytest.raises(NotAllowed):
        matches.end_match(teacher, under_way, "why not")
    matches.end_match(make.coordinator(), under_way, "The teacher has left")
    assert [mail.to_address for mail in mails()] == [under_way.tutor.account.email]


@pytest.mark.parametrize("state", [MatchState.PROPOSED, MatchState.ENDED])
def test_only_a_match_under_way_can_end(make, state):
    match = make.proposal(state=state)
    with pytest.raises(AlreadyDecided) as refusal:
        matches.end_match(make.coordinator(), match, "late")
    assert refusal.value.state == state


def test_one_mail_for_each_person_in_own_language_without_the_reason(make):
    tutor = make.tutor(account=make.account(Role.TUTOR, locale="ru"))
    teacher = make.teacher(locale="kk")
    pairs = [
        make.proposal(make.pupil(teacher=teacher).needs[0], tutor, slot, state=MatchState.APPROVED)
        for slot in ("mon-15", "tue-16")
    ]
    matches.end_matches(tutor.account, pairs, "Secret reason")

    written = mails()
    assert [(mail.to_address, mail.locale) for mail in written] == [
        (tutor.account.email, "ru"),
        (teacher.email, "kk"),
    ]
    for pair in pairs:
        assert pair.pupil.first_name in written[0].body
        assert pair.pupil.last_name not in written[0].body
        assert pair.pupil.full_name in written[1].body
    assert not any("Secret" in mail.body for mail in written)
