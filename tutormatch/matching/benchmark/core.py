"""The core as an engine of the benchmark, under the same stages as its peers."""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

from tutormatch.matching.benchmark.peers import TooLarge
from tutormatch.matching.flow.class_network import build_class_network
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Problem, Solution
from tutormatch.matching.solver import Progress, solve

NETWORKX_NEEDS_AT_MOST = 1_500
"""The network simplex in Python takes minutes above this, on the class network too."""

CORE_ENGINES: Mapping[str, str] = MappingProxyType({"core": "ortools", "core-networkx": "networkx"})
"""The engine of `solve` behind each name."""

STAGE_OF: Mapping[str, str] = MappingProxyType(
    {
        "check": "build",
        "build": "build",
        "solve": "solve",
        "repair": "repair",
        "gather": "certify",
        "close": "certify",
        "group": "deepen",
        "deepen": "deepen",
        "explain": "explain",
        "certify": "certify",
    }
)
"""The benchmark's column for each stage of `solve`."""


def solve_with_core(problem: Problem, name: str, progress: Progress) -> tuple[Solution, dict[str, float]]:
    """Solve a problem with one of `CORE_ENGINES` and return the solution and its seconds by column.

    Raises
    ------
    TooLarge
        If the reference engine would take minutes.
    """
    engine = CORE_ENGINES[name]
    if engine == "networkx" and len(problem.needs) > NETWORKX_NEEDS_AT_MOST:
        raise TooLarge(f"{len(problem.needs):,} needs, the limit is {NETWORKX_NEEDS_AT_MOST:,}")
    solution = solve(problem, engine=engine, progress=progress)
    seconds: Counter[str] = Counter()
    for stage, spent in solution.seconds.items():
        seconds[STAGE_OF[stage]] += spent
    return solution, dict(seconds)


def count_arcs(problem: Problem) -> int:
    """Return the number of arcs of the class network."""
    return build_class_network(Openings(problem)).arc_count
