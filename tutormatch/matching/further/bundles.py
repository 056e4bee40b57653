"""Whole wishes first: needs with all the sessions they want, for `Profile.DEPTH_FIRST`."""

from collections import defaultdict

from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.further.seating import seat_sessions
from tutormatch.matching.problem import Match, Problem, Profile

WIDEST_SEARCH = 20


def full_wishes(problem: Problem) -> tuple[Match, ...]:
    """Give one need of as many pupils as possible every session that it wants, the most urgent first.

    Parameters
    ----------
    problem : Problem
        Without faults.

    Returns
    -------
    tuple of Match
        The new matches by need, each with a slot for every session wanted; beside the
        locked matches they keep every hard rule.

    Notes
    -----
    Pupils come in the order of their rank, their needs in the order of priority. Each
    takes the tutor whom it leaves the fewest sessions, so that long wishes find room
    later; if there is none, one other wish moves to another tutor, after at most
    `WIDEST_SEARCH` tries. With wishes of different lengths the question is a knapsack, so
    that this is a good answer and not always the best one.
    """
    return _Bundles(Openings(problem, Profile.DEPTH_FIRST)).find()


class _Bundles:
    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.needs_of: dict[int, list[int]] = defaultdict(list)
        self.wanted = [need.sessions_per_week for need in openings.problem.needs]

    def find(self) -> tuple[Match, ...]:
        openings, problem = self.openings, self.openings.problem
        full = {
            openings.pupil_of[openings.need_index[match.need_id]]
            for match in openings.locked
            if len(match.slots) == problem.need[match.need_id].sessions_per_week and not match.joins
        }
        for pupil in sorted(openings.open_needs_of, key=lambda pupil: (-openings.ranks[pupil], pupil)):
            needs = sorted(openings.open_needs_of[pupil], key=lambda need: (-problem.needs[need].priority, need))
            if pupil not in full:
                # `any` ends with the first need that finds a tutor.
                any(self._serve(need) or self._serve_by_moving(need) for need in needs)
        return tuple(
            sorted(
                Match(problem.needs[need].id, problem.tutors[tutor].id, tuple(slots))
                for tutor, needs in self.needs_of.items()
                for need, slots in zip(needs, self._seats(tutor, needs) or (), strict=True)
            )
        )

    def _seats(self, tutor: int, needs: list[int]) -> list[list[int]] | None:
        """Return slots for every session that ``needs`` want; None if there is no room for all."""
        openings = self.openings
        new = [need for need in needs if not self._are_together(tutor, need)]
        sessions = sum(self.wanted[need] for need in needs)
        if sessions > openings.sessions_left[tutor] or len(new) > openings.pupils_left[tutor]:
            return None
        free = [openings.options(need).get(tutor, 0) for need in needs]
        seats = seat_sessions(free, [self.wanted[need] for need in needs], sessions)
        return seats if seats is not None and sum(map(len, seats)) == sessions else None

    def _are_together(self, tutor: int, need: int) -> bool:
        return (tutor, self.openings.pupil_of[need]) in self.openings.locked_pairs

    def _serve(self, need: int, but: int | None = None) -> bool:
        """Seat a whole wish with the tutor whom it leaves the fewest sessions."""
        openings = self.openings
        fits = []
        for tutor, bits in openings.options(need).items():
            left = openings.sessions_left[tutor] - sum(self.wanted[each] for each in self.needs_of[tutor])
            if tutor != but and self.wanted[need] <= min(left, bits.bit_count()):
                fits.append((left, tutor))
        for _, tutor in sorted(fits):
            if self._seats(tutor, [*self.needs_of[tutor], need]):
                self.needs_of[tutor].append(need)
                return True
        return False

    def _serve_by_moving(self, need: int) -> bool:
        """Seat a whole wish where another one stands that can move to another tutor."""
        tries = WIDEST_SEARCH
        for tutor in self.openings.options(need):
            for other in list(self.needs_of[tutor]):
                stay = [each for each in self.needs_of[tutor] if each != other]
                if tries and self._seats(tutor, [*stay, need]):
                    tries -= 1
                    self.needs_of[tutor] = [*stay, need]
                    if self._serve(other, but=tutor):
                        return True
                    self.needs_of[tutor] = [*stay, other]
        return False
