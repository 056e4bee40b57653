"""Matching as it is done by hand: need after need, nobody is moved once seated."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from tutormatch.matching.benchmark.seats import Seats
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.objective import POINTS
from tutormatch.matching.problem import Match


class Timetable:
    """Who meets whom when, on top of the locked matches; it keeps every hard rule at every step."""

    def __init__(self, seats: Seats) -> None:
        openings = self.openings = seats.openings
        self.seats = seats
        self.tutor_free = seats.tutor_free.copy()
        self.pupil_free = seats.pupil_free.copy()
        self.sessions_left = np.array(openings.sessions_left)
        self.pupils_left = np.array(openings.pupils_left)
        self.tutors_left = list(openings.tutors_left)
        self.seat_of: dict[int, tuple[int, int]] = {}
        self.tutors_of: dict[int, set[int]] = defaultdict(set)
        for tutor, pupil in openings.locked_pairs:
            self.tutors_of[pupil].add(tutor)

    def fits(self, need: int, tutor: int, slot: int) -> bool:
        """Return whether a seat of ``need`` can be taken now."""
        pupil = self.openings.pupil_of[need]
        is_new = tutor not in self.tutors_of[pupil]
        return bool(
            need not in self.seat_of
            and self.tutor_free[tutor, slot]
            and self.pupil_free[pupil, slot]
            and self.sessions_left[tutor] > 0
            and not (is_new and (self.pupils_left[tutor] <= 0 or self.tutors_left[pupil] <= 0))
        )

    def take(self, need: int, tutor: int, slot: int) -> None:
        """Take a seat that `fits`."""
        pupil = self.openings.pupil_of[need]
        self.seat_of[need] = (tutor, slot)
        self.tutor_free[tutor, slot] = self.pupil_free[pupil, slot] = False
        self.sessions_left[tutor] -= 1
        if tutor not in self.tutors_of[pupil]:
            self.tutors_of[pupil].add(tutor)
            self.pupils_left[tutor] -= 1
            self.tutors_left[pupil] -= 1

    def take_best(self, need: int) -> None:
        """Take the seat of ``need`` that earns most, the first of equals; none, if all are taken."""
        pupil = self.openings.pupil_of[need]
        choice = self.seats.of(need)
        is_own = np.isin(choice.tutors, sorted(self.tutors_of[pupil]))
        is_open = (self.pupils_left[choice.tutors] > 0) & (self.tutors_left[pupil] > 0)
        fits = (
            self.tutor_free[choice.tutors, choice.slots]
            & self.pupil_free[pupil, choice.slots]
            & (self.sessions_left[choice.tutors] > 0)
            & (is_open | is_own)
        )
        if fits.any():
            best = int(np.argmax(np.where(fits, choice.points + POINTS["same_tutor"] * is_own, -1)))
            self.take(need, int(choice.tutors[best]), int(choice.slots[best]))

    def fill(self, needs: Iterable[int]) -> None:
        """Seat what can still be seated, one need after the other."""
        for need in needs:
            if need not in self.seat_of:
                self.take_best(need)

    def matches(self) -> tuple[Match, ...]:
        """Return all matches, locked ones included, by need."""
        problem = self.openings.problem
        new = (
            Match(problem.needs[need].id, problem.tutors[tutor].id, (slot,))
            for need, (tutor, slot) in self.seat_of.items()
        )
        return tuple(sorted([*self.openings.locked, *new]))


def first_come(openings: Openings) -> list[int]:
    """Return the open needs, those that have waited longest first."""
    needs = openings.problem.needs
    return sorted(openings.open_needs, key=lambda need: (-needs[need].waiting_days, need))


def most_urgent(openings: Openings) -> list[int]:
    """Return the open needs in the order of the objective.

    First one need, the most urgent, of each pupil without a tutor, the most urgent
    pupils first; then all others in the same order of pupils.
    """
    needs = openings.problem.needs
    order = []
    for pupil, own in openings.open_needs_of.items():
        by_urgency = sorted(own, key=lambda need: (-needs[need].priority, -needs[need].waiting_days, need))
        for place, need in enumerate(by_urgency, start=pupil in openings.served_pupils):
            order.append((place > 0, -openings.ranks[pupil], pupil, place, need))
    return [need for *_, need in sorted(order)]
