"""Close every level of the objective with an integer program of the whole problem.

HiGHS runs with limits on its iterations and its search tree and none on the clock, so
that the same problem always ends in the same matching.

Notes
-----
The levels are closed one after the other: each is maximised, and what was reached is
a row of the program from then on. A run that meets its limit leaves the best that is
known, and the levels below are closed under that; nothing is ever given up.

First comes the linear relaxation. It is tight: where the start is as good as its bound,
no search is needed. Its reduced costs say how much a variable would cost that is not used;
one that costs more than the relaxation is above the best is fixed for all levels below [2]_.

References
----------
.. [1] Q. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex method",
   Math. Prog. Comp. 10 (2018), 119-142.
.. [2] G. Dantzig, R. Fulkerson and S. Johnson, "Solution of a large-scale
   traveling-salesman problem", Operations Research 2 (1954), 393-410.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

from tutormatch.matching.exact.goals import Gain, Goal, Goals, value, weighed
from tutormatch.matching.exact.program import Program
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Match

NODES_PER_SECOND = 20
ITERATIONS_PER_SECOND = 5_000
ROUNDING = 1e-6
"""What a result of HiGHS may be off, as a part of itself."""


@dataclass(frozen=True, slots=True)
class _Relaxation:
    """The optimum of the linear program: its value, its variables and what each would cost at 1, or gain at 0."""

    value: float
    variables: np.ndarray
    cost: np.ndarray
    gain: np.ndarray

    @property
    def bound(self) -> int:
        return _rounded_down(self.value)


def _rounded_down(value: float) -> int:
    return floor(value + ROUNDING * max(1.0, abs(value)))


@dataclass(frozen=True, slots=True)
class Closed:
    """A matching, and by level what no matching can exceed (balance: fall below) at it.

    A level is missing from ``bounds`` if its run met the limit before any bound was
    known. A bound supposes that the levels above stay as they are. ``is_complete`` says
    whether every level was closed, so that no matching is better, and ``better_at`` is
    the first level at which the matching is better than the start; empty if it is the start.
    """

    matches: tuple[Match, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)
    is_complete: bool = True
    better_at: str = ""


def close(
    openings: Openings,
    matches: Iterable[Match],
    *,
    effort: float,
    proven: Collection[str] = (),
    whole: bool = True,
) -> Closed:
    """Find the best matching at every level of the profile of ``openings``.

    Parameters
    ----------
    openings : Openings
    matches : iterable of Match
        Where to start: all locked matches, and others that keep every rule.
    effort : float
        What each run may take, roughly in seconds.
    proven : collection of str
        Levels at which ``matches`` are known to be the best, in number and in order:
        these are held without a run.
    whole : bool
        False gives one session to each need and closes breadth and cover, and the points
        of the pairs as far as one session has any. That is possible in larger problems.

    Returns
    -------
    Closed
        Never worse than ``matches`` in the order of the levels.
    """
    return _Closing(openings, tuple(sorted(matches)), effort, whole).run(proven)


class _Closing:
    def __init__(self, openings: Openings, matches: tuple[Match, ...], effort: float, whole: bool) -> None:
        self.start = matches
        self.node_limit = max(1, int(effort * NODES_PER_SECOND))
        self.iteration_limit = max(1, int(effort * ITERATIONS_PER_SECOND))
        self.program = Program(openings, whole=whole)
        self.goals = Goals(self.program).of_profile()
        self.matrix = self.program.matrix()
        self.least = np.array([row.least for row in self.program.rows])
        self.most = np.array([row.most for row in self.program.rows])
        self.lower, self.upper = np.zeros(self.program.size), np.ones(self.program.size)
        self.best = self.program.values(matches)
        self.is_complete = True

    def run(self, proven: Collection[str]) -> Closed:
        first, bounds = self.best, {}
        for goal in self.goals:
            bound = self._hold(goal) if goal.level in proven else self._close(goal)
            if bound is not None:
                bounds[goal.level] = goal.reached(bound)
        better_at = next((goal.level for goal in self.goals if self._is_better(goal, first)), "")
        matches = self.program.matches(self.best) if better_at else self.start
        return Closed(matches, bounds, self.is_complete, better_at)

    def _is_better(self, goal: Goal, first: np.ndarray) -> bool:
        return any(value(gain, self.best) != value(gain, first) for aim in goal.aims for gain in aim)

    def _hold(self, goal: Goal) -> int:
        for aim in goal.aims:
            self._keep(aim)
        return value(goal.count, self.best)

    def _close(self, goal: Goal) -> int | None:
        """Maximise the aims of a level, and return what its count cannot exceed."""
        first, is_closed = None, True
        for aim in goal.aims:
            gain = weighed(aim)
            bound = self._maximise(gain)
            # What is proven holds gain by gain, and small weights make a better program.
            is_proven = bound == value(gain, self.best)
            self._keep(aim if is_proven else (gain,))
            is_closed &= is_proven
            if gain == goal.count:
                first = bound
        self.is_complete &= is_closed
        return value(goal.count, self.best) if is_closed else first

    def _keep(self, gains: Sequence[Gain]) -> None:
        """Hold gains as they are from now on."""
        kept = [csr_array(self._array(gain).reshape(1, -1)) for gain in gains]
        values = [value(gain, self.best) for gain in gains]
        self.matrix = vstack([self.matrix, *kept], format="csr")
        self.least = np.append(self.least, values)
        self.most = np.append(self.most, np.full(len(values), np.inf))

    def _array(self, gain: Gain) -> np.ndarray:
        weights = np.zeros(self.program.size)
        weights[list(gain)] = list(gain.values())
        return weights

    def _maximise(self, gain: Gain) -> int | None:
        """Look for a matching with a larger gain, and return what none can exceed."""
        weights = self._array(gain)
        if value(gain, self.best) == weights[weights > 0].sum():
            return value(gain, self.best)
        relaxation = self._relax(weights)
        bound = None
        if relaxation is not None:
            self._take(gain, relaxation.variables)
            bound = relaxation.bound
        if bound is None or bound > value(gain, self.best):
            bound = self._search(gain, weights, bound)
        if relaxation is not None:
            self._fix(relaxation, value(gain, self.best))
        return None if bound is None else max(bound, value(gain, self.best))

    def _relax(self, weights: np.ndarray) -> _Relaxation | None:
        """Solve the linear program; None if it met the limit."""
        is_equal = self.least == self.most
        above, below = (self.least > -np.inf) & ~is_equal, (self.most < np.inf) & ~is_equal
        result = linprog(
            -weights,
            A_ub=vstack([self.matrix[below], -self.matrix[above]]),
            b_ub=np.concatenate([self.most[below], -self.least[above]]),
            A_eq=self.matrix[is_equal],
            b_eq=self.least[is_equal],
            bounds=np.column_stack([self.lower, self.upper]),
            method="highs-ds",
            options={"maxiter": self.iteration_limit},
        )
        if result.status != 0:
            return None
        return _Relaxation(-result.fun, result.x, result.lower.marginals, -result.upper.marginals)

    def _search(self, gain: Gain, weights: np.ndarray, bound: int | None) -> int | None:
        result = milp(
            -weights,
            integrality=np.ones(self.program.size),
            bounds=Bounds(self.lower, self.upper),
            constraints=LinearConstraint(self.matrix, self.least, self.most),
            options={"node_limit": self.node_limit, "mip_rel_gap": 0},
        )
        if result.x is not None:
            self._take(gain, result.x)
        if result.mip_dual_bound is None or not np.isfinite(result.mip_dual_bound):
            return bound
        found = _rounded_down(-result.mip_dual_bound)
        return found if bound is None else min(bound, found)

    def _take(self, gain: Gain, variables: np.ndarray) -> None:
        """Keep a matching if it is one, by every row, and better."""
        values = np.round(variables).astype(np.int64)
        sums = self.matrix @ values
        keeps_every_row = (sums >= self.least).all() and (sums <= self.most).all()
        if keeps_every_row and value(gain, values) > value(gain, self.best):
            self.best = values

    def _fix(self, relaxation: _Relaxation, reached: int) -> None:
        """Fix every variable without whose present value ``reached`` is out of reach."""
        room = relaxation.value - reached + ROUNDING * max(1.0, abs(relaxation.value))
        is_open = self.lower < self.upper
        self.upper[is_open & (relaxation.cost > room) & (self.best == 0)] = 0
        self.lower[is_open & (relaxation.gain > room) & (self.best == 1)] = 1
