"""How many needs can be served at most, when tutors repeat a pupil too."""

import numpy as np

from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.engines import largest_flow
from tutormatch.matching.flow.layers import table
from tutormatch.matching.flow.network import SINK
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.supply import Supply


def most_needs(openings: Openings, network: ClassNetwork) -> int:
    """Return an upper bound of the number of open needs that can be served.

    Notes
    -----
    The class network lets a tutor give as many sessions as are safe whoever comes. Rule 4 allows more
    to pupils who come more than once: beside the network these go from the need past all
    hours, need → wish → offer → family → tutor's repeats → sink. That allows at least what the rule allows, so
    that the largest flow is a bound; it cannot be decoded.
    """
    tail, head, capacity = [network.tail], [network.head], [network.capacity]
    node_count = network.node_count

    def nodes(count: int) -> np.ndarray:
        nonlocal node_count
        node_count += count
        return np.arange(node_count - count, node_count)

    def add(tails: np.ndarray, heads: np.ndarray, most: np.ndarray | int) -> None:
        tail.append(tails)
        head.append(heads)
        capacity.append(np.broadcast_to(most, np.shape(tails)))

    needs = openings.repeating_needs if len(openings.roomy) else []
    if needs:
        supply = Supply(openings, set(), set())
        wishes: dict = {}
        wish_of = np.array([wishes.setdefault(openings.wish_of[need], len(wishes)) for need in needs])
        wish_offers = table(
            ((number, offer) for wish, number in wishes.items() for offer, _ in supply.offers_for(wish)),
            2,
        )
        wish, offer, family = nodes(len(wishes)), nodes(len(supply.offers)), nodes(supply.family_count)
        tutor = nodes(len(openings.roomy))
        add(np.array([network.need_node[need] for need in needs]), wish[wish_of], 1)
        add(wish[wish_offers[:, 0]], offer[wish_offers[:, 1]], len(needs))
        add(offer[supply.family_offers[:, 0]], family[supply.family_offers[:, 1]], len(needs))
        add(family[supply.family_of[supply.kind_of[openings.roomy]]], tutor, len(needs))
        beyond = [openings.sessions_left[each] - openings.safe_sessions(each) for each in openings.roomy.tolist()]
        add(tutor, np.full(len(tutor), SINK), np.array(beyond))
    columns = np.concatenate(tail), np.concatenate(head), np.concatenate(capacity)
    flow, _ = largest_flow(columns[0].astype(np.int32), columns[1].astype(np.int32), columns[2])
    return int(flow[columns[1] == SINK].sum())
