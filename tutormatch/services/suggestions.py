"""Proposing what was suggested for a waiting need: one more pair, or a whole chain of moves."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload, selectinload

from .. import access
from ..database import transactional
from ..errors import NotFound, SelectionChanged
from ..extensions import db
from ..matching import Certificate, Move, Solution, explain
from ..models import (
    Account,
    AuditKind,
    Match,
    MatchState,
    Need,
    Pupil,
    Round,
    School,
    Tutor,
    WeeklySession,
)
from ..queries import suggestions
from ..queries.scopes import round_in_sight
from ..queries.suggestions import Found
from . import audit
from .approval_checks import ApprovalCheck

STANDING = (MatchState.APPROVED, MatchState.PROPOSED)


@transactional
def propose(coordinator: Account, round_id: int, need_id: int, choice: str, shown: str) -> int:
    """Propose a suggested tutor, or carry out the suggested chain; return how many pairs are proposed anew.

    Only proposals of the round that nobody has decided are replaced (proposed → superseded), and every rule
    is asked again of the rows as they are, beside all that is approved or proposed.

    Parameters
    ----------
    choice
        The code of a tutor, or `suggestions.CHAIN`.
    shown
        The digest of what the coordinator was shown.

    Raises
    ------
    NotFound
        When the round or one of the pairs is not the coordinator's to decide.
    SelectionChanged
        When something has happened meanwhile, so that it would no longer be what was shown.
    """
    round_ = round_in_sight(coordinator, round_id)
    asked = suggestions.asked(coordinator, round_, need_id) if round_ else None
    if round_ is None or asked is None:
        raise NotFound
    if not asked.is_open:
        raise SelectionChanged(0)
    answer = suggestions.find(round_, asked.waiting.need.code)
    moves = answer.moves(choice)
    if not moves or suggestions.digest(moves) != shown:
        raise SelectionChanged(0)
    needs, tutors = _lock(moves)
    _withdraw(round_, moves, needs)
    proposed = _insert(round_, answer, moves, needs, tutors)
    if not all(access.can_decide_match(coordinator, match) for match in proposed):
        raise NotFound
    if ApprovalCheck(proposed, STANDING).obstacles():
        raise SelectionChanged(0)
    audit.record(AuditKind.PAIR_SUGGESTED, coordinator, proposed[0], moves=len(moves))
    return len(proposed)


def _lock(moves: Sequence[Move]) -> tuple[dict[str, Need], dict[str, Tutor]]:
    """Lock the tutors and pupils of the moves, and return needs and tutors with all that the rules ask for."""
    codes = sorted({code for move in moves for code in (move.tutor_id, move.from_tutor_id) if code})
    tutors = db.session.scalars(
        select(Tutor)
        .where(Tutor.code.in_(codes))
        .order_by(Tutor.id)
        .options(selectinload(Tutor.account), selectinload(Tutor.institution), selectinload(Tutor.subjects))
        .with_for_update(of=Tutor, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    in_moves = select(Need.pupil_id).where(Need.code.in_([move.need_id for move in moves]))
    db.session.scalars(
        select(Pupil)
        .where(Pupil.id.in_(in_moves))
        .order_by(Pupil.id)
        .options(selectinload(Pupil.school).joinedload(School.district))
        .with_for_update(of=Pupil, key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    needs = db.session.scalars(
        select(Need)
        .where(Need.code.in_([move.need_id for move in moves]))
        .options(joinedload(Need.pupil))
        .execution_options(populate_existing=True)
    ).all()
    return {need.code: need for need in needs}, {tutor.code: tutor for tutor in tutors}


def _withdraw(round_: Round, moves: Sequence[Move], needs: dict[str, Need]) -> None:
    """Replace the proposals that move: proposed → superseded."""
    moving = [needs[move.need_id].id for move in moves if move.from_tutor_id]
    if not moving:
        return
    undecided = (Match.round_id == round_.id, Match.need_id.in_(moving), Match.state == MatchState.PROPOSED)
    ids = db.session.scalars(select(Match.id).where(*undecided).order_by(Match.id).with_for_update()).all()
    replaced = db.session.execute(
        update(Match)
        .where(Match.id.in_(ids), *undecided)
        .values(state=MatchState.SUPERSEDED, version=Match.version + 1)
    )
    if replaced.rowcount != len(moving):
        raise SelectionChanged(0)


def _insert(
    round_: Round, answer: Found, moves: Sequence[Move], needs: dict[str, Need], tutors: dict[str, Tutor]
) -> list[Match]:
    after = Solution(tuple(suggestions.solution_after(answer, moves)), (), Certificate(()), engine="")
    proposed = []
    for move in moves:
        need, tutor = needs.get(move.need_id), tutors.get(move.tutor_id)
        if need is None or tutor is None:
            raise SelectionChanged(0)
        explanation = explain(answer.standing.problem, after, move.need_id).to_dict()
        proposed.append(
            Match(
                round=round_,
                need=need,
                need_id=need.id,
                pupil=need.pupil,
                pupil_id=need.pupil_id,
                tutor=tutor,
                tutor_id=tutor.id,
                state=MatchState.PROPOSED,
                tutoring_language=explanation["tutoring_language"],
                explanation=explanation,
                sessions=[WeeklySession(slot=slot) for slot in sorted(move.slots)],
            )
        )
    db.session.add_all(proposed)
    db.session.flush()
    return proposed
