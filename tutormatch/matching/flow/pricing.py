"""Prices that prove breadth, read off the nested cuts."""

import numpy as np

from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.cuts import Depths
from tutormatch.matching.flow.network import SINK, SOURCE
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Prices


def breadth_prices(openings: Openings, network: ClassNetwork, depths: Depths) -> Prices:
    """Return prices whose bound is exactly the sum of the ranks of the pupils whom the best flow serves.

    Parameters
    ----------
    openings : Openings
    network : ClassNetwork
        Of these openings.
    depths : Depths
        Of that network.

    Returns
    -------
    Prices
        In ranks, with scale 1; only those above 0.

    Notes
    -----
    A threshold of rank and the next one differ by a step, and the smallest cut at a threshold says which tutors and
    which hours are short there. A price is the number of steps at which something is short: that is
    the difference of the potentials at the two ends of an arc (strong duality). Units of cover lie
    below all units of breadth, so that they count for nothing here.
    """
    potential = np.maximum(depths.potential - network.top_rank, 0)
    problem = openings.problem
    session, pupil = {}, {}
    met = np.flatnonzero(network.tutor_node >= 0)
    for tutor, price in zip(met.tolist(), potential[network.tutor_node[met]].tolist(), strict=True):
        if price:
            # What runs out first is what has the price.
            of_pupils = 0 < openings.pupils_left[tutor] < openings.sessions_left[tutor]
            (pupil if of_pupils else session)[problem.tutors[tutor].id] = price
    # Where one hour alone lies behind a node, the arc into it may be what is short: that is the hour's price too.
    hours_behind = np.bincount(network.tail[network.hours], minlength=network.node_count)
    leads_in = (network.tail != SOURCE) & (network.head != SINK) & (hours_behind[network.head] == 1)
    reach = potential.copy()
    np.maximum.at(reach, network.head[leads_in], potential[network.tail[leads_in]])
    price = reach[network.tail[network.hours]] - potential[network.head[network.hours]]
    dear = np.flatnonzero(price > 0)
    columns = (column[dear].tolist() for column in (network.hour_tutor, network.hour_slot, price))
    hour = {(problem.tutors[tutor].id, slot): value for tutor, slot, value in zip(*columns, strict=True)}
    return Prices(hour, session, pupil)
