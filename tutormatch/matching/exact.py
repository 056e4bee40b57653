"""Close what a flow leaves open, with an integer program on every rule at once.

HiGHS runs with a limit on its search tree and none on the clock, so that the same
problem always ends in the same matching.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import floor
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from tutormatch.matching.assignment import Assignment, Seat
from tutormatch.matching.objective import POINTS, pair_items
from tutormatch.matching.openings import Openings, to_numbers

ROUNDING = 1e-6


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
    node_limit : int
        How many nodes of the search tree each run may open.
    """

    def __init__(self, openings: Openings, assignment: Assignment, node_limit: int) -> None:
        self.openings = openings
        self.best = assignment
        self.node_limit = node_limit
        self.seats = [
            Seat(need, tutor, slot)
            for need in openings.open_needs
            for tutor, bits in openings.options(need).items()
            for slot in to_numbers(bits)
        ]
        self.variable_count = len(self.seats)
        self.rows: list[tuple[list[int], list[int], float, float]] = []
        self.of_pair = self._grouped(lambda seat: (seat.tutor, openings.pupil_of[seat.need]))
        self.meeting: dict[tuple[int, int], int] = {}
        self._rules()
        self.served = self._breadth()

    def _grouped(self, key: Callable[[Seat], Any]) -> dict[Any, list[int]]:
        groups = defaultdict(list)
        for variable, seat in enumerate(self.seats):
            groups[key(seat)].append(variable)
        return groups

    def _limit(self, variables: Iterable[int], most: float, *, least: float = -np.inf) -> None:
        chosen = list(variables)
        self.rows.append((chosen, [1] * len(chosen), least, most))

    def _rules(self) -> None:
        openings = self.openings
        # A need has one tutor, a tutor one session at a time, and so has a pupil.
        one_at_a_time: tuple[Callable[[Seat], Any], ...] = (
            lambda seat: seat.need,
            lambda seat: (seat.tutor, seat.slot),
            lambda seat: (openings.pupil_of[seat.need], seat.slot),
        )
        for key in one_at_a_time:
            for variables in self._grouped(key).values():
                self._limit(variables, 1)
        # A tutor gives no more sessions than agreed.
        for tutor, variables in self._grouped(lambda seat: seat.tutor).items():
            self._limit(variables, openings.sessions_left[tutor])
        pupils_of, tutors_of = defaultdict(list), defaultdict(list)
        for tutor, pupil in self.of_pair:
            if (tutor, pupil) not in openings.locked_pairs:
                pupils_of[tutor].append(pupil)
                tutors_of[pupil].append(tutor)
        # A tutor has no more pupils than agreed, each counted once.
        for tutor, pupils in pupils_of.items():
            if openings.pupils_left[tutor] < min(len(pupils), openings.sessions_left[tutor]):
                self._limit((self._meets(tutor, pupil) for pupil in pupils), openings.pupils_left[tutor])
        # A pupil has no more tutors than agreed, each counted once.
        for pupil, tutors in tutors_of.items():
            if openings.tutors_left[pupil] < min(len(tutors), len(openings.open_needs_of[pupil])):
                self._limit((self._meets(tutor, pupil) for tutor in tutors), openings.tutors_left[pupil])

    def _any_of(self, variables: list[int]) -> int:
        """Return a variable that is 1 exactly if one of ``variables`` is."""
        is_any = self.variable_count
        self.variable_count += 1
        by_need = defaultdict(list)
        for variable in variables:
            by_need[self.seats[variable].need].append(variable)
        for taken in by_need.values():
            self.rows.append(([*taken, is_any], [1] * len(taken) + [-1], -np.inf, 0))
        self.rows.append(([*variables, is_any], [1] * len(variables) + [-1], 0, np.inf))
        return is_any

    def _meets(self, tutor: int, pupil: int) -> int:
        pair = (tutor, pupil)
        if pair not in self.meeting:
            self.meeting[pair] = self._any_of(self.of_pair[pair])
        return self.meeting[pair]

    def _breadth(self) -> dict[int, int]:
        """Keep as many pupils of each rank as the flow serves; it serves the most there can be."""
        openings = self.openings
        by_rank = defaultdict(list)
        served = {}
        for pupil, variables in self._grouped(lambda seat: openings.pupil_of[seat.need]).items():
            if pupil not in openings.served_pupils:
                served[pupil] = self._any_of(variables)
                by_rank[openings.ranks[pupil]].append(pupil)
        kept = {openings.pupil_of[need] for need in self.best.seat_of}
        for pupils in by_rank.values():
            count = len(kept.intersection(pupils))
            self._limit((served[pupil] for pupil in pupils), count, least=count)
        return served

    def close_cover(self) -> Closing:
        """Find the most further needs, and keep that many from now on."""
        return self._maximise_cover(dict.fromkeys(self.openings.ranks, 1))

    def close_cover_order(self) -> Closing:
        """Among as many further needs, find those of the most urgent pupils, and keep their order."""
        return self._maximise_cover(self.openings.ranks)

    def _maximise_cover(self, worth: dict[int, int]) -> Closing:
        pupil_of = self.openings.pupil_of
        gain = np.zeros(self.variable_count)
        for variable, seat in enumerate(self.seats):
            gain[variable] = worth[pupil_of[seat.need]]
        for pupil, variable in self.served.items():
            gain[variable] = -worth[pupil]
        closing = self._maximise(gain)
        used = np.flatnonzero(gain)
        self.rows.append((used.tolist(), gain[used].tolist(), cover_worth(self.best, worth), np.inf))
        return closing

    def close_quality(self) -> Closing:
        """Find the most points; call it last, for it keeps what was reached before."""
        openings, problem = self.openings, self.openings.problem
        same_tutor = {}
        for pair, variables in self.of_pair.items():
            is_repeated = len({self.seats[variable].need for variable in variables}) > 1
            same_tutor[pair] = POINTS["same_tutor"] if is_repeated or pair in openings.locked_pairs else 0
        together = [pair for pair in same_tutor if same_tutor[pair] and pair not in openings.locked_pairs]
        meets = [self._meets(*pair) for pair in together]
        gain = np.zeros(self.variable_count)
        gain[meets] = -POINTS["same_tutor"]
        for variable, seat in enumerate(self.seats):
            pair = (seat.tutor, openings.pupil_of[seat.need])
            items = pair_items(
                problem.tutors[seat.tutor],
                problem.pupils[pair[1]],
                problem.needs[seat.need],
                is_returning=pair in openings.returning,
            )
            gain[variable] = sum(items.values()) + same_tutor[pair]
        return self._maximise(gain)

    def _maximise(self, gain: np.ndarray) -> Closing:
        if not self.seats:
            return Closing(self.best, 0)
        lengths = [len(variables) for variables, _, _, _ in self.rows]
        matrix = csr_array(
            (
                np.concatenate([weights for _, weights, _, _ in self.rows]).astype(float),
                np.concatenate([variables for variables, _, _, _ in self.rows]),
                np.concatenate([[0], np.cumsum(lengths)]),
            ),
            shape=(len(self.rows), self.variable_count),
        )
        least, most = [row[2] for row in self.rows], [row[3] for row in self.rows]
        result = milp(
            -gain,
            integrality=np.ones(self.variable_count),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, least, most),
            options={"node_limit": self.node_limit, "mip_rel_gap": 0},
        )
        if result.x is not None and gain @ np.round(result.x) > self._gain_of_best(gain):
            taken = np.flatnonzero(result.x[: len(self.seats)] > 0.5)
            self.best = Assignment.of(self.openings, (self.seats[variable] for variable in taken.tolist()))
        bound = result.mip_dual_bound
        is_known = bound is not None and np.isfinite(bound)
        return Closing(self.best, floor(-bound + ROUNDING) if is_known else None)

    def _gain_of_best(self, gain: np.ndarray) -> float:
        """Return what the best so far is worth in a run."""
        openings = self.openings
        taken = set(self.best.seat_of.values())
        pupils = {openings.pupil_of[need] for need in self.best.seat_of}
        pairs = {(seat.tutor, openings.pupil_of[seat.need]) for seat in taken}
        return (
            sum(gain[variable] for variable, seat in enumerate(self.seats) if seat in taken)
            + sum(gain[variable] for pupil, variable in self.served.items() if pupil in pupils)
            + sum(gain[variable] for pair, variable in self.meeting.items() if pair in pairs)
        )


def cover_worth(assignment: Assignment, worth: dict[int, int]) -> int:
    """Return what the further needs of an assignment are worth, locked matches aside."""
    openings = assignment.openings
    taken = Counter(openings.pupil_of[need] for need in assignment.seat_of)
    return sum(worth[pupil] * (count - (pupil not in openings.served_pupils)) for pupil, count in taken.items())
