"""Proposing what was suggested for a waiting need: a free tutor, or a chain of moves."""

import pytest
from sqlalchemy import select

from tests.factories import OTHER_REGION
from tutormatch.errors import NotFound, SelectionChanged
from tutormatch.extensions import db
from tutormatch.models import Match, MatchState, ScopeKind, WaitingNeed
from tutormatch.queries import suggestions as suggestion_queries
from tutormatch.queries.suggestions import CHAIN, digest
from tutormatch.services import matches, suggestions


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


def wait(round_, need):
    db.session.add(
        WaitingNeed(
            round_id=round_.id, need_id=need.id, reason="tutors_full", explanation={"funnel": [], "changes": []}
        )
    )
    db.session.commit()
    return need


def find(round_, need):
    found = suggestion_queries.find(round_, need.code)
    db.session.rollback()
    return found


def propose(coordinator, round_, need, choice):
    shown = digest(find(round_, need).moves(choice))
    return suggestions.propose(coordinator, round_.id, need.id, choice, shown)


def proposed(round_):
    db.session.expire_all()
    found = db.session.scalars(
        select(Match).where(Match.round_id == round_.id, Match.state == MatchState.PROPOSED).order_by(Match.need_id)
    )
    return {(match.need_id, match.tutor_id, match.slots) for match in found}


def test_free_tutor_is_proposed_in_the_hours_that_both_have(make, coordinator, round_):
    tutor = make.tutor(slots="mon-15;mon-16;tue-16")
    pupil = make.pupil(slots="mon-15;mon-16;tue-16")
    pupil.needs[0].sessions_per_week = 2
    need = wait(round_, pupil.needs[0])
    assert propose(coordinator, round_, need, tutor.code) == 1
    assert proposed(round_) == {(need.id, tutor.id, (15, 40))}
    match = db.session.scalars(select(Match)).one()
    assert match.explanation["tutor_id"] == tutor.code
    matches.approve(coordinator, round_.id, [match.id])


@pytest.fixture
def crowd(make, round_):
    """A pupil who waits for the one hour that another pupil's proposal takes, who could move to another hour."""
    tutor = make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=2)
    flexible, waiting = make.pupil(slots="mon-15;tue-16"), make.pupil(slots="mon-15")
    make.proposal(flexible.needs[0], tutor, "mon-15", round_)
    return tutor, flexible.needs[0], wait(round_, waiting.needs[0])


def test_chain_moves_undecided_proposals(coordinator, round_, crowd):
    tutor, flexible, waiting = crowd
    found = find(round_, waiting)
    assert [move.need_id for move in found.chain] == [waiting.code, flexible.code]
    assert propose(coordinator, round_, waiting, CHAIN) == 2
    assert proposed(round_) == {(waiting.id, tutor.id, (15,)), (flexible.id, tutor.id, (40,))}
    assert db.session.scalars(select(Match.state).order_by(Match.id)).first() == MatchState.SUPERSEDED


def test_chain_never_moves_what_is_approved(coordinator, round_, crowd):
    _tutor, flexible, waiting = crowd
    match_id = db.session.scalars(select(Match.id).where(Match.need_id == flexible.id)).one()
    shown = digest(find(round_, waiting).moves(CHAIN))
    matches.approve(coordinator, round_.id, [match_id])
    with pytest.raises(SelectionChanged):
        suggestions.propose(coordinator, round_.id, waiting.id, CHAIN, shown)
    assert find(round_, waiting).chain == ()
    assert db.session.get(Match, match_id, populate_existing=True).state == MatchState.APPROVED


def test_what_was_shown_is_proposed_or_nothing(make, coordinator, round_, crowd):
    _tutor, _flexible, waiting = crowd
    shown = digest(find(round_, waiting).moves(CHAIN))
    make.tutor(slots="mon-15")
    before = proposed(round_)
    with pytest.raises(SelectionChanged):
        suggestions.propose(coordinator, round_.id, waiting.id, CHAIN, shown)
    assert proposed(round_) == before


def test_suggestions_end_with_the_next_round(make, coordinator, round_, crowd):
    tutor, _flexible, waiting = crowd
    make.round(coordinator)
    with pytest.raises(SelectionChanged):
        suggestions.propose(coordinator, round_.id, waiting.id, tutor.code, "")


def test_coordinator_elsewhere_proposes_nothing(make, round_, crowd):
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    with pytest.raises(NotFound):
        suggestions.propose(stranger, round_.id, crowd[2].id, CHAIN, "")


def test_proposals_of_a_group_stay_in_a_chain(make, coordinator, round_, crowd):
    tutor, flexible, waiting = crowd
    tutor.group_size, tutor.max_pupils = 2, 3
    flexible.is_group_ok = True
    host = db.session.scalars(select(Match).where(Match.need_id == flexible.id)).one()
    joining = make.pupil(slots="mon-15;tue-16").needs[0]
    joining.is_group_ok = True
    make.proposal(joining, tutor, "mon-15", round_, joins_id=host.id)
    assert find(round_, waiting).chain == ()


def test_only_the_need_in_question_and_those_with_a_pair_are_asked_about(make, coordinator, round_, crowd):
    _tutor, flexible, waiting = crowd
    wait(round_, make.pupil(slots="mon-15").needs[0])
    agreed = make.pupil(slots="wed-15").needs[0]
    matches.approve(coordinator, round_.id, [make.proposal(agreed, make.tutor(slots="wed-15"), "wed-15", round_).id])
    found = find(round_, waiting)
    assert {need.id for need in found.standing.problem.needs} == {waiting.code, flexible.code, agreed.code}
    assert set(found.standing.movable) == {flexible.code}
