"""Small groups: proposing, approving, undoing and ending pairs that share sessions."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tutormatch.errors import GroupInTheWay, PairsOvertaken
from tutormatch.extensions import db
from tutormatch.matching import PairStatus, check
from tutormatch.matching.slots import parse_slots
from tutormatch.models import Match, MatchState, OutboxMessage, Round, ScopeKind, WeeklySession
from tutormatch.models.match import Obstacle
from tutormatch.queries.problems import collect
from tutormatch.queries.scopes import Scope
from tutormatch.services import matches, round_runs, rounds


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def tutor(make):
    return make.tutor(slots="mon-15;tue-16", sessions_per_week=2, max_pupils=3, group_size=3)


@pytest.fixture
def group(make, coordinator, tutor):
    """Return a round with a host of two sessions and two who join it, all proposed."""
    round_ = make.round(coordinator)
    pupils = [make.pupil(slots="mon-15;tue-16", first_name=name) for name in ("Аружан", "Данияр", "Ерасыл")]
    for pupil in pupils:
        pupil.needs[0].is_group_ok = True
        pupil.needs[0].sessions_per_week = 2
    db.session.commit()
    host = make.proposal(pupils[0].needs[0], tutor, "mon-15;tue-16", round_)
    joining = [make.proposal(pupil.needs[0], tutor, "mon-15;tue-16", round_, joins_id=host.id) for pupil in pupils[1:]]
    return round_, host, *joining


def sessions_of(match):
    """Return slot and host of each live session."""
    db.session.expire_all()
    return db.session.execute(
        select(WeeklySession.slot, WeeklySession.host_id)
        .where(WeeklySession.match_id == match.id, WeeklySession.is_live)
        .order_by(WeeklySession.slot)
    ).all()


def obstacles_of(approval):
    with pytest.raises(PairsOvertaken) as overtaken:
        approval()
    return overtaken.value.obstacles


def test_group_is_approved_at_once(coordinator, group):
    round_, host, first, second = group
    matches.approve(coordinator, round_.id, [second.id, first.id, host.id])
    assert sessions_of(host) == [(15, None), (40, None)]
    assert sessions_of(first) == sessions_of(second) == [(15, host.id), (40, host.id)]


def test_joining_pair_waits_for_its_host(coordinator, group):
    round_, host, first, _ = group
    assert obstacles_of(lambda: matches.approve(coordinator, round_.id, [first.id])) == {
        first.id: Obstacle.HOST_UNDECIDED
    }
    matches.approve(coordinator, round_.id, [host.id])
    matches.approve(coordinator, round_.id, [first.id])
    assert sessions_of(first) == [(15, host.id), (40, host.id)]


def test_first_who_joins_a_rejected_host_gets_the_sessions_and_the_next_joins(coordinator, group):
    round_, host, first, second = group
    matches.reject(coordinator, round_.id, [host.id], "same family", only_slot=False)
    matches.approve(coordinator, round_.id, [second.id])
    assert sessions_of(second) == [(15, None), (40, None)]
    matches.approve(coordinator, round_.id, [first.id])
    assert sessions_of(first) == [(15, second.id), (40, second.id)]


def test_group_keeps_to_its_size_and_to_who_wants_it(coordinator, group, tutor):
    round_, host, first, second = group
    tutor.group_size = 2
    db.session.commit()
    matches.approve(coordinator, round_.id, [host.id, first.id])
    assert obstacles_of(lambda: matches.approve(coordinator, round_.id, [second.id])) == {
        second.id: Obstacle.NO_GROUP_PLACE
    }


def test_pupil_who_no_longer_wants_a_group_is_not_put_into_one(coordinator, group):
    round_, host, first, _ = group
    first.need.is_group_ok = False
    db.session.commit()
    assert obstacles_of(lambda: matches.approve(coordinator, round_.id, [host.id, first.id])) == {
        first.id: Obstacle.NO_GROUP_PLACE
    }


def test_who_has_a_place_keeps_the_time_when_the_host_ends(coordinator, group):
    round_, host, first, second = group
    matches.approve(coordinator, round_.id, [host.id, first.id, second.id])
    matches.end_match(coordinator, host, "moved")
    assert sessions_of(host) == []
    assert sessions_of(first) == [(15, None), (40, None)]
    assert sessions_of(second) == [(15, first.id), (40, first.id)]
    matches.end_match(coordinator, second, "moved")
    assert sessions_of(first) == [(15, None), (40, None)]


def test_approval_of_a_host_is_not_undone_under_those_who_joined(coordinator, group):
    round_, host, first, _ = group
    approved_host = matches.approve(coordinator, round_.id, [host.id])
    approved_place = matches.approve(coordinator, round_.id, [first.id])
    with pytest.raises(GroupInTheWay):
        matches.undo(coordinator, approved_host.id)
    matches.undo(coordinator, approved_place.id)
    matches.undo(coordinator, approved_host.id)
    assert sessions_of(host) == sessions_of(first) == []


def test_database_lets_nobody_join_a_session_of_another_tutor_or_time(make, group, coordinator):
    round_, host, *_ = group
    matches.approve(coordinator, round_.id, [host.id])
    stranger = make.proposal(make.pupil().needs[0], make.tutor(), "wed-17")
    session = stranger.sessions[0]
    session.is_live, session.host_id = True, host.id
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_database_refuses_a_second_session_of_its_own_beside_a_group(make, group, coordinator, tutor):
    round_, host, first, _ = group
    matches.approve(coordinator, round_.id, [host.id, first.id])
    other = make.proposal(make.pupil().needs[0], tutor, "mon-15")
    other.sessions[0].is_live = True
    with pytest.raises(IntegrityError):
        db.session.flush()


def test_mail_names_a_group_to_the_tutor_and_counts_it_to_the_teacher(coordinator, group):
    round_, host, first, second = group
    matches.approve(coordinator, round_.id, [host.id, first.id])
    mails = {mail.to_address: mail.body for mail in db.session.scalars(select(OutboxMessage))}
    assert "small group with Данияр" in mails[host.tutor.account.email]
    to_teacher = mails[host.pupil.teacher.email]
    assert "with 1 other pupil" in to_teacher
    assert "Данияр" not in to_teacher
    assert second.pupil.teacher.email not in mails


def test_agreed_group_enters_the_next_round_as_it_is(coordinator, group):
    round_, host, first, second = group
    matches.approve(coordinator, round_.id, [host.id, first.id, second.id])
    problem = collect(Scope(ScopeKind.COUNTRY)).problem
    locked = [pair for pair in problem.pairs if pair.status is PairStatus.LOCKED]
    assert {pair.need_id for pair in locked} == {match.need.code for match in (host, first, second)}
    assert {pair.tutor_id for pair in locked} == {host.tutor.code}
    assert not check(problem)


def test_agreed_group_that_no_longer_fits_together_still_makes_a_sound_problem(coordinator, group):
    round_, host, first, second = group
    matches.approve(coordinator, round_.id, [host.id, first.id, second.id])
    first.need.is_group_ok = False
    host.tutor.group_size = 2
    db.session.commit()
    problem = collect(Scope(ScopeKind.COUNTRY)).problem
    assert not check(problem)
    assert sum(pair.status is PairStatus.LOCKED for pair in problem.pairs) == 3


def test_round_proposes_a_group_for_who_would_have_no_tutor(make, coordinator):
    make.tutor(slots="mon-15", sessions_per_week=1, max_pupils=2, group_size=2)
    for _ in range(2):
        make.pupil(slots="mon-15").needs[0].is_group_ok = True
    db.session.commit()
    round_ = rounds.start(coordinator)
    round_runs.run(round_.id)
    assert db.session.get(Round, round_.id, populate_existing=True).certificate["proposals"] == 2
    host, joining = db.session.scalars(select(Match).order_by(Match.joins_id.is_not(None))).all()
    assert (host.joins_id, joining.joins_id) == (None, host.id)
    assert joining.slots == (next(iter(parse_slots("mon-15"))),)
    matches.approve(coordinator, round_.id, [host.id])
    again = rounds.start(coordinator)
    round_runs.run(again.id)
    db.session.expire_all()
    assert db.session.get(Match, joining.id).state == MatchState.SUPERSEDED
    newest = db.session.scalars(select(Match).where(Match.state == MatchState.PROPOSED)).one()
    assert newest.joins_id == host.id
    matches.approve(coordinator, again.id, [newest.id])
    assert sessions_of(newest) == [(15, host.id)]
