"""The flow that is best below breadth and cover, among all flows that are best for these two.

The nested cuts say what every such flow has in common: an arc that leads out of a cut is full, an
arc that leads back into one is empty, and of the units a node can bring only those at its own depth
are open. What is left is the *face*. It falls apart into rings, the nodes of equal depth, and the number of open
units that each ring takes is known, so that ranks need no costs any more.
"""

from dataclasses import dataclass

import numpy as np

from tutormatch.matching.flow.augmenting import augment
from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.cuts import Depths
from tutormatch.matching.flow.engines import ENGINES, SolverFailed, cheapest_transshipment
from tutormatch.matching.flow.network import SINK, SOURCE


@dataclass(frozen=True)
class _Face:
    """A network with supplies and demands at its nodes, all of which every flow through it must meet.

    ``arcs`` says for each arc which arc of the class network it is and ``start`` what the search for the cuts has left
    on it; ``fixed`` is the flow on the arcs of the class network outside the face.
    """

    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    arcs: np.ndarray
    start: np.ndarray
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

    If the network has all points, the flow is also worth the most it can be. In a larger one
    the flow of the cuts only comes to as many as possible of the arcs that are worth the most to where they start:
    cheapest flows take much longer than largest ones.
    """
    face = _face(network, depths)
    if not len(face.arcs):
        return face.fixed
    if network.has_points:
        cost = -network.worth[face.arcs].astype(np.int64)
        found = cheapest_transshipment(face.tail, face.head, face.capacity, cost, face.supplies)
    else:
        found = _complete(face, network.is_liked[face.arcs])
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
    # Nobody brings units to the ring at depth 0: its node stands for the sink.
    supplies[count] = missing[0]
    arcs = np.flatnonzero(is_free)
    from_source, to_sink = tail[arcs] == SOURCE, head[arcs] == SINK
    start = depths.flow[arcs]
    # Whatever came beyond what is fixed was open units, and whatever reaches a tutor at depth 0 goes on to the sink.
    entering = np.bincount(head, weights=fixed, minlength=count)
    reaching = np.bincount(head, weights=depths.flow, minlength=count)
    start[from_source] = (depths.came - entering)[head[arcs[from_source]]]
    start[to_sink] = reaching[tail[arcs[to_sink]]]
    start = np.clip(start, 0, capacity[arcs])
    return _Face(
        np.where(from_source, count + head_depth[arcs], tail[arcs]).astype(np.int32),
        np.where(to_sink, count, head[arcs]).astype(np.int32),
        capacity[arcs],
        arcs,
        start,
        supplies,
        fixed,
    )


def _complete(face: _Face, is_liked: np.ndarray) -> np.ndarray:
    """Return a flow that meets all supplies: as much as possible on liked arcs, and then the rest."""
    tail, head, count = face.tail, face.head, len(face.supplies)
    # What an arc that is not liked led to stays, and waits for another unit.
    flow = np.where(is_liked, face.start, 0)
    held = np.bincount(tail, weights=flow, minlength=count) - np.bincount(head, weights=flow, minlength=count)
    missing = face.supplies - held.astype(np.int64)
    to_come, to_go = np.maximum(missing, 0), np.maximum(-missing, 0)
    for usable in (is_liked, True):
        found = augment(tail, head, np.where(usable, face.capacity, flow), flow, to_come, to_go)
        to_come -= found.came
        to_go -= found.went
    if to_come.any() or to_go.any():
        raise SolverFailed("the flow on the face does not meet its supplies")
    return flow
