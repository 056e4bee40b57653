"""The plain formulation: one arc for every need and every tutor's hour that suit each other.

    source → pupil → need → (tutor, slot) → tutor → sink

It has the same objective as the class network, without the shared nodes, and is
solved by the same two engines.
"""

from dataclasses import dataclass

import numpy as np

from tutormatch.matching.benchmark.seats import Seats
from tutormatch.matching.flow.network import PAIR_POINTS_AT_MOST, SINK, SOURCE, Network
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.objective import urgency_points
from tutormatch.matching.slots import SLOTS_PER_WEEK


@dataclass(frozen=True)
class PairGraph:
    """A network and the seats that its first arcs stand for."""

    network: Network
    need: np.ndarray
    tutor: np.ndarray
    slot: np.ndarray

    def seats(self, flow: np.ndarray) -> list[tuple[int, int, int]]:
        """Return the seats (need, tutor, slot) that a flow uses."""
        used = np.flatnonzero(flow[: len(self.need)] > 0)
        return list(zip(self.need[used].tolist(), self.tutor[used].tolist(), self.slot[used].tolist(), strict=True))


@dataclass(frozen=True)
class Worth:
    """What the levels of the objective are worth as one number, as in the class network."""

    unit: int
    top_rank: int
    openings: Openings

    @classmethod
    def of(cls, openings: Openings) -> "Worth":
        needs = openings.problem.needs
        unit = 1 + sum(urgency_points(needs[need]) + PAIR_POINTS_AT_MOST for need in openings.open_needs)
        return cls(unit, max(openings.ranks.values(), default=0), openings)

    def first(self, pupil: int) -> int:
        """What it is worth that ``pupil`` gets a tutor at all."""
        return (self.top_rank + self.openings.ranks[pupil] + 1) * self.unit

    def further(self, pupil: int) -> int:
        """What a further need of ``pupil`` is worth."""
        return (self.openings.ranks[pupil] + 1) * self.unit


def list_seats(seats: Seats) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return need, tutor, slot and points of every seat there is."""
    needs = seats.openings.open_needs
    choices = [seats.of(need) for need in needs]
    count = [len(choice.tutors) for choice in choices]
    none = np.empty(0, dtype=np.int64)
    return (
        np.repeat(np.array(needs, dtype=np.int64), count),
        np.concatenate([none, *(choice.tutors for choice in choices)]),
        np.concatenate([none, *(choice.slots for choice in choices)]),
        np.concatenate([none, *(choice.points for choice in choices)]),
    )


def build_pair_graph(seats: Seats) -> PairGraph:
    """Build the network of all pairs."""
    openings = seats.openings
    problem, worth = openings.problem, Worth.of(openings)
    need, tutor, slot, points = list_seats(seats)
    node_count = 2
    need_node: dict[int, int] = {}
    single: list[tuple[int, int, int, int]] = []
    for pupil, needs in sorted(openings.open_needs_of.items()):
        node, node_count = node_count, node_count + 1
        further = len(needs)
        if pupil not in openings.served_pupils:
            # Two arcs between the same nodes would be one in a DiGraph.
            single.append((SOURCE, node_count, 1, -worth.first(pupil)))
            single.append((node_count, node, 1, 0))
            node_count += 1
            further -= 1
        if further:
            single.append((SOURCE, node, further, -worth.further(pupil)))
        for each in needs:
            need_node[each], node_count = node_count, node_count + 1
            single.append((node, need_node[each], 1, -urgency_points(problem.needs[each])))
    hours, hour_at = np.unique(tutor * SLOTS_PER_WEEK + slot, return_inverse=True)
    first_hour = node_count
    tutors, tutor_at = np.unique(hours // SLOTS_PER_WEEK, return_inverse=True)
    first_tutor = first_hour + len(hours)
    node_count = first_tutor + len(tutors)
    for place, hour_tutor in enumerate(tutor_at.tolist()):
        single.append((first_hour + place, first_tutor + hour_tutor, 1, 0))
    for place, each in enumerate(tutors.tolist()):
        single.append((first_tutor + place, SINK, openings.safe_sessions(each), 0))
    supply = len(need_node)
    single.append((SOURCE, SINK, supply, 0))
    tails = np.array([need_node[each] for each in openings.open_needs], dtype=np.int64)
    by_need = np.searchsorted(np.array(openings.open_needs, dtype=np.int64), need)
    one = np.ones(len(need), dtype=np.int64)
    pairs = np.stack([tails[by_need], first_hour + hour_at, one, -points])
    tail, head, capacity, cost = np.concatenate([pairs, np.array(single, dtype=np.int64).T], axis=1)
    network = Network(
        node_count=node_count,
        tail=tail.astype(np.int32),
        head=head.astype(np.int32),
        capacity=capacity,
        cost=cost,
        supply=supply,
    )
    return PairGraph(network, need, tutor, slot)
