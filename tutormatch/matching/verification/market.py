"""What is open in a problem, as arrays, for `verify` alone: what tutors can give and pupils ask for.

Tutors who teach, speak and meet the same are one offer, needs that ask the same of a tutor one
kind: whom a kind suits, and at what price, is found offer by offer.
Nothing here is shared with the solver but the records.
"""

from collections.abc import Collection
from functools import cached_property

import numpy as np

from tutormatch.matching.problem import Match, Problem, Profile
from tutormatch.matching.slots import SLOTS_PER_WEEK
from tutormatch.matching.verification.lists import Lists, distinct
from tutormatch.matching.verification.roster import NO_LIMIT, UNKNOWN, Roster

NOTHING = 1 << 60
"""The price of what is not to be had."""


class Market:
    """The open needs and tutors' open time, once locked matches stand.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule; of them only the locked ones count.
    profile : Profile
        Says which pupils come first.
    roster : Roster, optional
        Of the problem, if it is there already.

    Attributes
    ----------
    sessions, places : ndarray
        By tutor: sessions, and pupils who are not yet the tutor's own, that are left.
    hours : Lists
        By tutor, the free slots in order; `hour_tutor` and `hour_slot` tell of each.
    pupils : ndarray
        The places of those with open needs; the arrays that follow go by their place here.
    rank, is_new, tutors_left : ndarray
        The rank, 1 the least urgent; whether no locked match has sessions of the
        pupil's own; how many other tutors the pupil may have.
    slots : Lists
        Their free slots.
    is_free : ndarray
        The same by pupil and slot.
    own_tutors : Lists
        The tutors of their locked matches.
    barred : Lists
        The hours of blocked tutors in which they must not meet.
    needs, need_pupil, need_kind : ndarray
        By open need, pupil after pupil: its place, its pupil, and what it asks of a tutor.
    need_count, first_need, needs_of_pupil : ndarray, ndarray, Lists
        By pupil, the open needs.
    """

    def __init__(
        self, problem: Problem, matches: Collection[Match], profile: Profile, roster: Roster | None = None
    ) -> None:
        self.roster = roster or Roster(problem)
        self._tutors()
        joining = [self.roster.need_at[match.need_id] for match in matches if match.joins]
        self._pupils_and_needs(profile)
        self._agreed_and_blocked(np.array(joining, dtype=np.int64))

    def _tutors(self) -> None:
        roster, locked = self.roster, self.roster.locked
        hours = distinct(locked.tutor[locked.slots.owner] * SLOTS_PER_WEEK + locked.slots.values)
        tutor, slot = np.divmod(hours, SLOTS_PER_WEEK)
        couples = distinct(locked.couples) // max(len(roster.urgency), 1)
        tutors = len(roster.sessions)
        self.sessions = np.maximum(roster.sessions - np.bincount(tutor, minlength=tutors), 0)
        self.places = np.maximum(roster.most_pupils - np.bincount(couples, minlength=tutors), 0)
        is_free = roster.tutor_free.copy()
        is_free[tutor, slot] = False
        self.hours = Lists.marked(is_free)
        self.hour_tutor = self.hours.owner
        self.hour_slot = self.hours.values
        self._of_offer, self.offer = _classes(roster.teaches.offered, roster.speaks.offered, roster.meets.offered)

    def _pupils_and_needs(self, profile: Profile) -> None:
        roster = self.roster
        is_open = np.ones(len(roster.need_pupil), dtype=bool)
        is_open[roster.locked.need] = False
        needs = np.flatnonzero(is_open)
        self.needs = needs = needs[np.argsort(roster.need_pupil[needs], kind="stable")]
        self.pupils, self.first_need, self.need_pupil, self.need_count = np.unique(
            roster.need_pupil[needs], return_index=True, return_inverse=True, return_counts=True
        )
        priority, waiting = roster.priority[needs], roster.waiting[needs]
        self.most_urgent = self._largest(priority)
        first, second = (waiting, priority) if profile is Profile.LONGEST_WAIT_FIRST else (priority, waiting)
        self.needs_of_pupil = Lists(self.need_count, np.arange(len(needs)))
        _, rank = np.unique(self._largest(first * (int(second.max(initial=0)) + 1) + second), return_inverse=True)
        self.rank = rank + 1
        pupil = roster.need_pupil[needs]
        self._of_kind, self.need_kind = _classes(
            roster.teaches.asked[needs], roster.speaks.asked[pupil], roster.meets.asked[pupil]
        )

    def _largest(self, of_need: np.ndarray) -> np.ndarray:
        """Return by pupil the largest value of an open need."""
        return np.maximum.reduceat(of_need, self.first_need) if len(of_need) else of_need

    def _agreed_and_blocked(self, joining: np.ndarray) -> None:
        """Take off what locked matches take of the pupils, and note whom they must not meet."""
        roster, locked, blocked = self.roster, self.roster.locked, self.roster.blocked
        at = np.full(len(roster.urgency), UNKNOWN)
        at[self.pupils] = np.arange(len(self.pupils))
        pupil = at[locked.pupil]
        self.is_new = np.ones(len(self.pupils), dtype=bool)
        self.is_new[pupil[(pupil >= 0) & ~np.isin(locked.need, joining)]] = False
        self.own_tutors = _listed(pupil, locked.tutor, len(self.pupils))
        self.is_free = roster.pupil_free[self.pupils]
        taken, slot = pupil[locked.slots.owner], locked.slots.values
        self.is_free[taken[taken >= 0], slot[taken >= 0]] = False
        self.slots = Lists.marked(self.is_free)
        limit = roster.most_tutors[self.pupils]
        self.tutors_left = np.where(limit == NO_LIMIT, self.need_count, limit - self.own_tutors.count)
        hour = self.hour_at(blocked.tutor[blocked.slots.owner], blocked.slots.values)
        who = np.where(hour >= 0, at[blocked.pupil][blocked.slots.owner], UNKNOWN)
        self.barred = _listed(who, hour, len(self.pupils))

    def hour_at(self, tutor: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Return the place of hours, `UNKNOWN` where the tutor is not free."""
        hours = np.append(self.hour_tutor * SLOTS_PER_WEEK + self.hour_slot, NOTHING)
        wanted = tutor * SLOTS_PER_WEEK + slot
        found = np.searchsorted(hours, wanted)
        return np.where(hours[found] == wanted, found, UNKNOWN)

    def suits(self, need: np.ndarray, tutor: np.ndarray) -> np.ndarray:
        """Return whether tutors suit the open needs beside them by rules 1, 2 and 6."""
        roster, pupil = self.roster, self.pupils[self.need_pupil[need]]
        return roster.teaches(self.needs[need], tutor) & roster.speaks(pupil, tutor) & roster.meets(pupil, tutor)

    @cached_property
    def _tutors_of_offer(self) -> Lists:
        return Lists.grouped(self.offer, np.arange(len(self.offer)), len(self._of_offer))

    @cached_property
    def _offers_of_kind(self) -> Lists:
        """By kind of need, the offers that suit."""
        offers = [np.flatnonzero(self.suits(need, self._of_offer)) for need in self._of_kind]
        count = np.array([len(each) for each in offers], dtype=np.int64)
        return Lists(count, np.concatenate([*offers, np.zeros(0, dtype=np.int64)]))

    def is_barred(self, pupil: np.ndarray, hour: np.ndarray) -> np.ndarray:
        """Return whether pupils must not use the hours beside them."""
        barred = self.barred.owner * len(self.hour_slot) + self.barred.values
        return np.isin(pupil * len(self.hour_slot) + hour, barred)

    @cached_property
    def suiting(self) -> np.ndarray:
        """By kind of need, how many tutors suit."""
        offers = self._offers_of_kind
        tutors = np.bincount(offers.owner, self._tutors_of_offer.count[offers.values], len(offers.count))
        return tutors.astype(np.int64)

    def tutors_of_kind(self, is_asked: np.ndarray) -> Lists:
        """Return by kind of need the tutors who suit, of those asked for."""
        tutors = self._tutors_of_offer.among(is_asked)
        entry, at = tutors.positions(self._offers_of_kind.values)
        kind = self._offers_of_kind.owner[entry]
        return Lists(np.bincount(kind, minlength=len(self._of_kind)), tutors.values[at])

    def cheapest_by_slot(self, price: np.ndarray) -> np.ndarray:
        """Return the least of ``price`` (by hour) for each open need in each slot of its pupil, need after need."""
        least_of_offer, times_of_offer = self._least_of_offers(price)
        least, times = (np.zeros((len(self._of_kind), SLOTS_PER_WEEK), dtype=np.int64) for _ in range(2))
        for kind in range(len(self._of_kind)):
            own = self._offers_of_kind.list(kind)
            least[kind] = least_of_offer[own].min(axis=0, initial=NOTHING)
            times[kind] = (times_of_offer[own] * (least_of_offer[own] == least[kind])).sum(axis=0)
        asking, at = self.slots.positions(self.need_pupil)
        found = least[self.need_kind[asking], self.slots.values[at]]
        for need in self._all_barred(price, least, times).tolist():
            start = np.searchsorted(asking, need)
            found[start : start + self.slots.count[self.need_pupil[need]]] = self._unbarred(need, price)
        return found

    def _least_of_offers(self, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the least of ``price`` by offer and slot, and how many hours have it."""
        shape = (len(self._of_offer), SLOTS_PER_WEEK)
        at = self.offer[self.hour_tutor] * SLOTS_PER_WEEK + self.hour_slot
        least = np.full(shape[0] * shape[1], NOTHING, dtype=np.int64)
        np.minimum.at(least, at, price)
        times = np.bincount(at[price == least[at]], minlength=len(least))
        return least.reshape(shape), times.reshape(shape)

    def _all_barred(self, price: np.ndarray, least: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the open needs that in some slot must not meet any tutor with the least price."""
        entry, need = self.needs_of_pupil.positions(self.barred.owner)
        hour = self.barred.values[entry]
        slot, kind = self.hour_slot[hour], self.need_kind[need]
        is_cheapest = (price[hour] == least[kind, slot]) & (price[hour] < NOTHING)
        is_cheapest &= self.is_free[self.need_pupil[need], slot] & self.suits(need, self.hour_tutor[hour])
        key, barred = np.unique(need[is_cheapest] * SLOTS_PER_WEEK + slot[is_cheapest], return_counts=True)
        need, slot = np.divmod(key, SLOTS_PER_WEEK)
        return distinct(need[barred == times[self.need_kind[need], slot]])

    def _unbarred(self, need: int, price: np.ndarray) -> np.ndarray:
        """Return the least price of a need in each slot of its pupil, without the hours that are barred."""
        tutors = np.flatnonzero(np.isin(self.offer, self._offers_of_kind.list(self.need_kind[need])))
        pupil = self.need_pupil[need]
        hours = np.setdiff1d(self.hours.positions(tutors)[1], self.barred.list(pupil))
        table = np.full(SLOTS_PER_WEEK, NOTHING, dtype=np.int64)
        np.minimum.at(table, self.hour_slot[hours], price[hours])
        return table[self.slots.list(pupil)]

    def cheapest(self, price: np.ndarray) -> np.ndarray:
        """Return for each open need the least of ``price`` (by hour) among the hours its pupil could use."""
        return self.least(self.cheapest_by_slot(price))

    def least(self, by_slot: np.ndarray) -> np.ndarray:
        """Return for each open need the least of a price by its pupil's slots."""
        count = self.slots.count[self.need_pupil]
        least = np.full(len(count), NOTHING, dtype=np.int64)
        if by_slot.size:
            least[count > 0] = np.minimum.reduceat(by_slot, (np.cumsum(count) - count)[count > 0])
        return least


def _classes(*codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one member of each class of those alike in all codes, and the class of each member."""
    key = np.zeros_like(codes[0])
    for code in codes:
        key = key * (int(code.max(initial=0)) + 1) + code
    _, member, found = np.unique(key, return_index=True, return_inverse=True)
    return member, found


def _listed(owner: np.ndarray, values: np.ndarray, size: int) -> Lists:
    """Return lists of different numbers by owner; what has none is left out."""
    width = int(values.max(initial=0)) + 1
    owner, values = np.divmod(distinct((owner * width + values)[owner >= 0]), width)
    return Lists(np.bincount(owner, minlength=size), values)
