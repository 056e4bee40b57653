"""What tutors' time is worth: prices that prove how good the levels of a matching are.

Breadth is a flow, and its prices are how far the flow is from one unit more at each hour
and tutor. Cover is not: a tutor with more sessions than pupils must meet a pupil twice to
use them. Its prices come from a linear program of the matchings with the best breadth,
solved by a first-order method: any prices prove a bound, so approximate ones will do.

References
----------
.. [1] D. Applegate et al., "Practical large-scale linear programming using primal-dual
   hybrid gradient", NeurIPS 2021.
"""

import numpy as np

from tutormatch.matching.cover_program import FAR, Relaxation, is_short_of_pupils
from tutormatch.matching.network import SINK, SOURCE, Network
from tutormatch.matching.openings import Openings
from tutormatch.matching.problem import Prices

SCALE = 1_000
"""Prices of cover are in thousandths of a need."""
MOST_CORRECTION = 50.0
"""How many needs a price of the linear program may be worth; more is a sign that it has not converged."""


def breadth_prices(openings: Openings, network: Network, flow: np.ndarray) -> Prices:
    """Return prices that prove the breadth of a flow, rank by rank.

    Parameters
    ----------
    openings : Openings
    network : Network
        Of these openings.
    flow : ndarray
        A cheapest flow through it.

    Notes
    -----
    A cheapest flow for all levels is one for breadth alone. With the ranks as the only
    gains, what a unit through an hour or a tutor is worth is the shortest way from there
    to the sink in the residual network (Bellman-Ford, all arcs at once in each round).
    Only hours, tutors and what leaves the source limit the flow; other arcs of capacity 1
    are never full before the hours behind them.
    """
    tail, head = network.tail.astype(np.int64), network.head.astype(np.int64)
    top_rank = max(openings.ranks.values(), default=0)
    hours = np.fromiter(network.hour_node, dtype=np.int64, count=len(network.hour_node))
    is_hour = np.zeros(network.node_count, dtype=bool)
    is_hour[hours] = True
    worth = -(network.cost // network.unit)
    is_first = (tail == SOURCE) & (worth > top_rank + 1)
    cost = np.where(is_first, top_rank + 1 - worth, 0)
    is_limit = (tail == SOURCE) | is_hour[tail] | (head == SINK)
    is_limit[-1] = False
    has_room = ~is_limit | (flow < network.capacity)
    used = flow > 0
    way = _shortest_to_sink(
        network.node_count,
        np.concatenate([tail[has_room], head[used]]),
        np.concatenate([head[has_room], tail[used]]),
        np.concatenate([cost[has_room], -cost[used]]),
    )
    # The way from the tutor's node costs what it would cost others to make room: the price.
    price = np.clip(way, 0, top_rank + 1)
    tutor_node = np.zeros(network.node_count, dtype=np.int64)
    tutor_node[tail[is_hour[tail] & (head != SINK)]] = head[is_hour[tail] & (head != SINK)]
    hour_price, session_price, pupil_price = {}, {}, {}
    for node, (tutor, slot) in network.hour_node.items():
        record = openings.problem.tutors[tutor].id
        of_tutor = int(price[tutor_node[node]])
        if of_tutor:
            (pupil_price if is_short_of_pupils(openings, tutor) else session_price)[record] = of_tutor
        if (of_hour := int(price[node]) - of_tutor) > 0:
            hour_price[record, slot] = of_hour
    return Prices(hour_price, session_price, pupil_price)


def cover_prices(openings: Openings, breadth: Prices, relaxation: Relaxation) -> Prices:
    """Return prices that prove how many needs can be served beside the best breadth.

    Parameters
    ----------
    openings : Openings
    breadth : Prices
        From `breadth_prices`.
    relaxation : Relaxation
        Of the `CoverProgram` of these.

    Notes
    -----
    A step of rank is worth one more than there are open needs, a need 1. So the prices are
    those of breadth many times over, corrected by what the linear program says of an
    hour, a session or a place more.
    """
    step = (len(openings.open_needs) + 1) * SCALE
    ids = [tutor.id for tutor in openings.problem.tutors]
    hour = {key: price * step for key, price in breadth.hour.items()}
    of_tutor = {
        "sessions": {key: price * step for key, price in breadth.session.items()},
        "places": {key: price * step for key, price in breadth.pupil.items()},
    }
    for name, worth in relaxation.worth.items():
        extra = round(min(max(worth, -MOST_CORRECTION), MOST_CORRECTION) * SCALE)
        match name:
            case ("hour", tutor, slot):
                hour[ids[tutor], slot] = hour.get((ids[tutor], slot), 0) + extra
            case ("sessions" | "places" as kind, tutor):
                of_tutor[kind][ids[tutor]] = of_tutor[kind].get(ids[tutor], 0) + extra
    prices = (
        {key: price for key, price in sorted(some.items()) if price > 0}
        for some in (hour, of_tutor["sessions"], of_tutor["places"])
    )
    return Prices(*prices, SCALE)


def _shortest_to_sink(node_count: int, tail: np.ndarray, head: np.ndarray, cost: np.ndarray) -> np.ndarray:
    order = np.argsort(tail, kind="stable")
    tail, head, cost = tail[order], head[order], cost[order]
    starts = np.flatnonzero(np.diff(tail, prepend=-1))
    nodes = tail[starts]
    distance = np.full(node_count, FAR, dtype=np.int64)
    distance[SINK] = 0
    while True:
        found = np.minimum(distance[nodes], np.minimum.reduceat(distance[head] + cost, starts))
        if (found == distance[nodes]).all():
            return distance
        distance[nodes] = found
