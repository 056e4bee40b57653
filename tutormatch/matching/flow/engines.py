"""Two solvers of the same networks: networkx to read first, OR-Tools at scale.

Each library is imported where it is used: loading takes long, and only a round needs it.
"""

from collections.abc import Callable
from types import MappingProxyType

import numpy as np

from tutormatch.matching.flow.contraction import Contraction
from tutormatch.matching.flow.network import SINK, SOURCE, Network

AUTO = "auto"


class SolverFailed(RuntimeError):
    """An engine ended without an optimal flow."""


def solve_with_networkx(network: Network) -> np.ndarray:
    """Return the flow on every arc of a cheapest flow, by the network simplex method."""
    import networkx as nx

    _, flow_of = nx.network_simplex(network.to_networkx())
    return np.array([flow_of[tail][head] for tail, head in network.networkx_ends()], dtype=np.int64)


def solve_with_ortools(network: Network) -> np.ndarray:
    """Return the flow on every arc of a cheapest flow, by cost scaling."""
    supplies = np.zeros(network.node_count, dtype=np.int64)
    supplies[SOURCE], supplies[SINK] = network.supply, -network.supply
    return cheapest_transshipment(network.tail, network.head, network.capacity, network.cost, supplies)


def cheapest_transshipment(
    tail: np.ndarray, head: np.ndarray, capacity: np.ndarray, cost: np.ndarray, supplies: np.ndarray
) -> np.ndarray:
    """Return the flow on every arc of a cheapest flow that takes each node's supply to negative ones.

    Raises
    ------
    SolverFailed
        If there is no such flow, or OR-Tools gives up.
    """
    from ortools.graph.python import min_cost_flow

    forth = Contraction(tail, head, capacity, cost, supplies)
    back = Contraction(forth.head, forth.tail, forth.capacity, forth.cost, -supplies)
    solver = min_cost_flow.SimpleMinCostFlow()
    ends = back.head.astype(np.int32), back.tail.astype(np.int32)
    arcs = solver.add_arcs_with_capacity_and_unit_cost(*ends, back.capacity, back.cost)
    solver.set_nodes_supplies(np.arange(len(supplies), dtype=np.int32), supplies)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise SolverFailed(f"min-cost flow ended as {status}")
    return forth.restore(back.restore(np.asarray(solver.flows(arcs), dtype=np.int64)))


def largest_flow(tail: np.ndarray, head: np.ndarray, capacity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a largest flow from node 0 to node 1, and the nodes on the source's side of the smallest cut.

    Of several such cuts it is the one with the fewest nodes on that side: those that what leaves
    the source can still reach.

    Raises
    ------
    SolverFailed
        If OR-Tools gives up.
    """
    from ortools.graph.python import max_flow

    solver = max_flow.SimpleMaxFlow()
    arcs = solver.add_arcs_with_capacity(tail, head, capacity)
    if (status := solver.solve(SOURCE, SINK)) != solver.OPTIMAL:
        raise SolverFailed(f"maximum flow ended as {status}")
    cut = np.asarray(solver.get_source_side_min_cut(), dtype=np.int64)
    return np.asarray(solver.flows(arcs), dtype=np.int64), cut


def count_with_networkx(network: Network) -> int:
    """Return how many units can reach a tutor at once, by networkx's maximum flow."""
    import networkx as nx

    graph = network.to_networkx()
    graph.remove_edge(SOURCE, SINK)
    return int(nx.maximum_flow_value(graph, SOURCE, SINK))


def count_with_ortools(network: Network) -> int:
    """Return how many units can reach a tutor at once, by OR-Tools' maximum flow."""
    # The last arc carries what reaches no tutor.
    flow, _ = largest_flow(network.tail[:-1], network.head[:-1], network.capacity[:-1])
    return int(flow[network.tail[:-1] == SOURCE].sum())


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
