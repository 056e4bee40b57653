"""Cover at its best: as many further needs as the best breadth leaves room for, and the proof."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import inf, sqrt

import numpy as np

from tutormatch.matching.exact.apart import SolvedApart
from tutormatch.matching.exact.couples import reach_of_couples
from tutormatch.matching.exact.cover_program import CoverProgram
from tutormatch.matching.exact.gathering import ACCURACY, CLEARLY_TOUCHED, TOUCHED, gather_needs, settle
from tutormatch.matching.exact.parts import gather_by_parts
from tutormatch.matching.exact.prices import cover_prices
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Prices
from tutormatch.matching.verification.market import Market
from tutormatch.matching.verification.price_check import PricedMarket

ITERATIONS, MOST_ITERATIONS = 300, 4_000
"""Of the first-order method: to see what to round, and for prices if there will be no better ones."""
STEPS_PER_SECOND = 60_000_000
"""For each second of effort, how many iterations times entries of the program are worth their time for prices."""
ARCS_PER_SECOND, REACH_PER_SECOND, MOST_REACH = 30_000, 200_000, 8_000_000
"""For each second of effort, and in all, how many arcs and how many needs with a tutor for couples there may be for
the linear program to be worth its time."""
NEEDS_BY_PARTS = 1_500
"""For each second of effort, how many open needs there may be to go through them part by part instead."""
TO_SHARPEN, MOST_TO_SHARPEN, TO_SETTLE = 16_000, 60_000, 9_500
"""By the root of the effort, because their time grows much faster, and in all: up to how many variables the program
may have to be solved exactly, and to be searched whole."""

TimeLeft = Callable[[], float]
"""How many seconds there are until a limit of the caller's."""


@dataclass(frozen=True)
class Cover:
    """An assignment, and how many open needs can be served at most.

    Attributes
    ----------
    assignment : Assignment
    prices : Prices
    most : int
        What the prices prove.
    exact : int, optional
        What the programs say, which nobody can recompute without solving them.
    """

    assignment: Assignment
    prices: Prices
    most: int
    exact: int | None = None

    @property
    def is_proven(self) -> bool:
        return len(self.assignment.seat_of) >= (self.most if self.exact is None else min(self.most, self.exact))


def close_cover(
    assignment: Assignment,
    network: ClassNetwork,
    breadth: Prices,
    effort: float,
    time_left: TimeLeft = lambda: inf,
) -> Cover:
    """Serve as many further needs as can be, and prove how many that are.

    Parameters
    ----------
    assignment : Assignment
        With the best breadth, which is kept rank by rank.
    network : ClassNetwork
        Of its openings.
    breadth : Prices
        That prove this breadth.
    effort : float
        Roughly in seconds; it limits the size of the programs that are tried and asks no clock.
    time_left : callable, optional
        Asked as well if the caller has a limit: what takes longer is given up.

    Notes
    -----
    The bound is the one that `verify` will find, by the same reading of the prices; whether it is
    tight depends on the prices alone.
    """
    return _Closing(assignment, network, breadth, effort, time_left).cover()


class _Closing:
    def __init__(
        self, assignment: Assignment, network: ClassNetwork, breadth: Prices, effort: float, time_left: TimeLeft
    ) -> None:
        self.openings = assignment.openings
        self.network = network
        self.breadth = breadth
        self.effort = effort
        self.time_left = time_left
        self.start = Cover(assignment, breadth, len(self.openings.open_needs))

    def cover(self) -> Cover:
        openings, effort = self.openings, self.effort
        has_program = self._has_program()
        if not has_program and len(openings.open_needs) > effort * NEEDS_BY_PARTS:
            return self.start
        self.bounds = _Bounds(openings, self.start.assignment)
        cover = self.bounds.best(self.start, cover_prices(openings, self.breadth, {}))
        if cover.is_proven:
            return cover
        if not has_program:
            return self._by_parts(cover)
        self.program = CoverProgram(openings, self.network, self.breadth)
        if not self.program.size:
            return cover
        is_sharpened = self.program.size <= min(sqrt(effort) * TO_SHARPEN, MOST_TO_SHARPEN)
        return self._exactly(cover) if is_sharpened else self._roughly(cover)

    def _has_program(self) -> bool:
        most_reach = min(self.effort * REACH_PER_SECOND, MOST_REACH)
        return self.network.arc_count <= self.effort * ARCS_PER_SECOND and reach_of_couples(self.openings) <= most_reach

    def _by_parts(self, cover: Cover) -> Cover:
        return replace(cover, assignment=gather_by_parts(cover.assignment, self.effort, time_left=self.time_left))

    def _priced(self, cover: Cover, duals: np.ndarray) -> Cover:
        return self.bounds.best(cover, cover_prices(self.openings, self.breadth, self.program.worth_of(duals)))

    def _roughly(self, cover: Cover) -> Cover:
        """Search part by part on one core while another looks for prices."""
        program = self.program
        iterations = int(self.effort * STEPS_PER_SECOND / program.constraints.matrix.nnz)
        with SolvedApart(program.linear, max(ITERATIONS, min(iterations, MOST_ITERATIONS))) as solved:
            cover = self._by_parts(cover)
            solution = solved.solution(self.time_left())
        return cover if solution is None else self._priced(cover, solution[1])

    def _exactly(self, cover: Cover) -> Cover:
        """Round while the linear program is solved exactly, and search what could still serve one need more."""
        program, effort = self.program, self.effort
        is_settled = program.size <= sqrt(effort) * TO_SETTLE
        # The solvers work outside Python: two cores sharpen and round at once.
        with ThreadPoolExecutor(max_workers=1) as other:
            sharpened = other.submit(program.sharpen, min(effort, max(self.time_left(), 0)))
            relaxation = program.relax(ITERATIONS)
            cover = self._priced(cover, relaxation.duals)
            if not cover.is_proven:
                touched = CLEARLY_TOUCHED if is_settled else TOUCHED
                found = gather_needs(cover.assignment, program, relaxation, touched=touched, seconds=self.time_left())
                cover = replace(cover, assignment=found)
            exact = sharpened.result()
        if cover.is_proven or exact is None:
            return cover
        cover = replace(self._priced(cover, exact.duals), exact=int(exact.most + ACCURACY))
        if not cover.is_proven and is_settled:
            assignment, most = settle(cover.assignment, program, exact, seconds=self.time_left())
            cover = replace(cover, assignment=assignment, exact=most)
        return cover


class _Bounds:
    """Says what prices show of an assignment with the best breadth."""

    def __init__(self, openings: Openings, assignment: Assignment) -> None:
        self.market = Market(openings.problem, openings.locked, openings.profile)
        self.first_worth = len(openings.open_needs) + 1
        served = assignment.served_pupils() - openings.served_pupils
        self.ranks = sum(openings.ranks[pupil] for pupil in served)

    def best(self, cover: Cover, prices: Prices) -> Cover:
        """Return the cover with these prices if they show less than its own."""
        most = PricedMarket(self.market, prices).most_needs(self.first_worth) - self.first_worth * self.ranks
        return replace(cover, prices=prices, most=most) if most < cover.most else cover
