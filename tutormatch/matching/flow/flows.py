"""Cheapest flows of arcs in a list, for what comes after the class network."""

from collections.abc import Sequence

import numpy as np

SOURCE, SINK = 0, 1


def cheapest_flow(arcs: Sequence[tuple[int, int, int, int]], supply: int) -> list[int]:
    """Return the flow on each arc of a cheapest flow from node 0 to node 1.

    Parameters
    ----------
    arcs : sequence of (int, int, int, int)
        Tail, head, capacity and cost for a unit; a negative cost is a gain.
    supply : int
        How many units may leave the source; those that gain nothing stay away.

    Raises
    ------
    SolverFailed
        If OR-Tools gives up.
    """
    # Imported here because loading takes long, and only a round needs it.
    from ortools.graph.python import min_cost_flow

    from tutormatch.matching.flow.engines import SolverFailed

    table = np.array([*arcs, (SOURCE, SINK, supply, 0)], dtype=np.int64)
    solver = min_cost_flow.SimpleMinCostFlow()
    numbers = solver.add_arcs_with_capacity_and_unit_cost(
        table[:, 0].astype(np.int32), table[:, 1].astype(np.int32), table[:, 2], table[:, 3]
    )
    solver.set_node_supply(SOURCE, supply)
    solver.set_node_supply(SINK, -supply)
    if (status := solver.solve()) != solver.OPTIMAL:
        raise SolverFailed(f"min-cost flow ended as {status}")
    return solver.flows(numbers[:-1]).tolist()
