"""Serve more needs by moving others, within every hard rule."""

from collections import defaultdict
from collections.abc import Collection

from tutormatch.matching.flow.assignment import Assignment, Seat
from tutormatch.matching.flow.candidates import candidates, couples_with_sessions
from tutormatch.matching.flow.openings import to_numbers
from tutormatch.matching.flow.repeats import make_room_for_repeats
from tutormatch.matching.flow.retiming import retime

DEEPEST_CHAIN = 2
WIDEST_SEARCH = 60
NEEDS_FOR_CHAINS = 1_000
"""Among how many open needs chains of moves are tried: each costs as much as all tutors who suit it."""


def repair(assignment: Assignment, most: int, lost: Collection[Seat] = ()) -> None:
    """Serve further needs, moving other seats for them.

    Nobody who has a tutor loses that. The order is fixed, so the result is too.

    Parameters
    ----------
    assignment : Assignment
        Changed in place.
    most : int
        How many open needs can be served at most; there the search ends.
    lost : collection of Seat
        Those of the flow that did not fit, because the pupil is elsewhere at that time or has too many tutors.
    """
    for seat in lost:
        regain(assignment, seat)
    gather(assignment)
    fill(assignment)
    for search in (make_room_for_repeats, _try_chains):
        if len(assignment.seat_of) >= most:
            return
        steps = len(assignment.steps)
        search(assignment)
        if len(assignment.steps) > steps:
            fill(assignment)


def fill(assignment: Assignment) -> None:
    """Seat every need that fits as things are, so that whoever is left out has no free tutor."""
    for need, tutors in candidates(assignment, assignment.unserved()).items():
        if seat := assignment.free_seat(need, tutors):
            assignment.take(seat)


def regain(assignment: Assignment, seat: Seat) -> bool:
    """Seat a need that did not fit with its tutor after all, at some slot."""
    need, tutor, slot = seat
    pupil = assignment.openings.pupil_of[need]
    if not assignment.has_room(tutor, pupil):
        return False
    if retime(assignment, tutor, need):
        return True
    # The other session of the pupil may go elsewhere instead.
    for other in assignment.seats_of_pupil(pupil):
        if other.slot != slot:
            continue
        steps = len(assignment.steps)
        assignment.leave(other.need)
        if assignment.fits(seat):
            assignment.take(seat)
            if assignment.has_room(other.tutor, pupil) and retime(assignment, other.tutor, other.need):
                return True
        assignment.rewind(steps)
    return False


def gather(assignment: Assignment) -> None:
    """Bring further needs to tutors whom their pupils have: without a seat, or away from a second tutor."""
    openings = assignment.openings
    agreed: dict[int, list[int]] = defaultdict(list)
    for tutor, pupil in openings.locked_pairs:
        agreed[tutor].append(pupil)
    hopeful = set(couples_with_sessions(assignment)[1].tolist())
    for pupil in sorted(openings.open_needs_of):
        needs = openings.open_needs_of[pupil]
        if pupil not in hopeful or (len(needs) < 2 and pupil not in openings.tutors_of_pupil):
            continue
        own = assignment.own_tutors(pupil)
        # Sessions come free only once somebody has come.
        for need in needs if any(map(assignment.has_sessions, own)) else ():
            seat = assignment.seat_of.get(need)
            for tutor in own:
                if seat is not None and (tutor == seat.tutor or _is_alone(assignment, seat, pupil)):
                    continue
                if assignment.has_sessions(tutor) and openings.suits(need, tutor):
                    steps = len(assignment.steps)
                    if seat is not None:
                        assignment.leave(need)
                    if retime(assignment, tutor, need):
                        if seat is not None:
                            hopeful.update(agreed[seat.tutor])
                            hopeful.update(openings.pupil_of[each] for each in assignment.needs_of_tutor[seat.tutor])
                        own = assignment.own_tutors(pupil)
                        break
                    assignment.rewind(steps)


def _is_alone(assignment: Assignment, seat: Seat, pupil: int) -> bool:
    """Return whether the pupil has that tutor for more than this need."""
    return any(other.tutor == seat.tutor and other != seat for other in assignment.seats_of_pupil(pupil))


def _try_chains(assignment: Assignment) -> None:
    """Seat needs by moving up to `DEEPEST_CHAIN` others for each."""
    openings = assignment.openings
    if len(openings.open_needs) > NEEDS_FOR_CHAINS:
        return
    # A pupil without any tutor has no chain: breadth is the most already.
    served = assignment.served_pupils()
    for need in assignment.unserved():
        if openings.pupil_of[need] in served:
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
        moved |= {need}
        for tutor in assignment.openings.options(need):
            for other in self._in_the_way(need, tutor):
                if other not in moved and self._by_moving(other, need, tutor, depth, moved):
                    return True
                if self.steps < 0:
                    return False
        return False

    def _by_moving(self, other: int, need: int, tutor: int, depth: int, moved: frozenset[int]) -> bool:
        """Seat ``need`` with ``tutor`` once ``other`` has left, and ``other`` elsewhere."""
        assignment = self.assignment
        self.steps -= 1
        if self.steps < 0:
            return False
        steps = len(assignment.steps)
        assignment.leave(other)
        if seat := assignment.seat_with(need, tutor):
            assignment.take(seat)
            if self.seat(other, depth - 1, moved):
                return True
        assignment.rewind(steps)
        return False

    def _in_the_way(self, need: int, tutor: int) -> Collection[int]:
        """Return the needs of which any one, gone, might make a seat for ``need`` with ``tutor``."""
        assignment, openings = self.assignment, self.assignment.openings
        pupil = openings.pupil_of[need]
        if not assignment.has_room(tutor, pupil):
            return sorted(assignment.needs_of_tutor[tutor])
        # There is room but no time: somebody holds each slot, for the tutor or for the pupil.
        bits = openings.options(need)[tutor]
        held = [assignment.at_hour[tutor, slot] for slot in to_numbers(bits & assignment.tutor_taken[tutor])]
        own = [seat.need for seat in assignment.seats_of_pupil(pupil) if bits >> seat.slot & 1]
        return list(dict.fromkeys([*held, *own]))
