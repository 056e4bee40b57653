"""Serve more needs by moving others, within every hard rule."""

from tutormatch.matching.assignment import Assignment
from tutormatch.matching.openings import Openings, to_numbers

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
    for tutor, pupil in _repeats_in_order(openings):
        if len(assignment.seat_of) >= most:
            return
        _repeat(assignment, tutor, openings.repeats[tutor][pupil])
    fill(assignment)
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


def _repeats_in_order(openings: Openings) -> list[tuple[int, int]]:
    """Return who could meet more than once: tutors with the least choice first, then the most urgent pupils."""
    pairs = [(tutor, pupil) for tutor, needs_of in openings.repeats.items() for pupil in needs_of]
    return sorted(pairs, key=lambda pair: (len(openings.repeats[pair[0]]), -openings.ranks[pair[1]], *pair))


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
        tutors = assignment.openings.options(need) if with_tutor is None else (with_tutor,)
        moved |= {need}
        for tutor in tutors:
            for other in self._in_the_way(need, tutor):
                if other not in moved and self._by_moving(other, need, tutor, depth, moved):
                    return True
        return False

    def _by_moving(self, other: int, need: int, tutor: int, depth: int, moved: frozenset[int]) -> bool:
        """Seat ``need`` with ``tutor`` once ``other`` has left, and ``other`` elsewhere."""
        assignment = self.assignment
        self.steps -= 1
        if self.steps < 0 or (depth == 1 and not self._may_leave(other, need, tutor)):
            return False
        steps = len(assignment.steps)
        assignment.leave(other)
        if seat := assignment.free_seat(need, tutor):
            assignment.take(seat)
            if self.seat(other, depth - 1, moved):
                return True
        assignment.rewind(steps)
        return False

    def _may_leave(self, other: int, need: int, tutor: int) -> bool:
        """Return whether limits leave ``other`` a tutor once ``need`` has come to ``tutor`` in its place."""
        assignment, pupil_of = self.assignment, self.assignment.openings.pupil_of
        if assignment.with_room(pupil_of[need]) >> tutor & 1:
            # Only time is short: ``other`` may stay with its tutor, in another slot.
            return True
        with_room = assignment.with_new_pupils | assignment.own_tutors[pupil_of[other]]
        return bool(assignment.openings.tutors_of(other) & with_room & assignment.with_sessions & ~(1 << tutor))

    def _in_the_way(self, need: int, tutor: int) -> list[int]:
        """Return the needs of which any one, gone, might make a seat for ``need`` with ``tutor``."""
        assignment, openings = self.assignment, self.assignment.openings
        pupil = openings.pupil_of[need]
        if not assignment.with_room(pupil) >> tutor & 1:
            return sorted(assignment.needs_of_tutor[tutor])
        # There is room but no time: somebody holds each slot, for the tutor or for the pupil.
        bits = openings.options(need)[tutor]
        held = [assignment.at_hour[tutor, slot] for slot in to_numbers(bits & assignment.tutor_taken[tutor])]
        own = [
            each
            for each in openings.open_needs_of[pupil]
            if each in assignment.seat_of and bits >> assignment.seat_of[each].slot & 1
        ]
        return [*held, *(each for each in own if each not in held)]
