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

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.cover_program import FAR, CoverProgram, is_short_of_pupils
from tutormatch.matching.network import SINK, SOURCE, Network
from tutormatch.matching.openings import Openings
from tutormatch.matching.problem import Prices

DEFAULT_ITERATIONS = 1_000
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


@dataclass(frozen=True)
class CoverPrices:
    """Prices of cover, and the couples that the linear program behind them would like to see meet several times.

    Attributes
    ----------
    prices : Prices
    wishes : list of (int, int)
        Tutor and pupil by number, the strongest wish first.
    """

    prices: Prices
    wishes: list[tuple[int, int]]


def cover_prices(
    openings: Openings, network: Network, breadth: Prices, *, iterations: int = DEFAULT_ITERATIONS
) -> CoverPrices:
    """Return prices that prove how many needs can be served beside the best breadth.

    Parameters
    ----------
    openings : Openings
    network : Network
        Of these openings.
    breadth : Prices
        From `breadth_prices`.
    iterations : int
        How many steps of the linear program there may be.

    Notes
    -----
    A step of rank is worth one more than there are open needs, a need 1. So the prices are
    those of breadth many times over, corrected by what the linear program says of an
    hour, a session or a place more.
    """
    relaxation = CoverProgram(openings, network, breadth).solve(iterations)
    step = (len(openings.open_needs) + 1) * SCALE
    tutors = openings.problem.tutors

    def corrected(price: Mapping, correction: Mapping, name: Callable) -> dict:
        prices = {key: value * step for key, value in price.items()}
        for key, value in correction.items():
            extra = round(min(max(value, -MOST_CORRECTION), MOST_CORRECTION) * SCALE)
            prices[name(key)] = max(prices.get(name(key), 0) + extra, 0)
        return {key: value for key, value in sorted(prices.items()) if value}

    prices = Prices(
        corrected(breadth.hour, relaxation.hour, lambda hour: (tutors[hour[0]].id, hour[1])),
        corrected(breadth.session, relaxation.session, lambda tutor: tutors[tutor].id),
        corrected(breadth.pupil, relaxation.place, lambda tutor: tutors[tutor].id),
        SCALE,
    )
    wishes = sorted(relaxation.share, key=lambda couple: (-round(relaxation.share[couple], 2), *couple))
    return CoverPrices(prices, wishes)


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
