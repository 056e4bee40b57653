"""Close every level of the objective with an integer program of the whole problem.

HiGHS runs with a limit on its search tree and none on the clock, so that the same
problem always ends in the same matching.

Notes
-----
The levels are closed one after the other: each is maximised, and what was reached is
a row of the program from then on. A run that meets its limit leaves the best that is
known, and the levels below are closed under that; nothing is ever given up.

References
----------
.. [1] Q. Huangfu and J. A. J. Hall, "Parallelizing the dual revised simplex method",
   Math. Prog. Comp. 10 (2018), 119-142.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import floor

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tutormatch.matching.goals import Gain, Goal, Goals, value
from tutormatch.matching.openings import Openings
from tutormatch.matching.problem import Match
from tutormatch.matching.program import Program

NODES_PER_SECOND = 20
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Closed:
    """A matching, and by level what no matching can exceed (balance: fall below) at it.

    A level is missing from ``bounds`` if its run met the limit before any bound was
    known. A bound supposes that the levels above stay as they are. ``is_complete`` says
    whether every level was closed, so that no matching is better.
    """

    matches: tuple[Match, ...]
    bounds: Mapping[str, int] = field(default_factory=dict)
    is_complete: bool = True


def close(
    openings: Openings,
    matches: Iterable[Match],
    *,
    effort: float,
    proven: Collection[str] = (),
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

    Returns
    -------
    Closed
        Never worse than ``matches`` in the order of the levels.
    """
    return _Closing(openings, tuple(sorted(matches)), effort).run(proven)


class _Closing:
    def __init__(self, openings: Openings, matches: tuple[Match, ...], effort: float) -> None:
        self.start = matches
        self.node_limit = max(1, int(effort * NODES_PER_SECOND))
        self.program = Program(openings)
        self.goals = Goals(self.program).of_profile()
        self.matrix = self.program.matrix()
        self.least = np.array([row.least for row in self.program.rows])
        self.most = np.array([row.most for row in self.program.rows])
        self.held: list[tuple[np.ndarray, int]] = []
        self.best = self.program.values(matches)
        self.is_complete = True

    def run(self, proven: Collection[str]) -> Closed:
        first, bounds = self.best, {}
        for goal in self.goals:
            bound = self._hold(goal) if goal.level in proven else self._close(goal)
            if bound is not None:
                bounds[goal.level] = goal.reached(bound)
        is_better = any(value(gain, self.best) != value(gain, first) for goal in self.goals for gain in goal.gains)
        return Closed(self.program.matches(self.best) if is_better else self.start, bounds, self.is_complete)

    def _hold(self, goal: Goal) -> int:
        for gain in goal.gains:
            self._keep(gain)
        return value(goal.count, self.best)

    def _close(self, goal: Goal) -> int | None:
        """Maximise the gains of a level, and return what its count cannot exceed."""
        bounds = []
        for gain in goal.gains:
            bounds.append(self._maximise(gain))
            self._keep(gain)
        is_closed = [bound == value(gain, self.best) for bound, gain in zip(bounds, goal.gains, strict=True)]
        if all(is_closed):
            return value(goal.count, self.best)
        self.is_complete = False
        return bounds[0] if goal.gains[0] is goal.count else None

    def _keep(self, gain: Gain) -> None:
        self.held.append((self._array(gain), value(gain, self.best)))

    def _array(self, gain: Gain) -> np.ndarray:
        weights = np.zeros(self.program.size)
        weights[list(gain)] = list(gain.values())
        return weights

    def _maximise(self, gain: Gain) -> int | None:
        """Look for a matching with a larger gain, and return what none can exceed."""
        weights, so_far = self._array(gain), value(gain, self.best)
        if so_far == weights[weights > 0].sum():
            return so_far
        rows = [LinearConstraint(self.matrix, self.least, self.most)] if self.program.rows else []
        if self.held:
            kept = np.array([weights for weights, _ in self.held])
            rows.append(LinearConstraint(kept, [least for _, least in self.held], np.inf))
        result = milp(
            -weights,
            integrality=np.ones(self.program.size),
            bounds=Bounds(0, 1),
            constraints=rows,
            options={"node_limit": self.node_limit, "mip_rel_gap": 0},
        )
        if result.x is not None:
            values = np.round(result.x).astype(np.int64)
            if value(gain, values) > so_far and self._keeps_every_row(values):
                self.best = values
        bound = result.mip_dual_bound
        return floor(-bound + ROUNDING) if bound is not None and np.isfinite(bound) else None

    def _keeps_every_row(self, values: np.ndarray) -> bool:
        sums = self.matrix @ values
        return bool(
            (sums >= self.least).all()
            and (sums <= self.most).all()
            and all(weights @ values >= least for weights, least in self.held)
        )
