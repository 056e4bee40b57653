"""Bring pupils with several needs to tutors who may see them more than once."""

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.openings import to_words
from tutormatch.matching.flow.retiming import retime

TUTORS_PER_NEED = 8
NEEDS_AT_MOST = 20_000


def make_room_for_repeats(assignment: Assignment) -> None:
    """Exchange pupils between tutors so that one who has more needs comes to a tutor with sessions left.

    A tutor whose pupils are as many as may be can have sessions left, but only for them. For each need
    without a seat, of a pupil who has one tutor, up to `TUTORS_PER_NEED` such tutors are tried: one of their pupils
    goes to the pupil's tutor instead. The work grows with the needs; above `NEEDS_AT_MOST` of them the least urgent
    are left alone.
    """
    openings = assignment.openings
    waiting = [need for need in assignment.unserved() if assignment.seats_of_pupil(openings.pupil_of[need])]
    waiting.sort(key=lambda need: (-openings.ranks[openings.pupil_of[need]], need))
    search = _Exchange(assignment)
    for need in waiting[:NEEDS_AT_MOST]:
        search.bring(need)


class _Exchange:
    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.has_sessions = np.array(
            [assignment.has_sessions(tutor) for tutor in range(len(assignment.openings.problem.tutors))], dtype=bool
        )
        self.pupil_words = to_words(assignment.openings.pupil_free)
        self.suited: dict[tuple, np.ndarray] = {}

    def bring(self, need: int) -> bool:
        """Seat a need, together with another of its pupil that has a seat, at a tutor with sessions left."""
        assignment, openings = self.assignment, self.assignment.openings
        pupil = openings.pupil_of[need]
        if need in assignment.seat_of or openings.tutors_left[pupil] < 1:
            return False
        seats = assignment.seats_of_pupil(pupil)
        if len(seats) != 1:
            return False
        first = seats[0]
        tutors = self._for_both(need, first.need)
        if not len(tutors):
            return False
        with_time = tutors[(openings.tutor_words[tutors] & self.pupil_words[pupil]).any(axis=1)]
        # Every pupil starts elsewhere, so that not all of them come to the same few.
        count = min(len(with_time), TUTORS_PER_NEED)
        for tutor in with_time[(need + np.arange(count)) % max(1, len(with_time))].tolist():
            if tutor != first.tutor and assignment.has_sessions(tutor) and self._swap(need, first.need, tutor):
                return True
        return False

    def _for_both(self, need: int, other: int) -> np.ndarray:
        """Return the tutors with sessions left who suit both needs."""
        openings = self.assignment.openings
        key = (openings.wish_of[need], openings.wish_of[other])
        if key not in self.suited:
            one, two = openings.suited(key[0]), openings.suited(key[1])
            both = np.intersect1d(one, two, assume_unique=True)
            self.suited[key] = both[self.has_sessions[both]]
        return self.suited[key]

    def _swap(self, need: int, first: int, tutor: int) -> bool:
        """Bring both needs to ``tutor``; for want of a place another pupil goes to the tutor of ``first`` instead."""
        assignment, openings = self.assignment, self.assignment.openings
        pupil, former = openings.pupil_of[need], assignment.seat_of[first].tutor
        if openings.common_slots(tutor, pupil).bit_count() < 2:
            return False
        steps = len(assignment.steps)
        assignment.leave(first)
        if assignment.has_room(tutor, pupil):
            if retime(assignment, tutor, first) and retime(assignment, tutor, need):
                return True
            assignment.rewind(steps)
            return False
        for other in sorted(assignment.needs_of_tutor[tutor]):
            guest = openings.pupil_of[other]
            if not openings.common_slots(former, guest) or not openings.suits(other, former):
                continue
            before = len(assignment.steps)
            assignment.leave(other)
            if (
                retime(assignment, tutor, first)
                and retime(assignment, tutor, need)
                and retime(assignment, former, other)
            ):
                return True
            assignment.rewind(before)
        assignment.rewind(steps)
        return False
