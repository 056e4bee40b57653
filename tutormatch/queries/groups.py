"""Who shares the sessions of a match: the other pupils of a small group."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, distinct, false, func, or_, select
from sqlalchemy.orm import aliased

from ..extensions import db
from ..models import Match, MatchState, Pupil, School, WeeklySession
from .scopes import Scope

LIVE_STATES = (MatchState.PROPOSED, MatchState.APPROVED)


@dataclass(frozen=True)
class Companion:
    """Another pupil in a session. The tutor may read the first name; the whole one those who coordinate the school."""

    match_id: int
    state: MatchState
    first_name: str
    full_name: str
    is_in_scope: bool


def companions(matches: Iterable[Match], scope: Scope | None = None) -> dict[int, list[Companion]]:
    """Return, by match, who else has or would have a place in its sessions; in one statement.

    A match that is not proposed or approved shares nothing. ``scope`` says whose pupils may be named.
    """
    live = [match for match in matches if match.state in LIVE_STATES]
    if not live:
        return {}
    groups = {match.joins_id or match.id for match in live}
    rows = db.session.execute(
        select(
            func.coalesce(Match.joins_id, Match.id),
            Match.id,
            Match.state,
            Pupil.first_name,
            Pupil.last_name,
            (scope.has_school() if scope else false()).label("is_in_scope"),
            WeeklySession.slot,
        )
        .join(Pupil, Match.pupil_id == Pupil.id)
        .join(School, Pupil.school_id == School.id)
        .join(WeeklySession, WeeklySession.match_id == Match.id)
        .where(or_(Match.id.in_(groups), Match.joins_id.in_(groups)), Match.state.in_(LIVE_STATES))
        .order_by(Pupil.sort_name, Match.id)
    )
    members: Mapping[int, dict[Companion, set[int]]] = defaultdict(lambda: defaultdict(set))
    for group_id, match_id, state, first_name, last_name, is_in_scope, slot in rows:
        full_name = f"{last_name} {first_name}".strip()
        companion = Companion(match_id, state, first_name, full_name, bool(is_in_scope))
        members[group_id][companion].add(slot)
    found = {
        match.id: [
            companion
            for companion, slots in members[match.joins_id or match.id].items()
            if companion.match_id != match.id and slots & set(match.slots)
        ]
        for match in live
    }
    return {match_id: others for match_id, others in found.items() if others}


def others_in_session() -> ColumnElement[Any]:
    """Return how many other pupils are in the same live `WeeklySession`, as an SQL expression."""
    other = aliased(WeeklySession)
    return (
        select(func.count())
        .where(
            other.tutor_id == WeeklySession.tutor_id,
            other.slot == WeeklySession.slot,
            other.is_live,
            other.id != WeeklySession.id,
        )
        .correlate(WeeklySession)
        .scalar_subquery()
    )


def others_in_group() -> ColumnElement[Any]:
    """Return how many other pupils share or would share a session of a `Match`, as an SQL expression."""
    own, other, other_match = aliased(WeeklySession), aliased(WeeklySession), aliased(Match)
    return (
        select(func.count(distinct(other.match_id)))
        .select_from(own)
        .join(other, (other.tutor_id == own.tutor_id) & (other.slot == own.slot) & (other.match_id != own.match_id))
        .join(other_match, other_match.id == other.match_id)
        .where(
            own.match_id == Match.id,
            other_match.state.in_(LIVE_STATES),
            func.coalesce(other_match.joins_id, other_match.id) == func.coalesce(Match.joins_id, Match.id),
        )
        .correlate(Match)
        .scalar_subquery()
    )
