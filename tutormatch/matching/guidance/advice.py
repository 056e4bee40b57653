"""Whom to recruit next, and which one change serves most: exact, by flows of breadth."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tutormatch.matching.flow.openings import to_numbers
from tutormatch.matching.guidance.breadth import Breadth
from tutormatch.matching.guidance.recruits import Recruit, Recruiting
from tutormatch.matching.guidance.standing import Standing
from tutormatch.matching.guidance.what_ifs import WhatIf, WhatIfs
from tutormatch.matching.problem import Match, PairStatus, Problem, Solution
from tutormatch.matching.slots import format_slot


@dataclass(frozen=True, slots=True)
class Advice:
    """Whom to recruit, what to change, and where hours are short.

    Attributes
    ----------
    recruits : tuple of Recruit
        The most helpful first. A line that asks for more than another and serves no more is left out.
    what_ifs : tuple of WhatIf
        The most helpful first.
    shortage : mapping of int to int
        By slot, the waiting needs whose pupils are free in it.
    supply : mapping of int to int
        By slot, the tutors who are free in it and can give one more session.
    """

    recruits: tuple[Recruit, ...]
    what_ifs: tuple[WhatIf, ...]
    shortage: Mapping[int, int] = field(default_factory=dict)
    supply: Mapping[int, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the advice for JSON."""
        return {
            "recruits": [line.to_dict() for line in self.recruits],
            "what_ifs": [line.to_dict() for line in self.what_ifs],
            "shortage": {format_slot(slot): count for slot, count in self.shortage.items()},
            "supply": {format_slot(slot): count for slot, count in self.supply.items()},
        }


def recruitment_advice(problem: Problem, solution: Solution, *, recruits: int = 3, limit: int = 30) -> Advice:
    """Find which further tutors, and which other changes, serve the most further pupils.

    Parameters
    ----------
    problem : Problem
    solution : Solution
        What is locked in the problem stands; everything else may move for more breadth.
    recruits : int, default 3
        How many tutors of each kind to look ahead.
    limit : int, default 30
        How many lines of recruits, and of each kind of change, to return at most.

    Returns
    -------
    Advice
        Each number is the difference that solving again would make to the number of pupils
        with a tutor of their own; if the solution is short of that number, the difference
        to the best there is now.
    """
    breadth = breadth_of(problem, solution)
    shortage, supply = _balance(Standing(problem, solution.matches))
    return Advice(
        recruits=Recruiting(breadth, recruits).lines(limit),
        what_ifs=WhatIfs(breadth).lines(limit),
        shortage=shortage,
        supply=supply,
    )


def breadth_of(problem: Problem, solution: Solution) -> Breadth:
    """Return the largest breadth that keeps what is locked."""
    return Breadth(problem, solution.matches, _agreed(problem, solution), solution.certificate.profile)


def _agreed(problem: Problem, solution: Solution) -> list[Match]:
    locked = {pair.need_id for pair in problem.pairs if pair.status is PairStatus.LOCKED}
    return [match for match in solution.matches if match.need_id in locked]


def improvable(problem: Problem, solution: Solution) -> int:
    """Return how many more pupils could have a tutor of their own if locked matches were released.

    Counted from the most there can be beside the locked matches, whatever the solution's profile made of that.
    """
    agreed = _agreed(problem, solution)
    if not agreed:
        return 0
    served = {problem.need[match.need_id].pupil_id for match in agreed if not match.joins}
    beside = breadth_of(problem, solution).served + len(served)
    return Breadth(problem, solution.matches, ()).served - beside


def _balance(standing: Standing) -> tuple[dict[int, int], dict[int, int]]:
    """Return by slot the needs that wait for it, and the tutors with a session left for it."""
    shortage: Counter[int] = Counter()
    for need in standing.problem.needs:
        if need.id not in standing.match_of:
            shortage.update(to_numbers(standing.pupil_free(standing.pupil_of(need))))
    supply: Counter[int] = Counter()
    for tutor, bits in enumerate(standing.tutor_free):
        if standing.sessions_left[tutor] > 0 and standing.pupils_left[tutor] > 0:
            supply.update(to_numbers(bits))
    return dict(sorted(shortage.items())), dict(sorted(supply.items()))
