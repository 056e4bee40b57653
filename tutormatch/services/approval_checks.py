"""What has happened since a proposal was made, and stands against approving it now.

The hard rules of the core are asked again of the rows as they are; nothing is matched anew.

A proposal may join the sessions of another pair as a group place. It can be approved once its host is,
and it then takes the place. Where the host was rejected, replaced or has ended, the first such proposal
that is approved gets the sessions as its own, and the others join it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from ..extensions import db
from ..models import BlockedPair, Match, MatchState, Pupil, Tutor, WeeklySession
from ..models.match import Obstacle


@dataclass
class Commitments:
    """What a tutor or a pupil has agreed to already."""

    slots: set[int] = field(default_factory=set)
    partners: set[int] = field(default_factory=set)


@dataclass
class AgreedSession:
    """A session of a tutor: the match that it belongs to, and the matches that have a place in it."""

    host_id: int
    members: list[Match]


def may_share(members: Sequence[Match], tutor: Tutor) -> bool:
    """Say whether these matches may be a group in one session: rule 7 of the core."""
    return (
        len({match.need.subject_code for match in members}) == 1
        and len({match.need.grade for match in members}) == 1
        and all(match.need.is_group_ok for match in members)
        and len(members) <= tutor.group_size
        and not set(tutor.tutoring_languages).isdisjoint(
            set.intersection(*(set(match.pupil.tutoring_languages) for match in members))
        )
    )


class ApprovalCheck:
    """Asks proposals, in their order, what stands against approving them together.

    Tutors, pupils and matches must be locked, so that the answer stays true. ``hosts`` says, after
    `obstacles`, which match each group place joins: by match and slot.

    Parameters
    ----------
    states
        In which states other matches take time and places: approved ones; to propose one more, proposals too.
    """

    def __init__(self, matches: Sequence[Match], states: Sequence[MatchState] = (MatchState.APPROVED,)) -> None:
        # Hosts before those who join them, so that both can be approved at once.
        self.matches = sorted(matches, key=lambda match: (match.joins_id is not None, match.id))
        self.hosts: dict[tuple[int, int], int] = {}
        self.sessions: dict[tuple[int, int], AgreedSession] = {}
        self.tutors: dict[int, Commitments] = defaultdict(Commitments)
        self.pupils: dict[int, Commitments] = defaultdict(Commitments)
        self.served_needs: set[int] = set()
        tutor_ids = {match.tutor_id for match in matches}
        pupil_ids = {match.pupil_id for match in matches}
        under_way = (
            select(Match, WeeklySession.slot, WeeklySession.host_id)
            .join(WeeklySession, WeeklySession.match_id == Match.id)
            .where(Match.state.in_(states), Match.id.not_in([match.id for match in matches]))
            .where(or_(Match.tutor_id.in_(tutor_ids), Match.pupil_id.in_(pupil_ids)))
            .order_by(Match.joins_id.is_not(None), Match.id)
            .options(joinedload(Match.need), joinedload(Match.pupil))
        )
        for match, slot, host_id in db.session.execute(under_way):
            self._commit(match, {slot}, {slot: host_id} if host_id else {})
        self.host_states: dict[int, MatchState] = dict(
            db.session.execute(
                select(Match.id, Match.state).where(Match.id.in_({match.joins_id for match in matches} - {None}))
            ).all()
        )
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
            hosts = self._hosts(match)
            if obstacle := self._obstacle(match, hosts):
                found[match.id] = obstacle
            else:
                self._commit(match, set(match.slots), hosts)
                self.hosts |= {(match.id, slot): host_id for slot, host_id in hosts.items()}
                if match.id in self.host_states:
                    self.host_states[match.id] = MatchState.APPROVED
        return found

    def _commit(self, match: Match, slots: set[int], hosts: Mapping[int, int]) -> None:
        self.tutors[match.tutor_id].slots |= slots
        self.tutors[match.tutor_id].partners.add(match.pupil_id)
        self.pupils[match.pupil_id].slots |= slots
        self.pupils[match.pupil_id].partners.add(match.tutor_id)
        self.served_needs.add(match.need_id)
        for slot in slots:
            session = self.sessions.setdefault((match.tutor_id, slot), AgreedSession(hosts.get(slot, match.id), []))
            session.members.append(match)

    def _hosts(self, match: Match) -> dict[int, int]:
        """Return the host in each slot of a proposal to join a group where there is one by now."""
        if match.joins_id is None:
            return {}
        found = {}
        for slot in match.slots:
            session = self.sessions.get((match.tutor_id, slot))
            if session is not None and any(
                match.joins_id in (member.id, member.joins_id) for member in session.members
            ):
                found[slot] = session.host_id
        return found

    def _has_places(self, match: Match, hosts: Mapping[int, int]) -> bool:
        return all(may_share([*self.sessions[match.tutor_id, slot].members, match], match.tutor) for slot in hosts)

    def _obstacle(self, match: Match, hosts: Mapping[int, int]) -> Obstacle | None:
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
            (
                not hosts and self.host_states.get(match.joins_id or 0) == MatchState.PROPOSED,
                Obstacle.HOST_UNDECIDED,
            ),
            (not self._has_places(match, hosts), Obstacle.NO_GROUP_PLACE),
            (bool((slots & of_tutor.slots) - set(hosts)), Obstacle.TUTOR_TAKEN),
            (bool(slots & of_pupil.slots), Obstacle.PUPIL_TAKEN),
            (
                len(of_tutor.slots | slots) > tutor.sessions_per_week or len(pupils) > tutor.max_pupils,
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
