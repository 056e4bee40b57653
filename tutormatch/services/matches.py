"""Decisions about proposals, and the end of matches under way."""

from collections.abc import Sequence
from datetime import timedelta

from flask import current_app
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from .. import access, clock
from ..database import transactional
from ..errors import AlreadyDecided, NotAllowed
from ..extensions import db
from ..models import Account, AuditKind, Decision, Match, MatchState, Need, Pupil, School, Tutor, WeeklySession
from . import audit, match_mails


@transactional
def end_match(actor: Account, match: Match, reason: str) -> None:
    """End one match under way: approved → ended. See `end_matches`."""
    end_matches(actor, [match], reason)


@transactional
def end_matches(actor: Account, matches: Sequence[Match], reason: str) -> None:
    """End matches under way: approved → ended.

    Their sessions free the time of tutor and pupil at once. Each tutor and each teacher gets one
    mail; where a decision can still be undone, after the mail of that decision.

    Parameters
    ----------
    reason
        Why, in the actor's words; only coordinators read it.

    Raises
    ------
    NotAllowed
        Unless the actor is the tutor, the pupil's teacher, or a coordinator of both.
    AlreadyDecided
        When one of them is not under way.
    """
    if not matches:
        return
    ids = sorted(match.id for match in matches)
    locked = _lock_matches(ids)
    for match in locked:
        if not access.can_end_match(actor, match):
            raise NotAllowed
        if match.state != MatchState.APPROVED:
            raise AlreadyDecided(match.state)
    for match in locked:
        match.state = MatchState.ENDED
        match.ended_at = clock.now()
        match.end_reason = reason[:500]
    db.session.execute(update(WeeklySession).where(WeeklySession.match_id.in_(ids)).values(is_live=False))
    for match in locked:
        audit.record(AuditKind.MATCH_ENDED, actor, match)
    match_mails.tell_end(locked, delay=max(_time_to_undo(match.decision) for match in locked))


def _lock_matches(ids: Sequence[int]) -> list[Match]:
    """Return these matches as the database has them now, locked, with all that decisions and mails need."""
    return list(
        db.session.scalars(
            select(Match)
            .where(Match.id.in_(ids))
            .order_by(Match.id)
            .options(
                joinedload(Match.decision),
                selectinload(Match.sessions),
                selectinload(Match.need).joinedload(Need.subject),
                selectinload(Match.pupil).options(
                    joinedload(Pupil.school).joinedload(School.district),
                    joinedload(Pupil.teacher).joinedload(Account.teacher),
                ),
                selectinload(Match.tutor).options(joinedload(Tutor.account), joinedload(Tutor.institution)),
            )
            .with_for_update(of=Match)
            .execution_options(populate_existing=True)
        )
    )


def _time_to_undo(decision: Decision | None) -> timedelta:
    """Return how long ``decision`` can still be undone, which is how long its mail is held back."""
    if decision is None:
        return timedelta(0)
    return max(timedelta(0), decision.decided_at + current_app.config["DECISION_MAIL_DELAY"] - clock.now())
