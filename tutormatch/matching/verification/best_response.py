"""What a pupil with several needs gains at most at given prices, for `verify` alone.

Needs may share a tutor, who then is paid for as a new pupil's tutor once. The needs of a
pupil are split up in every way into some that have a tutor each and groups that share one,
with no more tutors than the pupil may have. Sessions with one tutor take different hours,
and so do the needs that have a tutor each; that a group meets in the slot of another is
not looked at: the bound stays a bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tutormatch.matching.verification.lists import Lists, total
from tutormatch.matching.verification.market import NOTHING, Market

MOST_NEEDS = 6
"""The ways to split needs up grow fast with their number; who has more gets a simpler, weaker bound."""
CANDIDATES_AT_ONCE = 2_000_000
"""How many needs with a tutor are looked at in one go."""
MOST_CANDIDATES = 20_000_000
"""With more of them in all, pupils with several needs get the simpler, weaker bound."""


@dataclass(frozen=True)
class Couples:
    """Pupils each with a tutor for some of their needs.

    Attributes
    ----------
    pupil, tutor : ndarray
    needs : ndarray
        The needs that the tutor suits, as bits by their place among the pupil's.
    price : ndarray
        By couple, the price of 1, 2, … sessions, without that of a new pupil.
    """

    pupil: np.ndarray
    tutor: np.ndarray
    needs: np.ndarray
    price: np.ndarray


class BestResponse:
    """The best that pupils can do at given prices.

    Parameters
    ----------
    market : Market
    hour, session, pupil : ndarray
        Prices by hour and by tutor.
    by_slot : ndarray
        As from `Market.cheapest_by_slot`, the price of a seat with a tutor new to the pupil.
    """

    def __init__(
        self, market: Market, hour: np.ndarray, session: np.ndarray, pupil: np.ndarray, by_slot: np.ndarray
    ) -> None:
        self.market = market
        self.hour, self.session, self.pupil_price = hour, session, pupil
        self.by_slot = by_slot
        self.first = market.least(by_slot)

    def gains(self, worth_of_first: np.ndarray, worth_of_need: int) -> int:
        """Return what all pupils with open needs gain at most.

        Parameters
        ----------
        worth_of_first : ndarray
            By pupil, what any session at all is worth.
        worth_of_need : int
            What each need with a session is worth.
        """
        market = self.market
        gains = 0
        alone = (market.need_count == 1) & (market.own_tutors.count == 0)
        needs = market.first_need[alone]
        gains += total(np.maximum(worth_of_first[alone] + worth_of_need - self.first[needs], 0))
        is_small = market.suiting[market.need_kind][~alone[market.need_pupil]].sum() <= MOST_CANDIDATES
        for count in np.unique(market.need_count[~alone]).tolist():
            pupils = np.flatnonzero(~alone & (market.need_count == count))
            gains_of = self._split if count <= MOST_NEEDS and is_small else self._apart
            gains += total(gains_of(pupils, count, worth_of_first[pupils], worth_of_need))
        return gains

    def _apart(self, pupils: np.ndarray, count: int, worth_of_first: np.ndarray, worth_of_need: int) -> np.ndarray:
        """Return a simple bound: the pupil pays for one new tutor at the most, and chooses each hour by itself."""
        market = self.market
        needs = market.first_need[pupils][:, None] + np.arange(count)
        cheapest = self._without_place[needs]
        further = np.maximum(worth_of_need - cheapest, 0).sum(axis=1)
        new_pupil = (self.first[needs] - cheapest).min(axis=1)
        new_pupil[market.own_tutors.count[pupils] > 0] = 0
        return np.maximum(worth_of_first + further - new_pupil, 0)

    @cached_property
    def _without_place(self) -> np.ndarray:
        """By open need, the price of its cheapest seat without that of a new pupil."""
        tutor = self.market.hour_tutor
        price = np.where(self.market.sessions[tutor] > 0, self.hour + self.session[tutor], NOTHING)
        return self.market.cheapest(price)

    def _split(self, pupils: np.ndarray, count: int, worth_of_first: np.ndarray, worth_of_need: int) -> np.ndarray:
        """Return the best over all ways to split up any of the ``count`` needs."""
        market = self.market
        whole = 1 << count
        at = np.full(len(market.pupils), -1)
        at[pupils] = np.arange(len(pupils))
        new, own = (np.full((whole, len(pupils)), NOTHING, dtype=np.int64) for _ in range(2))
        for couples in self._new_couples(pupils):
            self._enter(new, couples, at, self.pupil_price[couples.tutor], fewest=2)
        self._enter(own, self._own_couples(pupils), at, 0, fewest=1)
        # price[tutors][needs]: the least for these needs with so many new tutors.
        price = np.full((count + 1, whole, len(pupils)), NOTHING, dtype=np.int64)
        alone = self._alone(pupils, count)
        for needs in range(whole):
            price[needs.bit_count() :, needs] = alone[needs]
        gains = np.zeros(len(pupils), dtype=np.int64)
        for needs in range(1, whole):
            worth = worth_of_first + worth_of_need * needs.bit_count()
            for tutors in range(count + 1):
                for group in _groups(needs):
                    rest = needs & ~group
                    found = price[tutors, rest] + own[group]
                    if tutors:
                        found = np.minimum(found, price[tutors - 1, rest] + new[group])
                    np.minimum(price[tutors, needs], found, out=price[tutors, needs])
                may = tutors <= market.tutors_left[pupils]
                gains = np.where(may, np.maximum(gains, worth - price[tutors, needs]), gains)
        return gains

    def _alone(self, pupils: np.ndarray, count: int) -> np.ndarray:
        """Return by group of needs and pupil the least price of a new tutor for each, all in different slots."""
        market = self.market
        slots = market.slots.count[market.need_pupil]
        start = (np.cumsum(slots) - slots)[market.first_need[pupils]]
        width = market.slots.count[pupils]
        least = np.full((1 << count, len(pupils)), NOTHING, dtype=np.int64)
        least[0] = 0
        for nth in range(int(width.max(initial=0))):
            has = np.flatnonzero(nth < width)
            # The groups fall in size, so that no slot is used twice.
            for needs in sorted(range(1, 1 << count), key=int.bit_count, reverse=True):
                for place in range(count):
                    if needs >> place & 1:
                        seat = self.by_slot[start[has] + place * width[has] + nth]
                        found = least[needs ^ (1 << place), has] + seat
                        least[needs, has] = np.minimum(least[needs, has], found)
        return least

    def _enter(
        self, table: np.ndarray, couples: Couples, at: np.ndarray, extra: np.ndarray | int, *, fewest: int
    ) -> None:
        """Put the prices of couples into a table by group of needs and place of the pupil."""
        for group in range(1, len(table)):
            sessions = group.bit_count()
            if not fewest <= sessions <= couples.price.shape[1]:
                continue
            suits = couples.needs & group == group
            price = (couples.price[:, sessions - 1] + extra)[suits]
            np.minimum.at(table[group], at[couples.pupil[suits]], np.minimum(price, NOTHING))

    def _new_couples(self, pupils: np.ndarray) -> Iterator[Couples]:
        """Yield the couples in which sharing saves something: the price of a pupil, or one of a pupil's few tutors."""
        market = self.market
        pupils = pupils[(market.need_count[pupils] > 1) & (market.tutors_left[pupils] > 0)]
        may_share = (market.sessions > 1) & (market.places > 0)
        limited = market.tutors_left[pupils] < market.need_count[pupils]
        yield from self._couples(pupils[limited], may_share)
        yield from self._couples(pupils[~limited], may_share & (self.pupil_price > 0))

    def _couples(self, pupils: np.ndarray, may_share: np.ndarray) -> Iterator[Couples]:
        market = self.market
        if not len(pupils):
            return
        of_kind = market.tutors_of_kind(may_share)
        candidates = np.add.reduceat(of_kind.count[market.need_kind], market.first_need)[pupils]
        part = np.cumsum(candidates) // CANDIDATES_AT_ONCE
        for each in np.unique(part):
            yield self._sharing(pupils[part == each], of_kind)

    def _sharing(self, pupils: np.ndarray, of_kind: Lists) -> Couples:
        market = self.market
        tutor_count = len(market.sessions)
        _, needs = market.needs_of_pupil.positions(pupils)
        entry, at = of_kind.positions(market.need_kind[needs])
        pupil = market.need_pupil[needs[entry]]
        key, couple = np.unique(pupil * tutor_count + of_kind.values[at], return_inverse=True)
        bits = np.zeros(len(key), dtype=np.int64)
        np.bitwise_or.at(bits, couple, 1 << (needs[entry] - market.first_need[pupil]))
        several = bits & (bits - 1) > 0
        pupil, tutor = np.divmod(key[several], tutor_count)
        return self._priced(pupil, tutor, bits[several])

    def _own_couples(self, pupils: np.ndarray) -> Couples:
        market = self.market
        entry, at = market.own_tutors.positions(pupils)
        pupil, tutor = pupils[entry], market.own_tutors.values[at]
        couple, need = market.needs_of_pupil.positions(pupil)
        bits = np.zeros(len(pupil), dtype=np.int64)
        suits = market.suits(need, tutor[couple]).astype(np.int64)
        np.bitwise_or.at(bits, couple, suits << (need - market.first_need[pupil[couple]]))
        return self._priced(pupil, tutor, bits)

    def least_of_own(self, pupils: np.ndarray) -> np.ndarray:
        """Return the prices of the pupils' cheapest seats with one of their own tutors."""
        couples = self._own_couples(pupils)
        least = np.full(len(self.market.pupils), NOTHING, dtype=np.int64)
        suits = couples.needs > 0
        np.minimum.at(least, couples.pupil[suits], couples.price[suits, 0])
        return least[pupils]

    def _priced(self, pupil: np.ndarray, tutor: np.ndarray, needs: np.ndarray) -> Couples:
        """Return couples with what 1, 2, … sessions in their cheapest common hours cost."""
        market = self.market
        couple, hours = market.hours.positions(tutor)
        slot = market.hour_slot[hours]
        may = market.is_free[pupil[couple], slot] & ~market.is_barred(pupil[couple], hours)
        couple, price = couple[may], self.hour[hours[may]]
        order = np.lexsort((price, couple))
        couple, price = couple[order], price[order]
        before = np.searchsorted(couple, couple)
        nth = np.arange(len(couple)) - before
        most = int(market.need_count[pupil].max(initial=1))
        cheapest = np.full((len(pupil), most), NOTHING, dtype=np.int64)
        kept = nth < most
        cheapest[couple[kept], nth[kept]] = price[kept]
        sessions = np.arange(1, most + 1)
        price = np.cumsum(cheapest, axis=1) + sessions * self.session[tutor][:, None]
        price[sessions > market.sessions[tutor][:, None]] = NOTHING
        return Couples(pupil, tutor, needs, np.minimum(price, NOTHING))


def _groups(needs: int) -> Iterator[int]:
    """Yield every group of ``needs`` but the empty one, all as bits."""
    group = needs
    while group:
        yield group
        group = (group - 1) & needs
