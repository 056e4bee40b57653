"""For every threshold of rank at once: who is served, by nested smallest cuts.

Let ``f(r)`` be the largest number of units of rank at least ``r`` that can reach tutors together. Breadth
and cover are at their best exactly when every ``f(r)`` is reached (the sets of units that
can are a matroid). The smallest cuts that show ``f(r)`` are nested: the lower the threshold, the more nodes
lie on the source's side. The *depth* of a node is the highest threshold at which it lies there. All
depths together cost about as much as a few maximum flows, because a cut falls apart
into what lies above it and what lies below, and both are searched in the same flow.

References
----------
.. [1] G. Gallo, M. D. Grigoriadis, R. E. Tarjan, "A fast parametric maximum flow algorithm
   and applications", SIAM J. Comput. 18 (1989), 30-55.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.flow.augmenting import augment, withdraw
from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.network import SINK, SOURCE

LARGE = 0.05
"""From which share of all nodes on a group is worth a guess at where it breaks."""
ENOUGH = 0.8
"""With fewer of the arcs still open than this, the others are left out."""


@dataclass(frozen=True)
class Depths:
    """By node, how deep in the nested cuts it lies.

    Attributes
    ----------
    values : ndarray of int
        The different ranks of units, the lowest first, after a 0.
    depth : ndarray of int
        By node, the place in ``values`` of the highest threshold at which the node is on the
        source's side; 0 if it never is.
    unit_depth : ndarray of int
        By arc that leaves the source, the place of its rank in ``values``.
    flow : ndarray of int
        By arc between two nodes of the same depth, the last flow that was found there; 0 elsewhere.
    came : ndarray of int
        By node, how much of that flow came in from elsewhere.
    """

    values: np.ndarray
    depth: np.ndarray
    unit_depth: np.ndarray
    flow: np.ndarray
    came: np.ndarray

    @property
    def potential(self) -> np.ndarray:
        """By node, the rank at its depth."""
        return self.values[self.depth]


def nested_cuts(network: ClassNetwork, should_stop: Callable[[], None] | None = None) -> Depths:
    """Find the depth of every node.

    Parameters
    ----------
    network : ClassNetwork
    should_stop : callable, optional
        Called between two flows; may raise.
    """
    is_unit = network.tail == SOURCE
    values = np.unique(np.append(network.rank[is_unit], 0)).astype(np.int64)
    search = _Search(network, is_unit, np.searchsorted(values, network.rank[is_unit]), len(values) - 1)
    while search.is_open.any():
        if should_stop:
            should_stop()
        search.split()
    depth = search.low
    depth[SOURCE], depth[SINK] = len(values) - 1, 0
    return Depths(values, depth, search.unit_depth, search.all_flow(), search.came)


class _Search:
    """Every node's depth is between ``low`` and ``high``; nodes with the same two are a group.

    The arcs that matter lie within a group; what crosses from a deeper group to another is ``leaving`` the one and
    ``entering`` the other, by node.
    """

    def __init__(self, network: ClassNetwork, is_unit: np.ndarray, unit_depth: np.ndarray, most: int) -> None:
        count = network.node_count
        self.low, self.high = np.zeros(count, dtype=np.int64), np.full(count, most, dtype=np.int64)
        self.low[[SOURCE, SINK]] = self.high[[SOURCE, SINK]] = 0
        self.unit_depth = unit_depth
        ends = network.head == SINK
        self.leaving = _by_node(network.tail[ends], network.capacity[ends], count)
        self.entering, self.came, self.went = (np.zeros(count, dtype=np.int64) for _ in range(3))
        self.arcs = np.flatnonzero(~(is_unit | ends))
        self.tail, self.head, self.capacity = (
            column[self.arcs] for column in (network.tail, network.head, network.capacity)
        )
        self.flow, self.settled_flow = np.zeros_like(self.capacity), np.zeros_like(network.capacity)
        self.unit_head, self.unit_count = network.head[is_unit], network.capacity[is_unit]
        self.unit_at = unit_depth
        self.turn = 0

    @property
    def is_open(self) -> np.ndarray:
        return self.low < self.high

    def all_flow(self) -> np.ndarray:
        """Return the flow on each arc of the network between two nodes of the same group."""
        self.settled_flow[self.arcs] = self.flow
        return self.settled_flow

    def split(self) -> None:
        """Split every group at one threshold, all in one flow."""
        is_open = self.is_open
        self._forget_settled(is_open)
        threshold = self._thresholds(is_open)
        starts = self.unit_at >= threshold[self.unit_head]
        brought = _by_node(self.unit_head[starts], self.unit_count[starts], len(is_open))
        # Deeper nodes are one with the source of this flow, others with its sink.
        supply = np.where(is_open, self.entering + brought, self.came)
        below = self._grow(supply, np.where(is_open, self.leaving, self.went)) & is_open
        self.low = np.where(below, threshold, self.low)
        self.high = np.where(is_open & ~below, threshold - 1, self.high)
        self._part(below)
        self.turn += 1

    def _grow(self, supply: np.ndarray, drain: np.ndarray) -> np.ndarray:
        """Make the flow inside the groups a largest one, and return which nodes lie in the smallest cut."""
        excess = np.maximum(self.came - supply, 0)
        self.came -= excess
        withdraw(self.tail, self.head, self.flow, self.went, excess)
        found = augment(self.tail, self.head, self.capacity, self.flow, supply - self.came, drain - self.went)
        self.came += found.came
        self.went += found.went
        return found.is_reached

    def _part(self, below: np.ndarray) -> None:
        """Take out the arcs between two new groups: those that lead out of the cut are full, the others empty."""
        below_tail = below[self.tail]
        crossing = np.flatnonzero(below_tail != below[self.head])
        leading_out = crossing[below_tail[crossing]]
        tail, head, full = self.tail[leading_out], self.head[leading_out], self.capacity[leading_out]
        leaving, entering = _by_node(tail, full, len(below)), _by_node(head, full, len(below))
        self.leaving += leaving
        self.went += leaving
        self.entering += entering
        self.came += entering
        self.capacity[crossing] = self.flow[crossing] = 0

    def _forget_settled(self, is_open: np.ndarray) -> None:
        """Leave out arcs and units of settled groups."""
        matters = is_open[self.tail] & (self.capacity > 0)
        if np.count_nonzero(matters) < ENOUGH * len(matters):
            self.settled_flow[self.arcs] = self.flow
            self.arcs, self.tail, self.head, self.capacity, self.flow = (
                column[matters] for column in (self.arcs, self.tail, self.head, self.capacity, self.flow)
            )
        matters = is_open[self.unit_head]
        if not matters.all():
            self.unit_head, self.unit_count, self.unit_at = (
                column[matters] for column in (self.unit_head, self.unit_count, self.unit_at)
            )

    def _thresholds(self, is_open: np.ndarray) -> np.ndarray:
        """Choose by node at which threshold its group is split.

        In a large group this is where the units would fill all that leads out of it, which often settles
        the group in two flows: first just above, so that who finds no room nearby is left out of what follows, and
        then where there are more units than room. In others it is the middle.
        """
        nodes = np.flatnonzero(is_open)
        lows, group = np.unique(self.low[nodes], return_inverse=True)
        highs = np.zeros(len(lows), dtype=np.int64)
        highs[group] = self.high[nodes]
        room = np.bincount(group, weights=self.leaving[nodes] - self.entering[nodes])
        group_of = np.zeros(len(is_open), dtype=np.int64)
        group_of[nodes] = group
        units = group_of[self.unit_head]
        order = np.lexsort((-self.unit_at, units))
        units, at = units[order], self.unit_at[order]
        running = np.cumsum(self.unit_count[order])
        before = np.append(0, running)[np.searchsorted(units, np.arange(len(lows)))]
        is_over = running - before[units] > room[units]
        full = lows.copy()
        # Backwards, so that the first place where a group is over stays.
        full[units[is_over][::-1]] = at[is_over][::-1]
        guess = np.clip(full + (self.turn == 0), lows + 1, highs)
        middle = (lows + highs + 1) // 2
        is_large = np.bincount(group) > LARGE * len(is_open)
        threshold = np.zeros(len(is_open), dtype=np.int64)
        threshold[nodes] = np.where(is_large & (self.turn % 5 != 4), guess, middle)[group]
        return threshold


def _by_node(nodes: np.ndarray, amounts: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(nodes, weights=amounts, minlength=count).astype(np.int64)
