"""What has happened since a proposal was made, and stands against approving it now.

The hard rules of the core are asked again of the rows as they are; nothing is matched anew.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select

from ..extensions import db
from ..models import BlockedPair, Match, MatchState, Pupil, Tutor, WeeklySession
from ..models.match import Obstacle


@dataclass
class Commitments:
    """What a tutor or a pupil has agreed to already."""

    slots: set[int] = field(default_factory=set)
    partners: set[int] = field(default_factory=set)


class ApprovalCheck:
    """Asks proposals, in their order, what stands against approving them together.

    Tutors, pupils and matches must be locked, so that the answer stays true.
    """

    def __init__(self, matches: Sequence[Match]) -> None:
        self.matches = matches
        self.tutors: dict[int, Commitments] = defaultdict(Commitments)
        self.pupils: dict[int, Commitments] = defaultdict(Commitments)
        self.served_needs: set[int] = set()
        tutor_ids = {match.tutor_id for match in matches}
        pupil_ids = {match.pupil_id for match in matches}
        under_way = (
            select(Match.tutor_id, Match.pupil_id, Match.need_id, WeeklySession.slot)
            .join(WeeklySession, WeeklySession.match_id == Match.id)
            .where(Match.state == MatchState.APPROVED)
            .where(or_(Match.tutor_id.in_(tutor_ids), Match.pupil_id.in_(pupil_ids)))
        )
        for tutor_id, pupil_id, need_id, slot in db.session.execute(under_way):
            self._commit(tutor_id, pupil_id, need_id, {slot})
        self.blocked: dict[tuple[int, int], set[int | None]] = defaultdict(set)
        for tutor_id, pupil_id, slot in db.session.execute(
            select(BlockedPair.tutor_id, BlockedPair.pupil_id, BlockedPair.slot).where(
                BlockedPair.tutor_id.in_(tutor_ids), BlockedPair.pupil_id.in_(pupil_ids)
            )
        ):
            self.blocked[tutor_id, pupil_id].add(slot)

    def obstacles(self) -> dict[int, Obstacle]:
        """Return the first obstacle of each match that has one; the others can be approved together."""
        found = {}
        for match in self.matches:
            if obstacle := self._obstacle(match):
                found[match.id] = obstacle
            else:
                self._commit(match.tutor_id, match.pupil_id, match.need_id, set(match.slots))
        return found

    def _commit(self, tutor_id: int, pupil_id: int, need_id: int, slots: set[int]) -> None:
        self.tutors[tutor_id].slots |= slots
        self.tutors[tutor_id].partners.add(pupil_id)
        self.pupils[pupil_id].slots |= slots
        self.pupils[pupil_id].partners.add(tutor_id)
        self.served_needs.add(need_id)

    def _obstacle(self, match: Match) -> Obstacle | None:
        tutor, pupil, need, slots = match.tutor, match.pupil, match.need, set(match.slots)
        of_tutor, of_pupil = self.tutors[tutor.id], self.pupils[pupil.id]
        blocked = self.blocked.get((tutor.id, pupil.id), set())
        pupils = of_tutor.partners | {pupil.id}
        tutors = of_pupil.partners | {tutor.id}
        checks = (
            (match.state != MatchState.PROPOSED, Obstacle.DECIDED),
            (need.closed_at is not None or pupil.withdrawn_at is not None, Obstacle.NEED_CLOSED),
            (not pupil.has_consent, Obstacle.CONSENT_MISSING),
            (not tutor.is_checked or not tutor.account.is_active, Obstacle.TUTOR_AWAY),
            (None in blocked or bool(blocked & slots), Obstacle.BLOCKED),
            (need.id in self.served_needs, Obstacle.NEED_SERVED),
            (not _fit(match, tutor, pupil), Obstacle.NO_LONGER_FITS),
            (not slots <= tutor.slots, Obstacle.TUTOR_NOT_FREE),
            (not slots <= pupil.slots, Obstacle.PUPIL_NOT_FREE),
            (bool(slots & of_tutor.slots), Obstacle.TUTOR_TAKEN),
            (bool(slots & of_pupil.slots), Obstacle.PUPIL_TAKEN),
            (
                len(of_tutor.slots) + len(slots) > tutor.sessions_per_week or len(pupils) > tutor.max_pupils,
                Obstacle.TUTOR_FULL,
            ),
            (pupil.max_tutors is not None and len(tutors) > pupil.max_tutors, Obstacle.MAX_TUTORS),
        )
        return next((obstacle for stands, obstacle in checks if stands), None)


def _fit(match: Match, tutor: Tutor, pupil: Pupil) -> bool:
    """Say whether subject and grade, tutoring language and conditions still fit."""
    need = match.need
    return (
        any(
            each.subject_code == need.subject_code and each.grade_from <= need.grade <= each.grade_to
            for each in tutor.subjects
        )
        and match.tutoring_language in tutor.tutoring_languages
        and match.tutoring_language in pupil.tutoring_languages
        and set(pupil.requires) <= set(tutor.confirmed_conditions)
        and len(match.slots) <= need.sessions_per_week
    )


def rejection_obstacles(matches: Sequence[Match], only_slot: bool) -> dict[int, Obstacle]:
    """Return what stands against rejecting: a decision meanwhile, or work that the block would contradict."""
    under_way = db.session.execute(
        select(Match.tutor_id, Match.pupil_id, WeeklySession.slot)
        .join(WeeklySession, WeeklySession.match_id == Match.id)
        .where(
            Match.state == MatchState.APPROVED,
            Match.tutor_id.in_({match.tutor_id for match in matches}),
            Match.pupil_id.in_({match.pupil_id for match in matches}),
        )
    )
    together: dict[tuple[int, int], set[int]] = defaultdict(set)
    for tutor_id, pupil_id, slot in under_way:
        together[tutor_id, pupil_id].add(slot)
    found = {}
    for match in matches:
        slots = together.get((match.tutor_id, match.pupil_id), set())
        if match.state != MatchState.PROPOSED:
            found[match.id] = Obstacle.DECIDED
        elif slots & set(match.slots) if only_slot else slots:
            found[match.id] = Obstacle.WORK_TOGETHER
    return found
