"""Cover part by part, where one program of all tutors would be too large.

The tutors of a part may give all their sessions anew, to their own pupils and to whoever
waits; all other sessions stand. So each part is a small problem of the same kind,
what is found in it fits what stands, and cover only rises. Parts that overlap otherwise
each time let a change go through several of them.

References
----------
.. [1] P. Shaw, "Using constraint programming and local search methods to solve vehicle
   routing problems", Proc. CP-98, LNCS 1520 (1998), 417-431.
"""

from collections.abc import Callable, Iterator, Sequence
from math import inf

import numpy as np

from tutormatch.matching.exact.cover_program import CoverProgram
from tutormatch.matching.exact.gathering import gather_needs
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.openings import Openings, Wish
from tutormatch.matching.flow.pricing import breadth_prices

SESSIONS_AT_ONCE = 1_600
"""What the tutors of a part can give together: programs of a hundred milliseconds to a few seconds."""
ITERATIONS = 150
"""Of the first-order method, for each part."""
WAITING_AT_ONCE = 3_000
TOUCHED = 0.12
"""As in `gather_needs`: with 0.1 some parts take three times as long, with 0.15 a twentieth fewer needs are gained."""
VARIABLES_PER_SECOND = 20_000
"""Of the programs of parts, for each second of effort."""


def gather_by_parts(
    assignment: Assignment,
    effort: float,
    *,
    sessions_at_once: int = SESSIONS_AT_ONCE,
    time_left: Callable[[], float] = lambda: inf,
) -> Assignment:
    """Serve further needs until no part finds more or the effort is spent.

    Parameters
    ----------
    assignment : Assignment
        With the best breadth, which is kept rank by rank.
    effort : float
        Roughly in seconds; counted in the size of the programs.
    sessions_at_once : int
        How many sessions the tutors of a part can give together.
    time_left : callable, optional
        Seconds until a limit of the caller's, which ends the search as well.
    """
    assignment = Assignment.of(assignment.openings, assignment.seat_of.values())
    left = effort * VARIABLES_PER_SECOND
    parts = list(_parts(assignment.openings, sessions_at_once))
    served = -1
    while served < len(assignment.seat_of):
        served = len(assignment.seat_of)
        for tutors in parts:
            if left <= 0 or time_left() <= 0:
                return assignment
            left -= _gather_among(assignment, tutors, time_left())
    return assignment


def _parts(openings: Openings, size: int) -> Iterator[list[int]]:
    """Yield every tutor with sessions left in several parts, each time beside others who are alike in something."""
    tutors = openings.problem.tutors
    giving = [number for number, sessions in enumerate(openings.sessions_left) if sessions > 0]
    languages = [sorted(tutor.languages) for tutor in tutors]
    subjects = [sorted(tutor.subjects) for tutor in tutors]
    by_language = sorted(giving, key=lambda tutor: (languages[tutor], subjects[tutor], tutor))
    by_subject = sorted(giving, key=lambda tutor: (subjects[tutor], languages[tutor], tutor))
    by_time = sorted(giving, key=lambda tutor: (openings.tutor_free[tutor], tutor))
    for row, first in ((by_language, size), (by_language, size // 2), (by_subject, size), (by_time, size)):
        yield from _cut(openings, row, size, first)


def _cut(openings: Openings, tutors: Sequence[int], size: int, first: int) -> Iterator[list[int]]:
    """Cut a row of tutors where those of a part can give ``size`` sessions, those of the first part ``first``."""
    part: list[int] = []
    room = first
    for tutor in tutors:
        part.append(tutor)
        room -= openings.sessions_left[tutor]
        if room <= 0:
            yield part
            part, room = [], size
    if part:
        yield part


def _gather_among(assignment: Assignment, tutors: list[int], seconds: float) -> int:
    """Let some tutors give their sessions anew, and return how many variables that took."""
    openings = assignment.openings
    seats = [assignment.seat_of[need] for tutor in tutors for need in sorted(assignment.needs_of_tutor[tutor])]
    is_giving = np.zeros(len(openings.problem.tutors), dtype=bool)
    is_giving[tutors] = True
    concerned = [*(seat.need for seat in seats), *_waiting(assignment, is_giving)]
    pupils = sorted({openings.pupil_of[need] for need in concerned})
    standing = [seat for pupil in pupils for seat in assignment.seats_of_pupil(pupil) if not is_giving[seat.tutor]]
    part = openings.among(tutors, pupils, standing)
    network = build_class_network(part)
    breadth = breadth_prices(part, network, nested_cuts(network))
    program = CoverProgram(part, network, breadth)
    if not program.size:
        return 0
    mine = Assignment.of(part, seats)
    found = gather_needs(mine, program, program.relax(ITERATIONS), touched=TOUCHED, seconds=seconds)
    if len(found.seat_of) > len(seats):
        for seat in seats:
            assignment.leave(seat.need)
        for seat in found.seat_of.values():
            assignment.take(seat)
    return program.size


def _waiting(assignment: Assignment, is_giving: np.ndarray) -> list[int]:
    """Return needs without a seat that some giving tutor suits, up to `WAITING_AT_ONCE` of them."""
    openings = assignment.openings
    # Breadth is at its best: who has a tutor can be served more, who has none could only stand in for somebody else.
    waiting = reversed(assignment.unserved())
    is_met: dict[Wish, bool] = {}
    found: list[int] = []
    for need in waiting:
        wish = openings.wish_of[need]
        if wish not in is_met:
            is_met[wish] = bool(is_giving[openings.suited(wish)].any())
        if is_met[wish]:
            found.append(need)
            if len(found) == WAITING_AT_ONCE:
                break
    return found
