"""Upper bounds from the prices of a certificate, for `verify`, in time linear in the class network.

Whatever the prices are, no pupil gains more than with the best response to them, and
all open hours, sessions and pupil places bring in no more than all of them sold. The
sum of both is at least the value of every matching: weak duality. What a matching is worth:

- *breadth*: the rank of each pupil who gets a first session. The sets of pupils that can
  be served together form a matroid, so the largest sum of ranks is also the best order
  and the largest number.
- *cover*: the rank of each such pupil times one more than there are open needs, and 1 for
  each need with sessions. A step of rank outweighs all needs, so the bound of the needs
  holds beside the best breadth.

Nothing here is shared with the solver but the records.

References
----------
.. [1] M. L. Fisher, "The Lagrangian relaxation method for solving integer programming
   problems", Management Science 27 (1981), 1-18.
"""

from collections.abc import Iterator
from functools import cached_property
from itertools import repeat
from operator import itemgetter

import numpy as np

from tutormatch.matching.problem import Prices
from tutormatch.matching.verification.best_response import BestResponse
from tutormatch.matching.verification.lists import total
from tutormatch.matching.verification.market import NOTHING, Market
from tutormatch.matching.verification.roster import places

LARGEST_PRICE, LARGEST_SCALE = 1 << 55, 1 << 24
"""What is larger could not be added up in the numbers that arrays have."""


def faults_of(prices: Prices) -> Iterator[str]:
    """Yield a sentence for each price that proves nothing."""
    if not 1 <= prices.scale <= LARGEST_SCALE:
        yield f"has prices with the scale {prices.scale}"
    for (tutor_id, _), price in prices.hour.items():
        if not 0 <= price <= LARGEST_PRICE:
            yield f"has a {_fault(price)} price for an hour of tutor {tutor_id}"
    for kind, price_of in (("session", prices.session), ("pupil", prices.pupil)):
        for tutor_id, price in price_of.items():
            if not 0 <= price <= LARGEST_PRICE:
                yield f"has a {_fault(price)} price for a {kind} of tutor {tutor_id}"


def _fault(price: int) -> str:
    return "negative" if price < 0 else "too large"


class PricedMarket:
    """A market with the prices of one level.

    Parameters
    ----------
    market : Market
    prices : Prices
        None of them negative.
    """

    def __init__(self, market: Market, prices: Prices) -> None:
        self.market = market
        self.scale = prices.scale
        ids = market.roster.tutor_at
        self.session = np.fromiter(map(prices.session.get, ids, repeat(0)), dtype=np.int64)
        self.pupil = np.fromiter(map(prices.pupil.get, ids, repeat(0)), dtype=np.int64)
        self.hour = np.zeros(len(market.hour_slot), dtype=np.int64)
        tutor = places(map(itemgetter(0), prices.hour), ids)
        hour = market.hour_at(tutor, np.fromiter(map(itemgetter(1), prices.hour), dtype=np.int64))
        price = np.fromiter(prices.hour.values(), dtype=np.int64)
        self.hour[hour[hour >= 0]] = price[hour >= 0]

    def _seat_prices(self) -> np.ndarray:
        """Return for each hour what a pupil new to the tutor pays in all."""
        market = self.market
        tutor = market.hour_tutor
        price = self.hour + self.session[tutor] + self.pupil[tutor]
        return np.where((market.sessions[tutor] > 0) & (market.places[tutor] > 0), price, NOTHING)

    @cached_property
    def _response(self) -> BestResponse:
        market = self.market
        by_slot = market.cheapest_by_slot(self._seat_prices())
        slots = market.slots.count[market.need_pupil]
        may = np.repeat(market.tutors_left[market.need_pupil] > 0, slots)
        by_slot = np.where(may, by_slot, NOTHING)
        return BestResponse(market, self.hour, self.session, self.pupil, by_slot)

    def breadth_bounds(self, least_ranks: list[int]) -> tuple[int, list[int]]:
        """Return bounds of the pupils who can get a first session.

        Parameters
        ----------
        least_ranks : list of int
            From which rank on pupils are counted.

        Returns
        -------
        tuple of int and list of int
            The sum of ranks that nothing can exceed, and for each of ``least_ranks`` the number
            of pupils: with what lies above a threshold as price 1 and everything else as 0,
            the prices are those of a cut.
        """
        market, scale = self.market, self.scale
        least = np.full(len(market.pupils), NOTHING, dtype=np.int64)
        np.minimum.at(least, market.need_pupil, self._response.first)
        # Who joins an agreed group has a tutor already, and none of their own sessions.
        joining = np.flatnonzero(market.is_new & (market.own_tutors.count > 0))
        least[joining] = np.minimum(least[joining], self._response.least_of_own(joining))
        least = least[market.is_new]
        rank = market.rank[market.is_new]
        gains = total(np.maximum(rank * scale - least, 0))
        weighted = (gains + self._sold(self.hour, self.session, self.pupil)) // scale
        counts = []
        for rank_from in least_ranks:
            level = (rank_from - 1) * scale
            gains = np.maximum(scale - np.clip(least - level, 0, scale), 0)[rank >= rank_from].sum()
            counts.append((int(gains) + self._sold(*self._above(level))) // scale)
        return weighted, counts

    def most_needs(self, first_worth: int) -> int:
        """Return a bound of ``first_worth`` times the ranks of pupils with a first session, plus the needs served."""
        market = self.market
        first = np.where(market.is_new, market.rank * first_worth * self.scale, 0)
        gains = self._response.gains(first, self.scale)
        return (gains + self._sold(self.hour, self.session, self.pupil)) // self.scale

    def _above(self, level: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return hour, session and pupil prices of which a seat costs what it did, from ``level`` to one unit more."""
        tutor = self.market.hour_tutor
        session = np.clip(self.session - level, 0, self.scale)
        with_pupil = np.clip(self.session + self.pupil - level, 0, self.scale)
        in_all = np.clip(self.session[tutor] + self.pupil[tutor] + self.hour - level, 0, self.scale)
        return in_all - with_pupil[tutor], session, with_pupil - session

    def _sold(self, hour: np.ndarray, session: np.ndarray, pupil: np.ndarray) -> int:
        market = self.market
        is_open = market.sessions[market.hour_tutor] > 0
        return total(hour, is_open) + total(session, market.sessions) + total(pupil, market.places)
