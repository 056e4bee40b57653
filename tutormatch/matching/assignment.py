"""A matching under construction, which keeps every hard rule at every step."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.network import Network
from tutormatch.matching.openings import Openings, to_slots
from tutormatch.matching.problem import Match


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """One hour of one tutor for one need, all by number."""

    need: int
    tutor: int
    slot: int


class Assignment:
    """Open needs with their tutor and slot, on top of the locked matches.

    `fits` answers whether a seat may be taken, `take` and `leave` change it.
    """

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.seat_of: dict[int, Seat] = {}
        self.at_hour: dict[tuple[int, int], int] = {}
        self.pupil_taken: dict[int, int] = defaultdict(int)
        self.needs_of_tutor: dict[int, set[int]] = defaultdict(set)
        self.together: Counter[tuple[int, int]] = Counter(openings.locked_pairs)
        self.new_pupils: Counter[int] = Counter()
        self.new_tutors: Counter[int] = Counter()

    def has_room(self, tutor: int, pupil: int) -> bool:
        """Return whether limits allow one more session of the two."""
        openings = self.openings
        if len(self.needs_of_tutor[tutor]) >= openings.sessions_left[tutor]:
            return False
        if self.together.get((tutor, pupil)):
            return True
        return (
            self.new_pupils[tutor] < openings.pupils_left[tutor]
            and self.new_tutors[pupil] < openings.tutors_left[pupil]
        )

    def fits(self, seat: Seat) -> bool:
        """Return whether the seat, known to be an option of its need, can be taken now."""
        pupil = self.openings.pupil_of[seat.need]
        return (
            (seat.tutor, seat.slot) not in self.at_hour
            and not self.pupil_taken[pupil] >> seat.slot & 1
            and self.has_room(seat.tutor, pupil)
        )

    def take(self, seat: Seat) -> None:
        """Take a seat that `fits`."""
        pupil = self.openings.pupil_of[seat.need]
        self.seat_of[seat.need] = seat
        self.at_hour[seat.tutor, seat.slot] = seat.need
        self.pupil_taken[pupil] |= 1 << seat.slot
        self.needs_of_tutor[seat.tutor].add(seat.need)
        if not self.together[seat.tutor, pupil]:
            self.new_pupils[seat.tutor] += 1
            self.new_tutors[pupil] += 1
        self.together[seat.tutor, pupil] += 1

    def leave(self, need: int) -> Seat:
        """Give up the seat of ``need`` and return it."""
        seat = self.seat_of.pop(need)
        pupil = self.openings.pupil_of[need]
        del self.at_hour[seat.tutor, seat.slot]
        self.pupil_taken[pupil] ^= 1 << seat.slot
        self.needs_of_tutor[seat.tutor].remove(need)
        self.together[seat.tutor, pupil] -= 1
        if not self.together[seat.tutor, pupil]:
            self.new_pupils[seat.tutor] -= 1
            self.new_tutors[pupil] -= 1
        return seat

    def reset(self, seat_of: Mapping[int, Seat]) -> None:
        """Go back to seats that were taken together before."""
        changed = [need for need, seat in self.seat_of.items() if seat_of.get(need) != seat]
        for need in changed:
            self.leave(need)
        for need in sorted(seat_of.keys() - self.seat_of.keys()):
            self.take(seat_of[need])

    def free_seat(self, need: int, with_tutor: int | None = None) -> Seat | None:
        """Return a seat that fits ``need``, with a tutor the pupil already has if possible."""
        pupil = self.openings.pupil_of[need]
        free = ~self.pupil_taken[pupil]
        found = None
        for tutor, bits in self.openings.options(need):
            is_together = self.together.get((tutor, pupil), 0) > 0
            if with_tutor not in (None, tutor) or (found and not is_together):
                continue
            if self.has_room(tutor, pupil):
                for slot in to_slots(bits & free):
                    if (tutor, slot) not in self.at_hour:
                        found = Seat(need, tutor, slot)
                        break
                if found and is_together:
                    return found
        return found

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

    def matches(self) -> tuple[Match, ...]:
        """Return all matches, locked ones included, by need."""
        problem = self.openings.problem
        new = (
            Match(problem.needs[seat.need].id, problem.tutors[seat.tutor].id, (seat.slot,))
            for seat in self.seat_of.values()
        )
        return tuple(sorted([*self.openings.locked, *new]))

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
