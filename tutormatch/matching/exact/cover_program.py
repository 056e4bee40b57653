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

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csc_array, hstack

from tutormatch.matching.exact.linear import LinearProgram
from tutormatch.matching.flow.class_network import ClassNetwork
from tutormatch.matching.flow.network import SINK, SOURCE
from tutormatch.matching.flow.openings import Openings, to_numbers
from tutormatch.matching.problem import Prices

FAR = 1 << 40
LOSS = 10.0
"""What a pupil without a tutor, or a session that must be given and is not, costs in needs."""


def is_short_of_pupils(openings: Openings, tutor: int) -> bool:
    """Return whether a tutor has more sessions left than new pupils: breadth prices the pupils then."""
    return 0 < openings.pupils_left[tutor] < openings.sessions_left[tutor]


@dataclass(frozen=True)
class Couple:
    """A pupil and a tutor who could meet several times, by number, with the variables of the program.

    ``parts`` are by need and ``sessions`` by slot.
    """

    tutor: int
    pupil: int
    together: int
    parts: dict[int, int]
    sessions: dict[int, int]


@dataclass(frozen=True)
class Constraints:
    """``least <= matrix @ values <= most``; ``names`` say of each row what it is about."""

    matrix: csc_array
    least: np.ndarray
    most: np.ndarray
    names: list[tuple]


@dataclass(frozen=True)
class Relaxation:
    """What the linear program says.

    Attributes
    ----------
    values : ndarray
        By variable.
    worth : dict of tuple to float
        By name of a row, what one more there would add to cover.
    most : float
        How many needs can be served at most; without a limit if the solution is approximate.
    """

    values: np.ndarray
    worth: dict[tuple, float]
    most: float = np.inf


@dataclass
class _Rows:
    """Rows of a linear program under any names; they are added as they come."""

    number: dict[tuple, int] = field(default_factory=dict)
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    limits: dict[tuple, tuple[float, float]] = field(default_factory=dict)

    def add(self, name: tuple, variable: int, weight: float = 1.0) -> None:
        self.entries.append((self.number.setdefault(name, len(self.number)), variable, weight))

    def limit(self, name: tuple, most: float, least: float = -np.inf) -> None:
        if name in self.number:
            self.limits[name] = (least, most)

    def constraints(self, variable_count: int) -> Constraints:
        """Return the rows that have limits."""
        names = [name for name in self.number if name in self.limits]
        place = np.full(len(self.number), -1)
        place[[self.number[name] for name in names]] = np.arange(len(names))
        row, variable, weight = np.array(self.entries).reshape(-1, 3).T
        row = place[row.astype(np.int64)]
        kept = row >= 0
        matrix = csc_array(
            (weight[kept], (row[kept], variable[kept].astype(np.int64))), shape=(len(names), variable_count)
        )
        least, most = np.array([self.limits[name] for name in names]).reshape(-1, 2).T
        return Constraints(matrix, least, most, names)


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
    worth : list of float
        By variable, the needs it serves.
    couples : list of Couple
    entering : dict of int to int
        By need, the variable of its single session.
    arcs : list of (int, int, int)
        Variable, tail and head of each arc that single sessions can take.
    least_of : dict of int to int
        By pupil who may be served, the least price of a first session.
    constraints : Constraints
    """

    def __init__(self, openings: Openings, network: ClassNetwork, breadth: Prices) -> None:
        self.openings = openings
        self.network = network
        tutors = openings.problem.tutors
        self.place = [breadth.session.get(tutor.id, 0) + breadth.pupil.get(tutor.id, 0) for tutor in tutors]
        self.hour = {(openings.tutor_index[tutor], slot): price for (tutor, slot), price in breadth.hour.items()}
        self.worth: list[float] = []
        self.rows = _Rows()
        self.couples: list[Couple] = []
        self.entering: dict[int, int] = {}
        self.arcs: list[tuple[int, int, int]] = []
        self.is_roomy = np.zeros(len(tutors), dtype=bool)
        self.is_roomy[openings.roomy] = True
        self._reach()
        self._pupils()
        self._flow()
        for pupil in self.least_of:
            self._couples_of(pupil)
        self._limits()
        self.constraints = self.rows.constraints(len(self.worth))
        # Their parts take far more memory than the whole.
        del self.rows

    def _variable(self, worth: float) -> int:
        self.worth.append(worth)
        return len(self.worth) - 1

    def _reach(self) -> None:
        """Find for each node between needs and hours the least price of breadth behind it."""
        network = self.network
        tail, head = network.tail.astype(np.int64), network.head.astype(np.int64)
        # Here each hour is a node: its arc to the tutor ends there.
        hours = list(zip(network.hour_tutor.tolist(), network.hour_slot.tolist(), strict=True))
        self.hour_of = dict(enumerate(hours, start=network.node_count))
        self.known_hours = set(hours)
        head[network.hours] = np.arange(network.node_count, network.node_count + len(hours))
        self.node_count = network.node_count + len(hours)
        is_need = np.zeros(self.node_count, dtype=bool)
        is_need[list(network.need_node.values())] = True
        inner = ~is_need[head] & (tail != SOURCE) & (head != SINK)
        tail, head = tail[inner], head[inner]
        least = np.full(self.node_count, FAR, dtype=np.int64)
        for node, hour in self.hour_of.items():
            least[node] = self.place[hour[0]] + self.hour.get(hour, 0)
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
        """Add the units of flow that enter at needs, and note each pupil's least price of a first session."""
        openings, rows = self.openings, self.rows
        self.least_of: dict[int, int] = {}
        self.is_entered = np.zeros(self.node_count, dtype=bool)
        for pupil, needs in sorted(openings.open_needs_of.items()):
            is_new = pupil not in openings.served_pupils
            node = {need: self.network.need_node[need] for need in needs}
            price = min(int(self.least[each]) for each in node.values())
            if is_new and price > openings.ranks[pupil]:
                continue
            price = price if is_new else 0
            self.least_of[pupil] = price
            for need in needs:
                if self.least[node[need]] == price:
                    variable = self.entering[need] = self._variable(1.0)
                    rows.add(("first", pupil), variable)
                    rows.add(("tutors", pupil), variable)
                    rows.add(("flow", node[need]), variable)
                    rows.add(("need", need), variable)
                    self.is_entered[node[need]] = True

    def _flow(self) -> None:
        """Add the cheapest arcs from needs to hours that can be reached."""
        tail, head, rows = self.tail, self.head, self.rows
        reached = self.is_entered
        while True:
            further = reached.copy()
            further[head[reached[tail]]] = True
            if (further == reached).all():
                break
            reached = further
        used = reached[tail]
        tail, head = tail[used], head[used]
        slot = np.full(self.node_count, -1)
        slot[list(self.hour_of)] = [hour[1] for hour in self.hour_of.values()]
        while True:
            found = slot.copy()
            found[tail] = np.where(self.is_entered[tail], -1, slot[head])
            if (found == slot).all():
                break
            slot = found
        openings = self.openings
        several = {
            self.network.need_node[need]: pupil
            for pupil, price in self.least_of.items()
            if price == 0 and len(openings.open_needs_of[pupil]) > 1
            for need in openings.open_needs_of[pupil]
        }
        for start, end in zip(tail.tolist(), head.tolist(), strict=True):
            variable = self._variable(0.0)
            self.arcs.append((variable, start, end))
            rows.add(("flow", start), variable, -1.0)
            if start in several:
                rows.add(("time", several[start], int(slot[end])), variable)
            if end in self.hour_of:
                tutor, hour = self.hour_of[end]
                rows.add(("hour", tutor, hour), variable)
                rows.add(("sessions", tutor), variable)
                rows.add(("places", tutor), variable)
            else:
                rows.add(("flow", end), variable)

    def _couples_of(self, pupil: int) -> None:
        openings = self.openings
        needs = openings.open_needs_of[pupil]
        own = set(openings.tutors_of_pupil.get(pupil, ()))
        if len(needs) < 2 and not own:
            return
        is_limited = openings.tutors_left[pupil] < len(needs)
        needs_of: dict[int, list[int]] = defaultdict(list)
        for need in needs:
            suited = openings.suited(openings.wish_of[need])
            for tutor in (suited if is_limited or own else suited[self.is_roomy[suited]]).tolist():
                needs_of[tutor].append(need)
        for tutor, some in needs_of.items():
            is_own = tutor in own
            if not openings.may_meet(tutor, pupil) or not (is_own or (len(some) > 1 and openings.tutors_left[pupil])):
                continue
            # The price of a tutor who is short of pupils is paid once, any other for each session.
            is_short = is_short_of_pupils(openings, tutor)
            once, each = (self.place[tutor], 0) if is_short else (0, self.place[tutor])
            if not each and (is_own or once == self.least_of[pupil]) and (is_own or is_short or is_limited):
                self._couple(tutor, pupil, some, is_own)

    def _couple(self, tutor: int, pupil: int, needs: list[int], is_own: bool) -> None:
        openings, rows = self.openings, self.rows
        slots = [
            slot
            for slot in to_numbers(openings.common_slots(tutor, pupil))
            if not self.hour.get((tutor, slot)) and (tutor, slot) in self.known_hours
        ]
        if min(len(slots), len(needs), openings.sessions_left[tutor]) < (1 if is_own else 2):
            return
        name = (tutor, pupil)
        together = self._variable(0.0)
        couple = Couple(tutor, pupil, together, {}, {})
        self.couples.append(couple)
        if is_own:
            rows.add(("own", name), together)
            rows.limit(("own", name), 1, 1)
        else:
            rows.add(("places", tutor), together)
            rows.add(("tutors", pupil), together)
            rows.add(("first", pupil), together)
            rows.add(("met", name), together)
        for need in needs:
            part = couple.parts[need] = self._variable(0.0)
            rows.add(("shared out", name), part, -1.0)
            rows.add(("part", name, need), part)
            rows.add(("part", name, need), together, -1.0)
            rows.add(("need", need), part)
            rows.limit(("part", name, need), 0)
        for slot in slots:
            session = couple.sessions[slot] = self._variable(1.0)
            rows.add(("shared out", name), session)
            rows.add(("at", name, slot), session)
            rows.add(("at", name, slot), together, -1.0)
            rows.add(("met", name), session, -1.0)
            rows.add(("hour", tutor, slot), session)
            rows.add(("sessions", tutor), session)
            rows.add(("time", pupil, slot), session)
            rows.limit(("at", name, slot), 0)
        rows.limit(("shared out", name), 0, 0)
        rows.limit(("met", name), 0)

    def _limits(self) -> None:
        openings, rows = self.openings, self.rows
        for pupil, price in self.least_of.items():
            must = pupil not in openings.served_pupils and price < openings.ranks[pupil]
            rows.limit(("first", pupil), 1 if price else np.inf, 1 if must else -np.inf)
            if openings.tutors_left[pupil] < len(openings.open_needs_of[pupil]):
                rows.limit(("tutors", pupil), max(openings.tutors_left[pupil], 0))
        for name in list(rows.number):
            match name:
                case ("flow", _):
                    rows.limit(name, 0, 0)
                case ("hour", tutor, slot):
                    rows.limit(name, 1, 1 if self.hour.get((tutor, slot)) else -np.inf)
                case ("sessions" | "places" as kind, tutor):
                    self._limit_tutor(kind, tutor)
                case ("need" | "time", *_):
                    rows.limit(name, 1)

    def _limit_tutor(self, kind: str, tutor: int) -> None:
        openings = self.openings
        is_short = is_short_of_pupils(openings, tutor)
        if kind == "places" and not is_short:
            return
        most = (openings.pupils_left if kind == "places" else openings.sessions_left)[tutor]
        is_full = self.place[tutor] > 0 and is_short == (kind == "places")
        self.rows.limit((kind, tutor), most, most if is_full else -np.inf)

    def relax(self, iterations: int) -> Relaxation:
        """Return an approximate solution after so many steps at most."""
        rows = self.constraints
        program = LinearProgram(rows.matrix, np.array(self.worth), rows.least, rows.most)
        values, duals = program.solve_roughly(iterations)
        return Relaxation(values, self._by_name(duals))

    def sharpen(self, effort: float) -> Relaxation | None:
        """Return the exact solution, or None if that takes more than about ``effort`` seconds."""
        whole = self.narrowed(np.arange(len(self.worth)))
        if (solved := whole.solve(effort)) is None:
            return None
        values, duals = solved
        return Relaxation(values[: len(self.worth)], self._by_name(duals), float(whole.gain @ values))

    def _by_name(self, duals: np.ndarray) -> dict[tuple, float]:
        return dict(zip(self.constraints.names, duals.tolist(), strict=True))

    def losses(self, exact: Relaxation) -> np.ndarray:
        """Return how many needs fewer than ``exact.most`` can be served if a variable is 1."""
        return self.constraints.matrix.T @ np.array(list(exact.worth.values())) - np.array(self.worth)

    def narrowed(self, columns: np.ndarray) -> LinearProgram:
        """Return the program of some variables only, in which what must be reached may be missed at a loss."""
        rows = self.constraints
        must = np.flatnonzero(rows.least > 0)
        missing = csc_array((np.ones(len(must)), (must, np.arange(len(must)))), shape=(len(rows.names), len(must)))
        gain = np.concatenate([np.array(self.worth)[columns], np.full(len(must), -LOSS)])
        return LinearProgram(hstack([rows.matrix[:, columns], missing]).tocsc(), gain, rows.least, rows.most)
