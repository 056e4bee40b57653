"""Changes of nominations, as the service keeps them whatever the forms let through."""

from datetime import date

import pytest
from sqlalchemy import select

from tests.factories import OTHER_REGION
from tutormatch.errors import AlreadyDecided, MatchInTheWay, NotAllowed, NotFound, StaleVersion, SubjectNotTaught
from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slots
from tutormatch.models import (
    AuditEvent,
    AuditKind,
    ConsentForm,
    ConsentState,
    Device,
    Match,
    MatchState,
    OutboxMessage,
    Place,
    Priority,
    ScopeKind,
    Shift,
)
from tutormatch.services import pupils
from tutormatch.services.pupils import Consent, When, Who, Wish

ON_PAPER = Consent(ConsentState.RECEIVED, date(2026, 9, 5), ConsentForm.PAPER)


def who(**values):
    return Who(
        **{
            "first_name": "Аружан",
            "last_name": "Оқушыева",
            "grade": 8,
            "class_label": "8Ә",
            "instruction_language": "kk",
            "tutoring_languages": ("kk",),
            **values,
        }
    )


def who_of(pupil, **values):
    return who(first_name=pupil.first_name, last_name=pupil.last_name, **{"grade": pupil.grade, **values})


def when(slots="mon-15;tue-16", **values):
    return When(
        **{
            "shift": Shift.FIRST,
            "place": Place.HOME,
            "device": Device.PHONE,
            "slots": parse_slots(slots),
            **values,
        }
    )


def state_of(match):
    return db.session.scalar(select(Match.state).where(Match.id == match.id))


def mails():
    return db.session.scalars(select(OutboxMessage.to_address)).all()


def kinds():
    return db.session.scalars(select(AuditEvent.kind).order_by(AuditEvent.id)).all()


@pytest.fixture
def pupil(make):
    return make.pupil(slots="mon-15;tue-16;wed-17")


@pytest.fixture
def agreed(make, pupil):
    """A match of the pupil's that is under way, on Monday at 15:00."""
    return make.proposal(pupil.needs[0], make.tutor(), slots="mon-15", state=MatchState.APPROVED)


@pytest.fixture
def proposed(make, pupil):
    return make.proposal(pupil.needs[0], make.tutor(), slots="mon-15")


CHANGES = {
    "who": lambda actor, pupil, version: pupils.change_who(actor, pupil.id, version, who_of(pupil)),
    "needs": lambda actor, pupil, version: pupils.change_needs(actor, pupil.id, version, [Wish("ALG", 8)]),
    "when": lambda actor, pupil, version: pupils.change_when(actor, pupil.id, version, when()),
    "consent": lambda actor, pupil, version: pupils.set_consent(actor, pupil.id, version, ON_PAPER),
    "withdraw": lambda actor, pupil, version: pupils.withdraw(actor, pupil.id, version),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_only_the_own_teacher_changes_a_nomination(make, pupil, change):
    with pytest.raises(NotFound):
        change(make.teacher(), pupil, pupil.version)
    with pytest.raises(NotFound):
        change(make.teacher(pupil.school), pupil, pupil.version)
    with pytest.raises(NotAllowed):
        change(make.coordinator(), pupil, pupil.version)
    with pytest.raises(NotFound):
        change(make.coordinator(ScopeKind.REGION, OTHER_REGION), pupil, pupil.version)
    assert kinds() == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_form_made_from_an_older_version_is_refused(pupil, change):
    version = pupil.version
    pupils.change_needs(pupil.teacher, pupil.id, version, [Wish("ALG", 8, topics="powers")])
    with pytest.raises(StaleVersion):
        change(pupil.teacher, pupil, version)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_makes_a_new_version_and_is_recorded(pupil, change):
    version = pupil.version
    change(pupil.teacher, pupil, version)
    db.session.refresh(pupil)
    assert pupil.version > version
    assert len(kinds()) == 1


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_withdrawn_nomination_is_not_changed_any_more(pupil, change):
    pupils.withdraw(pupil.teacher, pupil.id, pupil.version)
    with pytest.raises(AlreadyDecided):
        change(pupil.teacher, pupil, pupil.version)


def test_other_subject_closes_the_need_and_opens_another(clock, pupil):
    clock.advance(days=3)
    before = pupil.needs[0]
    pupils.change_needs(pupil.teacher, pupil.id, pupil.version, [Wish("GEOM", 8)])
    db.session.expire_all()
    assert before.closed_at == clock.now()
    [need] = pupil.open_needs
    assert (need.subject_code, need.opened_on) == ("GEOM", date(2026, 11, 23))


def test_same_subject_stays_the_same_need_and_keeps_its_waiting_time(clock, pupil):
    before = pupil.needs[0]
    clock.advance(days=3)
    pupils.change_needs(
        pupil.teacher,
        pupil.id,
        pupil.version,
        [Wish("GEOM", 8), Wish("ALG", 7, Priority.URGENT, 2, True, 40, "powers")],
    )
    db.session.expire_all()
    assert (before.grade, before.priority, before.sessions_per_week, before.topics) == (7, 3, 2, "powers")
    assert (before.closed_at, before.opened_on) == (None, date(2026, 11, 20))
    assert {need.subject_code for need in pupil.open_needs} == {"ALG", "GEOM"}


def test_subject_comes_back_as_a_new_need_with_a_code_of_its_own(pupil):
    for wish in (Wish("GEOM", 8), Wish("ALG", 8)):
        pupils.change_needs(pupil.teacher, pupil.id, pupil.version, [wish])
    codes = [need.code for need in pupil.needs]
    assert codes == [f"{pupil.code}-ALG", f"{pupil.code}-GEOM", f"{pupil.code}-ALG-2"]


def test_need_with_an_agreed_match_cannot_be_removed(pupil, agreed):
    with pytest.raises(MatchInTheWay) as caught:
        pupils.change_needs(pupil.teacher, pupil.id, pupil.version, [Wish("GEOM", 8)])
    assert caught.value.match_ids == (agreed.id,)
    db.session.expire_all()
    assert [need.subject_code for need in pupil.open_needs] == ["ALG"]
    assert state_of(agreed) == MatchState.APPROVED


def test_removed_need_takes_its_proposal_with_it(pupil, proposed):
    pupils.change_needs(pupil.teacher, pupil.id, pupil.version, [Wish("GEOM", 8)])
    assert state_of(proposed) == MatchState.SUPERSEDED
    assert mails() == []


def test_free_time_must_keep_the_agreed_sessions(pupil, agreed):
    with pytest.raises(MatchInTheWay):
        pupils.change_when(pupil.teacher, pupil.id, pupil.version, when("tue-16"))
    db.session.expire_all()
    assert pupil.slots == parse_slots("mon-15;tue-16;wed-17")
    pupils.change_when(pupil.teacher, pupil.id, pupil.version, when("mon-15"))
    assert state_of(agreed) == MatchState.APPROVED


@pytest.mark.parametrize(("slots", "state"), [("tue-16", MatchState.SUPERSEDED), ("mon-15", MatchState.PROPOSED)])
def test_proposal_outside_of_the_new_free_time_is_withdrawn(pupil, proposed, slots, state):
    pupils.change_when(pupil.teacher, pupil.id, pupil.version, when(slots))
    assert state_of(proposed) == state


def test_fewer_tutors_than_agreed_are_refused(make):
    pupil = make.pupil(needs=("ALG", "PHYS"))
    make.proposal(pupil.needs[0], make.tutor(), slots="mon-15", state=MatchState.APPROVED)
    make.proposal(pupil.needs[1], make.tutor([("PHYS", 7, 9)]), slots="tue-16", state=MatchState.APPROVED)
    with pytest.raises(MatchInTheWay):
        pupils.change_when(pupil.teacher, pupil.id, pupil.version, when(max_tutors=1))
    pupils.change_when(pupil.teacher, pupil.id, pupil.version, when(max_tutors=2))


def test_proposal_of_one_tutor_too_many_is_withdrawn(make):
    pupil = make.pupil(needs=("ALG", "PHYS"))
    agreed = make.proposal(pupil.needs[0], make.tutor(), slots="mon-15", state=MatchState.APPROVED)
    proposed = make.proposal(pupil.needs[1], make.tutor([("PHYS", 7, 9)]), slots="tue-16")
    pupils.change_when(pupil.teacher, pupil.id, pupil.version, when(max_tutors=1))
    assert (state_of(agreed), state_of(proposed)) == (MatchState.APPROVED, MatchState.SUPERSEDED)


def test_condition_that_the_tutor_does_not_meet_is_in_the_way(pupil, agreed):
    with pytest.raises(MatchInTheWay):
        pupils.change_who(pupil.teacher, pupil.id, pupil.version, who_of(pupil, requires=("sen",)))


def test_language_of_an_agreed_match_must_stay_accepted(pupil, agreed):
    with pytest.raises(MatchInTheWay):
        pupils.change_who(
            pupil.teacher,
            pupil.id,
            pupil.version,
            who_of(pupil, instruction_language="ru", tutoring_languages=("ru",)),
        )


def test_next_grade_moves_the_needs_that_are_taught_there(make):
    pupil = make.pupil(grade=9, needs=("ALG", "GEOM"))
    pupils.change_who(pupil.teacher, pupil.id, pupil.version, who_of(pupil, grade=10))
    assert {need.subject_code: need.grade for need in pupil.open_needs} == {"ALG": 9, "GEOM": 10}


def test_agreed_match_keeps_its_grade_in_the_next_year(pupil, agreed):
    pupils.change_who(pupil.teacher, pupil.id, pupil.version, who_of(pupil, grade=10))
    assert state_of(agreed) == MatchState.APPROVED
    assert pupil.needs[0].grade == 8


def test_other_language_of_instruction_needs_other_subjects_first(make):
    pupil = make.pupil(needs=("KAZ1",))
    with pytest.raises(SubjectNotTaught) as caught:
        pupils.change_who(
            pupil.teacher,
            pupil.id,
            pupil.version,
            who_of(pupil, instruction_language="ru", tutoring_languages=("ru", "kk")),
        )
    assert caught.value.codes == ("KAZ1",)


@pytest.mark.parametrize("state", [ConsentState.WITHDRAWN, ConsentState.REFUSED])
def test_consent_withdrawn_after_approval_ends_the_match_with_mail(pupil, agreed, state):
    pupils.set_consent(pupil.teacher, pupil.id, pupil.version, Consent(state, date(2026, 9, 5), ConsentForm.PAPER))
    db.session.expire_all()
    assert agreed.state == MatchState.ENDED
    assert not any(session.is_live for session in agreed.sessions)
    assert agreed.tutor.account.email in mails()
    assert (pupil.consent_state, pupil.consent_on, pupil.consent_form) == (state, date(2026, 11, 20), None)
    assert [need.subject_code for need in pupil.open_needs] == ["ALG"]
    assert kinds() == [AuditKind.MATCH_ENDED, AuditKind.CONSENT_CHANGED]


def test_consent_withdrawn_withdraws_proposals(pupil, proposed):
    pupils.set_consent(pupil.teacher, pupil.id, pupil.version, Consent(ConsentState.WITHDRAWN))
    assert state_of(proposed) == MatchState.SUPERSEDED
    assert mails() == []


def test_consent_given_again_keeps_the_matches(pupil, agreed):
    pupils.set_consent(pupil.teacher, pupil.id, pupil.version, ON_PAPER)
    assert state_of(agreed) == MatchState.APPROVED


def test_withdrawal_ends_matches_and_keeps_only_what_must_be_accounted_for(clock, pupil, agreed):
    pupil.needs[0].current_mark, pupil.needs[0].topics = 41, "powers"
    db.session.commit()
    pupils.withdraw(pupil.teacher, pupil.id, pupil.version)
    db.session.expire_all()
    assert pupil.withdrawn_at == clock.now()
    assert (pupil.class_label, pupil.slots, pupil.requires, pupil.max_tutors) == ("", frozenset(), (), None)
    [need] = pupil.needs
    assert (need.current_mark, need.topics, need.closed_at) == (None, "", clock.now())
    assert pupil.first_name
    assert agreed.state == MatchState.ENDED
    assert agreed.tutor.account.email in mails()


def test_sight_is_recorded_once_a_day_for_each_coordinator(make, clock, pupil):
    one, other = make.coordinator(), make.coordinator()
    for viewer in (one, one, other):
        pupils.open_page(viewer, pupil.id)
    assert kinds() == [AuditKind.PUPIL_SEEN] * 2
    clock.advance(hours=13, minutes=59)  # 23:59 in Almaty
    pupils.open_page(one, pupil.id)
    assert len(kinds()) == 2
    clock.advance(minutes=2)
    pupils.open_page(one, pupil.id)
    assert len(kinds()) == 3


def test_sight_of_the_own_teacher_is_not_recorded(pupil):
    pupils.open_page(pupil.teacher, pupil.id)
    assert kinds() == []


def test_page_outside_of_the_scope_is_neither_opened_nor_noted(make, pupil):
    with pytest.raises(NotFound):
        pupils.open_page(make.coordinator(ScopeKind.REGION, OTHER_REGION), pupil.id)
