"""Serve further needs by bringing several needs of a pupil to one tutor.

A tutor with more sessions than pupils can use them only by meeting a pupil more than
once. Who should meet whom the linear program of cover says, but in fractions. Here an
integer program chooses among what the fractions touch at all: that is small, and nearly
always holds a matching as good as the bound.

References
----------
.. [1] E. Danna, E. Rothberg, C. Le Pape, "Exploring relaxation induced neighborhoods to
   improve MIP solutions", Math. Programming 102 (2005), 71-90.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp

from tutormatch.matching.exact.cover_program import CoverProgram, Relaxation
from tutormatch.matching.exact.linear import LinearProgram
from tutormatch.matching.flow.assignment import Assignment, Seat
from tutormatch.matching.flow.repair import fill

TOUCHED, CLEARLY_TOUCHED = 0.03, 0.1
"""From which fraction on a variable is among the choices; and where few of them will do."""
NODE_LIMIT, SETTLING_NODES = 10, 200
ACCURACY = 1e-6
"""How far off a number of needs may be that the solvers of linear and integer programs return."""


def gather_needs(
    assignment: Assignment,
    program: CoverProgram,
    relaxation: Relaxation,
    *,
    touched: float = TOUCHED,
    seconds: float = np.inf,
) -> Assignment:
    """Return an assignment with the same breadth, rank by rank, and more cover if one is found.

    Parameters
    ----------
    assignment : Assignment
        With the best breadth.
    program : CoverProgram
    relaxation : Relaxation
        Of the program.
    touched : float
        From which fraction on a variable is among the choices.
    seconds : float
        By the clock, after which the best found will do.
    """
    columns = np.flatnonzero((relaxation.values > touched) | _in_use(program, assignment))
    found = _rounded(program, columns, NODE_LIMIT, seconds).assignment if len(columns) else None
    return assignment if found is None else _better(assignment, found)


def settle(
    assignment: Assignment, program: CoverProgram, exact: Relaxation, *, seconds: float = np.inf
) -> tuple[Assignment, int]:
    """Search everything that could serve one need more.

    Parameters
    ----------
    assignment : Assignment
        With the best breadth.
    program : CoverProgram
    exact : Relaxation
        The exact solution of the program.
    seconds : float
        By the clock, after which the best found will do.

    Returns
    -------
    Assignment
        One that serves more needs if there is one.
    int
        How many open needs can be served at most. Less than ``exact.most`` says, if what each
        variable loses leaves few enough of them for an integer program (reduced-cost fixing).
    """
    wanted = len(assignment.seat_of) + 1
    columns = np.flatnonzero(program.losses(exact) <= exact.most - wanted + ACCURACY)
    rounded = _rounded(program, columns, SETTLING_NODES, seconds)
    found = assignment if rounded.assignment is None else _better(assignment, rounded.assignment)
    most = min(exact.most, max(wanted - 1, rounded.most))
    return found, max(int(most + ACCURACY), len(found.seat_of))


def _better(assignment: Assignment, found: Assignment) -> Assignment:
    """Return ``found``, completed, if it keeps the breadth rank by rank and serves more needs."""
    openings, served = assignment.openings, _served_by_rank(assignment)
    lost = assignment.served_pupils() - found.served_pupils()
    for pupil in sorted(lost, key=lambda pupil: (-openings.ranks[pupil], pupil)):
        any(seat_by_moving(found, need) for need in openings.open_needs_of[pupil])
    fill(found)
    is_as_broad = _served_by_rank(found) == served
    return found if is_as_broad and len(found.seat_of) > len(assignment.seat_of) else assignment


def _served_by_rank(assignment: Assignment) -> Counter[int]:
    """Count the newly served pupils of each rank."""
    openings = assignment.openings
    return Counter(openings.ranks[pupil] for pupil in assignment.served_pupils() - openings.served_pupils)


def _in_use(program: CoverProgram, assignment: Assignment) -> np.ndarray:
    """Return which variables the seats of an assignment need."""
    network, couples = program.network, program.couples
    in_use = np.zeros(program.size, dtype=bool)
    entry = {need: variable for variable, need in enumerate(program.entering.tolist())}
    hours = enumerate(zip(network.hour_tutor.tolist(), network.hour_slot.tolist(), strict=True), program.first_hour)
    node_at = {hour: node for node, hour in hours}
    ways = _Ways(program)
    for seat in assignment.seat_of.values():
        if seat.need in entry and (seat.tutor, seat.slot) in node_at:
            used = ways.between(network.need_node[seat.need], node_at[seat.tutor, seat.slot])
            if used:
                in_use[[entry[seat.need], *used]] = True
    seated = {(seat.tutor, seat.need) for seat in assignment.seat_of.values()}
    taken = {(seat.tutor, assignment.openings.pupil_of[seat.need], seat.slot) for seat in assignment.seat_of.values()}
    parts = zip(couples.tutor[couples.part].tolist(), couples.need.tolist(), strict=True)
    in_use[program.parts] = [part in seated for part in parts]
    who = (column[couples.meeting].tolist() for column in (couples.tutor, couples.pupil))
    in_use[program.meetings] = [each in taken for each in zip(*who, couples.slot.tolist(), strict=True)]
    together = np.zeros(len(couples), dtype=bool)
    together[couples.meeting[in_use[program.meetings]]] = True
    in_use[program.together] = together
    return in_use


class _Ways:
    """Finds ways through the arcs of a program."""

    def __init__(self, program: CoverProgram) -> None:
        order = np.argsort(program.head, kind="stable")
        self._arcs = (order + program.arcs.start).tolist()
        self._tails = program.tail[order].tolist()
        self._starts = np.searchsorted(program.head[order], np.arange(program.node_count + 1)).tolist()

    def between(self, need_node: int, hour_node: int) -> list[int]:
        """Return the variables of the arcs on a way from a need to an hour; none if there is no way."""
        came_by: dict[int, tuple[int, int] | None] = {hour_node: None}
        queue = deque([hour_node])
        while queue and need_node not in came_by:
            node = queue.popleft()
            for place in range(self._starts[node], self._starts[node + 1]):
                tail = self._tails[place]
                if tail not in came_by:
                    came_by[tail] = (self._arcs[place], node)
                    queue.append(tail)
        way = []
        step = came_by.get(need_node)
        while step is not None:
            variable, node = step
            way.append(variable)
            step = came_by[node]
        return way


class _Rounded(NamedTuple):
    """An assignment if one was found, and how many needs any other of the same variables serves at most."""

    assignment: Assignment | None
    most: float


def _rounded(program: CoverProgram, columns: np.ndarray, node_limit: int, seconds: float) -> _Rounded:
    """Solve the program in whole numbers, with those variables only."""
    narrowed, start = program.narrowed(columns), perf_counter()
    # Needs are whole: what is within less than one of the bound is the best.
    most_served = max(1, min(len(program.openings.open_needs), sum(program.openings.sessions_left)))
    options = {"node_limit": node_limit, "mip_rel_gap": 0.9 / most_served}
    is_couple = np.zeros(len(narrowed.gain), dtype=bool)
    is_couple[: len(columns)] = (np.arange(program.size) >= program.together.start)[columns]
    result = _in_whole_numbers(narrowed, is_couple, Bounds(0, np.inf), options, seconds)
    most = np.inf if result.mip_dual_bound is None else -result.mip_dual_bound
    if result.x is None:
        return _Rounded(None, most)
    found, is_seat = result.x, np.arange(len(narrowed.gain)) < len(columns)
    if (np.abs(found - np.round(found))[is_seat] > ACCURACY).any():
        # The couples are whole, but those who come once are still split up: once couples are settled they soon are not.
        settled = Bounds(np.where(is_couple, np.round(found), 0), np.where(is_couple, np.round(found), np.inf))
        again = _in_whole_numbers(narrowed, is_seat, settled, options, seconds - (perf_counter() - start))
        found = found if again.x is None else again.x
    values = np.zeros(program.size)
    values[columns] = found[: len(columns)]
    return _Rounded(Assignment.of(program.openings, _seats(program, np.round(values).astype(np.int64))), most)


def _in_whole_numbers(
    linear: LinearProgram, is_whole: np.ndarray, bounds: Bounds, options: dict[str, float], seconds: float
) -> OptimizeResult:
    return milp(
        -linear.gain,
        integrality=is_whole,
        bounds=bounds,
        constraints=LinearConstraint(linear.matrix, linear.least, linear.most),
        options=options if seconds == np.inf else {**options, "time_limit": max(seconds, 0)},
    )


def _seats(program: CoverProgram, values: np.ndarray) -> Iterator[Seat]:
    """Yield the seats of a solution in whole numbers, those of couples first."""
    couples, network = program.couples, program.network
    needs, slots = defaultdict(list), defaultdict(list)
    for listed, owners, what, variables in (
        (needs, couples.part, couples.need, program.parts),
        (slots, couples.meeting, couples.slot, program.meetings),
    ):
        chosen = np.flatnonzero(values[variables])
        for couple, each in zip(owners[chosen].tolist(), what[chosen].tolist(), strict=True):
            listed[couple].append(each)
    for couple, some in needs.items():
        for need, slot in zip(some, slots[couple], strict=False):
            yield Seat(need, int(couples.tutor[couple]), slot)
    ways: dict[int, list[int]] = defaultdict(list)
    through = np.flatnonzero(values[program.arcs])
    columns = (column[through].tolist() for column in (program.tail, program.head, values[program.arcs]))
    for tail, head, units in zip(*columns, strict=True):
        ways[tail] += [head] * units
    for need, units in zip(program.entering.tolist(), values[: program.arcs.start].tolist(), strict=True):
        node = network.need_node[need]
        if units:
            while ways[node]:
                node = ways[node].pop()
            if node >= program.first_hour:
                hour = node - program.first_hour
                yield Seat(need, int(network.hour_tutor[hour]), int(network.hour_slot[hour]))


@dataclass(frozen=True, slots=True)
class _Move:
    """``need`` takes a seat with ``tutor`` once another need has left it."""

    need: int
    tutor: int


def seat_by_moving(assignment: Assignment, need: int) -> bool:
    """Seat ``need`` along the shortest chain in which each takes the place of the next.

    Parameters
    ----------
    assignment : Assignment
        As before if no such chain is found.
    need : int
        Without a seat.
    """
    openings = assignment.openings
    came_by: dict[int, _Move | None] = {need: None}
    searched: set[int] = set()
    queue = deque([need])
    while queue:
        each = queue.popleft()
        if seat := assignment.free_seat(each):
            if _move(assignment, came_by, seat):
                return True
            continue
        for tutor, common in openings.options(each).items():
            if tutor in searched:
                continue
            for other in sorted(assignment.needs_of_tutor[tutor] - came_by.keys()):
                if _could_follow(assignment, each, other, common):
                    searched.add(tutor)
                    came_by[other] = _Move(each, tutor)
                    queue.append(other)
    return False


def _could_follow(assignment: Assignment, need: int, other: int, common: int) -> bool:
    """Return whether ``need`` could have a session with the tutor of ``other`` if that one left."""
    openings, seat = assignment.openings, assignment.seat_of[other]
    pupil, leaver = openings.pupil_of[need], openings.pupil_of[other]
    own = assignment.seat_of.get(need)
    taken = assignment.pupil_taken[pupil] & ~(1 << own.slot if own else 0)
    if not common & ~taken & (~assignment.tutor_taken[seat.tutor] | 1 << seat.slot):
        return False
    if pupil == leaver or assignment.together[seat.tutor, pupil]:
        return True
    if not own and assignment.new_tutors[pupil] >= openings.tutors_left[pupil]:
        return False
    has_place = assignment.new_pupils[seat.tutor] < openings.pupils_left[seat.tutor]
    return has_place or assignment.together[seat.tutor, leaver] == 1


def _move(assignment: Assignment, came_by: dict[int, _Move | None], seat: Seat) -> bool:
    """Move everybody along the chain that ends with ``seat``; on failure the assignment is as before."""
    steps = len(assignment.steps)
    need = seat.need
    found: Seat | None = seat
    while True:
        if need in assignment.seat_of:
            assignment.leave(need)
        if found is None or not assignment.fits(found):
            assignment.rewind(steps)
            return False
        assignment.take(found)
        move = came_by[need]
        if move is None:
            return True
        need = move.need
        if need in assignment.seat_of:
            assignment.leave(need)
        found = assignment.seat_with(need, move.tutor)
