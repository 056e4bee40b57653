"""The class network: one flow in which needs and tutors meet at shared nodes.

    source → pupil → need → wish → offer → family → kind → tutor → sink

Between need and tutor every node stands for a slot too. A *wish* is what needs ask of a
tutor; offers, families and kinds are told apart by `tutormatch.matching.flow.supply`. Whoever wants the
same thing at the same time meets at one node, so that the network grows with needs +
tutors and not with their product. An hour of a tutor is an arc of capacity 1 from the tutor's
kind to the tutor.

A need whose pupil has patrons has local wishes beside, which lead through local offers to
the kinds of those institutions. What concerns one pair alone is an arc of its own: to a tutor
who worked with the pupil before or shares a locked match with the pupil, and, around a blocked tutor, to
every offer without that tutor and every other family of an offer with that tutor.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tutormatch.matching.columns import numbers_of
from tutormatch.matching.flow.detours import FAMILY, KIND, LOCAL_OFFER, NO_DETOURS, OFFER, POINT, Detours, direct_hours
from tutormatch.matching.flow.layers import NO_NODE, Arcs, SlotLists, reached, table
from tutormatch.matching.flow.network import LARGEST_COST, SINK, SOURCE, Network, TooLargeForCosts
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.supply import Supply
from tutormatch.matching.objective import POINTS, POINTS_BY_PRIORITY
from tutormatch.matching.slots import HOURS_PER_DAY, SLOTS_PER_WEEK

NEEDS_FOR_POINTS = 6_000
"""Above this institutions are not told apart: points then come from liked arcs, not from a cheapest flow."""


@dataclass(frozen=True)
class ClassNetwork:
    """The class network of a problem.

    Attributes
    ----------
    node_count : int
    tail, head : ndarray of int32
    capacity : ndarray of int64
    rank : ndarray of int32
        On arcs from the source: what a unit is worth to breadth (more than ``top_rank``)
        and cover (at most that); 0 elsewhere.
    worth : ndarray of int32
        What a unit is worth below them, `POINT` for a point.
    supply : int
        How many units may leave the source.
    top_rank : int
        The number of different ranks of pupils.
    need_node : dict of int to int
        The node of each open need.
    hours : slice
        Which arcs are hours of tutors; their tutors and slots are
        ``hour_tutor`` and ``hour_slot``.
    tutor_node : ndarray of int32
        The node of each tutor, -1 if the network does not lead there.
    layers : tuple of slice
        The nodes of each layer from wishes to kinds, in the order in which a flow meets them.
    has_points : bool
        Whether ``worth`` holds all points of a pair but ``same_tutor``.
    """

    node_count: int
    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    rank: np.ndarray
    worth: np.ndarray
    supply: int
    top_rank: int
    need_node: dict[int, int]
    hours: slice
    hour_tutor: np.ndarray
    hour_slot: np.ndarray
    tutor_node: np.ndarray
    layers: tuple[slice, ...]
    has_points: bool

    @property
    def arc_count(self) -> int:
        return len(self.tail)

    @cached_property
    def unit(self) -> int:
        """What one step of rank costs, so that everything below cannot outweigh it."""
        # A unit passes at most four arcs that are worth something.
        return 1 + self.supply * 4 * int(np.abs(self.worth).max(initial=0))

    @property
    def is_liked(self) -> np.ndarray:
        """By arc, whether it is worth as much as any that starts where it does."""
        best = np.full(self.node_count, np.iinfo(self.worth.dtype).min, dtype=self.worth.dtype)
        np.maximum.at(best, self.tail, self.worth)
        return self.worth == best[self.tail]

    def as_costs(self) -> Network:
        """Return the network with all levels as one cost.

        Raises
        ------
        TooLargeForCosts
            If rank × points does not fit into 64 bits.
        """
        if self.unit * (2 * self.top_rank + 2) * self.node_count > LARGEST_COST:
            raise TooLargeForCosts(f"{self.supply} needs with {self.top_rank} ranks")
        cost = -(self.rank.astype(np.int64) * self.unit + self.worth)
        return Network(
            self.node_count,
            np.append(self.tail, np.int32(SOURCE)),
            np.append(self.head, np.int32(SINK)),
            np.append(self.capacity, self.supply),
            np.append(cost, 0),
            self.supply,
        )


def build_class_network(openings: Openings, needs_for_points: int = NEEDS_FOR_POINTS) -> ClassNetwork:
    """Build the class network of everything that is still open.

    Parameters
    ----------
    openings : Openings
    needs_for_points : int
        Up to how many open needs the network tells patron institutions apart.

    Returns
    -------
    ClassNetwork
        Every flow gives each tutor at most as many sessions as there are pupils left for
        the tutor, so that no decoded flow has too many pupils; two needs of a pupil in one
        slot, and a pupil with too many tutors, it does not exclude.
    """
    return _Builder(openings, len(openings.open_needs) <= needs_for_points).build()


class _Builder:
    def __init__(self, openings: Openings, has_points: bool) -> None:
        self.openings = openings
        self.has_points = has_points
        self.problem = openings.problem
        self.needs = np.array(openings.open_needs, dtype=np.int64)
        self.pupil_of = openings.pupil_numbers[self.needs]
        has_open = set(openings.open_needs_of)
        special = {tutor for pupil, tutors in openings.blocked_tutors.items() if pupil in has_open for tutor in tutors}
        self.patrons_of = [pupil.patrons if has_points else frozenset() for pupil in self.problem.pupils]
        patrons = {patron for pupil in has_open for patron in self.patrons_of[pupil]}
        self.supply = Supply(openings, special, patrons)
        self.arcs = Arcs(first_node=2)
        self.most = len(self.needs)

    def build(self) -> ClassNetwork:
        self._slots()
        self._wishes()
        direct = direct_hours(self.openings, self.has_points)
        detours = self._around_blocked()
        self._layers(detours)
        tutor_node = self._tutors(direct)
        need_node = self._pupils_and_needs(detours, direct)
        tail, head, capacity, rank, worth = self.arcs.columns()
        return ClassNetwork(
            self.arcs.node_count,
            tail,
            head,
            capacity,
            rank,
            worth,
            self.most,
            max(self.openings.ranks.values(), default=0),
            need_node,
            self.hours,
            self.hour_tutor,
            self.hour_slot,
            tutor_node,
            tuple(slice(start, stop) for start, stop in zip(self.starts, self.starts[1:], strict=False)),
            self.has_points,
        )

    def _slots(self) -> None:
        """Lay out who has time when: kinds of tutors, and the needs that go through wishes."""
        openings = self.openings
        sessions = np.array(openings.sessions_left, dtype=np.int64)
        tutor_slots = SlotLists.of(openings.tutor_words)
        self.hour_tutor, self.hour_slot = tutor_slots.expand(np.flatnonzero(sessions > 0))
        self.hour_tutor = np.flatnonzero(sessions > 0)[self.hour_tutor]
        self.kind_has = np.zeros((len(self.supply.kinds), SLOTS_PER_WEEK), dtype=bool)
        self.kind_has[self.supply.kind_of[self.hour_tutor], self.hour_slot] = True
        self.kind_families = np.stack([np.arange(len(self.supply.kinds)), self.supply.family_of], axis=1)
        self.family_has = reached(self.kind_families, self.kind_has, self.supply.family_count)
        self.offer_has = reached(self.supply.family_offers[:, ::-1], self.family_has, len(self.supply.offers))
        self.local_has = reached(self.supply.local_offer_kinds[:, ::-1], self.kind_has, len(self.supply.local_offers))
        self.pupil_slots = SlotLists.of(openings.pupil_words)
        tutors_left = np.array(openings.tutors_left, dtype=np.int64)
        entry, slot = self.pupil_slots.expand(self.pupil_of)
        may = tutors_left[self.pupil_of[entry]] > 0
        self.asking, self.asked_slot = entry[may], slot[may]

    def _wishes(self) -> None:
        """Number the wishes, plain and local, and find the offers for each."""
        openings, supply = self.openings, self.supply
        number = np.array(openings.wish_number, dtype=np.int64)[self.needs]
        wishes, self.wish_of = np.unique(number, return_inverse=True)
        self.offers_of = [supply.offers_for(openings.wishes[wish]) for wish in wishes.tolist()]
        self.wish_offers = table(
            ((wish, offer, POINT * points) for wish, offers in enumerate(self.offers_of) for offer, points in offers),
            3,
        )
        local: dict[tuple[int, str], int] = {}
        asking_locally, local_wish = [], []
        for place, (wish, pupil) in enumerate(zip(self.wish_of.tolist(), self.pupil_of.tolist(), strict=True)):
            for patron in sorted(self.patrons_of[pupil]):
                asking_locally.append(place)
                local_wish.append(local.setdefault((wish, patron), len(local)))
        self.local_wish_offers = table(
            (
                (number, supply.local_offers[offer, patron], POINT * (points + POINTS["patron"]))
                for (wish, patron), number in local.items()
                for offer, points in self.offers_of[wish]
                if (offer, patron) in supply.local_offers
            ),
            3,
        )
        self.asking_locally = np.array(asking_locally, dtype=np.int64)
        self.local_wish = np.array(local_wish, dtype=np.int64)
        self.wish_count, self.local_wish_count = len(wishes), len(local)

    def _around_blocked(self) -> np.ndarray:
        """Take needs with a blocked tutor out of their wishes in the slots that this concerns, and lead them around."""
        if not self.openings.blocked:
            return NO_DETOURS
        ways = Detours(self.openings, self.supply)
        stays = np.ones(len(self.asking), dtype=bool)
        concerned = np.zeros(len(self.problem.pupils), dtype=bool)
        concerned[list(self.openings.blocked_tutors)] = True
        found = [NO_DETOURS]
        for entry in np.flatnonzero(concerned[self.pupil_of[self.asking]]).tolist():
            place, slot = int(self.asking[entry]), int(self.asked_slot[entry])
            pupil = int(self.pupil_of[place])
            offers = self.offers_of[self.wish_of[place]]
            detours = ways.around(place, pupil, slot, offers, sorted(self.patrons_of[pupil]))
            if detours is not None:
                stays[entry] = False
                found.append(detours)
        self.asking, self.asked_slot = self.asking[stays], self.asked_slot[stays]
        return np.concatenate(found)

    def _layers(self, detours: np.ndarray) -> None:
        """Add a node for everything that is wished for and offered in a slot, and the arcs between."""
        supply, arcs = self.supply, self.arcs
        offered = self.offer_has, self.local_has, self.family_has, self.kind_has
        extra = [np.zeros_like(has) for has in offered]
        _, layer, thing, at, _ = detours.T
        for number, is_led_to in enumerate(extra):
            is_led_to[thing[layer == number], at[layer == number]] = True
        asking, slot = self._locally()
        wished = np.zeros((self.wish_count, SLOTS_PER_WEEK), dtype=bool)
        wished[self.wish_of[self.asking], self.asked_slot] = True
        wished &= reached(self.wish_offers[:, 1::-1], self.offer_has, self.wish_count)
        local = np.zeros((self.local_wish_count, SLOTS_PER_WEEK), dtype=bool)
        local[self.local_wish[asking], slot] = True
        local &= reached(self.local_wish_offers[:, 1::-1], self.local_has, self.local_wish_count)
        offer = self.offer_has & (reached(self.wish_offers, wished, len(supply.offers)) | extra[OFFER])
        local_offer = self.local_has & (
            reached(self.local_wish_offers, local, len(supply.local_offers)) | extra[LOCAL_OFFER]
        )
        family = self.family_has & (reached(supply.family_offers, offer, supply.family_count) | extra[FAMILY])
        kind = self.kind_has & (
            reached(self.kind_families[:, ::-1], family, len(supply.kinds))
            | reached(supply.local_offer_kinds, local_offer, len(supply.kinds))
            | extra[KIND]
        )
        # A family of one kind needs no second node.
        is_single = (np.bincount(supply.family_of, minlength=supply.family_count) == 1)[supply.family_of]
        single = np.flatnonzero(is_single)
        family[supply.family_of[single]] |= kind[single]
        starts = [arcs.node_count]
        self.wish, self.local, self.offer, self.local_offer, self.family = (
            self._layer(exists, starts) for exists in (wished, local, offer, local_offer, family)
        )
        self.kind = self._layer(kind & ~is_single[:, None], starts)
        self.kind[single] = np.where(kind[single], self.family[supply.family_of[single]], NO_NODE)
        self.starts = starts
        arcs.connect(self.wish_offers, self.wish, self.offer, self.most)
        arcs.connect(self.local_wish_offers, self.local, self.local_offer, self.most)
        arcs.connect(supply.family_offers, self.offer, self.family, self.most)
        arcs.connect(supply.local_offer_kinds, self.local_offer, self.kind, self.most)
        several = self.kind_families[np.flatnonzero(~is_single)]
        arcs.connect(several[:, ::-1], self.family, self.kind, self.most)

    def _layer(self, exists: np.ndarray, starts: list[int]) -> np.ndarray:
        layer = self.arcs.layer(exists)
        starts.append(self.arcs.node_count)
        return layer

    def _locally(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the entries of `asking_locally` with each slot that they could use."""
        if not len(self.asking_locally):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        key = self.asking * SLOTS_PER_WEEK + self.asked_slot
        entry, slot = self.pupil_slots.expand(self.pupil_of[self.asking_locally])
        may = np.isin(self.asking_locally[entry] * SLOTS_PER_WEEK + slot, key)
        return entry[may], slot[may]

    def _tutors(self, direct: np.ndarray) -> np.ndarray:
        """Add kind → tutor → sink, with a node between them for each hour to which a need has an arc of its own."""
        arcs, openings = self.arcs, self.openings
        key = self.hour_tutor * SLOTS_PER_WEEK + self.hour_slot
        own = np.unique(direct[:, 1] * SLOTS_PER_WEEK + direct[:, 2])
        node = self.kind[self.supply.kind_of[self.hour_tutor], self.hour_slot]
        is_own = np.isin(key, own)
        own_node = arcs.nodes(len(own))
        # Hours are in the order of tutors and slots, as their keys are.
        self.direct_node = own_node[np.searchsorted(own, direct[:, 1] * SLOTS_PER_WEEK + direct[:, 2])]
        self.starts.append(arcs.node_count)
        from_kind = node[is_own] != NO_NODE
        arcs.add(node[is_own][from_kind], own_node[from_kind], 1)
        node[is_own] = own_node
        is_met = node != NO_NODE
        self.hour_tutor, self.hour_slot = self.hour_tutor[is_met], self.hour_slot[is_met]
        tutors = np.unique(self.hour_tutor)
        tutor_node = np.full(len(openings.problem.tutors), NO_NODE, dtype=np.int32)
        tutor_node[tutors] = arcs.nodes(len(tutors))
        first = arcs.arc_count
        arcs.add(node[is_met], tutor_node[self.hour_tutor], 1)
        self.hours = slice(first, arcs.arc_count)
        arcs.add(tutor_node[tutors], SINK, np.array([openings.safe_sessions(tutor) for tutor in tutors.tolist()]))
        return tutor_node

    def _pupils_and_needs(self, detours: np.ndarray, direct: np.ndarray) -> dict[int, int]:
        """Add source → pupil → need, and what leads on from the needs."""
        arcs, openings = self.arcs, self.openings
        need_node = arcs.nodes(len(self.needs))
        wish = self.wish[self.wish_of[self.asking], self.asked_slot]
        is_met = wish != NO_NODE
        liked = self._share(self.asking, self.asked_slot)
        arcs.add(need_node[self.asking[is_met]], wish[is_met], self.most, worth=liked[is_met])
        entry, slot = self._locally()
        local = self.local[self.local_wish[entry], slot]
        is_met = local != NO_NODE
        place = self.asking_locally[entry]
        arcs.add(need_node[place[is_met]], local[is_met], self.most, worth=self._share(place, slot)[is_met])
        arcs.add(need_node[direct[:, 0]], self.direct_node, self.most, worth=direct[:, 3])
        nodes_of = (self.offer, self.local_offer, self.family, self.kind)
        need, layer, thing, at, worth = detours.T
        node = np.full(len(detours), NO_NODE, dtype=np.int32)
        for number, nodes in enumerate(nodes_of):
            here = layer == number
            node[here] = nodes[thing[here], at[here]]
        is_met = node != NO_NODE
        arcs.add(need_node[need[is_met]], node[is_met], self.most, worth=worth[is_met])
        self._pupils(need_node)
        return dict(zip(openings.open_needs, need_node.tolist(), strict=True))

    def _share(self, place: np.ndarray, slot: np.ndarray) -> np.ndarray:
        """Return 1 where a slot falls to this one of the needs of its pupil, so that they keep apart."""
        turn, count = self._turns
        # The hours of a day fall to needs in turn, each day beginning with another.
        return ((slot + slot // HOURS_PER_DAY) % count[place] == turn[place]).astype(np.int64)

    @cached_property
    def _turns(self) -> tuple[np.ndarray, np.ndarray]:
        """The number of each need among those of its pupil, and how many these are."""
        _, pupil, count = np.unique(self.pupil_of, return_inverse=True, return_counts=True)
        order = np.argsort(pupil, kind="stable")
        turn = np.empty(len(self.needs), dtype=np.int64)
        turn[order] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
        return turn, count[pupil]

    def _pupils(self, need_node: np.ndarray) -> None:
        """Add source → pupil → need; a pupil with one need has no other node."""
        arcs, openings = self.arcs, self.openings
        pupils, first, pupil, count = np.unique(
            self.pupil_of, return_index=True, return_inverse=True, return_counts=True
        )
        rank = np.array([openings.ranks[each] for each in pupils.tolist()], dtype=np.int64)
        is_new = np.array([each not in openings.served_pupils for each in pupils.tolist()], dtype=bool)
        urgency = POINT * POINTS_BY_PRIORITY[numbers_of(self.problem.needs, "priority")[self.needs]]
        several = count > 1
        node = need_node[first]
        node[several] = arcs.nodes(int(np.count_nonzero(several)))
        worth = np.where(several, 0, urgency[first])
        mates = several[pupil]
        arcs.add(node[pupil[mates]], need_node[mates], 1, worth=urgency[mates])
        arcs.add(SOURCE, node[is_new], 1, rank[is_new] + rank.max(initial=0), worth[is_new])
        further = count - is_new
        more = further > 0
        arcs.add(SOURCE, node[more], further[more], rank[more], worth[more])
