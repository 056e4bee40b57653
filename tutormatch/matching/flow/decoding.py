"""From a flow through the class network to seats."""

import numpy as np

from tutormatch.matching.flow.assignment import Seat
from tutormatch.matching.flow.class_network import ClassNetwork


def decode(network: ClassNetwork, flow: np.ndarray) -> list[Seat]:
    """Read the seats from a flow, by need.

    Where several needs meet at a node, they go on in the order of their numbers.
    """
    used = np.flatnonzero(flow > 0)
    used = used[np.argsort(network.tail[used], kind="stable")]
    # One row for each unit of flow, and by node where its rows are.
    rows = np.repeat(used, flow[used])
    tails = network.tail[rows]
    need_of_node = np.full(network.node_count, -1, dtype=np.int64)
    need_of_node[list(network.need_node.values())] = list(network.need_node)
    leaving = rows[need_of_node[tails] >= 0]
    needs, arcs = need_of_node[network.tail[leaving]], leaving
    for layer in network.layers:
        here = np.flatnonzero((network.head[arcs] >= layer.start) & (network.head[arcs] < layer.stop))
        order = here[np.lexsort((needs[here], network.head[arcs[here]]))]
        first, last = np.searchsorted(tails, [layer.start, layer.stop])
        arcs[order] = rows[first:last]
    hour = arcs - network.hours.start
    order = np.argsort(needs)
    columns = needs[order], network.hour_tutor[hour[order]], network.hour_slot[hour[order]]
    return [Seat(*seat) for seat in zip(*(column.tolist() for column in columns), strict=True)]
