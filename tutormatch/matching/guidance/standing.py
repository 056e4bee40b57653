"""What is free once some matches stand: the ground of every explanation and suggestion.

Tutors go by their number in the problem, which is sorted by identifier, pupils and needs
by identifier. The tutors of one subject are numbered once more among themselves: sets of
them are an ``int`` with one bit for each, which stays short however large the problem is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from tutormatch.matching.flow.openings import EVERY_SLOT, to_bits, to_numbers, to_words
from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Pupil

NO_LIMIT = 1 << 30


def any_of(groups: Mapping, keys: Iterable) -> int:
    """Return who is in any of some groups, as bits."""
    anybody = 0
    for key in keys:
        anybody |= groups.get(key, 0)
    return anybody


def by_slot(sets: Sequence[int]) -> dict[int, int]:
    """Return for each slot that is in any of some sets of slots in which of them it is, all as bits."""
    rows = np.unpackbits(to_words(sets).view(np.uint8), axis=1, bitorder="little")
    columns = np.packbits(np.ascontiguousarray(rows.T), axis=1, bitorder="little")
    return {
        int(slot): int.from_bytes(columns[slot].tobytes(), "little") for slot in np.flatnonzero(columns.any(axis=1))
    }


class Teachers:
    """The tutors of one subject, and who of them is what, as bits.

    Attributes
    ----------
    tutors : list of int
        By place among the teachers, which are in order of their identifiers.
    place : dict of int to int
        By tutor.
    teaching : dict of int to int
        By grade.
    speaking, meeting : dict of str to int
        By tutoring language and by condition.
    at, free : dict of int to int
        By slot: free by their own word, and free as things stand.
    with_sessions, with_places : int
        Who can give one more session, and take one more pupil, as things stand.
    """

    def __init__(self, standing: "Standing", subject: str) -> None:
        tutors = standing.problem.tutors
        self.tutors = standing.tutors_by_subject.get(subject, [])
        self.place = {tutor: place for place, tutor in enumerate(self.tutors)}
        self.everybody = (1 << len(self.tutors)) - 1
        spans, speaking, meeting = defaultdict(list), defaultdict(list), defaultdict(list)
        for place, tutor in enumerate(self.tutors):
            record = tutors[tutor]
            for each in record.subjects:
                if each.subject == subject:
                    spans[each.grades].append(place)
            for code in record.languages:
                speaking[code].append(place)
            for tag in record.conditions:
                meeting[tag].append(place)
        self.teaching: dict[int, int] = defaultdict(int)
        for grades, places in spans.items():
            bits = self._bits(places)
            for grade in grades:
                self.teaching[grade] |= bits
        self.speaking, self.meeting = (
            {key: self._bits(places) for key, places in sorted(groups.items())} for groups in (speaking, meeting)
        )
        self.at = by_slot([standing.tutor_slots[tutor] for tutor in self.tutors])
        free = by_slot([standing.tutor_free[tutor] for tutor in self.tutors])
        self.free = {slot: free.get(slot, 0) for slot in self.at}
        self.with_sessions = self._bits(
            [place for place, tutor in enumerate(self.tutors) if standing.sessions_left[tutor] > 0]
        )
        self.with_places = self._bits(
            [place for place, tutor in enumerate(self.tutors) if standing.pupils_left[tutor] > 0]
        )

    def _bits(self, places: list[int]) -> int:
        # One bit at a time in a long integer would copy it each time.
        row = np.zeros(len(self.tutors), dtype=bool)
        row[places] = True
        return int.from_bytes(np.packbits(row, bitorder="little").tobytes(), "little")

    def suited(self, grade: int, languages: Iterable[str], requires: Iterable[str]) -> Iterator[int]:
        """Yield who is left after rule 1, rule 2 and rule 6, one after the other."""
        left = self.teaching.get(grade, 0)
        yield left
        left &= any_of(self.speaking, languages)
        yield left
        for tag in requires:
            left &= self.meeting.get(tag, 0)
        yield left

    def of(self, tutors: Iterable[int]) -> int:
        """Return those of some tutors who teach the subject."""
        return to_bits(self.place[tutor] for tutor in tutors if tutor in self.place)

    def numbers(self, bits: int) -> list[int]:
        """Return the tutors of a set, in order."""
        return [self.tutors[place] for place in to_numbers(bits)]

    def first(self, bits: int, count: int) -> list[int]:
        """Return the first ``count`` tutors of a set, in order."""
        numbers = []
        while bits and len(numbers) < count:
            low = bits & -bits
            numbers.append(self.tutors[low.bit_length() - 1])
            bits ^= low
        return numbers


class Standing:
    """A problem with some matches in place, and what they leave of everybody's time and limits.

    Parameters
    ----------
    problem : Problem
    matches : iterable of Match
        That keep every hard rule.

    Attributes
    ----------
    tutor_slots, tutor_free : list of int
        By tutor: slots free by the tutor's own word, and free as things stand, as bits.
    sessions_left, pupils_left : list of int
        By tutor: sessions a week, and pupils who are not yet the tutor's own.
    pupil_taken : dict of str to int
        By pupil: the slots of sessions, as bits.
    together : Counter of (int, str)
        By tutor and pupil: how many matches they share.
    own_tutors : dict of str to set of int
        By pupil.
    match_of : dict of str to Match
        By need.
    attending : dict of (int, int) to set of str
        By tutor and slot: the needs of the session.
    blocked : dict of str to dict of int to int
        By pupil and tutor: the slots in which they must not meet, as bits.
    places : dict of int to list of (Teachers, int)
        By tutor: those `teachers` so far asked for of whom the tutor is one, and the tutor's bit there.
    """

    def __init__(self, problem: Problem, matches: Iterable[Match]) -> None:
        self.problem = problem
        self.tutor_index = {tutor.id: number for number, tutor in enumerate(problem.tutors)}
        self.tutor_slots = [to_bits(tutor.slots) for tutor in problem.tutors]
        self.tutor_free = self.tutor_slots.copy()
        self.sessions_left = [tutor.sessions_per_week for tutor in problem.tutors]
        self.pupils_left = [tutor.max_pupils for tutor in problem.tutors]
        self.pupil_taken: dict[str, int] = defaultdict(int)
        self.together: Counter[tuple[int, str]] = Counter()
        self.own_tutors: dict[str, set[int]] = defaultdict(set)
        self.match_of: dict[str, Match] = {}
        self.attending: dict[tuple[int, int], set[str]] = defaultdict(set)
        self.blocked: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.returning: set[tuple[int, str]] = set()
        self.locked: set[str] = set()
        self._teachers: dict[str, Teachers] = {}
        self.places: dict[int, list[tuple[Teachers, int]]] = defaultdict(list)
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED:
                tutor = self.tutor_index[pair.tutor_id]
                self.blocked[pair.pupil_id][tutor] |= to_bits(pair.slots) or EVERY_SLOT
            elif pair.status is PairStatus.RETURNING:
                self.returning.add((self.tutor_index[pair.tutor_id], pair.pupil_id))
            elif pair.need_id is not None:
                self.locked.add(pair.need_id)
        for match in matches:
            self.take(match)

    @cached_property
    def tutors_by_subject(self) -> dict[str, list[int]]:
        tutors = defaultdict(list)
        for number, tutor in enumerate(self.problem.tutors):
            for subject in {teaching.subject for teaching in tutor.subjects}:
                tutors[subject].append(number)
        return tutors

    def teachers(self, subject: str) -> Teachers:
        """Return the tutors of a subject as things stand now; `take` and `leave` keep them so."""
        if subject not in self._teachers:
            self._teachers[subject] = teachers = Teachers(self, subject)
            for tutor, place in teachers.place.items():
                self.places[tutor].append((teachers, 1 << place))
        return self._teachers[subject]

    def take(self, match: Match) -> None:
        """Put a match in place."""
        tutor, pupil_id = self.tutor_index[match.tutor_id], self.problem.need[match.need_id].pupil_id
        self.match_of[match.need_id] = match
        self.pupil_taken[pupil_id] |= to_bits(match.slots)
        for slot in match.slots:
            attending = self.attending[tutor, slot]
            if not attending:
                self.tutor_free[tutor] &= ~(1 << slot)
                self.sessions_left[tutor] -= 1
            attending.add(match.need_id)
        if not self.together[tutor, pupil_id]:
            self.own_tutors[pupil_id].add(tutor)
            self.pupils_left[tutor] -= 1
        self.together[tutor, pupil_id] += 1
        self._tell(tutor, match)

    def leave(self, need_id: str) -> Match:
        """Take the match of a need away, and return it."""
        match = self.match_of.pop(need_id)
        tutor, pupil_id = self.tutor_index[match.tutor_id], self.problem.need[need_id].pupil_id
        self.pupil_taken[pupil_id] &= ~to_bits(match.slots)
        for slot in match.slots:
            attending = self.attending[tutor, slot]
            attending.remove(need_id)
            if not attending:
                self.tutor_free[tutor] |= 1 << slot
                self.sessions_left[tutor] += 1
        self.together[tutor, pupil_id] -= 1
        if not self.together[tutor, pupil_id]:
            self.own_tutors[pupil_id].remove(tutor)
            self.pupils_left[tutor] += 1
        self._tell(tutor, match)
        return match

    def _tell(self, tutor: int, match: Match) -> None:
        """Bring the teachers of every subject of the tutor up to date after a match came or went."""
        for teachers, bit in self.places.get(tutor, ()):
            for slot in match.slots:
                is_free = self.tutor_free[tutor] >> slot & 1
                free = teachers.free.get(slot, 0)
                teachers.free[slot] = free | bit if is_free else free & ~bit
            has_sessions, has_places = self.sessions_left[tutor] > 0, self.pupils_left[tutor] > 0
            teachers.with_sessions = teachers.with_sessions & ~bit | bit * has_sessions
            teachers.with_places = teachers.with_places & ~bit | bit * has_places

    def pupil_of(self, need: Need) -> Pupil:
        return self.problem.pupil[need.pupil_id]

    def pupil_free(self, pupil: Pupil) -> int:
        """Return the slots in which a pupil is free as things stand, as bits."""
        return to_bits(pupil.slots) & ~self.pupil_taken.get(pupil.id, 0)

    def may_have_more_tutors(self, pupil: Pupil) -> bool:
        """Rule 5: whether the pupil's limit leaves room for a tutor who is not the pupil's own."""
        return pupil.max_tutors is None or len(self.own_tutors.get(pupil.id, ())) < pupil.max_tutors

    def suited(self, need: Need) -> tuple[int, ...]:
        """Return who of the subject's teachers is left after rule 1, rule 2 and rule 6, as bits each."""
        pupil = self.pupil_of(need)
        key = (need.subject, need.grade, pupil.languages, pupil.requires)
        if key not in self._suited:
            teachers = self.teachers(need.subject)
            self._suited[key] = tuple(teachers.suited(need.grade, pupil.languages, pupil.requires))
        return self._suited[key]

    @cached_property
    def _suited(self) -> dict[tuple, tuple[int, ...]]:
        return {}

    def with_room(self, teachers: Teachers, pupil: Pupil) -> int:
        """Return to whom limits allow one more session with a pupil, as bits."""
        return self.within_reach(teachers, pupil, teachers.with_places) & teachers.with_sessions

    def within_reach(self, teachers: Teachers, pupil: Pupil, others: int) -> int:
        """Return the pupil's own tutors, and ``others`` if the pupil may have one more, as bits."""
        own = teachers.of(self.own_tutors.get(pupil.id, ()))
        return own | others if self.may_have_more_tutors(pupil) else own

    def common_slots(self, tutor: int, pupil: Pupil) -> int:
        """Return the slots in which two could meet as things stand, as bits; limits are not looked at."""
        return self.tutor_free[tutor] & self.pupil_free(pupil) & self.allowed(tutor, pupil)

    def allowed(self, tutor: int, pupil: Pupil) -> int:
        """Rule 8: return the slots in which two are not blocked, as bits."""
        blocked = self.blocked.get(pupil.id)
        return EVERY_SLOT & ~blocked.get(tutor, 0) if blocked else EVERY_SLOT

    def meeting(self, teachers: Teachers, pupil: Pupil, free: Mapping[int, int], slots: int) -> int:
        """Return whom a pupil could meet in any of some slots, blocked pairs left out, as bits.

        Parameters
        ----------
        teachers : Teachers
        pupil : Pupil
        free : mapping of int to int
            `Teachers.at` or `Teachers.free`.
        slots : int
            As bits.
        """
        anybody = any_of(free, to_numbers(slots))
        for tutor, bits in self.blocked.get(pupil.id, {}).items():
            place = teachers.place.get(tutor)
            if place is not None and anybody >> place & 1:
                allowed = slots & ~bits
                if not any(free.get(slot, 0) >> place & 1 for slot in to_numbers(allowed)):
                    anybody ^= 1 << place
        return anybody
