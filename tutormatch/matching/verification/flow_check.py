"""Bounds of breadth and cover from SciPy's maximum flow, for certificates without prices.

Nothing here is shared with the solver but the records.
"""

from collections import Counter, defaultdict
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from tutormatch.matching.problem import Need, PairStatus, Problem, Pupil, Tutor
from tutormatch.matching.slots import SLOTS_PER_WEEK


def most_urgent_of(problem: Problem) -> dict[str, int]:
    """Return the priority of each pupil's most urgent need."""
    most_urgent: dict[str, int] = {}
    for need in problem.needs:
        most_urgent[need.pupil_id] = max(need.priority, most_urgent.get(need.pupil_id, 0))
    return most_urgent


class FlowBounds:
    """Upper bounds of breadth and of all needs served, from maximum flows.

    Needs that the same tutors suit share one node in each slot; a pupil with locked
    or blocked pairs has nodes of their own. Two needs of a pupil in one slot, and a
    pupil's number of tutors, are not looked at: the bounds stay bounds.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.tutor_slots = {tutor.id: set(tutor.slots) for tutor in problem.tutors}
        self.pupil_slots = {pupil.id: set(pupil.slots) for pupil in problem.pupils}
        self.sessions = {tutor.id: tutor.sessions_per_week for tutor in problem.tutors}
        self.couples: set[tuple[str, str]] = set()
        self.blocked: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.agreed: set[str] = set()
        # Who joins the sessions of another locked match has none of their own.
        self.agreed_own: set[str] = set()
        self.served: set[str] = set()
        for pair in sorted(problem.pairs, key=lambda pair: (-len(pair.slots), pair.need_id or "")):
            couple = (pair.tutor_id, pair.pupil_id)
            if pair.status is PairStatus.LOCKED:
                self.agreed.add(pair.need_id or "")
                self.couples.add(couple)
                self.pupil_slots[pair.pupil_id] -= pair.slots
                if pair.slots <= self.tutor_slots[pair.tutor_id]:
                    self.tutor_slots[pair.tutor_id] -= pair.slots
                    self.sessions[pair.tutor_id] -= len(pair.slots)
                    self.agreed_own.add(pair.need_id or "")
                    self.served.add(pair.pupil_id)
            elif pair.status is PairStatus.BLOCKED:
                self.blocked[couple] |= pair.slots or set(range(SLOTS_PER_WEEK))
        self.pupils = {tutor.id: tutor.max_pupils for tutor in problem.tutors}
        own_tutors = Counter(pupil_id for _, pupil_id in self.couples)
        for tutor_id, _ in self.couples:
            self.pupils[tutor_id] -= 1
        self.has_room = {
            pupil.id: pupil.max_tutors is None or own_tutors[pupil.id] < pupil.max_tutors for pupil in problem.pupils
        }
        self.special = {pupil_id for _, pupil_id in self.couples} | {pupil_id for _, pupil_id in self.blocked}
        self.open_needs = [need for need in problem.needs if need.id not in self.agreed]

    def most_pupils(self, priority: int) -> int:
        """Return how many pupils with a need of ``priority`` or more can have a tutor at once."""
        most_urgent = most_urgent_of(self.problem)
        entries = {
            need.pupil_id: 1
            for need in self.open_needs
            if need.pupil_id not in self.served and most_urgent[need.pupil_id] >= priority
        }
        exits = {tutor.id: max(0, min(self.sessions[tutor.id], self.pupils[tutor.id])) for tutor in self.problem.tutors}
        served = sum(most_urgent[pupil_id] >= priority for pupil_id in self.served)
        return served + self._flow(entries, exits, {})

    def most_needs(self) -> int:
        """Return how many needs can have sessions of their own at once, locked ones included."""
        entries = Counter(need.pupil_id for need in self.open_needs)
        exits, repeats = {}, {}
        for tutor in self.problem.tutors:
            sessions, pupils = self.sessions[tutor.id], self.pupils[tutor.id]
            exits[tutor.id] = min(sessions, pupils) if pupils > 0 else sessions
            # What goes beyond one session for each new pupil must repeat a pupil.
            repeats[tutor.id] = sessions - exits[tutor.id]
        return len(self.agreed_own) + self._flow(entries, exits, repeats)

    @cached_property
    def _tutors_of(self) -> dict[tuple, list[tuple[Tutor, set[int]]]]:
        return {}

    def _signature(self, need: Need) -> tuple[object, ...]:
        pupil = self.problem.pupil[need.pupil_id]
        own = pupil.id if pupil.id in self.special else None
        return (need.subject, need.grade, frozenset(pupil.languages), pupil.requires, own)

    @cached_property
    def _teachers_of(self) -> dict[str, list[Tutor]]:
        tutors = defaultdict(list)
        for tutor in self.problem.tutors:
            for subject in {each.subject for each in tutor.subjects}:
                tutors[subject].append(tutor)
        return tutors

    def _suitable(self, need: Need) -> list[tuple[Tutor, set[int]]]:
        """Return the tutors whom ``need`` may still get, each with the slots the tutor could give."""
        signature = self._signature(need)
        if signature not in self._tutors_of:
            pupil = self.problem.pupil[need.pupil_id]
            self._tutors_of[signature] = [
                (tutor, self.tutor_slots[tutor.id] - self.blocked.get((tutor.id, pupil.id), set()))
                for tutor in self._teachers_of.get(need.subject, ())
                if self._may_meet(tutor, pupil) and _suits(tutor, pupil, need)
            ]
        return self._tutors_of[signature]

    def _may_meet(self, tutor: Tutor, pupil: Pupil) -> bool:
        is_new = (tutor.id, pupil.id) not in self.couples
        if is_new and not (self.pupils[tutor.id] > 0 and self.has_room[pupil.id]):
            return False
        return self.sessions[tutor.id] > 0

    def _flow(self, entries: dict[str, int], exits: dict[str, int], repeats: dict[str, int]) -> int:
        """Return the maximum flow from pupils to tutors with these capacities at both ends."""
        arcs = self._meetings.copy()
        for pupil_id, capacity in entries.items():
            arcs.add("source", ("pupil", pupil_id), capacity)
        for tutor_id, capacity in exits.items():
            arcs.add(("tutor", tutor_id), "sink", capacity)
        if repeats:
            self._add_repeats(arcs, repeats)
        return arcs.maximum_flow()

    @cached_property
    def _meetings(self) -> "_Arcs":
        """The arcs from pupils to tutors, which are the same in every flow."""
        arcs = _Arcs()
        wanted: dict[tuple, set[int]] = defaultdict(set)
        for need in self.open_needs:
            arcs.add(("pupil", need.pupil_id), ("need", need.id), 1)
            signature, free = self._signature(need), self.pupil_slots[need.pupil_id]
            wanted[signature] |= free
            for slot in free:
                arcs.add(("need", need.id), (signature, slot), 1)
        hours: set[tuple[str, int]] = set()
        for signature, slots in {self._signature(need): self._suitable(need) for need in self.open_needs}.items():
            for tutor, own in slots:
                for slot in own & wanted[signature]:
                    arcs.add((signature, slot), (tutor.id, slot), 1)
                    hours.add((tutor.id, slot))
        for tutor_id, slot in hours:
            arcs.add((tutor_id, slot), ("tutor", tutor_id), 1)
        return arcs

    def _add_repeats(self, arcs: "_Arcs", repeats: dict[str, int]) -> None:
        """Let tutors give what goes beyond one session for each pupil to pupils whom they could meet twice."""
        meetings: Counter[tuple[str, str]] = Counter(dict.fromkeys(self.couples, 1))
        possible = []
        own_needs = Counter(need.pupil_id for need in self.open_needs)
        with_tutor = {pupil_id for _, pupil_id in self.couples}
        for need in self.open_needs:
            if own_needs[need.pupil_id] == 1 and need.pupil_id not in with_tutor:
                continue
            for tutor, slots in self._suitable(need):
                # Who are not yet together need one slot for each meeting.
                least = 1 if (tutor.id, need.pupil_id) in self.couples else 2
                if repeats[tutor.id] and len(self.pupil_slots[need.pupil_id] & slots) >= least:
                    meetings[tutor.id, need.pupil_id] += 1
                    possible.append((need, tutor.id))
        repeating = set()
        for need, tutor_id in possible:
            if meetings[tutor_id, need.pupil_id] > 1:
                arcs.add(("need", need.id), ("repeats", tutor_id), 1)
                repeating.add(tutor_id)
        for tutor_id in repeating:
            arcs.add(("repeats", tutor_id), "sink", repeats[tutor_id])


class _Arcs:
    """The arcs of a network, each added once; its nodes are numbered as they come."""

    def __init__(self) -> None:
        self.number: dict[object, int] = {"source": 0, "sink": 1}
        self.tails: list[int] = []
        self.heads: list[int] = []
        self.capacities: list[int] = []

    def copy(self) -> "_Arcs":
        """Return arcs to which others can be added."""
        arcs = _Arcs()
        arcs.number, arcs.tails = dict(self.number), list(self.tails)
        arcs.heads, arcs.capacities = list(self.heads), list(self.capacities)
        return arcs

    def add(self, tail: object, head: object, capacity: int) -> None:
        self.tails.append(self.number.setdefault(tail, len(self.number)))
        self.heads.append(self.number.setdefault(head, len(self.number)))
        self.capacities.append(capacity)

    def maximum_flow(self) -> int:
        if not self.capacities:
            return 0
        size = len(self.number)
        matrix = csr_array(
            (np.array(self.capacities, dtype=np.int32), (np.array(self.tails), np.array(self.heads))),
            shape=(size, size),
        )
        return int(maximum_flow(matrix, 0, 1).flow_value)


def _suits(tutor: Tutor, pupil: Pupil, need: Need) -> bool:
    return (
        any(each.subject == need.subject and each.grade_from <= need.grade <= each.grade_to for each in tutor.subjects)
        and not tutor.languages.isdisjoint(pupil.languages)
        and tutor.conditions >= pupil.requires
    )
