"""From a problem to a solution with its certificate."""

import heapq
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tutormatch.matching.assignment import Assignment, decode
from tutormatch.matching.engines import COUNTS, ENGINES, SolverFailed, engine_named
from tutormatch.matching.explanations import explain_unmatched
from tutormatch.matching.faults import FaultyInput, check
from tutormatch.matching.network import build_network
from tutormatch.matching.objective import (
    BREADTH,
    COVER,
    POINTS,
    QUALITY,
    breadth_and_cover,
    quality,
    urgency_points,
)
from tutormatch.matching.openings import Openings
from tutormatch.matching.problem import Certificate, Level, Problem, Solution
from tutormatch.matching.repair import fill, repair

__all__ = ["SEED", "STAGES", "Progress", "SolverFailed", "solve"]

Progress = Callable[[str, float], None]

STAGES = ("check", "build", "solve", "repair", "close", "explain")
SEED = 1
DEFAULT_TIME_LIMIT = 10.0
NODES_PER_SECOND = 20
SEATS_FOR_EXACT = 3_000
"""Above this the integer program is not tried: it would not end within a coordinator's patience."""


def solve(
    problem: Problem,
    *,
    engine: str = "auto",
    progress: Progress | None = None,
    time_limit: float | None = None,
) -> Solution:
    """Find the best matching.

    Parameters
    ----------
    problem : Problem
    engine : {"auto", "networkx", "ortools"}
        What solves the flow. ``auto`` is OR-Tools; networkx is the reference.
    progress : callable, optional
        Called with the name of each stage as it starts (`STAGES`, then ``done``)
        and the fraction that is behind, 0 to 1.
    time_limit : float, optional
        How long the integer programs may look for what the flow leaves open,
        roughly in seconds; 0 leaves them out. It is counted in nodes of the search
        tree, not by a clock, so that the same limit always ends in the same matching.

    Returns
    -------
    Solution
        Breadth is always the largest possible, by rank; whether cover and quality
        are, the certificate says.

    Raises
    ------
    FaultyInput
        If records contradict each other or locked matches break a rule.
    ValueError
        If there is no such engine.
    SolverFailed
        If the engine gives up.

    Notes
    -----
    One min-cost flow through the class network (see `tutormatch.matching.network`)
    carries the three levels as one cost. Why small ranks are enough says
    `tutormatch.matching.objective`. Three rules the flow does not carry: two needs
    of a pupil in one slot, a tutor who repeats a pupil, a pupil's number of tutors.
    Where they matter `tutormatch.matching.repair` mends the flow, and
    `tutormatch.matching.exact` closes what is left.
    """
    engine = engine_named(engine)
    stages = _Stages(progress)
    with stages.stage("check"):
        if faults := check(problem):
            raise FaultyInput(faults)
    found = _Search(problem, engine, stages, DEFAULT_TIME_LIMIT if time_limit is None else time_limit).run()
    with stages.stage("explain"):
        unmatched = explain_unmatched(problem, found.matches)
    stages.done()
    return replace(
        found,
        unmatched=unmatched,
        seconds=stages.seconds,
        peak_memory_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    )


class _Stages:
    """Reports each stage as it starts and measures how long it took."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        if self.progress:
            self.progress(name, STAGES.index(name) / len(STAGES))
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start

    def done(self) -> None:
        if self.progress:
            self.progress("done", 1.0)


@dataclass
class _Bound:
    """An upper bound of one level, and how it is known."""

    value: int
    proof: str = "flow"

    def tighten(self, value: int | None) -> None:
        if value is not None and value < self.value:
            self.value, self.proof = value, "exact"


class _Search:
    """One run: the flow, its repair, its bounds, and the exact closing."""

    def __init__(self, problem: Problem, engine: str, stages: _Stages, time_limit: float) -> None:
        self.problem = problem
        self.engine = engine
        self.stages = stages
        self.time_limit = time_limit

    def run(self) -> Solution:
        problem, stages = self.problem, self.stages
        with stages.stage("build"):
            openings = self.openings = Openings(problem)
            network = build_network(openings)
        with stages.stage("solve"):
            flow = ENGINES[self.engine](network)
        with stages.stage("repair"):
            seats = decode(openings, network, flow)
            assignment = Assignment.of(openings, seats)
            # With nothing lost and nothing that the network forbids too much, the
            # flow is itself the optimum of every rule.
            self.has_repeats = bool(openings.repeats)
            is_settled = not self.has_repeats and len(assignment.seat_of) == len(seats)
            gain = -int(network.cost @ flow)
            served = self._bound_of_needs(len(seats))
            repair(assignment, served)
            cover = _Bound(served - self._new_pupils(assignment))
            points = _Bound(self._points_at_most(assignment, gain % network.unit if is_settled else None))
        with stages.stage("close"):
            if self.time_limit > 0 and not openings.has_more_seats(SEATS_FOR_EXACT):
                assignment = self._close(assignment, is_settled, cover, points)
        return self._solution(assignment, cover, points)

    def _bound_of_needs(self, flow_units: int) -> int:
        """Return how many open needs can be served at most."""
        if not self.has_repeats:
            return flow_units
        return COUNTS[self.engine](build_network(self.openings, as_relaxation=True))

    def _new_pupils(self, assignment: Assignment) -> int:
        openings = self.openings
        pupils = {openings.pupil_of[need] for need in assignment.seat_of}
        return len(pupils - openings.served_pupils)

    def _new_cover(self, assignment: Assignment) -> int:
        return len(assignment.seat_of) - self._new_pupils(assignment)

    def _points_at_most(self, assignment: Assignment, flow_points: int | None) -> int:
        """Return how many points open needs can earn at most, with the levels above as they are."""
        same_tutor = POINTS["same_tutor"] * self._new_cover(assignment)
        if flow_points is not None:
            return flow_points + same_tutor
        most = (self._most_pair_points(need) for need in self.openings.open_needs if self.openings.tutors_of(need))
        return sum(heapq.nlargest(len(assignment.seat_of), most)) + same_tutor

    def _most_pair_points(self, need: int) -> int:
        """Return the most points that one of the tutors whom ``need`` may get earns with it."""
        openings, record = self.openings, self.problem.needs[need]
        pupil = self.problem.pupils[openings.pupil_of[need]]
        patrons = 0
        for institution in pupil.patrons:
            patrons |= openings.coming_from.get(institution, 0)
        earning = {
            "returning": openings.returning_tutors.get(openings.pupil_of[need], 0),
            "first_language": openings.speaking.get(pupil.languages[0], 0),
            "patron": patrons,
        }
        groups = [(urgency_points(record), openings.tutors_of(need))]
        for item, tutors in earning.items():
            groups = [
                (points, some)
                for earned, group in groups
                for points, some in ((earned + POINTS[item], group & tutors), (earned, group & ~tutors))
                if some
            ]
        return max(points for points, _ in groups)

    def _new_points(self, assignment: Assignment) -> int:
        return quality(self.problem, assignment.matches()) - quality(self.problem, self.openings.locked)

    def _close(self, assignment: Assignment, is_settled: bool, cover: _Bound, points: _Bound) -> Assignment:
        if is_settled and self._new_points(assignment) == points.value:
            return assignment
        # Imported here because it takes long, and a settled flow does not need it.
        from tutormatch.matching.exact import ExactProgram

        program = ExactProgram(self.openings, assignment, int(self.time_limit * NODES_PER_SECOND))
        if not is_settled:
            cover.tighten(program.close_cover().bound)
            program.close_cover_order()
            points.value = self._points_at_most(program.best, None)
        if self._new_points(program.best) < points.value:
            points.tighten(program.close_quality().bound)
        # A run that met its limit may have left a seat free; one need more may earn more points.
        count = len(program.best.seat_of)
        fill(program.best)
        if len(program.best.seat_of) > count:
            points.value = max(points.value, self._points_at_most(program.best, None))
        return program.best

    def _solution(self, assignment: Assignment, cover: _Bound, points: _Bound) -> Solution:
        matches = assignment.matches()
        breadth_reached, cover_reached = breadth_and_cover(self.problem, matches)
        breadth_total, cover_total = sum(breadth_reached.values()), sum(cover_reached.values())
        quality_total = quality(self.problem, matches)
        cover_gap = cover.value - self._new_cover(assignment)
        quality_gap = points.value - self._new_points(assignment)
        return Solution(
            matches=matches,
            unmatched=(),
            certificate=Certificate(
                (
                    Level(BREADTH, breadth_total, breadth_total, breadth_reached),
                    Level(COVER, cover_total, cover_total + cover_gap, cover_reached, cover.proof),
                    Level(QUALITY, quality_total, quality_total + quality_gap, {}, points.proof),
                )
            ),
            engine=self.engine,
            seed=SEED,
        )
