"""Breadth alone, as a flow that can be taken further: who has a tutor, and who could.

Every pupil without an agreed session needs one seat, a tutor and a slot; how many can sit
at once is a maximum flow of its own, whatever the levels below do with the rest:

    pupil → (tutor, slot) → tutor → sink

The flow starts from a solution. When a tutor has one more session to give, a search
backwards from that tutor, over pupils who could move there and the seats they would leave,
finds whether one more pupil can sit [1]_. Served pupils never lose their place, so what
each further tutor adds to a maximum flow is exactly what solving again would add.

References
----------
.. [1] L. R. Ford, D. R. Fulkerson, "Maximal Flow through a Network",
   Canad. J. Math. 8 (1956), 399-404.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from tutormatch.matching.flow.openings import to_bits, to_numbers
from tutormatch.matching.guidance.standing import Standing
from tutormatch.matching.objective import pupil_ranks, urgency_of
from tutormatch.matching.problem import Match, Need, Problem, Profile, Teaching


@dataclass
class Side:
    """A tutor's side of the flow.

    Attributes
    ----------
    hours : list of int
        The tutor's slots, the one to be used first first.
    capacity : int
        How many pupils can sit with the tutor at once.
    suits : int
        The pupils whom the tutor may have, as bits.
    subjects : tuple of Teaching
    barred : dict of int to int
        By slot, the pupils who must not meet the tutor in it, as bits.
    seated : dict of int to int
        By slot, who sits there.
    """

    hours: list[int]
    capacity: int
    suits: int
    subjects: tuple[Teaching, ...]
    barred: dict[int, int] = field(default_factory=dict)
    seated: dict[int, int] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        return len(self.seated) < self.capacity


@dataclass(frozen=True, slots=True)
class Kind:
    """What matters of a need and its pupil to rules 1, 2 and 6."""

    subject: str
    grade: int
    languages: tuple[str, ...]
    requires: frozenset[str]


class Breadth:
    """The largest breadth that a solution can be brought to.

    Pupils are numbered in their order, the most urgent first, equals by identifier; sets of
    pupils are bits.

    Parameters
    ----------
    problem : Problem
    matches : iterable of Match
        That keep every hard rule. The flow starts from their sessions.
    agreed : iterable of Match
        Those of them that stand whatever happens. Pupils with a session of their own
        among them are not part of the flow.
    profile : Profile
        Says which pupils come first.

    Attributes
    ----------
    pupils : list of Pupil
    sides : list of Side
        By tutor; `joined_by` adds more.
    waiting : int
        Who has no seat.
    with_enough_tutors : int
        Whose own limit leaves no room for a tutor who is not theirs already.
    free_at : dict of int to int
        By slot, the pupils who are free in it.
    of_kind : dict of Kind to int
        The pupils with such a need.
    """

    def __init__(
        self,
        problem: Problem,
        matches: Iterable[Match],
        agreed: Iterable[Match],
        profile: Profile = Profile.BREADTH_FIRST,
    ) -> None:
        self.problem = problem
        agreed = tuple(agreed)
        self.standing = Standing(problem, agreed)
        served = {problem.need[match.need_id].pupil_id for match in agreed if not match.joins}
        needs = [need for need in problem.needs if need.id not in self.standing.match_of]
        place = {pupil.id: number for number, pupil in enumerate(problem.pupils)}
        pupils = np.array([place[need.pupil_id] for need in needs], dtype=np.int64)
        ranks = pupil_ranks(pupils, urgency_of(needs, profile))
        order = sorted(ranks.keys() - {place[each] for each in served}, key=lambda pupil: (-ranks[pupil], pupil))
        self.pupils = [problem.pupils[pupil] for pupil in order]
        self.number = {pupil.id: number for number, pupil in enumerate(self.pupils)}
        self.needs_of: dict[str, list[Need]] = defaultdict(list)
        for need in sorted(needs, key=lambda need: (-need.priority, need.id)):
            self.needs_of[need.pupil_id].append(need)
        self.free_at: dict[int, int] = defaultdict(int)
        self.of_kind: dict[Kind, int] = defaultdict(int)
        for number, pupil in enumerate(self.pupils):
            for slot in to_numbers(self.standing.pupil_free(pupil)):
                self.free_at[slot] |= 1 << number
            for need in self.needs_of[pupil.id]:
                self.of_kind[Kind(need.subject, need.grade, pupil.languages, pupil.requires)] |= 1 << number
        self.sides = self._sides()
        self.seat: dict[int, tuple[int, int]] = {}
        self.waiting = (1 << len(self.pupils)) - 1
        self._log: list[tuple[int, tuple[int, int] | None]] = []
        for match in sorted(matches):
            pupil = self.number.get(problem.need[match.need_id].pupil_id)
            if pupil is not None and pupil not in self.seat and not match.joins:
                self.sit(pupil, (self.standing.tutor_index[match.tutor_id], match.slots[0]))
        self.maximise()

    def _sides(self) -> list[Side]:
        standing = self.standing
        self._suits = self.suiting(self.of_kind)
        self.with_enough_tutors = to_bits(
            number for number, pupil in enumerate(self.pupils) if not standing.may_have_more_tutors(pupil)
        )
        self._own: dict[int, int] = defaultdict(int)
        for number, pupil in enumerate(self.pupils):
            for tutor in standing.own_tutors.get(pupil.id, ()):
                self._own[tutor] |= 1 << number
        sides = []
        for tutor, record in enumerate(self.problem.tutors):
            capacity, suits = self.limits(tutor)
            sides.append(Side(to_numbers(standing.tutor_free[tutor]), capacity, suits, record.subjects))
        for pupil_id, tutors in standing.blocked.items():
            number = self.number.get(pupil_id)
            for tutor, bits in tutors.items() if number is not None else ():
                for slot in to_numbers(bits):
                    sides[tutor].barred[slot] = sides[tutor].barred.get(slot, 0) | 1 << number
        return sides

    def limits(self, tutor: int, more: int = 0) -> tuple[int, int]:
        """Return how many pupils a tutor could take with ``more`` sessions and pupils, and who they may be."""
        sessions, places = self.standing.sessions_left[tutor] + more, self.standing.pupils_left[tutor] + more
        if places <= 0:
            # Only the tutor's own pupils can come.
            return sessions, self._suits[tutor] & self._own[tutor]
        return min(sessions, places), self.allowed(tutor, self._suits[tutor])

    def allowed(self, tutor: int, pupils: int) -> int:
        """Return those of some pupils whose own limit lets them have a tutor."""
        return pupils & ~self.with_enough_tutors | pupils & self._own[tutor]

    def suiting(self, of_kind: dict[Kind, int]) -> list[int]:
        """Return by tutor the pupils of some kinds whom rules 1, 2 and 6 allow."""
        suits = [0] * len(self.problem.tutors)
        for kind, pupils in of_kind.items():
            teachers = self.standing.teachers(kind.subject)
            *_, suited = teachers.suited(kind.grade, kind.languages, kind.requires)
            for tutor in teachers.numbers(suited):
                suits[tutor] |= pupils
        return suits

    @property
    def served(self) -> int:
        """How many pupils of the flow have a seat."""
        return len(self.seat)

    def sit(self, pupil: int, seat: tuple[int, int] | None) -> None:
        """Give a pupil another seat, or none."""
        old = self.seat.pop(pupil, None)
        self._log.append((pupil, old))
        if old and self.sides[old[0]].seated.get(old[1]) == pupil:
            del self.sides[old[0]].seated[old[1]]
        if seat:
            self.seat[pupil] = seat
            self.sides[seat[0]].seated[seat[1]] = pupil
            self.waiting &= ~(1 << pupil)
        else:
            self.waiting |= 1 << pupil

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Take every change back at the end."""
        length, sides = len(self._log), len(self.sides)
        yield
        while len(self._log) > length:
            pupil, old = self._log.pop()
            self.sit(pupil, old)
            self._log.pop()
        del self.sides[sides:]

    def maximise(self) -> list[int]:
        """Seat as many more pupils as can be, and return them, the most urgent first."""
        brought, dead = [], 0
        for tutor, side in enumerate(self.sides):
            while side.has_room:
                search = Search(self, tutor, beside=dead)
                if search.found is None:
                    # From here nobody who waits is reached, now or later.
                    dead |= search.seen
                    break
                brought.append(search.seat_found())
        return sorted(brought)

    def helped_at(self) -> dict[int, int]:
        """Return by slot who could have a seat if they were free in it, maybe if others move."""
        seen = 0
        opened = {tutor for tutor, side in enumerate(self.sides) if side.has_room}
        for tutor in sorted(opened):
            seen |= Search(self, tutor, beside=seen).seen
        leaving = {self.seat[pupil] for pupil in to_numbers(seen)}
        opened |= {tutor for tutor, _ in leaving}
        helped: dict[int, int] = defaultdict(int)
        for tutor, side in enumerate(self.sides):
            for slot in side.hours:
                if (tutor, slot) in leaving or (tutor in opened and slot not in side.seated):
                    helped[slot] |= side.suits & ~side.barred.get(slot, 0)
        return helped

    def reached(self) -> int:
        """Return the pupils whose seats, if they left them, would be of use to those who wait; and those who wait."""
        reached, is_growing = self.waiting, True
        unseen = {(tutor, slot) for tutor, side in enumerate(self.sides) for slot in side.hours}
        while is_growing:
            before = reached
            for tutor, slot in sorted(unseen):
                side = self.sides[tutor]
                if side.suits & self.free_at[slot] & ~side.barred.get(slot, 0) & reached:
                    unseen.remove((tutor, slot))
                    # A free hour of a full tutor is of use once anybody leaves the tutor.
                    leaving = [side.seated[slot]] if slot in side.seated else side.seated.values()
                    reached |= to_bits(leaving)
            is_growing = reached != before
        return reached

    def need_of(self, pupil: int) -> Need:
        """Return for which need a pupil has a seat: of those the tutor teaches the most urgent one."""
        subjects = self.sides[self.seat[pupil][0]].subjects
        return next(
            need
            for need in self.needs_of[self.pupils[pupil].id]
            if any(each.covers(need.subject, need.grade) for each in subjects)
        )


def lowest(pupils: int) -> int:
    """Return the most urgent of some pupils, -1 if there is none."""
    return (pupils & -pupils).bit_length() - 1


class Search:
    """A search for a pupil who waits, backwards from a tutor with room.

    Parameters
    ----------
    breadth : Breadth
    tutor : int
    beside : int
        Pupils through whom not to search, as bits.
    sought : int, optional
        Who may be reached of those who wait, as bits: the search ends with the most urgent who can be. Without
        it, with anybody.

    Attributes
    ----------
    found : int or None
        A pupil who waits and can have a seat if others move.
    seen : int
        Everybody who was reached, and ``beside``.
    is_whole : bool
        Whether everybody was reached who can be.
    """

    def __init__(self, breadth: Breadth, tutor: int, *, beside: int = 0, sought: int | None = None) -> None:
        self.breadth = breadth
        most_urgent = None if sought is None else lowest(sought)
        self.found: int | None = None
        self.seen = beside
        # By pupil: the seat that could be taken, and who would leave to make it free.
        self.could_take: dict[int, tuple[int, int, int | None]] = {}
        queue: deque[tuple[int, int | None, int | None]] = deque([(tutor, None, None)])
        opened = {tutor}
        self.is_whole = False
        while queue:
            host, slot, leaving = queue.popleft()
            side = breadth.sides[host]
            slots = [each for each in side.hours if each not in side.seated] if slot is None else (slot,)
            for each in slots:
                if self.found is not None and (most_urgent is None or self.found <= most_urgent):
                    return
                for pupil in self._visit(side, host, each, leaving):
                    seat = breadth.seat[pupil]
                    queue.append((*seat, pupil))
                    # Where somebody leaves, the tutor has room at every free hour.
                    if seat[0] not in opened:
                        opened.add(seat[0])
                        queue.append((seat[0], None, pupil))
        self.is_whole = True

    def _visit(self, side: Side, tutor: int, slot: int, leaving: int | None) -> list[int]:
        """Look at who could take a seat, and return those who would leave another for it."""
        breadth = self.breadth
        pupils = side.suits & breadth.free_at.get(slot, 0) & ~side.barred.get(slot, 0) & ~self.seen
        self.seen |= pupils
        if waiting := pupils & breadth.waiting:
            first = lowest(waiting)
            if self.found is None or first < self.found:
                self.found = first
                self.could_take[first] = (tutor, slot, leaving)
        moving = to_numbers(pupils & ~breadth.waiting)
        for pupil in moving:
            self.could_take[pupil] = (tutor, slot, leaving)
        return moving

    def seat_found(self) -> int:
        """Seat the pupil who was found, by moving everybody on the way, and return the pupil."""
        pupil: int | None = self.found
        while pupil is not None:
            tutor, slot, leaving = self.could_take[pupil]
            self.breadth.sit(pupil, (tutor, slot))
            pupil = leaving
        return self.found
