"""What is agreed and proposed now, as a problem and its solution: the ground on which a suggestion stands."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import aliased

from ..extensions import db
from ..matching import Certificate, PairStatus, Problem, Solution
from ..matching import Match as Pairing
from ..matching.rules import agreed_hosts, meets_requirements, teaches, tutoring_language
from ..models import Match, MatchState, Need, Round, Tutor, WeeklySession
from .problems import collect
from .scopes import Scope


@dataclass(frozen=True)
class Standing:
    """``movable`` are the proposals of the round that are not decided, by the code of their need.

    Proposals of other rounds and those of small groups stay as they are, like agreed matches.
    """

    problem: Problem
    solution: Solution
    movable: Mapping[str, int]


def standing(round_: Round, need_code: str) -> Standing:
    """Return how things stand now around one need in a round's scope, in seven statements.

    Other needs without a match are left out: they take nobody's time, so nothing hangs on them.
    """
    problem = collect(
        Scope.of(round_), held=Match.id.not_in(_movable(round_)), wanted=or_(Need.code == need_code, _has_match())
    ).problem
    locked = [pair for pair in problem.pairs if pair.status is PairStatus.LOCKED]
    hosts = agreed_hosts(locked)
    matches = [
        Pairing(pair.need_id or "", pair.tutor_id, tuple(sorted(pair.slots)), hosts.get(pair.need_id or "", ""))
        for pair in locked
    ]
    sound = list(_sound(problem, matches, _undecided(round_)))
    solution = Solution(
        tuple(sorted([*matches, *(pairing for _match_id, pairing in sound)])), (), Certificate(()), engine=""
    )
    return Standing(problem, solution, {pairing.need_id: match_id for match_id, pairing in sound})


def _has_match() -> ColumnElement[bool]:
    return Need.id.in_(select(Match.need_id).where(Match.state.in_((MatchState.APPROVED, MatchState.PROPOSED))))


def _movable(round_: Round) -> Select[tuple[int]]:
    """Select the undecided proposals of the round that are in no group."""
    own, joining = aliased(Match), aliased(Match)
    holds_a_group = select(joining.id).where(joining.joins_id == own.id, joining.state == MatchState.PROPOSED).exists()
    return select(own.id).where(
        own.round_id == round_.id, own.state == MatchState.PROPOSED, own.joins_id.is_(None), ~holds_a_group
    )


@dataclass
class _Proposal:
    need: str
    tutor: str
    slots: list[int] = field(default_factory=list)


def _undecided(round_: Round) -> dict[int, _Proposal]:
    """Return the proposals that a chain may move, by their number."""
    found: dict[int, _Proposal] = {}
    rows = db.session.execute(
        select(Match.id, Need.code, Tutor.code, WeeklySession.slot)
        .join(Need, Match.need_id == Need.id)
        .join(Tutor, Match.tutor_id == Tutor.id)
        .join(WeeklySession, WeeklySession.match_id == Match.id)
        .where(Match.id.in_(_movable(round_)))
        .order_by(Match.id, WeeklySession.slot)
    )
    for match_id, need, tutor, slot in rows:
        found.setdefault(match_id, _Proposal(need, tutor)).slots.append(slot)
    return found


def _sound(
    problem: Problem, agreed: list[Pairing], proposals: Mapping[int, _Proposal]
) -> Iterator[tuple[int, Pairing]]:
    """Yield the proposals that still keep the rules beside what is agreed; people change their free time."""
    of_tutor: dict[str, set[int]] = defaultdict(set)
    of_pupil: dict[str, set[int]] = defaultdict(set)
    partners: dict[str, set[str]] = defaultdict(set)
    blocked = {
        (pair.tutor_id, pair.pupil_id, slot)
        for pair in problem.pairs
        if pair.status is PairStatus.BLOCKED
        for slot in (pair.slots or [None])
    }
    served = {pairing.need_id for pairing in agreed}

    def take(pairing: Pairing, pupil_id: str) -> None:
        of_tutor[pairing.tutor_id].update(pairing.slots)
        of_pupil[pupil_id].update(pairing.slots)
        partners[f"tutor {pairing.tutor_id}"].add(pupil_id)
        partners[f"pupil {pupil_id}"].add(pairing.tutor_id)

    for pairing in agreed:
        take(pairing, problem.need[pairing.need_id].pupil_id)
    for match_id, proposal in proposals.items():
        need, tutor = problem.need.get(proposal.need), problem.tutor.get(proposal.tutor)
        if need is None or tutor is None or need.id in served:
            continue
        pupil, slots = problem.pupil[need.pupil_id], set(proposal.slots)
        pupils = partners[f"tutor {tutor.id}"] | {pupil.id}
        tutors = partners[f"pupil {pupil.id}"] | {tutor.id}
        if (
            teaches(tutor, need)
            and tutoring_language(tutor, pupil)
            and meets_requirements(tutor, pupil)
            and slots <= tutor.slots - of_tutor[tutor.id]
            and slots <= pupil.slots - of_pupil[pupil.id]
            and len(slots) <= need.sessions_per_week
            and len(of_tutor[tutor.id] | slots) <= tutor.sessions_per_week
            and len(pupils) <= tutor.max_pupils
            and (pupil.max_tutors is None or len(tutors) <= pupil.max_tutors)
            and not any((tutor.id, pupil.id, slot) in blocked for slot in (None, *slots))
        ):
            pairing = Pairing(need.id, tutor.id, tuple(sorted(slots)))
            take(pairing, pupil.id)
            served.add(need.id)
            yield match_id, pairing
