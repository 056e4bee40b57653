"""Cover at its best: as many further needs as the best breadth leaves room for, and the proof."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import sqrt

from tutormatch.matching.exact.cover_program import CoverProgram
from tutormatch.matching.exact.gathering import ACCURACY, gather_needs, settle
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
STEPS_PER_SECOND = 12_000_000
"""For each second of effort, how many iterations times variables are worth their time for prices."""
ARCS_PER_SECOND = 25_000
"""For each second of effort, up to how many arcs a network may have for the linear program to be worth its time."""
TO_ROUND, MOST_TO_ROUND = 15_000, 150_000
"""For each second of effort, and in all, up to how many variables the program may have to be rounded to a matching."""
NEEDS_BY_PARTS = 1_500
"""For each second of effort, how many open needs there may be to go through them part by part instead."""
TO_SHARPEN, TO_SETTLE = 16_000, 9_500
"""By the root of the effort, the same to be solved exactly and to be searched whole: their time grows much faster."""


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


def close_cover(assignment: Assignment, network: ClassNetwork, breadth: Prices, effort: float) -> Cover:
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

    Notes
    -----
    The bound is the one that `verify` will find, by the same reading of the prices; whether it is
    tight depends on the prices alone. Each step is taken only if the one before left a gap.
    """
    openings = assignment.openings
    cover = Cover(assignment, breadth, len(openings.open_needs))
    has_program = network.arc_count <= effort * ARCS_PER_SECOND
    if not has_program and len(openings.open_needs) > effort * NEEDS_BY_PARTS:
        return cover
    bounds = _Bounds(openings, assignment)
    cover = bounds.best(cover, cover_prices(openings, breadth, {}))
    if cover.is_proven:
        return cover
    if not has_program:
        return replace(cover, assignment=gather_by_parts(assignment, effort))
    program = CoverProgram(openings, network, breadth)
    if not program.worth:
        return cover
    is_sharpened = len(program.worth) <= sqrt(effort) * TO_SHARPEN
    # The solvers work outside Python: two cores sharpen and round at once.
    with ThreadPoolExecutor(max_workers=1) as other:
        sharpened = other.submit(program.sharpen, effort) if is_sharpened else None
        for_prices = max(ITERATIONS, min(int(effort * STEPS_PER_SECOND / len(program.worth)), MOST_ITERATIONS))
        relaxation = program.relax(ITERATIONS if is_sharpened else for_prices)
        cover = bounds.best(cover, cover_prices(openings, breadth, relaxation.worth))
        if not cover.is_proven and len(program.worth) <= min(effort * TO_ROUND, MOST_TO_ROUND):
            cover = replace(cover, assignment=gather_needs(assignment, program, relaxation))
        elif not cover.is_proven:
            cover = replace(cover, assignment=gather_by_parts(assignment, effort / 3))
        exact = sharpened.result() if sharpened else None
    if cover.is_proven or exact is None:
        return cover
    cover = bounds.best(cover, cover_prices(openings, breadth, exact.worth))
    cover = replace(cover, exact=int(exact.most + ACCURACY))
    if not cover.is_proven and len(program.worth) <= sqrt(effort) * TO_SETTLE:
        assignment, most = settle(cover.assignment, program, exact)
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
