"""Networks as arrays, for the engines: a flow runs from node 0 to node 1."""

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tutormatch.matching.objective import POINTS

if TYPE_CHECKING:
    import networkx as nx

SOURCE, SINK = 0, 1
PAIR_POINTS_AT_MOST = POINTS["returning"] + POINTS["same_tutor"] + POINTS["first_language"] + POINTS["patron"]
LARGEST_COST = 1 << 61


class TooLargeForCosts(OverflowError):
    """The levels of the objective do not fit into one 64-bit cost."""


@dataclass(frozen=True)
class Network:
    """Arcs as arrays; the flow runs from node 0 to node 1.

    Attributes
    ----------
    node_count : int
    tail, head : ndarray of int32
    capacity, cost : ndarray of int64
        A negative cost is a gain.
    supply : int
        What leaves the source; units that reach no tutor take the last arc,
        source → sink, at no cost.
    """

    node_count: int
    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    cost: np.ndarray
    supply: int

    @property
    def arc_count(self) -> int:
        return len(self.tail)

    def to_networkx(self) -> "nx.DiGraph":
        """Return the same network for `networkx.network_simplex`.

        Returns
        -------
        networkx.DiGraph
            Nodes carry ``demand``, edges ``capacity`` and ``weight``. Of arcs between the same
            two nodes each but the first has a node ``(tail, head, n)`` in its middle.
        """
        # Imported here, as in the engines, so that a web process which only reads does not load it.
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_nodes_from(range(self.node_count), demand=0)
        graph.nodes[SOURCE]["demand"] = -self.supply
        graph.nodes[SINK]["demand"] = self.supply
        columns = (column.tolist() for column in (self.tail, self.head, self.capacity, self.cost))
        ends = self.networkx_ends()
        for (tail, head), (_, end, capacity, cost) in zip(ends, zip(*columns, strict=True), strict=True):
            graph.add_edge(tail, head, capacity=capacity, weight=cost)
            if head != end:
                graph.nodes[head]["demand"] = 0
                graph.add_edge(head, end, capacity=capacity, weight=0)
        return graph

    def networkx_ends(self) -> list[tuple]:
        """Return for each arc the edge of `to_networkx` that starts where the arc starts."""
        seen: Counter[tuple[int, int]] = Counter()
        ends: list[tuple] = []
        for arc in zip(self.tail.tolist(), self.head.tolist(), strict=True):
            ends.append((arc[0], (*arc, seen[arc])) if seen[arc] else arc)
            seen[arc] += 1
        return ends
