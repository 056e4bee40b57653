"""A matching under construction, which keeps every hard rule at every step."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.network import Network
from tutormatch.matching.openings import Openings, to_numbers
from tutormatch.matching.problem import Match


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """One hour of one tutor for one need, all by number."""

    need: int
    tutor: int
    slot: int


class Assignment:
    """Open needs with their tutor and slot, on top of the locked matches.

    `fits` answers whether a seat may be taken, `take` and `leave` change it, and
    `rewind` takes changes back. Sets of slots and sets of tutors are bits, so that
    who has room is answered for all tutors at once.
    """

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.seat_of: dict[int, Seat] = {}
        self.at_hour: dict[tuple[int, int], int] = {}
        self.pupil_taken: dict[int, int] = defaultdict(int)
        self.tutor_taken: dict[int, int] = defaultdict(int)
        self.needs_of_tutor: dict[int, set[int]] = defaultdict(set)
        self.together: Counter[tuple[int, int]] = Counter(openings.locked_pairs)
        self.own_tutors: dict[int, int] = defaultdict(int, openings.own_tutors)
        self.new_pupils: Counter[int] = Counter()
        self.new_tutors: Counter[int] = Counter()
        self.with_sessions = openings.with_sessions
        self.with_new_pupils = openings.with_new_pupils
        self.steps: list[tuple[Seat, bool]] = []

    def with_room(self, pupil: int) -> int:
        """Return the tutors to whom limits allow one more session with ``pupil``, as bits."""
        tutors = self.own_tutors.get(pupil, 0)
        if self.new_tutors[pupil] < self.openings.tutors_left[pupil]:
            tutors |= self.with_new_pupils
        return tutors & self.with_sessions

    def fits(self, seat: Seat) -> bool:
        """Return whether the seat, known to be an option of its need, can be taken now."""
        pupil = self.openings.pupil_of[seat.need]
        taken = self.tutor_taken[seat.tutor] | self.pupil_taken[pupil]
        return not taken >> seat.slot & 1 and bool(self.with_room(pupil) >> seat.tutor & 1)

    def take(self, seat: Seat) -> None:
        """Take a seat that `fits`."""
        self.steps.append((seat, True))
        self._take(seat)

    def leave(self, need: int) -> Seat:
        """Give up the seat of ``need`` and return it."""
        seat = self.seat_of[need]
        self.steps.append((seat, False))
        self._leave(seat)
        return seat

    def rewind(self, length: int) -> None:
        """Take back every step but the first ``length``."""
        while len(self.steps) > length:
            seat, is_taken = self.steps.pop()
            if is_taken:
                self._leave(seat)
            else:
                self._take(seat)

    def _take(self, seat: Seat) -> None:
        openings, tutor, pupil = self.openings, seat.tutor, self.openings.pupil_of[seat.need]
        self.seat_of[seat.need] = seat
        self.at_hour[tutor, seat.slot] = seat.need
        self.pupil_taken[pupil] |= 1 << seat.slot
        self.tutor_taken[tutor] |= 1 << seat.slot
        self.needs_of_tutor[tutor].add(seat.need)
        if len(self.needs_of_tutor[tutor]) == openings.sessions_left[tutor]:
            self.with_sessions ^= 1 << tutor
        if not self.together[tutor, pupil]:
            self.own_tutors[pupil] |= 1 << tutor
            self.new_tutors[pupil] += 1
            self.new_pupils[tutor] += 1
            if self.new_pupils[tutor] == openings.pupils_left[tutor]:
                self.with_new_pupils ^= 1 << tutor
        self.together[tutor, pupil] += 1

    def _leave(self, seat: Seat) -> None:
        tutor, pupil = seat.tutor, self.openings.pupil_of[seat.need]
        del self.seat_of[seat.need]
        del self.at_hour[tutor, seat.slot]
        self.pupil_taken[pupil] ^= 1 << seat.slot
        self.tutor_taken[tutor] ^= 1 << seat.slot
        self.needs_of_tutor[tutor].remove(seat.need)
        self.with_sessions |= 1 << tutor
        self.together[tutor, pupil] -= 1
        if not self.together[tutor, pupil]:
            self.own_tutors[pupil] ^= 1 << tutor
            self.new_tutors[pupil] -= 1
            self.new_pupils[tutor] -= 1
            self.with_new_pupils |= 1 << tutor

    def free_seat(self, need: int, with_tutor: int | None = None) -> Seat | None:
        """Return a seat that fits ``need``, with a tutor the pupil already has if possible."""
        openings, pupil = self.openings, self.openings.pupil_of[need]
        options, own = openings.options(need), self.own_tutors[pupil]
        tutors = openings.tutors_of(need) & self.with_room(pupil)
        if with_tutor is not None:
            tutors &= 1 << with_tutor
        for tutor in (*to_numbers(tutors & own), *to_numbers(tutors & ~own)):
            if free := options[tutor] & ~self.pupil_taken[pupil] & ~self.tutor_taken[tutor]:
                return Seat(need, tutor, to_numbers(free)[0])
        return None

    def served_pupils(self) -> set[int]:
        """Return the pupils with a tutor."""
        return {self.openings.pupil_of[need] for need in self.seat_of} | self.openings.served_pupils

    def unserved(self) -> list[int]:
        """Return the open needs without a seat, those of pupils without any tutor first."""
        openings, served = self.openings, self.served_pupils()
        return sorted(
            (need for need in openings.open_needs if need not in self.seat_of),
            key=lambda need: (openings.pupil_of[need] in served, need),
        )

    def new_matches(self) -> tuple[Match, ...]:
        """Return the matches that are not locked, by need."""
        problem = self.openings.problem
        return tuple(
            sorted(
                Match(problem.needs[seat.need].id, problem.tutors[seat.tutor].id, (seat.slot,))
                for seat in self.seat_of.values()
            )
        )

    def matches(self) -> tuple[Match, ...]:
        """Return all matches, locked ones included, by need."""
        return tuple(sorted([*self.openings.locked, *self.new_matches()]))

    @classmethod
    def of(cls, openings: Openings, seats: Iterable[Seat]) -> "Assignment":
        """Take every seat that fits, in order; of seats that exclude each other the first stays."""
        assignment = cls(openings)
        for seat in seats:
            if assignment.fits(seat):
                assignment.take(seat)
        return assignment


def decode(openings: Openings, network: Network, flow: np.ndarray) -> list[Seat]:
    """Read the seats from a flow through the class network.

    Inside a class needs and hours are paired in the order of their numbers.
    """
    used = np.flatnonzero(flow > 0)
    need_at = {node: need for need, node in network.need_node.items()}
    hours_of: dict[int, list[int]] = defaultdict(list)
    needs_of: dict[int, list[int]] = defaultdict(list)
    seats = []
    for tail, head in sorted(zip(network.tail[used].tolist(), network.head[used].tolist(), strict=True)):
        if tail in need_at:
            if head in network.hour_node:
                seats.append(Seat(need_at[tail], *network.hour_node[head]))
            else:
                needs_of[head].append(need_at[tail])
        elif head in network.hour_node:
            hours_of[tail].append(head)
    for node, needs in sorted(needs_of.items()):
        hours = hours_of[node]
        seats += [Seat(need, *network.hour_node[hour]) for need, hour in zip(needs, hours, strict=True)]
    return sorted(seats)
