"""The engines of the benchmark: the core, and five other ways to match the same problem.

Each peer keeps every hard rule. What its model cannot carry is dropped after the
solve, and what is still free is then given out by the priority greedy.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from tutormatch.matching.benchmark.assignment_matrix import build_matrix, cells_at_most
from tutormatch.matching.benchmark.greedy import Timetable, first_come, most_urgent
from tutormatch.matching.benchmark.pair_graph import build_pair_graph
from tutormatch.matching.benchmark.seats import Seats
from tutormatch.matching.flow.engines import ENGINES
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Match, Problem

NETWORKX_SEATS_AT_MOST = 450_000
"""The network simplex in Python takes minutes above this."""

ORTOOLS_SEATS_AT_MOST = 8_000_000
"""About 4 GiB of arcs."""

SEATS_FOR_NEEDS_AT_MOST = 150_000
"""Above this it takes minutes to count the pairs of needs and hours, which are too many anyway."""

GREEDY_NEEDS_AT_MOST = 20_000
"""Above this they take minutes, which says nothing about greed: they are written to be read."""

MATRIX_CELLS_AT_MOST = 60_000_000
"""About half a GiB of 64-bit costs, and a time that grows with the cube of the side."""


class TooLarge(Exception):
    """A problem is beyond what a peer can do; the message says by how much."""


@dataclass(frozen=True)
class Answer:
    """What a peer gives back; ``arcs`` are those of its own model (None: it has none)."""

    matches: tuple[Match, ...]
    arcs: int | None
    seconds: Mapping[str, float]


@dataclass
class Stopwatch:
    """Adds up the seconds of each stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def match_with_networkx(problem: Problem) -> Answer:
    """Solve the pair graph with `networkx.network_simplex`."""
    return _match_on_pair_graph(problem, "networkx", NETWORKX_SEATS_AT_MOST)


def match_with_ortools(problem: Problem) -> Answer:
    """Solve the pair graph with OR-Tools' `SimpleMinCostFlow`."""
    return _match_on_pair_graph(problem, "ortools", ORTOOLS_SEATS_AT_MOST)


def match_with_scipy(problem: Problem) -> Answer:
    """Solve the dense matrix with SciPy's `linear_sum_assignment`."""
    watch = Stopwatch()
    with watch.stage("build"):
        openings = Openings(problem)
        _refuse_above(MATRIX_CELLS_AT_MOST, cells_at_most(openings), "cells")
        seats = Seats(openings)
        matrix = build_matrix(seats)
    with watch.stage("solve"):
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(matrix.cost)
    with watch.stage("repair"):
        matches = _seat(seats, matrix.seats(rows, columns))
    return Answer(matches, matrix.cost.size, watch.seconds)


def match_first_come(problem: Problem) -> Answer:
    """Give out seats need by need, those that have waited longest first."""
    return _match_greedily(problem, first_come)


def match_by_priority(problem: Problem) -> Answer:
    """Give out seats need by need, pupils without a tutor and the most urgent first."""
    return _match_greedily(problem, most_urgent)


PEERS: Mapping[str, Callable[[Problem], Answer]] = MappingProxyType(
    {
        "pairs-networkx": match_with_networkx,
        "pairs-ortools": match_with_ortools,
        "matrix-scipy": match_with_scipy,
        "first-come": match_first_come,
        "priority": match_by_priority,
    }
)


def _match_on_pair_graph(problem: Problem, engine: str, most: int) -> Answer:
    _refuse_above(SEATS_FOR_NEEDS_AT_MOST, len(problem.needs), "needs")
    watch = Stopwatch()
    with watch.stage("build"):
        seats = Seats(Openings(problem))
    _refuse_above(most, seats.estimate(), "pairs of a need and an hour")
    with watch.stage("build"):
        graph = build_pair_graph(seats)
    with watch.stage("solve"):
        flow = ENGINES[engine](graph.network)
    with watch.stage("repair"):
        matches = _seat(seats, graph.seats(flow))
    return Answer(matches, graph.network.arc_count, watch.seconds)


def _match_greedily(problem: Problem, order: Callable[[Openings], list[int]]) -> Answer:
    _refuse_above(GREEDY_NEEDS_AT_MOST, len(problem.needs), "needs")
    watch = Stopwatch()
    with watch.stage("build"):
        openings = Openings(problem)
        timetable = Timetable(Seats(openings))
    with watch.stage("solve"):
        timetable.fill(order(openings))
        matches = timetable.matches()
    return Answer(matches, None, watch.seconds)


def _seat(seats: Seats, wanted: list[tuple[int, int, int]]) -> tuple[Match, ...]:
    """Take the seats of a relaxed model: those that exclude each other by order of need, then what is free."""
    timetable = Timetable(seats)
    for need, tutor, slot in sorted(wanted):
        if timetable.fits(need, tutor, slot):
            timetable.take(need, tutor, slot)
    timetable.fill(most_urgent(seats.openings))
    return timetable.matches()


def _refuse_above(most: int, count: int, unit: str) -> None:
    if count > most:
        raise TooLarge(f"about {count:,} {unit}, the limit is {most:,}")
