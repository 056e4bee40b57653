"""Serve more needs by moving others, within every hard rule."""

from tutormatch.matching.assignment import Assignment, Seat
from tutormatch.matching.openings import to_slots

DEEPEST_CHAIN = 3
WIDEST_SEARCH = 2_000


def repair(assignment: Assignment, most: int) -> None:
    """Seat unserved needs, moving up to `DEEPEST_CHAIN` others for each.

    Nobody who has a tutor loses that. The order is fixed, so the result is too.

    Parameters
    ----------
    assignment : Assignment
        Changed in place.
    most : int
        How many open needs can be served at most; there the search ends.
    """
    for need in assignment.unserved():
        if seat := assignment.free_seat(need):
            assignment.take(seat)
    for need in assignment.unserved():
        if len(assignment.seat_of) >= most:
            return
        _Chain(assignment).seat(need, DEEPEST_CHAIN, frozenset())


class _Chain:
    """A depth-first search for a chain of moves that frees a seat."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.steps = WIDEST_SEARCH

    def seat(self, need: int, depth: int, moved: frozenset[int]) -> bool:
        """Seat ``need``; on failure the assignment is as before."""
        assignment = self.assignment
        if seat := assignment.free_seat(need):
            assignment.take(seat)
            return True
        if depth == 0:
            return False
        for tutor, bits in assignment.openings.options(need):
            for slot in to_slots(bits):
                if self._by_moving(Seat(need, tutor, slot), depth, moved | {need}):
                    return True
        return False

    def _by_moving(self, seat: Seat, depth: int, moved: frozenset[int]) -> bool:
        assignment = self.assignment
        for other in self._in_the_way(seat):
            if other in moved:
                continue
            self.steps -= 1
            if self.steps < 0:
                return False
            old = assignment.leave(other)
            if assignment.fits(seat):
                assignment.take(seat)
                if self.seat(other, depth - 1, moved):
                    return True
                assignment.leave(seat.need)
            assignment.take(old)
        return False

    def _in_the_way(self, seat: Seat) -> list[int]:
        """Return the needs of which any one, gone, might free the seat."""
        assignment = self.assignment
        holder = assignment.at_hour.get((seat.tutor, seat.slot))
        if holder is not None:
            return [holder]
        pupil = assignment.openings.pupil_of[seat.need]
        own = [
            need
            for need in assignment.openings.open_needs_of[pupil]
            if need in assignment.seat_of and assignment.seat_of[need].slot == seat.slot
        ]
        if own:
            return own
        return sorted(need for need, other in assignment.seat_of.items() if other.tutor == seat.tutor)
