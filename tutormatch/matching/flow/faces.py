"""The flow that is best below breadth and cover, among all flows that are best for these two.

The nested cuts say what every such flow has in common: an arc that leads out of a cut is full, an
arc that leads back into one is empty, and of the units a node can bring only those at its own depth
are open. What is left is the *face*. It falls apart into rings, the nodes of equal depth, and the number of open
units that each ring takes is known, so that ranks need no costs any more.
"""

from dataclasses import dataclass

import numpy as np

from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.cuts import Depths
from tutormatch.matching.flow.engines import ENGINES, SolverFailed, cheapest_transshipment, largest_flow
from tutormatch.matching.flow.network import SINK, SOURCE


@dataclass(frozen=True)
class _Face:
    """A network with supplies and demands at its nodes, all of which every flow through it must meet.

    ``arcs`` says for each arc which arc of the class network it is.
    """

    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    arcs: np.ndarray
    supplies: np.ndarray
    fixed: np.ndarray


def best_flow(network: ClassNetwork, cuts: Depths, engine: str) -> np.ndarray:
    """Return on each arc a flow that is best for breadth and cover.

    networkx takes all levels as one cost, which is what to read first; OR-Tools takes the nested
    cuts and the face between them.
    """
    if engine == "networkx":
        return ENGINES[engine](network.as_costs())[:-1]
    return flow_on_face(network, cuts)


def flow_on_face(network: ClassNetwork, depths: Depths) -> np.ndarray:
    """Return on each arc a flow that is best for breadth and cover.

    If the network has all points, the flow is also worth the most it can be. A larger one
    only uses as many as possible of the arcs that are worth the most to where they start:
    cheapest flows take much longer than largest ones.
    """
    face = _face(network, depths)
    if not len(face.arcs):
        return face.fixed
    if network.has_points:
        cost = -network.worth[face.arcs].astype(np.int64)
        found = cheapest_transshipment(face.tail, face.head, face.capacity, cost, face.supplies)
    else:
        found = _liked_first(face, _is_liked(network)[face.arcs])
    flow = face.fixed.copy()
    flow[face.arcs] = found
    return flow


def _face(network: ClassNetwork, depths: Depths) -> _Face:
    tail, head, capacity, depth = network.tail, network.head, network.capacity, depths.depth
    tail_depth = depth[tail]
    tail_depth[tail == SOURCE] = depths.unit_depth
    head_depth = depth[head]
    is_full = tail_depth > head_depth
    is_free = tail_depth == head_depth
    fixed = np.where(is_full, capacity, 0)
    count = network.node_count
    net = np.bincount(head, weights=fixed, minlength=count) - np.bincount(tail, weights=fixed, minlength=count)
    net = net.astype(np.int64)
    net[[SOURCE, SINK]] = 0
    # What a ring gives off beyond what it gets its open units must bring; the ring at depth 0 has none, and
    # what it gets goes on to the sink.
    missing = -np.bincount(depth[SINK + 1 :], weights=net[SINK + 1 :], minlength=len(depths.values)).astype(np.int64)
    supplies = np.concatenate([net, missing])
    supplies[SINK], supplies[count] = missing[0], 0
    arcs = np.flatnonzero(is_free)
    tails = np.where(tail[arcs] == SOURCE, count + head_depth[arcs], tail[arcs])
    used, places = np.unique(
        np.concatenate([[SOURCE, SINK], tails, head[arcs], np.flatnonzero(supplies)]), return_inverse=True
    )
    return _Face(
        places[2 : 2 + len(arcs)].astype(np.int32),
        places[2 + len(arcs) : 2 + 2 * len(arcs)].astype(np.int32),
        capacity[arcs],
        arcs,
        supplies[used],
        fixed,
    )


def _is_liked(network: ClassNetwork) -> np.ndarray:
    """Return which arcs are worth as much as any that starts where they do."""
    best = np.full(network.node_count, np.iinfo(network.worth.dtype).min, dtype=network.worth.dtype)
    np.maximum.at(best, network.tail, network.worth)
    return network.worth == best[network.tail]


def _liked_first(face: _Face, is_liked: np.ndarray) -> np.ndarray:
    """Return a flow that meets all supplies: as much as possible on liked arcs, and then the rest."""
    # Node 0 is the source and node 1 the sink of the face as well.
    sources, sinks = np.flatnonzero(face.supplies > 0), np.flatnonzero(face.supplies < 0)
    sinks = sinks[sinks != SINK]
    entry, drain = face.supplies[sources].copy(), -face.supplies[sinks]
    flow = np.zeros(len(face.arcs), dtype=np.int64)
    for usable in (is_liked, np.ones_like(is_liked)):
        forth = np.flatnonzero(usable & (flow < face.capacity))
        back = np.flatnonzero(flow > 0)
        found, _ = largest_flow(
            np.concatenate([face.tail[forth], face.head[back], np.full(len(sources), SOURCE), sinks]).astype(np.int32),
            np.concatenate([face.head[forth], face.tail[back], sources, np.full(len(sinks), SINK)]).astype(np.int32),
            np.concatenate([face.capacity[forth] - flow[forth], flow[back], entry, drain]),
        )
        ends = np.cumsum([len(forth), len(back), len(sources)])
        to_come, to_go, came, went = np.split(found, ends)
        flow[forth] += to_come
        flow[back] -= to_go
        entry -= came
        drain -= went
    if entry.any() or drain.any():
        raise SolverFailed("the flow on the face does not meet its supplies")
    return flow
