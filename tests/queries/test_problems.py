"""Who enters a round's problem, and how what is agreed enters it."""

from datetime import timedelta

import pytest

from tests.factories import OTHER_REGION
from tests.statements import count_statements
from tutormatch import clock as programme_clock
from tutormatch.extensions import db
from tutormatch.matching import PairStatus, check
from tutormatch.matching.slots import SLOTS_PER_WEEK, parse_slots
from tutormatch.models import (
    BlockedPair,
    ConsentState,
    Match,
    MatchState,
    ScopeKind,
    TutorState,
    WeeklySession,
)
from tutormatch.queries.entrants import KeptOut, entrants
from tutormatch.queries.problems import collect
from tutormatch.queries.scopes import Scope

COUNTRY = Scope(ScopeKind.COUNTRY)
REGION = Scope(ScopeKind.REGION, "KZ-59")


@pytest.fixture
def agree(app):
    """Make an approved match of a tutor and a pupil's first need."""

    def make_match(tutor, pupil, slots):
        match = Match(
            need_id=pupil.needs[0].id,
            pupil_id=pupil.id,
            tutor_id=tutor.id,
            state=MatchState.APPROVED,
            tutoring_language="kk",
            sessions=[
                WeeklySession(tutor_id=tutor.id, pupil_id=pupil.id, slot=slot, is_live=True)
                for slot in parse_slots(slots)
            ],
        )
        db.session.add(match)
        db.session.commit()
        return match

    return make_match


def test_only_checked_and_reachable_tutors_enter(app, make):
    entering = make.tutor()
    imported = make.tutor(account=make.account("tutor", email=None, email_confirmed_at=None))
    make.tutor(state=TutorState.APPLIED)
    make.tutor(state=TutorState.LEFT)
    make.tutor(account=make.account("tutor", email_confirmed_at=None))
    make.tutor(account=make.account("tutor", disabled_at=programme_clock.now()))
    make.pupil()
    assert [tutor.id for tutor in collect(COUNTRY).problem.tutors] == sorted([entering.code, imported.code])


def test_only_pupils_with_consent_and_an_open_need_enter(app, make):
    entering = make.pupil(needs=["ALG", "PHYS"])
    make.pupil(consent_state=ConsentState.PENDING, consent_on=None, consent_form=None)
    make.pupil(consent_state=ConsentState.WITHDRAWN)
    make.pupil(withdrawn_at=programme_clock.now())
    done = make.pupil()
    done.needs[0].closed_at = programme_clock.now()
    entering.needs[1].closed_at = programme_clock.now()
    db.session.commit()
    problem = collect(COUNTRY).problem
    assert [pupil.id for pupil in problem.pupils] == [entering.code]
    assert [need.id for need in problem.needs] == [entering.needs[0].code]


def test_only_confirmed_conditions_count(app, make):
    make.tutor(conditions=("sen",), confirmed_conditions=())
    make.pupil()
    assert collect(COUNTRY).problem.tutors[0].conditions == frozenset()


def test_waiting_is_counted_from_the_day_the_need_was_opened(app, make):
    pupil = make.pupil()
    pupil.needs[0].opened_on = programme_clock.today() - timedelta(days=40)
    db.session.commit()
    assert collect(COUNTRY).problem.needs[0].waiting_days == 40


def test_region_takes_its_own_tutors_and_schools(app, make):
    make.tutor(institution_id=make.institution(OTHER_REGION).id)
    make.pupil(school=make.school(OTHER_REGION))
    tutor, pupil = make.tutor(), make.pupil()
    problem = collect(REGION).problem
    assert [each.id for each in problem.tutors] == [tutor.code]
    assert [each.id for each in problem.pupils] == [pupil.code]


def test_institution_takes_its_own_tutors_and_the_schools_of_its_region(app, make):
    college = make.institution(OTHER_REGION)
    own = make.tutor(institution_id=college.id)
    make.tutor()
    pupil = make.pupil(school=make.school(OTHER_REGION))
    make.pupil()
    problem = collect(Scope(ScopeKind.INSTITUTION, institution_id=college.id)).problem
    assert [each.id for each in problem.tutors] == [own.code]
    assert [each.id for each in problem.pupils] == [pupil.code]


def test_approved_match_is_locked_with_its_slots(app, make, agree):
    tutor, pupil = make.tutor(), make.pupil()
    agree(tutor, pupil, "mon-15")
    (pair,) = collect(COUNTRY).problem.pairs
    assert (pair.tutor_id, pair.pupil_id, pair.need_id, pair.status, pair.slots) == (
        tutor.code,
        pupil.code,
        pupil.needs[0].code,
        PairStatus.LOCKED,
        parse_slots("mon-15"),
    )


def test_match_with_a_pupil_elsewhere_takes_time_and_place_from_the_tutor(app, make, agree):
    tutor = make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=2)
    agree(tutor, make.pupil(school=make.school(OTHER_REGION)), "mon-15")
    make.pupil()
    problem = collect(REGION).problem
    assert len(problem.pupils) == 1
    (entered,) = problem.tutors
    assert (entered.slots, entered.sessions_per_week, entered.max_pupils) == (parse_slots("tue-16"), 1, 1)


def test_tutor_whose_places_are_all_taken_elsewhere_has_no_time(app, make, agree):
    tutor = make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=1)
    agree(tutor, make.pupil(school=make.school(OTHER_REGION)), "mon-15")
    make.pupil()
    problem = collect(REGION).problem
    assert problem.tutors[0].slots == frozenset()
    assert check(problem) == []


def test_match_with_a_tutor_elsewhere_is_carried_by_a_stand_in_with_nothing_else_to_give(app, make, agree):
    far = make.tutor(institution_id=make.institution(OTHER_REGION).id, slots="mon-15;tue-16", sessions_per_week=5)
    pupil = make.pupil(slots="mon-15;tue-16", needs=["ALG", "GEOM"])
    agree(far, pupil, "mon-15")
    problem = collect(REGION).problem
    (stand_in,) = problem.tutors
    assert (stand_in.id, stand_in.slots, stand_in.sessions_per_week) == (far.code, parse_slots("mon-15"), 1)
    assert problem.pairs[0].status is PairStatus.LOCKED
    assert check(problem) == []


def test_narrowed_limits_are_widened_by_just_what_is_agreed(app, make, agree):
    tutor = make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=2)
    agree(tutor, make.pupil(slots="mon-15"), "mon-15")
    agree(tutor, make.pupil(slots="tue-16"), "tue-16")
    tutor.slots, tutor.sessions_per_week, tutor.max_pupils = parse_slots("fri-10"), 1, 1
    db.session.commit()
    problem = collect(COUNTRY).problem
    (entered,) = problem.tutors
    assert entered.slots == parse_slots("mon-15;tue-16;fri-10")
    assert (entered.sessions_per_week, entered.max_pupils) == (2, 2)
    assert check(problem) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda tutor, pupil: setattr(tutor, "tutoring_languages", ("ru",)),
        lambda tutor, pupil: setattr(pupil, "requires", ("sen",)),
        lambda tutor, pupil: setattr(tutor.subjects[0], "grade_to", 7),
        lambda tutor, pupil: setattr(tutor, "state", TutorState.APPLIED),
    ],
)
def test_match_that_would_break_a_rule_now_still_stays(app, make, agree, change):
    tutor, pupil = make.tutor(slots="mon-15;tue-16", sessions_per_week=2), make.pupil()
    agree(tutor, pupil, "mon-15")
    change(tutor, pupil)
    db.session.commit()
    problem = collect(COUNTRY).problem
    assert check(problem) == []
    (locked,) = problem.pairs
    assert locked.slots == parse_slots("mon-15")
    for entered in problem.tutors:
        if entered.id == tutor.code and locked.tutor_id != tutor.code:
            assert (entered.slots, entered.sessions_per_week) == (parse_slots("tue-16"), 1)


def test_rejected_pair_that_shares_another_match_is_blocked_in_all_other_slots(app, make, agree):
    tutor, pupil = make.tutor(), make.pupil()
    agree(tutor, pupil, "mon-15")
    db.session.add(BlockedPair(tutor_id=tutor.id, pupil_id=pupil.id))
    db.session.commit()
    problem = collect(COUNTRY).problem
    (blocked,) = [pair for pair in problem.pairs if pair.status is PairStatus.BLOCKED]
    assert blocked.slots == frozenset(range(SLOTS_PER_WEEK)) - parse_slots("mon-15")
    assert check(problem) == []


def test_those_who_worked_together_are_returning_unless_rejected(app, make, agree):
    tutor, pupil, refused = make.tutor(), make.pupil(), make.pupil()
    for each in (pupil, refused):
        match = agree(tutor, each, "mon-15" if each is pupil else "tue-16")
        match.state, match.ended_at, match.sessions = MatchState.ENDED, programme_clock.now(), []
    db.session.add(BlockedPair(tutor_id=tutor.id, pupil_id=refused.id))
    db.session.commit()
    statuses = {(pair.pupil_id, pair.status) for pair in collect(COUNTRY).problem.pairs}
    assert statuses == {(pupil.code, PairStatus.RETURNING), (refused.code, PairStatus.BLOCKED)}


def test_collecting_takes_as_many_statements_for_many_as_for_one(app, make, agree):
    def statements():
        with count_statements() as seen:
            collect(REGION)
        return len(seen)

    agree(make.tutor(), make.pupil(), "mon-15")
    few = statements()
    for _ in range(3):
        agree(make.tutor(), make.pupil(), "mon-15")
    assert statements() == few <= 10


def test_entrants_are_counted_with_what_keeps_others_out(app, make, agree):
    agree(make.tutor(slots="mon-15", sessions_per_week=1), make.pupil(), "mon-15")
    make.tutor(sessions_per_week=3)
    make.pupil(needs=["ALG", "GEOM"])
    make.pupil(consent_state=ConsentState.PENDING, consent_on=None, consent_form=None)
    make.tutor(state=TutorState.APPLIED)
    make.tutor(state=TutorState.APPLIED, account=make.account("tutor", email_confirmed_at=None))
    found = entrants(COUNTRY)
    assert (found.pupils, found.pupils_waiting, found.needs, found.needs_waiting) == (2, 1, 3, 2)
    assert (found.tutors, found.tutors_free, found.sessions_offered, found.sessions_wanted) == (2, 1, 3, 2)
    assert found.kept_out == {
        KeptOut.CONSENT_PENDING: 1,
        KeptOut.TUTOR_TO_CHECK: 1,
        KeptOut.TUTOR_UNCONFIRMED: 1,
    }


@pytest.mark.parametrize("state", [state for state in TutorState if state != TutorState.CHECKED])
def test_every_state_that_keeps_a_tutor_out_is_a_cause(app, make, state):
    make.tutor(state=state)
    assert sum(entrants(COUNTRY).kept_out.values()) == 1


@pytest.mark.parametrize("state", [state for state in ConsentState if state != ConsentState.RECEIVED])
def test_every_consent_that_keeps_a_pupil_out_is_a_cause(app, make, state):
    make.pupil(consent_state=state)
    assert sum(entrants(COUNTRY).kept_out.values()) == 1
