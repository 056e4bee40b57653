"""An exact integer program of the whole problem, written apart from the product."""

from collections import defaultdict

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tutormatch.matching import PairStatus, Problem


class Oracle:
    """Solves breadth rank by rank, then cover, then the order within cover, one program each.

    A variable stands for (need, tutor, slot); others count distinct tutors and pupils.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.agreed = {pair.need_id: pair for pair in problem.pairs if pair.status is PairStatus.LOCKED}
        blocked = defaultdict(set)
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED:
                blocked[pair.tutor_id, pair.pupil_id] |= pair.slots or set(range(168))
        self.seats = [
            (need, tutor, slot)
            for need in problem.needs
            if need.id not in self.agreed
            for tutor in problem.tutors
            for pupil in [problem.pupil[need.pupil_id]]
            for slot in sorted(tutor.slots & pupil.slots - blocked[tutor.id, pupil.id])
            if any(each.covers(need.subject, need.grade) for each in tutor.subjects)
            and set(pupil.languages) & tutor.languages
            and pupil.requires <= tutor.conditions
        ]
        self.couples = sorted(
            {(tutor.id, need.pupil_id) for need, tutor, _ in self.seats}
            | {(pair.tutor_id, pair.pupil_id) for pair in self.agreed.values()}
        )
        self.pupils = sorted({need.pupil_id for need in problem.needs})
        first_couple = len(self.seats)
        first_pupil = first_couple + len(self.couples)
        self.couple_at = {couple: first_couple + index for index, couple in enumerate(self.couples)}
        self.pupil_at = {pupil: first_pupil + index for index, pupil in enumerate(self.pupils)}
        self.size = first_pupil + len(self.pupils)
        self.rows: list[tuple[np.ndarray, float, float]] = []
        self._rules()

    def _row(self, weights: dict[int, float], least: float, most: float) -> None:
        row = np.zeros(self.size)
        for variable, weight in weights.items():
            row[variable] += weight
        self.rows.append((row, least, most))

    def _rules(self) -> None:
        problem, agreed = self.problem, self.agreed.values()
        groups = defaultdict(list)
        for variable, (need, tutor, slot) in enumerate(self.seats):
            groups["need", need.id].append(variable)
            groups["tutor at", tutor.id, slot].append(variable)
            groups["pupil at", need.pupil_id, slot].append(variable)
            groups["tutor", tutor.id].append(variable)
            groups["couple", tutor.id, need.pupil_id].append(variable)
            groups["pupil", need.pupil_id].append(variable)
        taken = defaultdict(int)
        for pair in agreed:
            for slot in pair.slots:
                taken["tutor at", pair.tutor_id, slot] = taken["pupil at", pair.pupil_id, slot] = 1
                taken["tutor", pair.tutor_id] += 1
        for key, variables in groups.items():
            at_most = problem.tutor[key[1]].sessions_per_week if key[0] == "tutor" else 1
            most = at_most - taken[key]
            if key[0] in ("need", "tutor at", "pupil at", "tutor"):
                self._row(dict.fromkeys(variables, 1), -np.inf, most)
        for couple, variable in self.couple_at.items():
            if couple in {(pair.tutor_id, pair.pupil_id) for pair in agreed}:
                self._row({variable: 1}, 1, 1)
            for seat in groups["couple", *couple]:
                self._row({seat: 1, variable: -1}, -np.inf, 0)
        for tutor in problem.tutors:
            mine = [self.couple_at[couple] for couple in self.couples if couple[0] == tutor.id]
            self._row(dict.fromkeys(mine, 1), -np.inf, tutor.max_pupils)
        for pupil in problem.pupils:
            mine = [self.couple_at[couple] for couple in self.couples if couple[1] == pupil.id]
            if pupil.max_tutors is not None:
                self._row(dict.fromkeys(mine, 1), -np.inf, pupil.max_tutors)
        helped = {pair.pupil_id for pair in agreed}
        for pupil in self.pupils:
            if pupil in helped:
                self._row({self.pupil_at[pupil]: 1}, 1, 1)
            else:
                weights = dict.fromkeys(groups["pupil", pupil], -1)
                self._row({self.pupil_at[pupil]: 1, **weights}, -np.inf, 0)

    def _most(self, weights: dict[int, float]) -> int:
        """Return the largest value, and keep it from now on."""
        if not weights:
            return 0
        gain = np.zeros(self.size)
        for variable, weight in weights.items():
            gain[variable] = weight
        matrix = np.array([row for row, _, _ in self.rows])
        least, most = [row[1] for row in self.rows], [row[2] for row in self.rows]
        result = milp(
            -gain,
            integrality=np.ones(self.size),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, least, most),
            options={"mip_rel_gap": 0},
        )
        assert result.status == 0, result.message
        best = round(-result.fun)
        self._row(weights, best, np.inf)
        return best

    def order(self) -> dict[str, tuple[int, int]]:
        """Return the place of every pupil with open needs, larger first."""
        places = {}
        for need in self.problem.needs:
            if need.id not in self.agreed:
                place = (need.priority, need.waiting_days)
                places[need.pupil_id] = max(places.get(need.pupil_id, place), place)
        return places

    def breadth(self) -> list[int]:
        """Return how many pupils get a tutor: class after class, the most urgent first."""
        order = self.order()
        helped = {pair.pupil_id for pair in self.agreed.values()}
        return [
            self._most({self.pupil_at[pupil]: 1 for pupil in order if order[pupil] == place and pupil not in helped})
            for place in sorted(set(order.values()), reverse=True)
        ]

    def cover(self) -> tuple[int, int]:
        """Return, after `breadth`, the number of further needs, and the ranks they add up to."""
        order = self.order()
        rank = {place: number for number, place in enumerate(sorted(set(order.values())), start=1)}
        helped = {pair.pupil_id for pair in self.agreed.values()}
        count, ranks = {}, {}
        for variable, (need, _, _) in enumerate(self.seats):
            count[variable], ranks[variable] = 1, rank[order[need.pupil_id]]
        for pupil in sorted(order.keys() - helped):
            count[self.pupil_at[pupil]], ranks[self.pupil_at[pupil]] = -1, -rank[order[pupil]]
        return self._most(count), self._most(ranks)
