"""The linear program of cover: how many needs the matchings with the best breadth can serve.

The prices of breadth tell which seats such a matching can use: those that cost the least
for their pupil, and for what goes beyond a pupil's first session those that cost nothing.
Single sessions run through the class network; a *couple* is a pupil who may bring several
needs to one tutor, for one of the tutor's places.

Notes
-----
By pupil p, need n, tutor t and slot s, with ``f`` the flow through the class network,
``y`` a couple, ``x`` its sessions by slot and ``u`` by need:

    maximise   sum f[n] + sum x[p,t,s]
    where      sum_s x[p,t,s] = sum_n u[p,t,n],     y[p,t] <= sum_s x[p,t,s]
               x[p,t,s] <= y[p,t],                  u[p,t,n] <= y[p,t]
               f[n] + sum_t u[p,t,n] <= 1,          one session of p in each slot
               f and x in each hour (t,s) <= 1,     f and x with t <= sessions of t
               f and y with t <= places of t,       f and y of p <= tutors of p

Pupils whom every such matching serves have f and y together at least 1; hours and tutors
with a price of breadth are all used. The duals of the last rows of hours, sessions and
places correct the prices of breadth.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import csc_array, hstack

from tutormatch.matching.exact.couples import find_couples, is_short_of_pupils
from tutormatch.matching.exact.linear import LinearProgram
from tutormatch.matching.exact.rows import Rows
from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.contraction import Contraction
from tutormatch.matching.flow.network import SINK, SOURCE
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Prices
from tutormatch.matching.slots import SLOTS_PER_WEEK

FAR = 1 << 40
LOSS = 10.0
"""What a pupil without a tutor, or a session that must be given and is not, costs in needs."""


@dataclass(frozen=True)
class Relaxation:
    """What the linear program says.

    Attributes
    ----------
    values : ndarray
        By variable.
    duals : ndarray
        By row, what one more there would add to cover.
    most : float
        How many needs can be served at most; without a limit if the solution is approximate.
    """

    values: np.ndarray
    duals: np.ndarray
    most: float = np.inf


class CoverProgram:
    """The linear program of one problem.

    Parameters
    ----------
    openings : Openings
    network : ClassNetwork
    breadth : Prices
        That prove the best breadth.

    Attributes
    ----------
    size : int
        How many variables there are, in this order: needs that enter the network, arcs,
        and of the couples whether they meet, their needs and their sessions.
    worth : ndarray
        By variable, the needs it serves.
    entering : ndarray of int
        The needs that have single sessions.
    need_node : ndarray of int
        Where each of them enters.
    tail, head : ndarray of int
        Of the arcs that single sessions can take.
    first_hour : int
        The node of the first hour; ``network.hour_tutor`` and ``network.hour_slot`` tell of all.
    couples : Couples
    arcs, together, parts, meetings : slice
        Which variables are the arcs', and the couples'.
    constraints : Constraints
    """

    def __init__(self, openings: Openings, network: ClassNetwork, breadth: Prices) -> None:
        self.openings = openings
        self.network = network
        tutors = openings.problem.tutors
        self.place = np.array([breadth.session.get(each.id, 0) + breadth.pupil.get(each.id, 0) for each in tutors])
        self.hour = np.zeros((len(tutors), SLOTS_PER_WEEK), dtype=np.int64)
        for (tutor_id, slot), price in breadth.hour.items():
            self.hour[openings.tutor_index[tutor_id], slot] = price
        self._reach()
        self._pupils()
        self._flow()
        is_usable = np.zeros(self.hour.shape, dtype=bool)
        is_usable[network.hour_tutor, network.hour_slot] = True
        self.couples = find_couples(openings, self.least_of, self.place, is_usable & (self.hour == 0))
        counts = [len(each) for each in (self.entering, self.tail, self.couples, self.couples.part, self.couples.slot)]
        ends = np.cumsum(counts).tolist()
        self.size = ends[-1]
        self.arcs, self.together, self.parts, self.meetings = (slice(start, end) for start, end in pairwise(ends))
        self.worth = np.zeros(self.size)
        self.worth[: ends[0]] = self.worth[self.meetings] = 1.0
        if self.size:
            rows = Rows()
            self._single_rows(rows)
            self._couple_rows(rows)
            self._limits(rows)
            self.constraints = rows.constraints(self.size)

    def _reach(self) -> None:
        """Find for each node between needs and hours the least price of breadth behind it."""
        network = self.network
        tail, head = network.tail.astype(np.int64), network.head.astype(np.int64)
        # Here each hour is a node: its arc to the tutor ends there.
        self.first_hour = network.node_count
        self.node_count = self.first_hour + len(network.hour_tutor)
        head[network.hours] = np.arange(self.first_hour, self.node_count)
        is_need = np.zeros(self.node_count, dtype=bool)
        is_need[list(network.need_node.values())] = True
        inner = ~is_need[head] & (tail != SOURCE) & (head != SINK)
        tail, head = tail[inner], head[inner]
        least = np.full(self.node_count, FAR, dtype=np.int64)
        tutor, slot = network.hour_tutor, network.hour_slot
        least[self.first_hour :] = self.place[tutor] + self.hour[tutor, slot]
        while True:
            found = least.copy()
            np.minimum.at(found, tail, least[head])
            if (found == least).all():
                break
            least = found
        is_cheapest = least[tail] == least[head]
        self.least = least
        self.tail, self.head = tail[is_cheapest], head[is_cheapest]

    def _pupils(self) -> None:
        """Find the needs that can have single sessions, and each pupil's least price of a first session."""
        openings = self.openings
        self.least_of: dict[int, int] = {}
        entering: list[int] = []
        for pupil, needs in sorted(openings.open_needs_of.items()):
            is_new = pupil not in openings.served_pupils
            least = [int(self.least[self.network.need_node[need]]) for need in needs]
            price = min(least)
            if is_new and price > openings.ranks[pupil]:
                continue
            price = self.least_of[pupil] = price if is_new else 0
            entering += [need for need, each in zip(needs, least, strict=True) if each == price]
        self.entering = np.array(entering, dtype=np.int64)
        self.need_node = np.array([self.network.need_node[need] for need in entering], dtype=np.int64)

    def _flow(self) -> None:
        """Keep the cheapest arcs that lead from needs to hours, without nodes that have one way in or out."""
        tail, head = self.tail, self.head
        is_entered = np.zeros(self.node_count, dtype=bool)
        is_entered[self.need_node] = True
        reached = is_entered
        while True:
            further = reached.copy()
            further[head[reached[tail]]] = True
            if (further == reached).all():
                break
            reached = further
        used = reached[tail]
        tail, head = tail[used], head[used]
        slot = np.full(self.node_count, -1)
        slot[self.first_hour :] = self.network.hour_slot
        while True:
            found = slot.copy()
            found[tail] = np.where(is_entered[tail], -1, slot[head])
            if (found == slot).all():
                break
            slot = found
        self.slot = slot
        supplies = is_entered.astype(np.int64)
        supplies[self.first_hour :] = -1
        room = np.full(len(tail), FAR)
        forth = Contraction(tail, head, room, np.zeros_like(tail), supplies)
        # An arc into an hour counts in several rows: there shall not be more of them.
        supplies[forth.tail[forth.head >= self.first_hour]] = 1
        back = Contraction(forth.head, forth.tail, forth.capacity, forth.cost, -supplies)
        self.tail, self.head = back.head, back.tail

    def _single_rows(self, rows: Rows) -> None:
        openings, network = self.openings, self.network
        variable = np.arange(self.size)
        entering, pupil = variable[: len(self.entering)], openings.pupil_numbers[self.entering]
        rows.add("first", pupil, entering)
        rows.add("tutors", pupil, entering)
        rows.add("flow", self.need_node, entering)
        rows.add("need", self.entering, entering)
        arcs, tail, head = variable[self.arcs], self.tail, self.head
        rows.add("flow", tail, arcs, -1.0)
        is_last = head >= self.first_hour
        rows.add("flow", head[~is_last], arcs[~is_last])
        hour = head[is_last] - self.first_hour
        tutor = network.hour_tutor[hour]
        rows.add("hour", tutor * SLOTS_PER_WEEK + network.hour_slot[hour], arcs[is_last])
        rows.add("sessions", tutor, arcs[is_last])
        rows.add("places", tutor, arcs[is_last])
        pupil_at = np.full(self.node_count, -1)
        for each, price in self.least_of.items():
            if price == 0 and len(openings.open_needs_of[each]) > 1:
                pupil_at[[network.need_node[need] for need in openings.open_needs_of[each]]] = each
        starts = pupil_at[tail] >= 0
        rows.add("time", pupil_at[tail[starts]] * SLOTS_PER_WEEK + self.slot[head[starts]], arcs[starts])

    def _couple_rows(self, rows: Rows) -> None:
        couples, variable = self.couples, np.arange(self.size)
        together, parts, meetings = variable[self.together], variable[self.parts], variable[self.meetings]
        tutor, pupil, is_new = couples.tutor, couples.pupil, ~couples.is_own
        number = np.arange(len(couples))
        rows.add("own", number[couples.is_own], together[couples.is_own])
        rows.add("places", tutor[is_new], together[is_new])
        rows.add("tutors", pupil[is_new], together[is_new])
        rows.add("first", pupil[is_new], together[is_new])
        rows.add("met", number[is_new], together[is_new])
        rows.add("shared out", couples.part, parts, -1.0)
        rows.add("part", parts, parts)
        rows.add("part", parts, together[couples.part], -1.0)
        rows.add("need", couples.need, parts)
        met, slot = couples.meeting, couples.slot
        rows.add("shared out", met, meetings)
        rows.add("at", meetings, meetings)
        rows.add("at", meetings, together[met], -1.0)
        rows.add("met", met[is_new[met]], meetings[is_new[met]], -1.0)
        rows.add("hour", tutor[met] * SLOTS_PER_WEEK + slot, meetings)
        rows.add("sessions", tutor[met], meetings)
        rows.add("time", pupil[met] * SLOTS_PER_WEEK + slot, meetings)

    def _limits(self, rows: Rows) -> None:
        openings = self.openings
        pupils = rows.keys("first").tolist()
        price = np.array([self.least_of[pupil] for pupil in pupils], dtype=np.int64)
        must = price < [openings.ranks[pupil] for pupil in pupils]
        must &= [pupil not in openings.served_pupils for pupil in pupils]
        rows.limit("first", np.where(price > 0, 1, np.inf), np.where(must, 1, -np.inf))
        # The rows of their numbers of tutors are about the same pupils.
        left = np.array(openings.tutors_left)[pupils]
        needs = np.array([len(openings.open_needs_of[pupil]) for pupil in pupils], dtype=np.int64)
        rows.limit("tutors", np.where(left < needs, np.maximum(left, 0), np.inf))
        rows.limit("flow", 0, 0)
        rows.limit("hour", 1, np.where(self.hour.flat[rows.keys("hour")] > 0, 1, -np.inf))
        is_short = is_short_of_pupils(openings)
        tutor = rows.keys("sessions")
        most = np.array(openings.sessions_left)[tutor]
        rows.limit("sessions", most, np.where((self.place[tutor] > 0) & ~is_short[tutor], most, -np.inf))
        tutor = rows.keys("places")
        most = np.where(is_short[tutor], np.array(openings.pupils_left)[tutor], np.inf)
        rows.limit("places", most, np.where((self.place[tutor] > 0) & is_short[tutor], most, -np.inf))
        for kind, most, least in (
            ("need", 1, -np.inf),
            ("time", 1, -np.inf),
            ("own", 1, 1),
            ("met", 0, -np.inf),
            ("part", 0, -np.inf),
            ("at", 0, -np.inf),
            ("shared out", 0, 0),
        ):
            rows.limit(kind, most, least)

    def worth_of(self, duals: np.ndarray) -> dict[str, dict[int, float]]:
        """Return what one more hour (by tutor and slot), session or place (by tutor) would add to cover."""
        return {kind: self.constraints.by_key(kind, duals) for kind in ("hour", "sessions", "places")}

    @property
    def linear(self) -> LinearProgram:
        """The whole program."""
        rows = self.constraints
        return LinearProgram(rows.matrix, self.worth, rows.least, rows.most)

    def relax(self, iterations: int) -> Relaxation:
        """Return an approximate solution after so many steps at most."""
        return Relaxation(*self.linear.solve_roughly(iterations))

    def sharpen(self, effort: float) -> Relaxation | None:
        """Return the exact solution, or None if that takes more than about ``effort`` seconds."""
        whole = self.narrowed(np.arange(self.size))
        if (solved := whole.solve(effort)) is None:
            return None
        values, duals = solved
        return Relaxation(values[: self.size], duals, float(whole.gain @ values))

    def losses(self, exact: Relaxation) -> np.ndarray:
        """Return how many needs fewer than ``exact.most`` can be served if a variable is 1."""
        return self.constraints.matrix.T @ exact.duals - self.worth

    def narrowed(self, columns: np.ndarray) -> LinearProgram:
        """Return the program of some variables only, in which what must be reached may be missed at a loss."""
        rows = self.constraints
        must = np.flatnonzero(rows.least > 0)
        missing = csc_array((np.ones(len(must)), (must, np.arange(len(must)))), shape=(len(rows.key), len(must)))
        gain = np.concatenate([self.worth[columns], np.full(len(must), -LOSS)])
        return LinearProgram(hstack([rows.matrix[:, columns], missing]).tocsc(), gain, rows.least, rows.most)
