"""What happens to a pupil's matches when the nomination changes."""

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..errors import MatchInTheWay
from ..extensions import db
from ..models import Account, Match, MatchState, Need, Pupil, Tutor
from .matches import end_matches


def live_matches(pupil: Pupil) -> list[Match]:
    """Return the pupil's agreed and proposed matches, locked."""
    return list(
        db.session.scalars(
            select(Match)
            .where(Match.pupil_id == pupil.id, Match.state.in_((MatchState.APPROVED, MatchState.PROPOSED)))
            .order_by(Match.id)
            .options(selectinload(Match.sessions), selectinload(Match.tutor).selectinload(Tutor.subjects))
            .with_for_update(of=Match)
            .execution_options(populate_existing=True)
        )
    )


def keep_fitting(pupil: Pupil) -> None:
    """Withdraw the proposals that no longer fit the pupil: proposed → superseded.

    Raises
    ------
    MatchInTheWay
        When an agreed match would no longer fit.
    """
    needs = {need.id: need for need in pupil.needs}
    live = live_matches(pupil)
    agreed = [match for match in live if match.state == MatchState.APPROVED]
    in_the_way = tuple(match.id for match in agreed if not _fits(match, pupil, needs[match.need_id]))
    tutors = {match.tutor_id for match in agreed}
    if pupil.max_tutors is not None and len(tutors) > pupil.max_tutors:
        in_the_way = tuple(match.id for match in agreed)
    if in_the_way:
        raise MatchInTheWay(in_the_way)
    for match in live:
        if match.state != MatchState.PROPOSED:
            continue
        has_room = pupil.max_tutors is None or len(tutors | {match.tutor_id}) <= pupil.max_tutors
        if has_room and _fits(match, pupil, needs[match.need_id]):
            tutors.add(match.tutor_id)
        else:
            match.state = MatchState.SUPERSEDED


def _fits(match: Match, pupil: Pupil, need: Need) -> bool:
    """Say whether the match still keeps what the pupil asks for."""
    return (
        need.closed_at is None
        and match.tutoring_language in pupil.tutoring_languages
        and set(match.slots) <= pupil.slots
        and len(match.slots) <= need.sessions_per_week
        and set(pupil.requires) <= set(match.tutor.confirmed_conditions)
        and any(
            taught.subject_code == need.subject_code and taught.grade_from <= need.grade <= taught.grade_to
            for taught in match.tutor.subjects
        )
    )


def end_all(actor: Account, pupil: Pupil, reason: str) -> None:
    """End the agreed matches, with mail to their tutors, and withdraw the proposals."""
    live = live_matches(pupil)
    end_matches(actor, [match for match in live if match.state == MatchState.APPROVED], reason)
    for match in live:
        if match.state == MatchState.PROPOSED:
            match.state = MatchState.SUPERSEDED
