"""Whole wishes first: needs with all the sessions they want, for `Profile.DEPTH_FIRST`."""

from collections import defaultdict

from tutormatch.matching.openings import Openings, to_numbers
from tutormatch.matching.problem import Match, Problem, Profile


def full_wishes(problem: Problem) -> tuple[Match, ...]:
    """Give one need of as many pupils as possible every session that it wants, the most urgent first.

    Parameters
    ----------
    problem : Problem
        Without faults.

    Returns
    -------
    tuple of Match
        The new matches by need, each with a slot for every session wanted; they keep every hard rule
        beside the locked ones.

    Notes
    -----
    Pupils come in the order of their rank, their needs in the order of priority; each takes the tutor whose
    remaining sessions it leaves the fewest of, so that long wishes find room later. With
    wishes of different lengths the question is a knapsack, so that this is a good answer
    and not always the best one.
    """
    return _Bundles(Openings(problem, Profile.DEPTH_FIRST)).find()


class _Bundles:
    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.sessions_left = list(openings.sessions_left)
        self.pupils_left = list(openings.pupils_left)
        self.tutor_free = list(openings.tutor_free)
        self.own = defaultdict(set)
        for tutor, pupil in openings.locked_pairs:
            self.own[pupil].add(tutor)

    def find(self) -> tuple[Match, ...]:
        openings, problem = self.openings, self.openings.problem
        full = {
            openings.pupil_of[openings.need_index[match.need_id]]
            for match in openings.locked
            if len(match.slots) == problem.need[match.need_id].sessions_per_week
        }
        found = []
        for pupil in sorted(openings.open_needs_of, key=lambda pupil: (-openings.ranks[pupil], pupil)):
            needs = sorted(openings.open_needs_of[pupil], key=lambda need: (-problem.needs[need].priority, need))
            if pupil not in full and (match := next(filter(None, (self._serve(need) for need in needs)), None)):
                found.append(match)
        return tuple(sorted(found))

    def _serve(self, need: int) -> Match | None:
        openings = self.openings
        pupil, wanted = openings.pupil_of[need], openings.problem.needs[need].sessions_per_week
        choices = []
        for tutor, bits in openings.options(need).items():
            is_possible = tutor in self.own[pupil] or (self.pupils_left[tutor] > 0 and openings.tutors_left[pupil] > 0)
            free = bits & self.tutor_free[tutor]
            if is_possible and self.sessions_left[tutor] >= wanted and free.bit_count() >= wanted:
                choices.append((self.sessions_left[tutor], tutor, free))
        if not choices:
            return None
        _, tutor, free = min(choices)
        slots = over_days(free, wanted)
        self.sessions_left[tutor] -= wanted
        self.pupils_left[tutor] -= tutor not in self.own[pupil]
        for slot in slots:
            self.tutor_free[tutor] ^= 1 << slot
        return Match(openings.problem.needs[need].id, openings.problem.tutors[tutor].id, slots)


def over_days(bits: int, count: int) -> tuple[int, ...]:
    """Return ``count`` of the slots in ``bits``, over as many days as possible, in order of the week."""
    by_day: dict[int, list[int]] = defaultdict(list)
    for slot in to_numbers(bits):
        by_day[slot // 24].append(slot)
    in_turn = sorted((place, slot) for slots in by_day.values() for place, slot in enumerate(slots))
    return tuple(sorted(slot for _, slot in in_turn[:count]))
