"""Close what a flow leaves open, with an integer program on every rule at once.

CP-SAT runs with one worker, a fixed seed and a limit in its own deterministic
time, so that the same problem always ends in the same matching.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from math import floor
from typing import Any

from ortools.sat.python import cp_model

from tutormatch.matching.assignment import Assignment, Seat
from tutormatch.matching.objective import POINTS, pair_items
from tutormatch.matching.openings import Openings, to_slots

SEED = 1
ROUNDING = 1e-6

Terms = list[tuple[cp_model.IntVar, int]]


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of one exact run: the best found, and what nothing can exceed (None: not known)."""

    assignment: Assignment
    bound: int | None


class ExactProgram:
    """The integer program of what is open in a problem.

    Parameters
    ----------
    openings : Openings
    assignment : Assignment
        Where to start. Its breadth is kept rank by rank.
    """

    def __init__(self, openings: Openings, assignment: Assignment) -> None:
        self.openings = openings
        self.best = assignment
        self.ranks = openings.ranks
        self.model = cp_model.CpModel()
        self.seats = {
            Seat(need, tutor, slot): self.model.new_bool_var("")
            for need in openings.open_needs
            for tutor, bits in openings.options(need)
            for slot in to_slots(bits)
        }
        self.of_need = self._grouped(lambda seat: seat.need)
        self.of_pair = self._grouped(lambda seat: (seat.tutor, openings.pupil_of[seat.need]))
        self.meeting: dict[tuple[int, int], cp_model.IntVar] = {}
        self._rules()
        self.served = self._breadth()

    def _grouped(self, key: Callable[[Seat], Any]) -> dict[Any, list[Seat]]:
        groups = defaultdict(list)
        for seat in self.seats:
            groups[key(seat)].append(seat)
        return groups

    def _vars(self, seats: list[Seat]) -> list[cp_model.IntVar]:
        return [self.seats[seat] for seat in seats]

    def _rules(self) -> None:
        openings, model = self.openings, self.model
        # A need has one tutor, a tutor one session at a time, and so has a pupil.
        one_at_a_time: tuple[Callable[[Seat], Any], ...] = (
            lambda seat: seat.need,
            lambda seat: (seat.tutor, seat.slot),
            lambda seat: (openings.pupil_of[seat.need], seat.slot),
        )
        for key in one_at_a_time:
            for seats in self._grouped(key).values():
                model.add_at_most_one(self._vars(seats))
        # A tutor gives no more sessions than agreed.
        for tutor, seats in self._grouped(lambda seat: seat.tutor).items():
            if len(seats) > openings.sessions_left[tutor]:
                model.add(sum(self._vars(seats)) <= openings.sessions_left[tutor])
        pupils_of, tutors_of = defaultdict(list), defaultdict(list)
        for tutor, pupil in self.of_pair:
            if (tutor, pupil) not in openings.locked_pairs:
                pupils_of[tutor].append(pupil)
                tutors_of[pupil].append(tutor)
        # A tutor has no more pupils than agreed, each counted once.
        for tutor, pupils in pupils_of.items():
            if openings.pupils_left[tutor] < min(len(pupils), openings.sessions_left[tutor]):
                model.add(sum(self._meets(tutor, pupil) for pupil in pupils) <= openings.pupils_left[tutor])
        # A pupil has no more tutors than agreed, each counted once.
        for pupil, tutors in tutors_of.items():
            if openings.tutors_left[pupil] < min(len(tutors), len(openings.open_needs_of[pupil])):
                model.add(sum(self._meets(tutor, pupil) for tutor in tutors) <= openings.tutors_left[pupil])

    def _any_of(self, seats: list[Seat]) -> cp_model.IntVar:
        """Return a variable that is 1 exactly if one of ``seats`` is taken."""
        by_need = defaultdict(list)
        for seat in seats:
            by_need[seat.need].append(self.seats[seat])
        is_any = self.model.new_bool_var("")
        for taken in by_need.values():
            self.model.add(sum(taken) <= is_any)
        self.model.add(sum(self._vars(seats)) >= is_any)
        return is_any

    def _meets(self, tutor: int, pupil: int) -> cp_model.IntVar:
        pair = (tutor, pupil)
        if pair not in self.meeting:
            self.meeting[pair] = self._any_of(self.of_pair[pair])
        return self.meeting[pair]

    def _breadth(self) -> dict[int, cp_model.IntVar]:
        """Keep as many pupils of each rank as the flow serves; it serves the most there can be."""
        openings = self.openings
        by_rank = defaultdict(list)
        served = {}
        for pupil, seats in self._grouped(lambda seat: openings.pupil_of[seat.need]).items():
            if pupil not in openings.served_pupils:
                served[pupil] = self._any_of(seats)
                by_rank[self.ranks[pupil]].append(pupil)
        kept = {openings.pupil_of[need] for need in self.best.seat_of}
        for pupils in by_rank.values():
            count = len(kept.intersection(pupils))
            self.model.add(sum(served[pupil] for pupil in pupils) == count)
        return served

    def close_cover(self, weights: dict[int, int], limit: float) -> Closing:
        """Find the most further needs, and keep that many from now on.

        Parameters
        ----------
        weights : dict of int to int
            What one further need of each pupil is worth.
        limit : float
            In CP-SAT's deterministic time, about seconds.
        """
        pupil_of = self.openings.pupil_of
        terms = [(taken, weights[pupil_of[seat.need]]) for seat, taken in self.seats.items()]
        terms += [(served, -weights[pupil]) for pupil, served in self.served.items()]
        closing = self._maximise(terms, limit)
        if self.seats:
            self.model.add(_sum(terms) >= cover_worth(self.best, weights))
        return closing

    def close_quality(self, limit: float) -> Closing:
        """Find the most points; call it after `close_cover`, whose value it keeps."""
        openings, problem = self.openings, self.openings.problem
        terms = []
        for seat, taken in self.seats.items():
            pupil = openings.pupil_of[seat.need]
            items = pair_items(
                problem.tutors[seat.tutor],
                problem.pupils[pupil],
                problem.needs[seat.need],
                is_returning=(seat.tutor, pupil) in openings.returning,
            )
            terms.append((taken, sum(items.values())))
        for pair, seats in self.of_pair.items():
            is_locked = pair in openings.locked_pairs
            if is_locked or len({seat.need for seat in seats}) > 1:
                terms += [(taken, POINTS["same_tutor"]) for taken in self._vars(seats)]
            if not is_locked and len({seat.need for seat in seats}) > 1:
                terms.append((self._meets(*pair), -POINTS["same_tutor"]))
        return self._maximise(terms, limit)

    def _maximise(self, terms: Terms, limit: float) -> Closing:
        if not self.seats:
            return Closing(self.best, 0)
        self.model.maximize(_sum(terms))
        self.model.clear_hints()
        for seat, taken in self.seats.items():
            self.model.add_hint(taken, self.best.seat_of.get(seat.need) == seat)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = SEED
        solver.parameters.max_deterministic_time = limit
        status = solver.solve(self.model)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return Closing(self.best, None)
        taken = [seat for seat, taken in self.seats.items() if solver.boolean_value(taken)]
        self.best = Assignment.of(self.openings, sorted(taken))
        return Closing(self.best, floor(solver.best_objective_bound + ROUNDING))


def _sum(terms: Terms) -> cp_model.LinearExpr:
    return cp_model.LinearExpr.weighted_sum([each for each, _ in terms], [weight for _, weight in terms])


def cover_worth(assignment: Assignment, weights: dict[int, int]) -> int:
    """Return what the further needs of an assignment are worth, locked matches aside."""
    openings = assignment.openings
    taken = Counter(openings.pupil_of[need] for need in assignment.seat_of)
    return sum(
        weights[pupil] * (count - (pupil not in openings.served_pupils)) for pupil, count in taken.items()
    )
