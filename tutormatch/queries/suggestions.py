"""What could be done for one waiting need: the best tutors, or a chain of moves among undecided proposals."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ..database import localized_name
from ..extensions import db
from ..matching import Match as Pairing
from ..matching import Move, Suggester, TutorOption
from ..matching.objective import URGENCY_ITEM
from ..matching.slots import format_slots, weekday_of
from ..models import (
    Account,
    District,
    Institution,
    Match,
    MatchState,
    Need,
    Pupil,
    Round,
    RoundState,
    School,
    Subject,
    Tutor,
    WaitingNeed,
)
from .scopes import Scope
from .standing import Standing, standing

CHAIN = "chain"
OPTIONS_SHOWN = 5


@dataclass(frozen=True)
class NamedTutor:
    """A tutor in the viewer's sight."""

    id: int
    name: str
    institution: str


@dataclass(frozen=True)
class Option:
    """A tutor for the need; ``slots`` are those that would be proposed, or for one who is not free the common ones.

    ``points`` are those of the pair; what the need earns with any tutor is left out.
    ``choice`` and ``shown`` say in a form which option was meant, and what it was when it was shown.
    """

    choice: str
    shown: str
    tutor: NamedTutor | None
    slots: tuple[int, ...]
    tutoring_language: str
    points: Mapping[str, int]
    is_free: bool


@dataclass(frozen=True)
class Step:
    """One move of a chain, with names: whose need goes to whom, and from whom."""

    pupil: str
    subject: str
    tutor: NamedTutor | None
    slots: tuple[int, ...]
    from_tutor: NamedTutor | None
    from_slots: tuple[int, ...]


@dataclass(frozen=True)
class Found:
    """The answer for one need. ``chain`` is empty when a tutor is free or no chain was found."""

    need_id: str
    standing: Standing
    tutors: tuple[TutorOption, ...] = ()
    chain: tuple[Move, ...] = ()

    def moves(self, choice: str) -> tuple[Move, ...]:
        """Return what ``choice`` (a tutor's code or `CHAIN`) would change; nothing when it is not offered."""
        if choice == CHAIN:
            return self.chain
        return next(
            (
                (Move(self.need_id, option.tutor_id, sessions(self.standing, self.need_id, option)),)
                for option in self.tutors
                if option.tutor_id == choice and option.is_free
            ),
            (),
        )


@dataclass(frozen=True)
class SuggestionPage:
    """What could be done for a waiting need."""

    options: Sequence[Option]
    chain: Sequence[Step]
    shown_chain: str


@dataclass(frozen=True)
class Asked:
    """A need that a round left waiting: whether it has a proposal or a tutor by now, and whether it is the latest."""

    waiting: WaitingNeed
    has_match: bool
    is_latest: bool

    @property
    def is_open(self) -> bool:
        """Whether something can be suggested."""
        return self.is_latest and not self.has_match


def asked(viewer: Account, round_: Round, need_id: int) -> Asked | None:
    """Return what the round left waiting, if it is the viewer's to see."""
    has_match = (
        select(Match.id)
        .where(Match.need_id == Need.id, Match.state.in_((MatchState.PROPOSED, MatchState.APPROVED)))
        .correlate(Need)
        .exists()
    )
    has_later_round = (
        select(Round.id)
        .where(Round.scope_key == round_.scope_key, Round.state == RoundState.DONE, Round.id > round_.id)
        .exists()
    )
    row = db.session.execute(
        select(WaitingNeed, has_match, has_later_round)
        .join(WaitingNeed.need)
        .join(Need.pupil)
        .join(Pupil.school)
        .where(
            WaitingNeed.round_id == round_.id,
            WaitingNeed.need_id == need_id,
            Scope.of_coordinator(viewer).has_school(),
        )
        .options(
            joinedload(WaitingNeed.need).options(
                joinedload(Need.subject),
                joinedload(Need.pupil).joinedload(Pupil.school).joinedload(School.district).joinedload(District.region),
            )
        )
    ).one_or_none()
    return Asked(row[0], row[1], round_.state == RoundState.DONE and not row[2]) if row else None


def find(round_: Round, need_id: str) -> Found:
    """Ask the core about one need, as things stand now."""
    now = standing(round_, need_id)
    if need_id not in now.problem.need:
        return Found(need_id, now)
    answer = Suggester(now.problem, now.solution).suggest(need_id, limit=OPTIONS_SHOWN)
    return Found(need_id, now, answer.tutors, answer.chain)


def sessions(now: Standing, need_id: str, option: TutorOption) -> tuple[int, ...]:
    """Choose the weekly sessions from the hours that both have: as many as wanted, on different days if possible."""
    tutor, need = now.problem.tutor[option.tutor_id], now.problem.need[need_id]
    given = {slot for pairing in now.solution.matches if pairing.tutor_id == tutor.id for slot in pairing.slots}
    wanted = max(1, min(need.sessions_per_week, tutor.sessions_per_week - len(given)))
    chosen: list[int] = []
    for _ in range(min(wanted, len(option.slots))):
        days = [weekday_of(slot) for slot in chosen]
        chosen.append(min(set(option.slots) - set(chosen), key=lambda slot: (days.count(weekday_of(slot)), slot)))
    return tuple(sorted(chosen))


def digest(moves: Sequence[Move]) -> str:
    """Return a short text that differs when the moves do."""
    said = "|".join(
        f"{move.need_id},{move.tutor_id},{format_slots(move.slots)},{move.from_tutor_id},{format_slots(move.from_slots)}"
        for move in moves
    )
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def solution_after(found: Found, moves: Sequence[Move]) -> list[Pairing]:
    """Return all matches as they would be after the moves."""
    moved = {move.need_id: Pairing(move.need_id, move.tutor_id, tuple(sorted(move.slots))) for move in moves}
    stay = [pairing for pairing in found.standing.solution.matches if pairing.need_id not in moved]
    return sorted([*stay, *moved.values()])


def page(viewer: Account, round_: Round, need: Need) -> SuggestionPage:
    """Return what can be done for a need, with the names that the viewer may read."""
    found = find(round_, need.code)
    tutors = _tutors(
        viewer,
        {option.tutor_id for option in found.tutors}
        | {code for move in found.chain for code in (move.tutor_id, move.from_tutor_id) if code},
    )
    pupils = _pupils(viewer, {move.need_id for move in found.chain})
    options = []
    for option in found.tutors:
        moves = found.moves(option.tutor_id)
        options.append(
            Option(
                option.tutor_id,
                digest(moves),
                tutors.get(option.tutor_id),
                moves[0].slots if moves else option.slots,
                option.tutoring_language,
                {item: points for item, points in option.points.items() if item not in URGENCY_ITEM.values()},
                option.is_free,
            )
        )
    steps = [
        Step(
            *pupils.get(move.need_id, ("", "")),
            tutors.get(move.tutor_id),
            tuple(move.slots),
            tutors.get(move.from_tutor_id),
            tuple(move.from_slots),
        )
        for move in found.chain
    ]
    return SuggestionPage(options, steps, digest(found.chain))


def _tutors(viewer: Account, codes: set[str]) -> dict[str, NamedTutor]:
    if not codes:
        return {}
    rows = db.session.execute(
        select(Tutor.code, Tutor.id, Account, localized_name(Institution))
        .join(Tutor.account)
        .join(Tutor.institution)
        .where(Tutor.code.in_(codes), Scope.of_coordinator(viewer).has_tutor())
    )
    return {code: NamedTutor(number, account.full_name, institution) for code, number, account, institution in rows}


def _pupils(viewer: Account, need_codes: set[str]) -> dict[str, tuple[str, str]]:
    if not need_codes:
        return {}
    rows = db.session.execute(
        select(Need.code, Pupil.last_name, Pupil.first_name, localized_name(Subject))
        .join(Need.pupil)
        .join(Need.subject)
        .join(Pupil.school)
        .where(Need.code.in_(need_codes), Scope.of_coordinator(viewer).has_school())
    )
    return {code: (f"{last_name} {first_name}".strip(), subject) for code, last_name, first_name, subject in rows}
