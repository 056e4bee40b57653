"""How approved matches enter a round's problem: exactly as they were approved, whatever changed since.

A match of two entrants becomes a locked pair. Free slots and limits that were narrowed after the approval
are widened by just that match, so that it still keeps the rules. Where that would open more than the match
itself (the tutor is out of scope, or no longer teaches the subject, speaks the language or has the
condition), a *stand-in* takes the tutor's place: a tutor with nothing but the agreed sessions to give.
A match whose pupil does not enter only takes its time and its place from the tutor.

Matches that share a session are an agreed group. It enters as one as long as it keeps rule 7 of the core
as a whole; a member who no longer does gets a stand-in, too.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, or_, select

from ..extensions import db
from ..matching import Need, Pair, PairStatus, Pupil, Teaching, Tutor
from ..matching.rules import meets_requirements, teaches, tutoring_language
from ..matching.slots import SLOTS_PER_WEEK
from ..models import Match, MatchState, School, WeeklySession
from ..models import Pupil as PupilRow
from ..models import Tutor as TutorRow
from .scopes import Scope


@dataclass(frozen=True)
class AgreedMatch:
    """An approved match: the rows' numbers, the tutor's code, and the weekly slots."""

    need_id: int
    pupil_id: int
    tutor_id: int
    tutor: str
    slots: frozenset[int]


def agreed_matches(scope: Scope, held: ColumnElement[bool] | None = None) -> list[AgreedMatch]:
    """Return the approved matches with a tutor or a pupil of ``scope``, hosts of groups before those who join.

    Parameters
    ----------
    held
        Which proposals count as agreed, too; none of them without it.
    """
    is_agreed = (Match.state == MatchState.APPROVED) & WeeklySession.is_live
    if held is not None:
        is_agreed |= (Match.state == MatchState.PROPOSED) & held
    rows = db.session.execute(
        select(Match.id, Match.need_id, Match.pupil_id, Match.tutor_id, TutorRow.code, WeeklySession.slot)
        .join(WeeklySession, WeeklySession.match_id == Match.id)
        .join(TutorRow, Match.tutor_id == TutorRow.id)
        .join(PupilRow, Match.pupil_id == PupilRow.id)
        .join(School, PupilRow.school_id == School.id)
        .where(is_agreed, or_(scope.has_tutor(), scope.has_school()))
        .order_by(Match.id)
    )
    slots: dict[tuple[int, int, int, int, str], set[int]] = defaultdict(set)
    for *match, slot in rows:
        slots[tuple(match)].add(slot)
    found = [AgreedMatch(*match[1:], frozenset(own)) for match, own in slots.items()]
    return sorted(found, key=lambda match: -len(match.slots))


@dataclass
class _Load:
    """Time and places of one person: ``slots`` given to ``partners``. A session of a group counts once."""

    slots: set[int] = field(default_factory=set)
    partners: set[str] = field(default_factory=set)

    @property
    def sessions(self) -> int:
        return len(self.slots)

    def add(self, slots: Collection[int], partner: str) -> None:
        self.slots.update(slots)
        self.partners.add(partner)


class Agreements:
    """Collects the approved matches of a problem and gives back its records as they have to be.

    Parameters
    ----------
    tutors, pupils, needs
        The entrants, by the number of their row.
    """

    def __init__(self, tutors: Mapping[int, Tutor], pupils: Mapping[int, Pupil], needs: Mapping[int, Need]) -> None:
        self._tutors, self._pupils, self._needs = tutors, pupils, needs
        self.locked: list[Pair] = []
        self._locked_slots: dict[tuple[str, str], set[int]] = defaultdict(set)
        self._tutor_locked: dict[str, _Load] = defaultdict(_Load)
        self._tutor_withheld: dict[str, _Load] = defaultdict(_Load)
        self._pupil_locked: dict[str, _Load] = defaultdict(_Load)
        self._pupil_withheld: dict[str, _Load] = defaultdict(_Load)
        self._needed_sessions: dict[str, int] = {}
        self._stand_ins: dict[str, Tutor] = {}
        self._sessions: dict[tuple[str, int], list[tuple[Need, Pupil]]] = defaultdict(list)

    def add(self, match: AgreedMatch) -> None:
        """Take one approved match into account."""
        if not match.slots:
            return
        tutor, pupil, need = (
            self._tutors.get(match.tutor_id),
            self._pupils.get(match.pupil_id),
            self._needs.get(match.need_id),
        )
        if pupil is None or need is None:
            if tutor is not None:
                self._tutor_withheld[tutor.id].add(match.slots, f"row {match.pupil_id}")
            if pupil is not None:
                self._pupil_withheld[pupil.id].add(match.slots, match.tutor)
            return
        if tutor is None:
            tutor_id = self._stand_in(match.tutor, pupil, need, match.slots)
        elif (
            teaches(tutor, need)
            and tutoring_language(tutor, pupil)
            and meets_requirements(tutor, pupil)
            and self._finds_place(tutor, pupil, need, match.slots)
        ):
            tutor_id = tutor.id
            for slot in match.slots:
                self._sessions[tutor.id, slot].append((need, pupil))
        else:
            tutor_id = self._stand_in(f"{tutor.id} as agreed", pupil, need, match.slots)
            self._tutor_withheld[tutor.id].add(match.slots, pupil.id)
        self.locked.append(Pair(tutor_id, pupil.id, PairStatus.LOCKED, need.id, match.slots))
        self._tutor_locked[tutor_id].add(match.slots, pupil.id)
        self._pupil_locked[pupil.id].add(match.slots, tutor_id)
        self._locked_slots[tutor_id, pupil.id] |= match.slots
        self._needed_sessions[need.id] = len(match.slots)

    def _finds_place(self, tutor: Tutor, pupil: Pupil, need: Need, slots: frozenset[int]) -> bool:
        """Say whether the slots are the match's own, or all in sessions of one host as rule 7 wants it."""
        shared = [self._sessions[tutor.id, slot] for slot in slots if self._sessions.get((tutor.id, slot))]
        if not shared:
            return True
        if len(shared) < len(slots) or len({session[0][0].id for session in shared}) > 1:
            return False
        members = [*{other.id: (other, who) for session in shared for other, who in session}.values(), (need, pupil)]
        languages = set.intersection(*(set(who.languages) for _need, who in members))
        return (
            all(each.group_ok and (each.subject, each.grade) == (need.subject, need.grade) for each, _who in members)
            and bool(languages & tutor.languages)
            and all(len(session) < tutor.group_size for session in shared)
        )

    def _stand_in(self, tutor_id: str, pupil: Pupil, need: Need, slots: frozenset[int]) -> str:
        while self._tutor_locked[tutor_id].slots & slots:
            # Those who shared a session do so no longer where the core could ask why.
            tutor_id += f" with {need.id}"
        before = self._stand_ins.get(tutor_id)
        own = Tutor(
            id=tutor_id,
            subjects=(Teaching(need.subject, need.grade, need.grade),),
            languages=frozenset(pupil.languages[:1]),
            slots=slots,
            sessions_per_week=1,
            max_pupils=1,
            conditions=pupil.requires,
        )
        self._stand_ins[tutor_id] = (
            own
            if before is None
            else replace(
                own,
                subjects=tuple(sorted({*own.subjects, *before.subjects})),
                languages=own.languages | before.languages,
                slots=own.slots | before.slots,
                conditions=own.conditions | before.conditions,
            )
        )
        return tutor_id

    def tutors(self) -> Iterator[Tutor]:
        """Yield the entering tutors with room for what is agreed."""
        for tutor in self._tutors.values():
            if tutor.id not in self._tutor_locked and tutor.id not in self._tutor_withheld:
                yield tutor
                continue
            locked, withheld = self._tutor_locked[tutor.id], self._tutor_withheld[tutor.id]
            sessions = tutor.sessions_per_week - len(withheld.slots - locked.slots)
            largest = max((len(self._sessions[tutor.id, slot]) for slot in locked.slots), default=1)
            places = tutor.max_pupils - len(withheld.partners)
            is_open = sessions > 0 and places > 0
            yield replace(
                tutor,
                slots=(tutor.slots - withheld.slots if is_open else frozenset()) | locked.slots,
                sessions_per_week=max(sessions, locked.sessions, 1),
                max_pupils=max(places, len(locked.partners), 1),
                group_size=largest if withheld.slots & locked.slots else tutor.group_size,
            )

    def stand_ins(self) -> list[Tutor]:
        """Return the stand-ins, each with exactly the agreed sessions to give."""
        return [
            replace(
                tutor,
                sessions_per_week=self._tutor_locked[tutor.id].sessions,
                max_pupils=len(self._tutor_locked[tutor.id].partners),
            )
            for tutor in self._stand_ins.values()
        ]

    def pupils(self) -> Iterator[Pupil]:
        """Yield the entering pupils with room for what is agreed."""
        for pupil in self._pupils.values():
            if pupil.id not in self._pupil_locked and pupil.id not in self._pupil_withheld:
                yield pupil
                continue
            locked = self._pupil_locked[pupil.id]
            max_tutors = pupil.max_tutors
            yield replace(
                pupil,
                slots=(pupil.slots - self._pupil_withheld[pupil.id].slots) | locked.slots,
                max_tutors=None if max_tutors is None else max(max_tutors, len(locked.partners)),
            )

    def needs(self) -> Iterator[Need]:
        """Yield the open needs with room for the sessions that are agreed."""
        for need in self._needs.values():
            agreed = self._needed_sessions.get(need.id, 0)
            yield replace(need, sessions_per_week=agreed) if agreed > need.sessions_per_week else need

    def block(self, tutor_id: str, pupil_id: str, slots: frozenset[int], is_whole: bool) -> Pair | None:
        """Return the blocked pair, which leaves the slots in which the two have an approved match."""
        locked = self._locked_slots.get((tutor_id, pupil_id), frozenset())
        if is_whole and not locked:
            return Pair(tutor_id, pupil_id, PairStatus.BLOCKED)
        left = (frozenset(range(SLOTS_PER_WEEK)) if is_whole else slots) - locked
        return Pair(tutor_id, pupil_id, PairStatus.BLOCKED, slots=left) if left else None
