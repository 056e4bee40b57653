"""Mail about matches: one for each person, with what that person may know."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import ConsentState, OutboxMessage, Role
from tutormatch.services import matches

FORBIDDEN_WORDS = ("underperform", "weak", "слаб", "неуспев", "төмен", "репетитор")


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def outbox():
    return db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()


def test_each_tutor_and_teacher_gets_one_mail_with_all_pairs(make, coordinator, round_, clock):
    tutor = make.tutor(account=make.account(Role.TUTOR, locale="ru"))
    teacher = make.teacher(locale="kk")
    pairs = [make.proposal(make.pupil(teacher=teacher).needs[0], tutor, slot, round_) for slot in ("mon-15", "tue-16")]
    decision = matches.approve(coordinator, round_.id, [pair.id for pair in pairs])

    mails = outbox()
    assert [(mail.to_address, mail.locale) for mail in mails] == [(tutor.account.email, "ru"), (teacher.email, "kk")]
    for mail in mails:
        assert mail.decision_id == decision.id
        assert mail.not_before == clock.now() + timedelta(minutes=2)
        assert mail.sent_at is None
    for pair in pairs:
        assert pair.pupil.full_name in mails[1].body
        assert tutor.account.email in mails[1].body
        assert tutor.institution.name_kk in mails[1].body


def test_tutor_reads_only_what_a_tutor_may_know(make, coordinator, round_):
    pupil = make.pupil(last_name="Жасырын", consent_state=ConsentState.RECEIVED)
    need = pupil.needs[0]
    need.current_mark, need.topics = 31, "Quadratic equations"
    db.session.commit()
    for locale in ("kk", "ru", "en"):
        pupil_of_locale = pupil if locale == "kk" else make.pupil(last_name="Жасырын")
        tutor = make.tutor(account=make.account(Role.TUTOR, locale=locale))
        matches.approve(coordinator, round_.id, [make.proposal(pupil_of_locale.needs[0], tutor, round=round_).id])
    to_tutors = outbox()[::2]
    first = to_tutors[0]
    assert first.to_address != pupil.teacher.email
    for known in (pupil.first_name, pupil.school.name_kk, pupil.teacher.full_name, "school@example.org", "Quadratic"):
        assert known in first.body
    for mail in to_tutors:
        text = f"{mail.subject}\n{mail.body}"
        assert "Жасырын" not in text
        assert "31" not in mail.body
        assert not [word for word in FORBIDDEN_WORDS if word in text.casefold()]


def test_teacher_without_address_gets_no_mail(make, coordinator, round_):
    teacher = make.teacher()
    teacher.email = None
    db.session.commit()
    matches.approve(coordinator, round_.id, [make.proposal(make.pupil(teacher=teacher).needs[0], round=round_).id])
    assert len(outbox()) == 1
