"""The smallest single change that would serve a need at once, all other matches as they are."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from tutormatch.matching.flow.openings import to_numbers
from tutormatch.matching.guidance.standing import Standing, Teachers, any_of
from tutormatch.matching.problem import Need, Problem, Pupil, Solution
from tutormatch.matching.slots import format_slot

NAMED = 5
SLOTS_NAMED = 3


class ChangeKind(StrEnum):
    """What would have to change; of equally helpful changes the earlier kind comes first."""

    SLOT = "slot"
    LANGUAGE = "language"
    GROUP = "group"
    GROUP_SIZE = "group_size"
    TUTOR_SESSION = "tutor_session"
    MAX_TUTORS = "max_tutors"
    UNBLOCK = "unblock"
    CONDITION = "condition"


@dataclass(frozen=True, slots=True)
class Change:
    """One change, and who could take the need once it is made.

    Attributes
    ----------
    kind : ChangeKind
    value : str
        ``slot``: one more free slot of the pupil, as ``tue-17``. ``language``: one more
        that the pupil accepts, as ``ru``. ``group``: the need whose session the pupil
        could join if a place in a group were wanted. ``group_size``: the need whose session
        has room if its tutor took one more pupil into it. ``tutor_session``: a tutor who
        would have to give one more session (and take one more pupil, if full in that too).
        ``max_tutors``: the pupil's new limit. ``unblock``: the tutor. ``condition``: what a
        tutor would have to meet, as ``sen``.
    tutors : int
        How many tutors could then take the need at once.
    tutor_ids : tuple of str
        The first of them by identifier.
    """

    kind: ChangeKind
    value: str
    tutors: int
    tutor_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the change for JSON."""
        return {
            "kind": str(self.kind),
            "value": self.value,
            "tutors": self.tutors,
            "tutor_ids": list(self.tutor_ids),
        }


def smallest_changes(problem: Problem, solution: Solution, need_id: str) -> tuple[Change, ...]:
    """Return the single changes that would serve an unmatched need at once, best first.

    Raises
    ------
    KeyError
        If the problem has no such need.
    """
    return Changes(Standing(problem, solution.matches)).of(problem.need[need_id])


@dataclass(frozen=True, slots=True)
class _Session:
    """A session in a slot and who attends it."""

    host: Need
    tutor: int
    languages: frozenset[str]
    pupils: int


class Changes:
    """Finds the smallest changes for many needs of one standing."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.problem = standing.problem

    def of(self, need: Need) -> tuple[Change, ...]:
        """Return the single changes that would serve a need at once; none if it has a tutor already.

        Those that bring most tutors come first, among equals as `ChangeKind` orders them.
        """
        if need.id in self.standing.match_of:
            return ()
        pupil, teachers = self.standing.pupil_of(need), self.standing.teachers(need.subject)
        found = [
            *self._groups(need, pupil),
            *(self._of_teachers(need, pupil, teachers) if teachers.tutors else ()),
        ]
        order = {kind: place for place, kind in enumerate(ChangeKind)}
        return tuple(sorted(found, key=lambda change: (-change.tutors, order[change.kind], change.value)))

    def _of_teachers(self, need: Need, pupil: Pupil, teachers: Teachers) -> Iterator[Change]:
        standing = self.standing
        suited = standing.suited(need)[-1]
        has_room = standing.with_room(teachers, pupil)
        slots = standing.pupil_free(pupil)
        has_time = standing.meeting(teachers, pupil, teachers.free, slots)
        yield from self._slots(pupil, teachers, suited & has_room)
        yield from self._languages(need, pupil, teachers, has_room & has_time)
        yield from self._conditions(need, pupil, teachers, has_room & has_time)
        yield from self._unblocked(pupil, teachers, suited & has_room & ~has_time, slots)
        # A full tutor gives one more session, to one more pupil.
        willing = suited & has_time & standing.within_reach(teachers, pupil, teachers.everybody) & ~has_room
        if willing:
            first = self.problem.tutors[teachers.first(willing, 1)[0]].id
            yield self._change(ChangeKind.TUTOR_SESSION, first, teachers, willing)
        if not standing.may_have_more_tutors(pupil):
            others = suited & has_time & teachers.with_sessions & teachers.with_places & ~has_room
            if others:
                yield self._change(ChangeKind.MAX_TUTORS, str((pupil.max_tutors or 0) + 1), teachers, others)

    def _change(self, kind: ChangeKind, value: str, teachers: Teachers, bits: int) -> Change:
        named = (self.problem.tutors[tutor].id for tutor in teachers.first(bits, NAMED))
        return Change(kind, value, bits.bit_count(), tuple(named))

    def _slots(self, pupil: Pupil, teachers: Teachers, tutors: int) -> Iterator[Change]:
        """Yield the further slots that most of some tutors could take."""
        blocked = {
            teachers.place[tutor]: bits
            for tutor, bits in self.standing.blocked.get(pupil.id, {}).items()
            if tutor in teachers.place and tutors >> teachers.place[tutor] & 1
        }
        for place in blocked:
            tutors ^= 1 << place
        by_slot = dict(self._free_by_slot(teachers, tutors))
        for place, bits in blocked.items():
            for slot, free in teachers.free.items():
                if free >> place & 1 and not bits >> slot & 1:
                    by_slot[slot] = by_slot.get(slot, 0) | 1 << place
        order = sorted(by_slot, key=lambda slot: (-by_slot[slot].bit_count(), slot)) if blocked else by_slot
        best = [slot for slot in order if slot not in pupil.slots]
        for slot in best[:SLOTS_NAMED]:
            yield self._change(ChangeKind.SLOT, format_slot(slot), teachers, by_slot[slot])

    def _free_by_slot(self, teachers: Teachers, tutors: int) -> dict[int, int]:
        """Return by slot who of some tutors is free, the slots with most of them first."""
        key = (id(teachers), tutors)
        if key not in self._free_by_slots:
            free = {slot: bits for slot, everybody in teachers.free.items() if (bits := everybody & tutors)}
            order = sorted(free, key=lambda slot: (-free[slot].bit_count(), slot))
            self._free_by_slots[key] = {slot: free[slot] for slot in order}
        return self._free_by_slots[key]

    @cached_property
    def _free_by_slots(self) -> dict[tuple[int, int], dict[int, int]]:
        return {}

    def _languages(self, need: Need, pupil: Pupil, teachers: Teachers, tutors: int) -> Iterator[Change]:
        tutors &= teachers.teaching.get(need.grade, 0) & ~any_of(teachers.speaking, pupil.languages)
        for tag in pupil.requires:
            tutors &= teachers.meeting.get(tag, 0)
        if tutors:
            for code, speaking in teachers.speaking.items():
                if bits := tutors & speaking:
                    yield self._change(ChangeKind.LANGUAGE, code, teachers, bits)

    def _conditions(self, need: Need, pupil: Pupil, teachers: Teachers, tutors: int) -> Iterator[Change]:
        for missing in sorted(pupil.requires):
            *_, suited = teachers.suited(need.grade, pupil.languages, pupil.requires - {missing})
            if bits := tutors & suited & ~teachers.meeting.get(missing, 0):
                yield self._change(ChangeKind.CONDITION, missing, teachers, bits)

    def _unblocked(self, pupil: Pupil, teachers: Teachers, tutors: int, slots: int) -> Iterator[Change]:
        for tutor in sorted(self.standing.blocked.get(pupil.id, ())):
            place = teachers.place.get(tutor)
            if place is not None and tutors >> place & 1 and self.standing.tutor_free[tutor] & slots:
                yield self._change(ChangeKind.UNBLOCK, self.problem.tutors[tutor].id, teachers, 1 << place)

    @cached_property
    def _sessions(self) -> dict[tuple[str, int, int], list[_Session]]:
        """By subject, grade and slot, the sessions of groups and of those who might form one."""
        standing, sessions = self.standing, defaultdict(list)
        for (tutor, slot), attending in sorted(standing.attending.items()):
            needs = [self.problem.need[need_id] for need_id in sorted(attending)]
            if not needs or not all(need.group_ok for need in needs):
                continue
            host = next((need for need in needs if not standing.match_of[need.id].joins), needs[0])
            spoken = self.problem.tutors[tutor].languages.intersection(
                *(standing.pupil_of(need).languages for need in needs)
            )
            sessions[host.subject, host.grade, slot].append(_Session(host, tutor, spoken, len(needs)))
        return sessions

    def _groups(self, need: Need, pupil: Pupil) -> Iterator[Change]:
        """Yield how the need could join a session that another has, if one thing were different."""
        hosts: dict[ChangeKind, dict[int, str]] = defaultdict(dict)
        for slot in to_numbers(self.standing.pupil_free(pupil)):
            for session in self._sessions.get((need.subject, need.grade, slot), ()):
                if self._may_join(pupil, session, slot):
                    is_small = session.pupils >= self.problem.tutors[session.tutor].group_size
                    if need.group_ok or not is_small:
                        kind = ChangeKind.GROUP_SIZE if is_small else ChangeKind.GROUP
                        hosts[kind].setdefault(session.tutor, session.host.id)
        for kind, host_of in hosts.items():
            tutors = sorted(host_of)
            named = tuple(self.problem.tutors[tutor].id for tutor in tutors[:NAMED])
            yield Change(kind, host_of[tutors[0]], len(tutors), named)

    def _may_join(self, pupil: Pupil, session: _Session, slot: int) -> bool:
        standing, tutor = self.standing, session.tutor
        has_room = standing.together[tutor, pupil.id] or (
            standing.pupils_left[tutor] > 0 and standing.may_have_more_tutors(pupil)
        )
        return bool(
            has_room
            and pupil.requires <= self.problem.tutors[tutor].conditions
            and not session.languages.isdisjoint(pupil.languages)
            and standing.allowed(tutor, pupil) >> slot & 1
        )
