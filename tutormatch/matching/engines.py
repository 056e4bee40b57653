"""Two solvers of the same network: networkx to read first, OR-Tools at scale.

Each library is imported where it is used: loading takes long, and only a round needs it.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from tutormatch.matching.network import SINK, SOURCE, Network

AUTO = "auto"


class SolverFailed(RuntimeError):
    """An engine ended without an optimal flow."""


def solve_with_networkx(network: Network) -> np.ndarray:
    """Return the flow on every arc of a cheapest flow, by the network simplex method."""
    import networkx as nx

    _, flow_of = nx.network_simplex(network.to_networkx())
    arcs = zip(network.tail.tolist(), network.head.tolist(), strict=True)
    return np.array([flow_of[tail][head] for tail, head in arcs], dtype=np.int64)


def solve_with_ortools(network: Network) -> np.ndarray:
    """Return the flow on every arc of a cheapest flow, by cost scaling."""
    from ortools.graph.python import min_cost_flow

    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(network.tail, network.head, network.capacity, network.cost)
    solver.set_node_supply(SOURCE, network.supply)
    solver.set_node_supply(SINK, -network.supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise SolverFailed(f"min-cost flow ended as {status}")
    return np.asarray(solver.flows(arcs), dtype=np.int64)


def count_with_networkx(network: Network) -> int:
    """Return how many units can reach a tutor at once, by networkx's maximum flow."""
    import networkx as nx

    graph = network.to_networkx()
    graph.remove_edge(SOURCE, SINK)
    return int(nx.maximum_flow_value(graph, SOURCE, SINK))


def count_with_ortools(network: Network) -> int:
    """Return how many units can reach a tutor at once, by OR-Tools' maximum flow."""
    from ortools.graph.python import max_flow

    solver = max_flow.SimpleMaxFlow()
    # The last arc carries what reaches no tutor.
    solver.add_arcs_with_capacity(network.tail[:-1], network.head[:-1], network.capacity[:-1])
    if (status := solver.solve(SOURCE, SINK)) != solver.OPTIMAL:
        raise SolverFailed(f"maximum flow ended as {status}")
    return int(solver.optimal_flow())


ENGINES: MappingProxyType[str, Callable[[Network], np.ndarray]] = MappingProxyType(
    {"networkx": solve_with_networkx, "ortools": solve_with_ortools}
)
"""By name, what finds a cheapest flow."""

COUNTS: MappingProxyType[str, Callable[[Network], int]] = MappingProxyType(
    {"networkx": count_with_networkx, "ortools": count_with_ortools}
)
"""By name, what finds the size of a largest flow, whatever it costs."""


def engine_named(name: str) -> str:
    """Return the engine that ``name`` stands for; ``auto`` is OR-Tools.

    Raises
    ------
    ValueError
        If there is no such engine.
    """
    if name == AUTO:
        return "ortools"
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}: expected {AUTO}, {', '.join(ENGINES)}")
    return name
