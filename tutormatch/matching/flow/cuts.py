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

from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.engines import largest_flow
from tutormatch.matching.flow.network import SINK, SOURCE

LARGE = 0.05
"""From which share of all nodes on a group is worth a guess at where it breaks."""


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
    """

    values: np.ndarray
    depth: np.ndarray
    unit_depth: np.ndarray

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
    return Depths(values, depth, search.unit_depth)


class _Search:
    """Every node's depth is between ``low`` and ``high``; nodes with the same two are a group."""

    def __init__(self, network: ClassNetwork, is_unit: np.ndarray, unit_depth: np.ndarray, most: int) -> None:
        count = network.node_count
        self.low, self.high = np.zeros(count, dtype=np.int64), np.full(count, most, dtype=np.int64)
        # The source lies deeper than any threshold, the sink above all.
        self.low[SOURCE] = self.high[SOURCE] = most + 1
        self.low[SINK] = self.high[SINK] = -1
        self.unit_depth = unit_depth
        self.tail, self.head, self.capacity = network.tail[~is_unit], network.head[~is_unit], network.capacity[~is_unit]
        self.unit_head, self.unit_count = network.head[is_unit], network.capacity[is_unit]
        self.unit_at = unit_depth
        self.turn = 0

    @property
    def is_open(self) -> np.ndarray:
        return self.low < self.high

    def split(self) -> None:
        """Split every group at one threshold, all in one flow."""
        is_open = self.is_open
        self._forget_settled(is_open)
        tail, head = self.tail, self.head
        tail_low, head_low = self.low[tail], self.low[head]
        # Deeper nodes are one with the source of this flow, others with its sink.
        inside = is_open[tail] & (tail_low == head_low)
        entering, leaving = is_open[head] & (tail_low > head_low), is_open[tail] & (tail_low > head_low)
        count = len(self.low)
        supply, drain = (
            np.bincount(ends[which], weights=self.capacity[which], minlength=count).astype(np.int64)
            for ends, which in ((head, entering), (tail, leaving))
        )
        threshold = self._thresholds(is_open, supply, drain)
        starts = self.unit_at >= threshold[self.unit_head]
        supply += np.bincount(self.unit_head[starts], weights=self.unit_count[starts], minlength=count).astype(np.int64)
        number = np.cumsum(is_open) + 1
        sources, sinks = np.flatnonzero(supply), np.flatnonzero(drain)
        _, cut = largest_flow(
            np.concatenate([number[tail[inside]], np.full(len(sources), SOURCE), number[sinks]]).astype(np.int32),
            np.concatenate([number[head[inside]], number[sources], np.full(len(sinks), SINK)]).astype(np.int32),
            np.concatenate([self.capacity[inside], supply[sources], drain[sinks]]),
        )
        below = np.zeros(count, dtype=bool)
        below[np.flatnonzero(is_open)[cut[cut > SINK] - 2]] = True
        self.low = np.where(is_open & below, threshold, self.low)
        self.high = np.where(is_open & ~below, threshold - 1, self.high)
        self.turn += 1

    def _forget_settled(self, is_open: np.ndarray) -> None:
        """Leave out arcs and units of which no end is open any more."""
        matters = is_open[self.tail] | is_open[self.head]
        if np.count_nonzero(matters) < len(matters) // 2:
            self.tail, self.head, self.capacity = self.tail[matters], self.head[matters], self.capacity[matters]
        matters = is_open[self.unit_head]
        if not matters.all():
            self.unit_head, self.unit_count, self.unit_at = (
                column[matters] for column in (self.unit_head, self.unit_count, self.unit_at)
            )

    def _thresholds(self, is_open: np.ndarray, supply: np.ndarray, drain: np.ndarray) -> np.ndarray:
        """Choose by node at which threshold its group is split.

        In a large group this is where the units would fill all that leads out of it, which often settles
        the group in two flows; in others the middle.
        """
        nodes = np.flatnonzero(is_open)
        lows, group = np.unique(self.low[nodes], return_inverse=True)
        highs = np.zeros(len(lows), dtype=np.int64)
        highs[group] = self.high[nodes]
        room = np.bincount(group, weights=drain[nodes] - supply[nodes])
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
        guess = np.clip(full + 1, lows + 1, highs)
        middle = (lows + highs + 1) // 2
        is_large = np.bincount(group) > LARGE * len(is_open)
        threshold = np.zeros(len(is_open), dtype=np.int64)
        threshold[nodes] = np.where(is_large & (self.turn % 5 != 4), guess, middle)[group]
        return threshold
