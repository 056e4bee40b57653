"""The class network: one min-cost flow in which needs and tutors meet at shared nodes.

A *class* stands for subject, grade, tutoring language, requirement, patron and slot.
Every need that a class suits points to it, and it points to every tutor's hour that
it suits, so that the network grows with needs + tutors and not with their product:

    source → pupil → need → class → (tutor, slot) → tutor → sink

What concerns one pair alone (returning, a locked match of the same two, a pupil
with blocked tutors or no room for another tutor) is a direct arc need → (tutor, slot).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from tutormatch.matching.objective import POINTS, pair_items, urgency_points
from tutormatch.matching.openings import Openings, to_numbers
from tutormatch.matching.problem import Need, Pupil
from tutormatch.matching.slots import SLOTS_PER_WEEK

if TYPE_CHECKING:
    import networkx as nx

SOURCE, SINK = 0, 1
PAIR_POINTS_AT_MOST = POINTS["returning"] + POINTS["same_tutor"] + POINTS["first_language"] + POINTS["patron"]
STEERING = 1 << 7
"""Leads a pupil who could meet a tutor twice to that tutor; more than a pair can earn otherwise."""
LARGEST_COST = 1 << 61


class TooLargeForCosts(OverflowError):
    """The levels of the objective do not fit into one 64-bit cost."""


@dataclass(frozen=True, slots=True)
class Class:
    """A kind of session that tutors can give, whatever its slot. ``institution`` "" is any."""

    subject: str
    grade: int
    tutoring_language: str
    requires: frozenset[str]
    institution: str

    @property
    def key(self) -> tuple:
        return (
            self.subject,
            self.grade,
            self.tutoring_language,
            tuple(sorted(self.requires)),
            self.institution,
        )


@dataclass(frozen=True)
class Network:
    """Arcs as arrays; the flow runs from node 0 to node 1.

    Attributes
    ----------
    node_count : int
    tail, head : ndarray of int32
    capacity, cost : ndarray of int64
        A negative cost is a gain.
    supply : int
        What leaves the source; units that reach no tutor take the last arc,
        source → sink, at no cost.
    need_node : dict of int to int
        The node of each open need.
    hour_node : dict of int to (int, int)
        The tutor and slot of each node that is an hour of a tutor.
    unit : int
        The cost of one step of rank; everything below it is quality.
    """

    node_count: int
    tail: np.ndarray
    head: np.ndarray
    capacity: np.ndarray
    cost: np.ndarray
    supply: int
    need_node: dict[int, int]
    hour_node: dict[int, tuple[int, int]]
    unit: int

    @property
    def arc_count(self) -> int:
        return len(self.tail)

    def to_networkx(self) -> "nx.DiGraph":
        """Return the same network for `networkx.network_simplex`.

        Returns
        -------
        networkx.DiGraph
            Nodes carry ``demand``, edges ``capacity`` and ``weight``. Of arcs between the same
            two nodes each but the first has a node ``(tail, head, n)`` in its middle.
        """
        # Imported here, as in the engines, so that a web process which only reads does not load it.
        import networkx as nx

        graph = nx.DiGraph()
        graph.add_nodes_from(range(self.node_count), demand=0)
        graph.nodes[SOURCE]["demand"] = -self.supply
        graph.nodes[SINK]["demand"] = self.supply
        columns = (column.tolist() for column in (self.tail, self.head, self.capacity, self.cost))
        ends = self.networkx_ends()
        for (tail, head), (_, end, capacity, cost) in zip(ends, zip(*columns, strict=True), strict=True):
            graph.add_edge(tail, head, capacity=capacity, weight=cost)
            if head != end:
                graph.nodes[head]["demand"] = 0
                graph.add_edge(head, end, capacity=capacity, weight=0)
        return graph

    def networkx_ends(self) -> list[tuple]:
        """Return for each arc the edge of `to_networkx` that starts where the arc starts."""
        seen: Counter[tuple[int, int]] = Counter()
        ends: list[tuple] = []
        for arc in zip(self.tail.tolist(), self.head.tolist(), strict=True):
            ends.append((arc[0], (*arc, seen[arc])) if seen[arc] else arc)
            seen[arc] += 1
        return ends


class _Arcs:
    """Collects arcs, one at a time or by the thousand."""

    def __init__(self) -> None:
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self.single: list[tuple[int, int, int, int]] = []

    def add(self, tail: int, head: int, capacity: int, cost: int) -> None:
        self.single.append((tail, head, capacity, cost))

    def add_unit_arcs(self, tail: np.ndarray, head: np.ndarray, cost: np.ndarray | int) -> None:
        one = np.ones(len(tail), dtype=np.int64)
        self.parts.append((tail, head, one, one * cost))

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        table = np.array(self.single, dtype=np.int64).reshape(-1, 4)
        parts = [*self.parts, tuple(table.T)]
        tail, head, capacity, cost = (np.concatenate(column) for column in zip(*parts, strict=True))
        return tail.astype(np.int32), head.astype(np.int32), capacity, cost


def build_network(openings: Openings, *, as_relaxation: bool = False) -> Network:
    """Build the class network of everything that is still open.

    Parameters
    ----------
    openings : Openings
    as_relaxation : bool, default False
        Whether to let tutors repeat a pupil beyond `Openings.safe_sessions`, by
        arcs that pass their hours by. The largest flow is then an upper bound of
        the number of needs that can be served; it cannot be decoded.

    Returns
    -------
    Network
        Without `as_relaxation` every flow gives each tutor at most as many sessions
        as there are pupils left for the tutor, so that no decoded flow has too many
        pupils; two needs of a pupil in one slot, and a pupil with too many tutors,
        it does not exclude.

    Raises
    ------
    TooLargeForCosts
        If rank × quality does not fit into 64 bits.
    """
    return _Builder(openings, as_relaxation).build()


class _Builder:
    def __init__(self, openings: Openings, as_relaxation: bool) -> None:
        self.openings = openings
        self.problem = openings.problem
        self.arcs = _Arcs()
        self.node_count = 2
        self.as_relaxation = as_relaxation
        self.top_rank = max(openings.ranks.values(), default=0)
        self.unit = 1 + sum(
            urgency_points(self.problem.needs[need]) + PAIR_POINTS_AT_MOST + STEERING for need in openings.open_needs
        )

    def build(self) -> Network:
        supply = self._pupils_and_needs()
        self._classes()
        hour_node = self._hours_and_tutors()
        if self.as_relaxation:
            self._repeats()
        self.arcs.add(SOURCE, SINK, supply, 0)
        if self.unit * (2 * self.top_rank + 2) * self.node_count > LARGEST_COST:
            raise TooLargeForCosts(f"{len(self.need_node)} needs with {self.top_rank} ranks")
        tail, head, capacity, cost = self.arcs.arrays()
        return Network(self.node_count, tail, head, capacity, cost, supply, self.need_node, hour_node, self.unit)

    def _nodes(self, count: int) -> int:
        first = self.node_count
        self.node_count += count
        return first

    def _pupils_and_needs(self) -> int:
        """Add source → pupil → need and return how many units may leave the source."""
        openings = self.openings
        supply = 0
        self.need_node: dict[int, int] = {}
        for pupil, needs in sorted(openings.open_needs_of.items()):
            node = self._nodes(1)
            rank = openings.ranks[pupil]
            further = len(needs)
            if pupil not in openings.served_pupils:
                # Two arcs between the same nodes would be one in a DiGraph: the first
                # unit has a node of its own.
                first = self._nodes(1)
                self.arcs.add(SOURCE, first, 1, -(self.top_rank + rank + 1) * self.unit)
                self.arcs.add(first, node, 1, 0)
                further -= 1
            if further:
                self.arcs.add(SOURCE, node, further, -(rank + 1) * self.unit)
            supply += len(needs)
            for need in needs:
                self.need_node[need] = self._nodes(1)
                self.arcs.add(node, self.need_node[need], 1, -urgency_points(self.problem.needs[need]))
        return supply

    def _classes(self) -> None:
        """Sort out which needs go through classes and which pairs by themselves."""
        openings = self.openings
        blocked_pupils = {pupil for _, pupil in openings.blocked}
        own_tutors = defaultdict(list)
        self.steered = {(tutor, pupil) for tutor, needs_of in openings.repeats.items() for pupil in needs_of}
        for tutor, pupil in sorted({*openings.locked_pairs, *openings.returning, *self.steered}):
            own_tutors[pupil].append(tutor)
        suiting: dict[Class, np.ndarray] = {}
        by_class: list[tuple[int, Class, int]] = []
        self.direct: list[tuple[int, int, int, int]] = []
        for need in openings.open_needs:
            pupil = openings.pupil_of[need]
            record = self.problem.needs[need]
            if pupil in blocked_pupils or openings.tutors_left[pupil] <= 0:
                self._add_direct(need, openings.options(need))
                continue
            self._add_direct(need, [tutor for tutor in own_tutors[pupil] if openings.tutors_of(need) >> tutor & 1])
            for each, points in self._classes_of(record, self.problem.pupils[pupil]):
                by_class.append((need, each, points))
                suiting.setdefault(each, np.empty(0, dtype=np.int64))
        for each in suiting:
            suiting[each] = np.array(self._tutors_of(each), dtype=np.int64)
        self._connect(by_class, suiting)

    def _add_direct(self, need: int, tutors: Iterable[int]) -> None:
        openings = self.openings
        pupil = openings.pupil_of[need]
        for tutor in tutors:
            points = self._direct_points(need, tutor, pupil)
            self.direct += [(need, tutor, slot, points) for slot in to_numbers(openings.common_slots(tutor, pupil))]

    def _direct_points(self, need: int, tutor: int, pupil: int) -> int:
        record = self.problem.needs[need]
        items = pair_items(
            self.problem.tutors[tutor],
            self.problem.pupils[pupil],
            record,
            is_returning=(tutor, pupil) in self.openings.returning,
        )
        points = sum(items.values()) - urgency_points(record)
        if (tutor, pupil) in self.openings.locked_pairs:
            points += POINTS["same_tutor"]
        return points + (STEERING if (tutor, pupil) in self.steered else 0)

    def _classes_of(self, need: Need, pupil: Pupil) -> list[tuple[Class, int]]:
        classes = []
        for code in pupil.languages:
            points = POINTS["first_language"] if code == pupil.languages[0] else 0
            for institution in ("", *sorted(pupil.patrons & self.openings.coming_from.keys())):
                extra = POINTS["patron"] if institution else 0
                each = Class(need.subject, need.grade, code, pupil.requires, institution)
                classes.append((each, points + extra))
        return classes

    def _tutors_of(self, each: Class) -> list[int]:
        openings = self.openings
        tutors = openings.suited_tutors(each.subject, each.grade, [each.tutoring_language], each.requires)
        if each.institution:
            tutors &= openings.coming_from[each.institution]
        return to_numbers(tutors & openings.with_sessions & openings.with_new_pupils)

    def _connect(self, by_class: list[tuple[int, Class, int]], suiting: dict[Class, np.ndarray]) -> None:
        """Add need → class → (tutor, slot), one class node for each slot that both sides have."""
        openings = self.openings
        classes = {each: index for index, each in enumerate(sorted(suiting, key=lambda each: each.key))}
        tutor_slots = _slot_lists(openings.tutor_free)
        pupil_slots = _slot_lists(openings.pupil_free)

        tutors = [suiting[each] for each in classes]
        class_of = np.repeat(np.arange(len(tutors)), [len(each) for each in tutors])
        tutor_of = np.concatenate([*tutors, np.empty(0, dtype=np.int64)])
        pair, slot = tutor_slots.expand(tutor_of)
        class_key = class_of[pair] * SLOTS_PER_WEEK + slot
        hour_key = tutor_of[pair] * SLOTS_PER_WEEK + slot

        need_of = np.array([self.need_node[need] for need, _, _ in by_class], dtype=np.int64)
        pupil_of = np.array([openings.pupil_of[need] for need, _, _ in by_class], dtype=np.int64)
        of_need = np.array([classes[each] for _, each, _ in by_class], dtype=np.int64)
        points = np.array([points for _, _, points in by_class], dtype=np.int64)
        entry, need_slot = pupil_slots.expand(pupil_of)
        need_key = of_need[entry] * SLOTS_PER_WEEK + need_slot

        class_keys = np.intersect1d(class_key, need_key)
        first_class = self._nodes(len(class_keys))
        wanted = np.isin(need_key, class_keys)
        self.arcs.add_unit_arcs(
            need_of[entry[wanted]],
            first_class + np.searchsorted(class_keys, need_key[wanted]),
            -points[entry[wanted]],
        )
        offered = np.isin(class_key, class_keys)
        self.class_to_hour = (
            first_class + np.searchsorted(class_keys, class_key[offered]),
            hour_key[offered],
        )

    def _hours_and_tutors(self) -> dict[int, tuple[int, int]]:
        """Add (tutor, slot) → tutor → sink, and the arcs that lead to the hours."""
        openings = self.openings
        class_node, class_hour = self.class_to_hour
        direct = np.array(self.direct, dtype=np.int64).reshape(-1, 4)
        direct_hour = direct[:, 1] * SLOTS_PER_WEEK + direct[:, 2]
        hours = np.unique(np.concatenate([class_hour, direct_hour]))
        first_hour = self._nodes(len(hours))
        self.arcs.add_unit_arcs(class_node, first_hour + np.searchsorted(hours, class_hour), 0)
        need_node = np.array([self.need_node[need] for need in direct[:, 0].tolist()], dtype=np.int64)
        self.arcs.add_unit_arcs(need_node, first_hour + np.searchsorted(hours, direct_hour), -direct[:, 3])
        tutors, position = np.unique(hours // SLOTS_PER_WEEK, return_inverse=True)
        first_tutor = self._nodes(len(tutors))
        self.arcs.add_unit_arcs(first_hour + np.arange(len(hours)), first_tutor + position, 0)
        for node, tutor in enumerate(tutors.tolist(), start=first_tutor):
            self.arcs.add(node, SINK, openings.safe_sessions(tutor), 0)
        return {first_hour + index: divmod(hour, SLOTS_PER_WEEK) for index, hour in enumerate(hours.tolist())}

    def _repeats(self) -> None:
        """Add need → tutor's repeats → sink."""
        openings = self.openings
        for tutor, needs_of in sorted(openings.repeats.items()):
            node = self._nodes(1)
            self.arcs.add(node, SINK, openings.sessions_left[tutor] - openings.safe_sessions(tutor), 0)
            for need in chain.from_iterable(needs_of.values()):
                self.arcs.add(self.need_node[need], node, 1, 0)


@dataclass(frozen=True, slots=True)
class _SlotLists:
    """The free slots of many people, one after the other in one array."""

    start: np.ndarray
    count: np.ndarray
    slots: np.ndarray

    def expand(self, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each person in ``people`` (by position) each of the person's slots."""
        count = self.count[people]
        position = np.repeat(np.arange(len(people)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        place = np.arange(len(position)) - before + np.repeat(self.start[people], count)
        return position, self.slots[place]


def _slot_lists(free: list[int]) -> _SlotLists:
    lists = [to_numbers(bits) for bits in free]
    count = np.array([len(each) for each in lists], dtype=np.int64)
    slots = np.array([slot for each in lists for slot in each], dtype=np.int64)
    return _SlotLists(np.cumsum(count) - count, count, slots)
