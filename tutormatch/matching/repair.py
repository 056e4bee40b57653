"""Serve more needs by moving others, within every hard rule."""

from tutormatch.matching.assignment import Assignment, Seat
from tutormatch.matching.openings import to_numbers

DEEPEST_CHAIN = 2
WIDEST_SEARCH = 60


def repair(assignment: Assignment, most: int) -> None:
    """Serve further needs, moving up to `DEEPEST_CHAIN` other seats for each.

    Nobody who has a tutor loses that. The order is fixed, so the result is too.

    Parameters
    ----------
    assignment : Assignment
        Changed in place.
    most : int
        How many open needs can be served at most; there the search ends.
    """
    openings = assignment.openings
    fill(assignment)
    for tutor, needs in openings.repeats:
        for pupil in sorted({openings.pupil_of[need] for need in needs}):
            if len(assignment.seat_of) >= most:
                return
            _repeat(assignment, tutor, [need for need in needs if openings.pupil_of[need] == pupil])
    # A pupil without any tutor has no chain: breadth is the most already.
    served = assignment.served_pupils()
    for need in assignment.unserved():
        if len(assignment.seat_of) >= most:
            return
        if openings.pupil_of[need] in served:
            _Chain(assignment).seat(need, DEEPEST_CHAIN, frozenset())
    fill(assignment)


def fill(assignment: Assignment) -> None:
    """Seat every need that fits as things are, so that whoever is left out has no free tutor."""
    for need in assignment.unserved():
        if seat := assignment.free_seat(need):
            assignment.take(seat)


def _repeat(assignment: Assignment, tutor: int, needs: list[int]) -> None:
    """Bring several needs of a pupil, one of them served, to a tutor who may repeat the pupil."""
    served = [need for need in needs if need in assignment.seat_of]
    if not served or len(served) == len(needs):
        return
    before, steps = len(assignment.seat_of), len(assignment.steps)
    chain = _Chain(assignment)
    for need in served:
        if assignment.seat_of[need].tutor != tutor:
            assignment.leave(need)
    held = frozenset(needs)
    is_moved = all(need in assignment.seat_of or chain.seat(need, DEEPEST_CHAIN, held, tutor) for need in served)
    if is_moved:
        for need in needs:
            if need not in assignment.seat_of:
                chain.seat(need, DEEPEST_CHAIN, held, tutor)
    if len(assignment.seat_of) <= before:
        assignment.rewind(steps)


class _Chain:
    """A depth-first search for a chain of moves that frees a seat."""

    def __init__(self, assignment: Assignment) -> None:
        self.assignment = assignment
        self.steps = WIDEST_SEARCH

    def seat(self, need: int, depth: int, moved: frozenset[int], with_tutor: int | None = None) -> bool:
        """Seat ``need``, maybe with one certain tutor; on failure the assignment is as before."""
        assignment = self.assignment
        if seat := assignment.free_seat(need, with_tutor):
            assignment.take(seat)
            return True
        if depth == 0:
            return False
        for tutor, bits in assignment.openings.options(need).items():
            if with_tutor not in (None, tutor):
                continue
            for slot in to_numbers(bits):
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
            steps = len(assignment.steps)
            assignment.leave(other)
            if assignment.fits(seat):
                assignment.take(seat)
                if self.seat(other, depth - 1, moved):
                    return True
            assignment.rewind(steps)
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
        return sorted(assignment.needs_of_tutor[seat.tutor])
