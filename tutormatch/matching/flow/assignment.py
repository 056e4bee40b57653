"""A matching under construction, which keeps every hard rule at every step."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from tutormatch.matching.flow.openings import Openings, to_numbers, without
from tutormatch.matching.problem import Match


class Seat(NamedTuple):
    """One hour of one tutor for one need, all by number."""

    need: int
    tutor: int
    slot: int


class Assignment:
    """Open needs with their tutor and slot, on top of the locked matches.

    `fits` answers whether a seat may be taken, `take` and `leave` change it, and
    `rewind` takes changes back. Sets of slots are bits.
    """

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.seat_of: dict[int, Seat] = {}
        self.at_hour: dict[tuple[int, int], int] = {}
        self.pupil_taken = [0] * len(openings.pupil_free)
        self.tutor_taken = [0] * len(openings.tutor_free)
        self.needs_of_tutor: dict[int, set[int]] = defaultdict(set)
        self.together: Counter[tuple[int, int]] = Counter(openings.locked_pairs)
        self.new_pupils = [0] * len(openings.tutor_free)
        self.new_tutors = [0] * len(openings.pupil_free)
        self.steps: list[tuple[Seat, bool]] = []

    def seats_of_pupil(self, pupil: int) -> list[Seat]:
        """Return the seats of the pupil's open needs."""
        needs = self.openings.open_needs_of.get(pupil, ())
        return [seat for need in needs if (seat := self.seat_of.get(need))]

    def own_tutors(self, pupil: int) -> list[int]:
        """Return the tutors of the pupil, in order."""
        own = {seat.tutor for seat in self.seats_of_pupil(pupil)}
        return sorted(own.union(self.openings.tutors_of_pupil.get(pupil, ())))

    def has_sessions(self, tutor: int) -> bool:
        """Return whether the tutor can give one more session."""
        # Asked of everybody: whoever has no session yet gets no set for that.
        return len(self.needs_of_tutor.get(tutor, ())) < self.openings.sessions_left[tutor]

    def with_sessions(self) -> np.ndarray:
        """Return by tutor whether the tutor can give one more session."""
        given = np.zeros(len(self.openings.sessions_left), dtype=np.int64)
        given[list(self.needs_of_tutor)] = list(map(len, self.needs_of_tutor.values()))
        return given < self.openings.sessions_left

    def takes_new(self) -> np.ndarray:
        """Return by tutor whether the tutor can give a session to one more pupil."""
        return self.with_sessions() & np.less(self.new_pupils, self.openings.pupils_left)

    def free_words(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the slots in which tutors, and pupils, have time now, as rows of words."""
        openings = self.openings
        columns = np.fromiter(chain.from_iterable(self.seat_of.values()), dtype=np.int64, count=3 * len(self.seat_of))
        need, tutor, slot = columns.reshape(-1, 3).T
        return (
            without(openings.tutor_words, tutor, slot),
            without(openings.pupil_words, openings.pupil_numbers[need], slot),
        )

    def has_room(self, tutor: int, pupil: int) -> bool:
        """Return whether limits allow the two one more session."""
        if not self.has_sessions(tutor):
            return False
        if self.new_pupils[tutor] < self.openings.pupils_left[tutor] and (
            self.new_tutors[pupil] < self.openings.tutors_left[pupil]
        ):
            return True
        return self.together[tutor, pupil] > 0

    def free_slots(self, tutor: int, pupil: int) -> int:
        """Return the slots in which both have time now, as bits."""
        return self.openings.common_slots(tutor, pupil) & ~self.pupil_taken[pupil] & ~self.tutor_taken[tutor]

    def fits(self, seat: Seat) -> bool:
        """Return whether the seat, known to be an option of its need, can be taken now."""
        pupil = self.openings.pupil_of[seat.need]
        taken = self.tutor_taken[seat.tutor] | self.pupil_taken[pupil]
        return not taken >> seat.slot & 1 and self.has_room(seat.tutor, pupil)

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
        need, tutor, slot = seat
        pupil = self.openings.pupil_of[need]
        # A counter asked for what it does not hold takes long.
        meetings = self.together.get((tutor, pupil), 0)
        if not meetings:
            self.new_tutors[pupil] += 1
            self.new_pupils[tutor] += 1
        self.together[tutor, pupil] = meetings + 1
        self.seat_of[need] = seat
        self.at_hour[tutor, slot] = need
        self.pupil_taken[pupil] |= 1 << slot
        self.tutor_taken[tutor] |= 1 << slot
        self.needs_of_tutor[tutor].add(need)

    def _leave(self, seat: Seat) -> None:
        need, tutor, slot = seat
        pupil = self.openings.pupil_of[need]
        del self.seat_of[need]
        del self.at_hour[tutor, slot]
        self.pupil_taken[pupil] ^= 1 << slot
        self.tutor_taken[tutor] ^= 1 << slot
        self.needs_of_tutor[tutor].remove(need)
        self.together[tutor, pupil] -= 1
        if not self.together[tutor, pupil]:
            self.new_tutors[pupil] -= 1
            self.new_pupils[tutor] -= 1

    def seat_with(self, need: int, tutor: int) -> Seat | None:
        """Return the first seat that fits ``need`` with a tutor who suits."""
        pupil = self.openings.pupil_of[need]
        if (free := self.free_slots(tutor, pupil)) and self.has_room(tutor, pupil):
            return Seat(need, tutor, to_numbers(free)[0])
        return None

    def free_seat(self, need: int, among: Iterable[int] | None = None) -> Seat | None:
        """Return a seat that fits ``need``, with a tutor the pupil already has if possible.

        Parameters
        ----------
        need : int
        among : iterable of int, optional
            Tutors who suit, in order; without it, all of them.
        """
        tutors = self.openings.options(need) if among is None else among
        own = self.own_tutors(self.openings.pupil_of[need])
        for tutor in sorted(tutors, key=lambda tutor: tutor not in own) if own else tutors:
            if seat := self.seat_with(need, tutor):
                return seat
        return None

    def served_pupils(self) -> set[int]:
        """Return the pupils with a tutor."""
        return {self.openings.pupil_of[need] for need in self.seat_of} | self.openings.served_pupils

    def unserved(self) -> list[int]:
        """Return the open needs without a seat, those of pupils without any tutor first."""
        pupil_of, served = self.openings.pupil_of, self.served_pupils()
        waiting = [need for need in self.openings.open_needs if need not in self.seat_of]
        return sorted(waiting, key=lambda need: pupil_of[need] in served)

    def new_matches(self) -> tuple[Match, ...]:
        """Return the matches that are not locked, by need."""
        needs, tutors = self.openings.problem.needs, self.openings.problem.tutors
        # Needs are numbered in the order of their identifiers.
        return tuple(
            Match(needs[need].id, tutors[tutor].id, (slot,))
            for need, tutor, slot in map(self.seat_of.__getitem__, sorted(self.seat_of))
        )

    def matches(self) -> tuple[Match, ...]:
        """Return all matches, locked ones included, by need."""
        return tuple(sorted([*self.openings.locked, *self.new_matches()], key=attrgetter("need_id")))

    @classmethod
    def of(cls, openings: Openings, seats: Iterable[Seat]) -> "Assignment":
        """Take every seat that fits, in order; of seats that exclude each other the first stays."""
        assignment = cls(openings)
        for seat in seats:
            if assignment.fits(seat):
                assignment._take(seat)
        return assignment
