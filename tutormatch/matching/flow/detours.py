"""Arcs of the class network that concern one pupil alone: to a certain tutor, or around one.

Needs are numbered by their place among the open ones.
"""

from collections import defaultdict
from functools import cached_property

import numpy as np

from tutormatch.matching.flow.layers import SlotLists, table
from tutormatch.matching.flow.openings import Openings, to_numbers
from tutormatch.matching.flow.steering import steered_needs
from tutormatch.matching.flow.supply import Supply
from tutormatch.matching.objective import POINTS, pair_items, urgency_points

POINT = 2
"""What a point is worth in the costs of arcs; less than that leads a pupil's needs to different slots."""
STEERING = 128
"""In points, leads pupils to tutors who may see them more than once; more than a pair can earn otherwise."""
STEERED_FOR_POINTS, STEERED = 16, 3
"""To how many tutors for two needs of a pupil, with and without all points in the network."""
OFFER, LOCAL_OFFER, FAMILY, KIND = range(4)
NO_DETOURS = table([], 5)
"""A detour is an arc from a need to a node of the supply: place of the need, layer, thing, slot, worth."""
SLOT, ANY_SLOT = 3, -1


def direct_hours(openings: Openings, has_points: bool) -> np.ndarray:
    """Return which needs have arcs of their own to hours of tutors.

    Parameters
    ----------
    openings : Openings
    has_points : bool
        Whether the arcs are worth all points of the pair.

    Returns
    -------
    ndarray of shape (n, 4)
        Place of the need, tutor, slot, and what it is worth.
    """
    place_of = {need: place for place, need in enumerate(openings.open_needs)}
    rows = []
    for tutor, pupil in sorted({*openings.locked_pairs, *openings.returning}):
        bits = openings.common_slots(tutor, pupil) if openings.may_meet(tutor, pupil) else 0
        for need in openings.open_needs_of.get(pupil, ()) if bits else ():
            if openings.suits(need, tutor):
                worth = POINT * _points(openings, need, tutor)
                rows += [(place_of[need], tutor, slot, worth) for slot in to_numbers(bits)]
    return np.concatenate([table(rows, 4), _steered_hours(openings, has_points)])


def _steered_hours(openings: Openings, has_points: bool) -> np.ndarray:
    needs, tutors = steered_needs(openings, STEERED_FOR_POINTS if has_points else STEERED)
    pupils = openings.pupil_numbers[needs]
    slots = SlotLists.of(openings.tutor_words[tutors] & openings.pupil_words[pupils])
    entry, slot = slots.expand(np.arange(len(needs)))
    worth = np.full(len(needs), POINT * STEERING, dtype=np.int64)
    for row, (need, tutor) in enumerate(zip(needs.tolist(), tutors.tolist(), strict=True)) if has_points else ():
        worth[row] += POINT * _points(openings, need, tutor)
    places = np.searchsorted(np.array(openings.open_needs, dtype=np.int64), needs)
    return np.stack([places[entry], tutors[entry], slot, worth[entry]], axis=1)


def _points(openings: Openings, need: int, tutor: int) -> int:
    """Return what the pair earns, its urgency aside."""
    problem, pupil = openings.problem, openings.pupil_of[need]
    record = problem.needs[need]
    is_returning = (tutor, pupil) in openings.returning
    items = pair_items(problem.tutors[tutor], problem.pupils[pupil], record, is_returning=is_returning)
    same_tutor = POINTS["same_tutor"] * ((tutor, pupil) in openings.locked_pairs)
    return sum(items.values()) - urgency_points(record) + same_tutor


class Detours:
    """The ways around blocked tutors, each of whom is a family.

    Parameters
    ----------
    openings : Openings
    supply : Supply
    """

    def __init__(self, openings: Openings, supply: Supply) -> None:
        self.openings = openings
        self.supply = supply
        self.kinds_of = supply.kinds_of_family()
        # The slots of a need at which the same families are absent have the same ways.
        self._ways: dict[tuple[int, frozenset[int]], np.ndarray | None] = {}

    @cached_property
    def _offers_of_family(self) -> dict[int, set[int]]:
        offers = defaultdict(set)
        for offer, family in self.supply.family_offers.tolist():
            offers[family].add(offer)
        return offers

    @cached_property
    def _families_of_offer(self) -> dict[int, list[int]]:
        families = defaultdict(list)
        for offer, family in self.supply.family_offers.tolist():
            families[offer].append(family)
        return families

    def around(
        self, place: int, pupil: int, slot: int, offers: list[tuple[int, int]], patrons: list[str]
    ) -> np.ndarray | None:
        """Return what leads a need around the blocked tutors of its pupil at one slot.

        Parameters
        ----------
        place, pupil, slot : int
        offers : list of (int, int)
            Those that suit the need, and the points of the language.
        patrons : list of str
            Of the pupil, those that earn points.

        Returns
        -------
        ndarray of shape (n, 5), or None
            Rows as in `NO_DETOURS`; None if no blocked tutor is among the offers at that slot: the need goes
            through its wish.
        """
        openings, supply = self.openings, self.supply
        absent = frozenset(
            int(supply.family_of[supply.kind_of[tutor]])
            for tutor in openings.blocked_tutors[pupil]
            if (openings.blocked[tutor, pupil] & openings.tutor_free[tutor]) >> slot & 1
        )
        if (place, absent) not in self._ways:
            self._ways[place, absent] = self._without(absent, place, offers, patrons)
        ways = self._ways[place, absent]
        if ways is None:
            return None
        detours = ways.copy()
        detours[:, SLOT] = slot
        return detours

    def _without(
        self, absent: frozenset[int], place: int, offers: list[tuple[int, int]], patrons: list[str]
    ) -> np.ndarray | None:
        """Return the detours of a need around some families, at whatever slot, or None if it has nothing of them."""
        supply = self.supply
        without = {offer for family in absent for offer in self._offers_of_family[family]}
        if without.isdisjoint(offer for offer, _ in offers):
            return None
        ways = []
        for offer, points in offers:
            worth, local_worth = POINT * points, POINT * (points + POINTS["patron"])
            if offer not in without:
                local = (supply.local_offers.get((offer, patron)) for patron in patrons)
                ways.append((place, OFFER, offer, ANY_SLOT, worth))
                ways += [(place, LOCAL_OFFER, one, ANY_SLOT, local_worth) for one in local if one is not None]
                continue
            for family in self._families_of_offer[offer]:
                if family not in absent:
                    ways.append((place, FAMILY, family, ANY_SLOT, worth))
                    ways += [
                        (place, KIND, kind, ANY_SLOT, local_worth)
                        for kind in self.kinds_of[family]
                        if supply.kinds[kind][1] in patrons
                    ]
        return table(ways, 5)
