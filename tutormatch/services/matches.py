"""Decisions about proposals, taking them back, and the end of matches under way."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload, selectinload

from .. import access, clock, mail
from ..database import transactional
from ..errors import (
    AlreadyDecided,
    GroupInTheWay,
    NotAllowed,
    NotFound,
    PairsOvertaken,
    SelectionChanged,
    SlotTaken,
    UndoTooLate,
)
from ..extensions import db
from ..models import (
    Account,
    AuditKind,
    BlockedPair,
    Decision,
    DecisionKind,
    Match,
    MatchState,
    Need,
    Pupil,
    Round,
    RoundState,
    School,
    Tutor,
)
from ..models.match import Obstacle
from ..queries import matches as match_queries
from ..queries.matches import MatchFilter
from ..queries.scopes import round_in_sight
from . import audit, group_places, match_mails
from .approval_checks import ApprovalCheck, rejection_obstacles

STATE_AFTER = {DecisionKind.APPROVE: MatchState.APPROVED, DecisionKind.REJECT: MatchState.REJECTED}


@transactional
def approve(coordinator: Account, round_id: int, match_ids: Sequence[int]) -> Decision:
    """Approve proposals of one round, all of them or none: proposed → approved.

    Their sessions become live, or places in the live sessions of the group that they join; tutors and
    teachers get one mail each once the decision can no longer be undone. Nothing is matched anew.

    Raises
    ------
    NotFound
        When the round or one of the matches is not the coordinator's to decide.
    PairsOvertaken
        When something has happened since that stands against one of them.
    SlotTaken
        When the database refuses a second session of tutor or pupil at one time.
    """
    decided_round = _round_to_decide(coordinator, round_id)
    ids = sorted(set(match_ids))
    _lock_partners(ids)
    matches = _matches_to_decide(coordinator, decided_round, ids)
    check = ApprovalCheck(matches)
    _refuse_overtaken(matches, check.obstacles())
    decision = _decide(DecisionKind.APPROVE, coordinator, decided_round, ids)
    try:
        group_places.make_live(matches, check.hosts)
    except IntegrityError as error:
        raise SlotTaken from error
    audit.record(AuditKind.MATCHES_APPROVED, coordinator, decision, matches=len(ids))
    match_mails.tell_approval(decision, matches, delay=current_app.config["DECISION_MAIL_DELAY"])
    return decision


@transactional
def approve_filtered(coordinator: Account, round_id: int, narrowed: MatchFilter, expected: int) -> Decision:
    """Approve every proposal of a round that the filter leaves; ``expected`` is how many were shown.

    Raises
    ------
    SelectionChanged
        When the filter leaves another number of proposals by now.
    NotFound, PairsOvertaken, SlotTaken
        As `approve` does.
    """
    _round_to_decide(coordinator, round_id)
    ids = match_queries.proposed_ids(match_queries.of_round(coordinator, round_id), narrowed)
    if len(ids) != expected or not ids:
        raise SelectionChanged(len(ids))
    return approve(coordinator, round_id, ids)


@transactional
def reject(coordinator: Account, round_id: int, match_ids: Sequence[int], reason: str, *, only_slot: bool) -> Decision:
    """Reject proposals of one round, all of them or none: proposed → rejected.

    The tutor and the pupil are not proposed to each other again; with ``only_slot`` not at
    these times. Nobody gets mail.

    Raises
    ------
    NotFound
        When the round or one of the matches is not the coordinator's to decide.
    PairsOvertaken
        When one of them was decided meanwhile, or the two work together in another subject.
    """
    decided_round = _round_to_decide(coordinator, round_id)
    ids = sorted(set(match_ids))
    _lock_partners(ids)
    matches = _matches_to_decide(coordinator, decided_round, ids)
    _refuse_overtaken(matches, rejection_obstacles(matches, only_slot))
    decision = _decide(DecisionKind.REJECT, coordinator, decided_round, ids, reason)
    _block(decision, matches, only_slot)
    audit.record(AuditKind.MATCHES_REJECTED, coordinator, decision, matches=len(ids), only_slot=only_slot)
    return decision


@transactional
def undo(coordinator: Account, decision_id: int) -> Decision:
    """Take back a decision whose mail has not left: approved or rejected → proposed.

    A match that has ended meanwhile stays ended.

    Raises
    ------
    NotFound
        When there is no such decision of this coordinator.
    AlreadyDecided
        When it was taken back before.
    UndoTooLate
        When its time is over, its mail has left, or a round has looked at what it left.
    GroupInTheWay
        When another decision has approved a pupil who joins one of its sessions.
    """
    decision = db.session.get(Decision, decision_id, with_for_update=True, populate_existing=True)
    if decision is None or not access.can_undo(coordinator, decision):
        raise NotFound
    if decision.undone_at is not None:
        raise AlreadyDecided(MatchState.PROPOSED)
    if not time_to_undo(decision) or _was_built_on(decision):
        raise UndoTooLate
    mail.recall(decision)
    decided = (Match.decision_id == decision.id, Match.state == STATE_AFTER[decision.kind])
    ids = db.session.scalars(select(Match.id).where(*decided).order_by(Match.id).with_for_update()).all()
    db.session.execute(delete(BlockedPair).where(BlockedPair.decision_id == decision.id))
    if group_places.joined_by_others(ids):
        raise GroupInTheWay
    group_places.make_idle(ids)
    try:
        db.session.execute(
            update(Match)
            .where(Match.id.in_(ids), *decided)
            .values(state=MatchState.PROPOSED, decision_id=None, version=Match.version + 1)
        )
    except IntegrityError as error:
        raise UndoTooLate from error
    decision.undone_at = clock.now()
    audit.record(AuditKind.DECISION_UNDONE, coordinator, decision, matches=len(ids))
    return decision


@transactional
def end_match(actor: Account, match: Match, reason: str) -> None:
    """End one match under way: approved → ended. See `end_matches`."""
    end_matches(actor, [match], reason)


@transactional
def end_matches(actor: Account, matches: Sequence[Match], reason: str) -> None:
    """End matches under way: approved → ended.

    Their sessions free the time of tutor and pupil at once; those who had a place in them keep their time,
    one of them as the new host. Each tutor and each teacher gets one mail; where a decision can still be
    undone, after the mail of that decision.

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
    group_places.leave(ids)
    for match in locked:
        audit.record(AuditKind.MATCH_ENDED, actor, match)
    delays = [time_to_undo(match.decision) for match in locked if match.decision]
    match_mails.tell_end(locked, delay=max(delays, default=timedelta(0)))


def time_to_undo(decision: Decision) -> timedelta:
    """Return how long ``decision`` can still be undone, which is how long its mail is held back."""
    until = decision.decided_at + current_app.config["DECISION_MAIL_DELAY"]
    return max(timedelta(0), until - clock.now())


def _round_to_decide(coordinator: Account, round_id: int) -> Round:
    decided_round = round_in_sight(coordinator, round_id)
    if decided_round is None:
        raise NotFound
    return decided_round


def _lock_partners(ids: Sequence[int]) -> None:
    """Lock the tutors and pupils of these matches, so that nothing changes for them meanwhile.

    Whoever locks more than one kind of row takes tutors, pupils, matches in this order. Tutors and pupils
    are locked but for their keys, so that others may add rows that point to them.
    """
    for partner, column in ((Tutor, Match.tutor_id), (Pupil, Match.pupil_id)):
        of_matches = select(column).where(Match.id.in_(ids))
        db.session.execute(
            select(partner.id).where(partner.id.in_(of_matches)).order_by(partner.id).with_for_update(key_share=True)
        ).all()


def _matches_to_decide(coordinator: Account, decided_round: Round, ids: Sequence[int]) -> list[Match]:
    matches = _lock_matches(ids)
    if not matches or len(matches) != len(ids):
        raise NotFound
    for match in matches:
        if match.round_id != decided_round.id or not access.can_decide_match(coordinator, match):
            raise NotFound
    return matches


def _refuse_overtaken(matches: Sequence[Match], obstacles: Mapping[int, Obstacle]) -> None:
    if obstacles:
        raise PairsOvertaken(obstacles, [match.id for match in matches if match.id not in obstacles])


def _decide(
    kind: DecisionKind, coordinator: Account, decided_round: Round, ids: Sequence[int], reason: str = ""
) -> Decision:
    """Move the locked matches from proposed to where the decision leads."""
    decision = Decision(
        kind=kind,
        round_id=decided_round.id,
        decided_by_id=coordinator.id,
        decided_at=clock.now(),
        reason=reason[:500],
    )
    db.session.add(decision)
    db.session.flush()
    try:
        moved = db.session.execute(
            update(Match)
            .where(Match.id.in_(ids), Match.state == MatchState.PROPOSED)
            .values(state=STATE_AFTER[kind], decision_id=decision.id, version=Match.version + 1)
        )
    except IntegrityError as error:
        raise AlreadyDecided(STATE_AFTER[kind]) from error
    if moved.rowcount != len(ids):
        raise AlreadyDecided(STATE_AFTER[kind])
    return decision


def _block(decision: Decision, matches: Sequence[Match], only_slot: bool) -> None:
    blocks: set[tuple[int, int, int | None]] = {
        (match.tutor_id, match.pupil_id, slot) for match in matches for slot in (match.slots if only_slot else (None,))
    }
    blocked = db.session.execute(
        select(BlockedPair.tutor_id, BlockedPair.pupil_id, BlockedPair.slot).where(
            BlockedPair.tutor_id.in_({tutor_id for tutor_id, _, _ in blocks}),
            BlockedPair.pupil_id.in_({pupil_id for _, pupil_id, _ in blocks}),
            BlockedPair.slot.is_not(None),
        )
    )
    blocks -= {tuple(row) for row in blocked}
    for tutor_id, pupil_id, slot in sorted(blocks, key=lambda block: (block[0], block[1], block[2] or -1)):
        db.session.add(BlockedPair(tutor_id=tutor_id, pupil_id=pupil_id, slot=slot, decision_id=decision.id))


def _was_built_on(decision: Decision) -> bool:
    """Say whether a round is under way or has ended since the decision, and so counts on it."""
    return (
        db.session.scalar(
            select(Round.id)
            .where(
                or_(
                    Round.state.in_((RoundState.QUEUED, RoundState.RUNNING)),
                    (Round.state == RoundState.DONE) & (Round.finished_at > decision.decided_at),
                )
            )
            .limit(1)
        )
        is not None
    )


def _lock_matches(ids: Sequence[int]) -> list[Match]:
    """Return these matches as the database has them now, locked, with all that decisions and mails need."""
    return list(
        db.session.scalars(
            select(Match)
            .where(Match.id.in_(ids))
            .order_by(Match.id)
            .options(
                selectinload(Match.round),
                selectinload(Match.decision),
                selectinload(Match.sessions),
                selectinload(Match.need).joinedload(Need.subject),
                selectinload(Match.pupil).options(
                    joinedload(Pupil.school).joinedload(School.district),
                    joinedload(Pupil.teacher).joinedload(Account.teacher),
                ),
                selectinload(Match.tutor).options(
                    joinedload(Tutor.account), joinedload(Tutor.institution), selectinload(Tutor.subjects)
                ),
            )
            .with_for_update(of=Match)
            .execution_options(populate_existing=True)
        )
    )
