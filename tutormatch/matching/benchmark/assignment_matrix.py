"""The same choice as one assignment problem on a dense matrix, for SciPy's `linear_sum_assignment`.

Rows are needs, and for each tutor as many idle rows as the tutor has hours beyond
the limit. Columns are tutors' hours, and for each pupil as many empty seats as the
pupil has needs: all but one cost a further need, the last one costs the pupil.
"""

from dataclasses import dataclass

import numpy as np

from tutormatch.matching.benchmark.pair_graph import Worth, list_seats
from tutormatch.matching.benchmark.seats import Seats
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.objective import urgency_points
from tutormatch.matching.slots import SLOTS_PER_WEEK


@dataclass(frozen=True)
class AssignmentMatrix:
    """The costs, infinite where row and column exclude each other."""

    cost: np.ndarray
    needs: list[int]
    hours: np.ndarray

    def seats(self, rows: np.ndarray, columns: np.ndarray) -> list[tuple[int, int, int]]:
        """Return the seats (need, tutor, slot) that an assignment uses."""
        is_seat = (rows < len(self.needs)) & (columns < len(self.hours))
        return [
            (self.needs[row], *divmod(int(self.hours[column]), SLOTS_PER_WEEK))
            for row, column in zip(rows[is_seat].tolist(), columns[is_seat].tolist(), strict=True)
        ]


def cells_at_most(openings: Openings) -> int:
    """Return the size of the matrix, were every free hour of use to somebody."""
    needs = len(openings.open_needs)
    hours = [bits.bit_count() for bits in openings.tutor_free]
    idle = sum(max(0, count - openings.safe_sessions(tutor)) for tutor, count in enumerate(hours))
    return (needs + idle) * (needs + sum(hours))


def build_matrix(seats: Seats) -> AssignmentMatrix:
    """Build the dense matrix of all pairs."""
    openings = seats.openings
    worth = Worth.of(openings)
    needs = openings.open_needs
    row_of = {need: row for row, need in enumerate(needs)}
    need, tutor, slot, points = list_seats(seats)
    hours, hour_at = np.unique(tutor * SLOTS_PER_WEEK + slot, return_inverse=True)
    tutors, first_hour, hour_count = np.unique(hours // SLOTS_PER_WEEK, return_index=True, return_counts=True)
    idle = [
        max(0, count - openings.safe_sessions(each))
        for each, count in zip(tutors.tolist(), hour_count.tolist(), strict=True)
    ]
    cost = np.full((len(needs) + sum(idle), len(hours) + len(needs)), np.inf)
    urgency = np.array([urgency_points(openings.problem.needs[each]) for each in needs], dtype=np.int64)
    rows = np.array([row_of[each] for each in need.tolist()], dtype=np.int64)
    cost[rows, hour_at] = -(points + urgency[rows])
    empty = len(hours)
    for pupil, own in sorted(openings.open_needs_of.items()):
        own_rows = [row_of[each] for each in own]
        cost[own_rows, empty : empty + len(own)] = worth.further(pupil)
        if pupil not in openings.served_pupils:
            cost[own_rows, empty] = worth.first(pupil)
        empty += len(own)
    row = len(needs)
    for count, first, width in zip(idle, first_hour.tolist(), hour_count.tolist(), strict=True):
        cost[row : row + count, first : first + width] = 0
        row += count
    return AssignmentMatrix(cost, needs, hours)
