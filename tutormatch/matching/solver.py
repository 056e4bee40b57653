"""From a problem to a solution with its certificate."""

import resource
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf

from tutormatch.matching.beside import beside
from tutormatch.matching.exact.cover import close_cover
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import ClassNetwork, build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.decoding import decode
from tutormatch.matching.flow.engines import SolverFailed, engine_named
from tutormatch.matching.flow.faces import best_flow
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.pricing import breadth_prices
from tutormatch.matching.flow.relaxation import most_needs
from tutormatch.matching.flow.repair import repair
from tutormatch.matching.further.bundles import full_wishes
from tutormatch.matching.further.deepening import deepen
from tutormatch.matching.further.exchange import exchange
from tutormatch.matching.further.grouping import attend, join_groups
from tutormatch.matching.further.latecomers import serve_too
from tutormatch.matching.further.moves import Moves
from tutormatch.matching.guidance.explanations import explain_unmatched
from tutormatch.matching.levels import count_bounds, measure
from tutormatch.matching.objective import BALANCE, BREADTH, COVER
from tutormatch.matching.problem import (
    Certificate,
    Level,
    Match,
    Pair,
    PairStatus,
    Prices,
    Problem,
    Profile,
    Solution,
)
from tutormatch.matching.records.faults import FaultyInput, check
from tutormatch.matching.records.memory import ProblemSizes, Work, collection_paused, refuse_what_is_too_large

__all__ = ["SEED", "STAGES", "Cancelled", "Progress", "SolverFailed", "solve"]

Progress = Callable[[str, float], None]

SHARE_OF_STAGE: Mapping[str, float] = {
    "check": 0.05,
    "build": 0.15,
    "solve": 0.35,
    "repair": 0.10,
    "gather": 0.05,
    "group": 0.05,
    "deepen": 0.05,
    "close": 0.10,
    "explain": 0.05,
    "certify": 0.05,
}
"""The stages in their order, and what part of the way each is at the size of a country."""
STAGES = tuple(SHARE_OF_STAGE)
SEED = 1
DEFAULT_EFFORT = 10.0
SEATS_PER_SECOND, SEATS_PER_SECOND_OF_COVER = 300, 1_000
"""How many seats a problem may have, for each second of effort, to be closed at every level or at cover alone."""

NEEDS_FOR_FLOW_BOUND = 20_000
"""With more open needs only prices bound cover; a maximum flow says little more there."""


class Cancelled(RuntimeError):
    """The caller asked to stop."""


def solve(
    problem: Problem,
    *,
    engine: str = "auto",
    profile: Profile = Profile.BREADTH_FIRST,
    progress: Progress | None = None,
    time_limit: float | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Solution:
    """Find the best matching.

    Parameters
    ----------
    problem : Problem
    engine : {"auto", "networkx", "ortools"}
        What solves the flow. ``auto`` is OR-Tools; networkx is the reference.
    profile : Profile
        Which levels of the objective come first.
    progress : callable, optional
        Called with the name of each stage as it starts (`STAGES`, then ``done``)
        and the fraction that is behind, 0 to 1.
    time_limit : float, optional
        Seconds after which no further improvement is begun: what was found by then
        is returned with its gap. Groups and further sessions, which take little, follow if
        cover was begun in time. It is also the effort of the programs, which is
        counted in their own steps; those of cover end by the clock too. Without a limit, and with one that is
        not met, the same problem always ends in the same matching.
    should_stop : callable, optional
        Asked before each stage; true ends the run.

    Returns
    -------
    Solution
        Breadth is always the largest possible, by rank (for `Profile.DEPTH_FIRST`:
        beside the pupils whose wishes are met in full); what else is proven, the
        certificate says.

    Raises
    ------
    FaultyInput
        If records contradict each other or locked matches break a rule.
    ValueError
        If there is no such engine.
    SolverFailed
        If the engine gives up.
    TooLargeForMemory
        If the problem would not fit, with the estimate.
    Cancelled
        If ``should_stop`` said so.
    EndedBeside
        If somebody ended the copy of the process that counts the levels of a large problem.

    Notes
    -----
    One min-cost flow through the class network (see `tutormatch.matching.flow.network`)
    carries breadth, cover and quality as one cost. Why small ranks are enough says
    `tutormatch.matching.objective`. Three rules the flow does not carry: two needs
    of a pupil in one slot, a tutor who repeats a pupil, a pupil's number of tutors.
    Where they matter `tutormatch.matching.flow.repair` mends the flow. Group places and
    further sessions are flows of their own on what is left, and
    `tutormatch.matching.exact.closing` closes small problems.
    """
    refuse_what_is_too_large(ProblemSizes.of(problem), Work.SOLVE)
    run = _Run(problem, engine_named(engine), Profile(profile), _Stages(progress, should_stop, time_limit))
    # Millions of records that stay would be looked through again and again.
    with collection_paused():
        return run.solution()


@dataclass
class _Stages:
    """Reports each stage as it starts, measures how long it took, and knows when to stop."""

    progress: Progress | None
    should_stop: Callable[[], bool] | None
    time_limit: float | None
    seconds: dict[str, float] = field(default_factory=dict)
    behind: float = 0.0
    start: float = field(default_factory=time.perf_counter)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.should_stop and self.should_stop():
            raise Cancelled(name)
        if self.progress:
            # A profile that runs some stages twice stays where it was meanwhile.
            self.behind = max(self.behind, sum(SHARE_OF_STAGE[each] for each in STAGES[: STAGES.index(name)]))
            self.progress(name, self.behind)
        start = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    @property
    def has_time(self) -> bool:
        return self.time_left() > 0

    def time_left(self) -> float:
        return inf if self.time_limit is None else self.time_limit - (time.perf_counter() - self.start)

    @property
    def effort(self) -> float:
        return DEFAULT_EFFORT if self.time_limit is None else self.time_limit

    def done(self) -> None:
        if self.progress:
            self.progress("done", 1.0)


@dataclass
class _Bound:
    """An upper bound of one level, and how it is known."""

    value: int
    proof: str

    def tighten(self, value: int | None, *, less_is_better: bool = False) -> None:
        if value is not None and (value > self.value if less_is_better else value < self.value):
            self.value, self.proof = value, "exact"


def with_locked(problem: Problem, matches: Iterable[Match]) -> Problem:
    """Return the problem with these matches agreed as well."""
    agreed = (
        Pair(
            match.tutor_id,
            problem.need[match.need_id].pupil_id,
            PairStatus.LOCKED,
            match.need_id,
            frozenset(match.slots),
        )
        for match in matches
    )
    known = {pair.need_id for pair in problem.pairs if pair.status is PairStatus.LOCKED}
    new = [pair for pair in agreed if pair.need_id not in known]
    return Problem.of(problem.tutors, problem.pupils, problem.needs, [*problem.pairs, *new])


class _Run:
    """One run: the flow, its repair, what comes after it, and the bounds."""

    def __init__(self, problem: Problem, engine: str, profile: Profile, stages: _Stages) -> None:
        self.problem = problem
        self.engine = engine
        self.profile = profile
        self.stages = stages
        self.bounds: dict[str, _Bound] = {}
        self.prices: dict[str, Prices] = {}
        self.closed: Mapping[str, int] = {}
        self.goes_on = True

    def solution(self) -> Solution:
        stages = self.stages
        with stages.stage("check"):
            if faults := check(self.problem):
                raise FaultyInput(faults)
        problem = self.problem
        matches = self._breadth_and_cover(problem)
        if self.profile is Profile.DEPTH_FIRST:
            with stages.stage("repair"):
                problem = with_locked(problem, full_wishes(problem))
            matches = self._breadth_and_cover(problem)
        with stages.stage("group"):
            if self.goes_on:
                matches = join_groups(self.openings, matches)
        with stages.stage("deepen"):
            if self.goes_on:
                matches = self._deepen(self.openings, exchange(self.openings, matches))
        with stages.stage("close"):
            matches = self._close(problem, matches)
        with beside(lambda: self._levels(matches), needs=len(self.problem.needs)) as levels:
            with stages.stage("explain"):
                unmatched = explain_unmatched(self.problem, matches)
            with stages.stage("certify"):
                certificate = Certificate(levels(), self.profile, self.prices)
        stages.done()
        return Solution(
            matches=matches,
            unmatched=unmatched,
            certificate=certificate,
            engine=self.engine,
            seconds=stages.seconds,
            peak_memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            seed=SEED,
        )

    def _breadth_and_cover(self, problem: Problem) -> tuple[Match, ...]:
        """Return the best matches with one session for each need."""
        stages = self.stages
        with stages.stage("build"):
            self.openings = openings = Openings(problem, self.profile)
            network = build_class_network(openings)
        with stages.stage("solve"):
            cuts = nested_cuts(network)
            flow = best_flow(network, cuts, self.engine)
        with stages.stage("repair"):
            seats = decode(network, flow)
            assignment = Assignment.of(openings, seats)
            most = self._most_needs(openings, network, len(seats))
            repair(assignment, most, [seat for seat in seats if seat.need not in assignment.seat_of])
        # Groups and further sessions take little beside cover: they follow even where it took all the time.
        self.goes_on = stages.has_time
        if problem is not self.problem:
            return assignment.matches()
        with stages.stage("gather"):
            prices = breadth_prices(openings, network, cuts)
            self.prices = {BREADTH: prices}
            # Where no flow was worth its time, what counting shows is left.
            proof = "flow" if len(openings.open_needs) <= NEEDS_FOR_FLOW_BOUND else ""
            exact = None
            if self.profile is not Profile.DEPTH_FIRST and self.goes_on:
                cover = close_cover(assignment, network, prices, stages.effort, stages.time_left)
                assignment = cover.assignment
                if cover.prices is not prices and cover.most <= most:
                    most, proof = cover.most, "prices"
                    self.prices[COVER] = cover.prices
                exact = cover.exact
            breadth = len(assignment.served_pupils())
            own = sum(not match.joins for match in openings.locked)
            self.bounds = {BREADTH: _Bound(breadth, "prices")}
            if proof:
                self.bounds[COVER] = _Bound(own + most - breadth, proof)
            if exact is not None:
                self.closed = {COVER: own + exact - breadth}
        return assignment.matches()

    def _most_needs(self, openings: Openings, network: ClassNetwork, flow_units: int) -> int:
        """Return how many open needs can be served at most, as far as a flow of its own is worth its time."""
        if not openings.has_repeats:
            return flow_units
        is_small = len(openings.open_needs) <= NEEDS_FOR_FLOW_BOUND
        return most_needs(openings, network) if is_small else len(openings.open_needs)

    def _close(self, problem: Problem, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        """Close what is left open, at every level or at cover alone, if the problem is small enough for it."""
        effort = self.stages.effort if self.stages.has_time else 0
        openings = self.openings if problem is self.problem else Openings(self.problem, self.profile)
        if not openings.has_more_seats(int(effort * SEATS_PER_SECOND)):
            return self._close_every_level(openings, matches, effort)
        if COVER not in self.bounds or openings.has_more_seats(int(effort * SEATS_PER_SECOND_OF_COVER)):
            return matches
        reached = measure(problem, matches, self.profile)[COVER].total
        least = min(self.bounds[COVER].value, self.closed.get(COVER, reached + 1))
        return self._close_cover(problem, matches, effort) if reached < least else matches

    def _close_every_level(self, openings: Openings, matches: tuple[Match, ...], effort: float) -> tuple[Match, ...]:
        # Imported here because it takes long, and a large problem does not need it.
        from tutormatch.matching.exact.closing import close

        proven = [] if self.profile is Profile.DEPTH_FIRST else [BREADTH]
        closed = close(openings, matches, effort=effort, proven=proven)
        self.closed = {**self.closed, **closed.bounds}
        if closed.is_complete:
            return attend(openings, closed.matches)
        # A run that met its limit may have left a seat free.
        return self._deepen(openings, closed.matches)

    def _close_cover(self, problem: Problem, matches: tuple[Match, ...], effort: float) -> tuple[Match, ...]:
        from tutormatch.matching.exact.closing import close

        closed = close(self.openings, matches, effort=effort, proven=[BREADTH], whole=False)
        if problem is self.problem:
            self.closed = {**self.closed, **{name: bound for name, bound in closed.bounds.items() if name == COVER}}
        if closed.better_at != COVER:
            return matches
        # Other needs are served now: their groups and further sessions are to be found anew.
        found = join_groups(self.openings, closed.matches)
        return self._deepen(self.openings, exchange(self.openings, found))

    def _deepen(self, openings: Openings, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        """Give further sessions, and look again at what the moved sessions make possible."""
        matches, moves = deepen(openings, matches), None
        while True:
            served_too = serve_too(openings, matches, moves)
            if served_too:
                moves = None
            known = {match.need_id for match in matches}
            before = join_groups(openings, [*matches, *served_too], moves)
            since = [match for match in before if match.need_id not in known]
            matches = deepen(openings, before, since) if since else before
            moves = Moves.between(openings, before, matches)
            if not moves.matches:
                return attend(openings, matches)

    def _levels(self, matches: tuple[Match, ...]) -> tuple[Level, ...]:
        reached = measure(self.problem, matches, self.profile)
        counted = count_bounds(self.problem, reached)
        # A profile that serves fewer pupils can serve more of their needs.
        missing = self.bounds[BREADTH].value - reached[BREADTH].total
        if missing and COVER in self.bounds:
            self.bounds[COVER] = _Bound(self.bounds[COVER].value + missing, "flow")
        levels = []
        for name, level in reached.items():
            bound = self.bounds.get(name) or _Bound(counted[name], "count")
            bound.tighten(self.closed.get(name), less_is_better=name == BALANCE)
            levels.append(Level(name, level.total, bound.value, level.by_priority, bound.proof))
        return tuple(levels)
