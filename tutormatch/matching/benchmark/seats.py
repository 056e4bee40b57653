"""Every seat there is: each open need with each hour of each tutor it could get.

The peers work on this list, which grows with needs × tutors; the core never writes it down.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.objective import POINTS
from tutormatch.matching.problem import Need, Pupil
from tutormatch.matching.rules import meets_requirements, teaches, tutoring_language
from tutormatch.matching.slots import SLOTS_PER_WEEK

SAMPLE = 1_000
"""How many needs are looked at to estimate the number of all seats."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The seats of one need, in order of tutor and slot; ``points`` are what the pair earns."""

    tutors: np.ndarray
    slots: np.ndarray
    points: np.ndarray


class Seats:
    """The seats of every open need, listed need by need.

    Parameters
    ----------
    openings : Openings
    """

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        problem = openings.problem
        self.tutor_free = as_matrix(openings.tutor_free)
        self.pupil_free = as_matrix(openings.pupil_free)
        self.has_room = (np.array(openings.sessions_left) > 0) & (np.array(openings.pupils_left) > 0)
        languages = sorted({code for tutor in problem.tutors for code in tutor.languages})
        self.speaks = {code: np.array([code in tutor.languages for tutor in problem.tutors]) for code in languages}
        self.institution = np.array([tutor.institution for tutor in problem.tutors])
        # Of these pupils each tutor has to be asked about by name.
        full = {pupil for pupil, left in enumerate(openings.tutors_left) if left <= 0}
        self.special = full | {pupil for _, pupil in (*openings.blocked, *openings.locked_pairs)}
        self.returning: dict[int, list[int]] = {}
        for tutor, pupil in openings.returning:
            self.returning.setdefault(pupil, []).append(tutor)
        self.teachers_of: dict[str, list[int]] = defaultdict(list)
        for index, tutor in enumerate(problem.tutors):
            for subject in {teaching.subject for teaching in tutor.subjects}:
                self.teachers_of[subject].append(index)
        self._suited: dict[tuple, np.ndarray] = {}

    def of(self, need: int) -> Choice:
        """Return the seats that ``need`` can take while everything open is still free."""
        openings = self.openings
        pupil = openings.pupil_of[need]
        record, person = openings.problem.needs[need], openings.problem.pupils[pupil]
        tutors = self._suited_tutors(record, person)
        slots = np.flatnonzero(self.pupil_free[pupil])
        if pupil in self.special:
            tutors = np.array([tutor for tutor in tutors.tolist() if self._may_meet(tutor, pupil)], dtype=np.int64)
        else:
            tutors = tutors[self.has_room[tutors]]
        is_free = self.tutor_free[tutors[:, None], slots]
        if pupil in self.special:
            for place, tutor in enumerate(tutors.tolist()):
                is_free[place] &= ~as_matrix([openings.blocked.get((tutor, pupil), 0)])[0, slots]
        tutor_at, slot_at = np.nonzero(is_free)
        return Choice(tutors[tutor_at], slots[slot_at], self._points(tutors, pupil, person)[tutor_at])

    def _may_meet(self, tutor: int, pupil: int) -> bool:
        openings = self.openings
        is_together = (tutor, pupil) in openings.locked_pairs
        is_open = is_together or (openings.pupils_left[tutor] > 0 and openings.tutors_left[pupil] > 0)
        return is_open and openings.sessions_left[tutor] > 0

    def _suited_tutors(self, record: Need, pupil: Pupil) -> np.ndarray:
        key = (record.subject, record.grade, frozenset(pupil.languages), pupil.requires)
        if key not in self._suited:
            everybody = self.openings.problem.tutors
            suited = [
                index
                for index in self.teachers_of.get(record.subject, ())
                if teaches(tutor := everybody[index], record)
                and tutoring_language(tutor, pupil) is not None
                and meets_requirements(tutor, pupil)
            ]
            self._suited[key] = np.array(suited, dtype=np.int64)
        return self._suited[key]

    def _points(self, tutors: np.ndarray, index: int, pupil: Pupil) -> np.ndarray:
        """Return what each pair earns by itself, the urgency of the need aside."""
        first = pupil.languages[0]
        points = np.zeros(len(tutors), dtype=np.int64)
        if first in self.speaks:
            points += POINTS["first_language"] * self.speaks[first][tutors]
        if pupil.patrons:
            points += POINTS["patron"] * np.isin(self.institution[tutors], sorted(pupil.patrons))
        if index in self.returning:
            points += POINTS["returning"] * np.isin(tutors, self.returning[index])
        return points

    def estimate(self) -> int:
        """Return about how many seats there are; exactly, if there are no more than `SAMPLE` needs."""
        needs = self.openings.open_needs
        some = needs[:: max(1, -(-len(needs) // SAMPLE))]
        return round(sum(len(self.of(need).tutors) for need in some) * len(needs) / max(1, len(some)))


def as_matrix(free: list[int]) -> np.ndarray:
    """Return sets of slots, given as bits, as rows of one truth value for each slot of the week."""
    width = SLOTS_PER_WEEK // 8
    data = b"".join(bits.to_bytes(width, "little") for bits in free)
    rows = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
    return np.unpackbits(rows, axis=1, bitorder="little").astype(bool)
