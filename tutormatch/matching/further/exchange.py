"""Exchange pupils between tutors, so that more of the sessions they want find room.

Breadth and cover stay as they are: a matched need comes alone, or changes places with
another, or a pupil gives the place to one of the same rank who waits. What a tutor can give to a set of needs says
`tutormatch.matching.further.seating`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from tutormatch.matching.flow.openings import EVERY_SLOT, locked_matches, to_bits
from tutormatch.matching.further.seating import seat_sessions
from tutormatch.matching.objective import pupil_ranks
from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Profile, Tutor
from tutormatch.matching.rules import meets_requirements, teaches, tutoring_language

TRIES = 40_000
"""How many needs are looked at in all: some seconds at the scale of a country, where each tutor gets few."""
CANDIDATES_PER_TUTOR = 60
SCANNED_PER_TUTOR = 1_000
ROUNDS = 3
NOBODY = ""


def exchange(
    problem: Problem, matches: Collection[Match], profile: Profile = Profile.BREADTH_FIRST
) -> tuple[Match, ...]:
    """Exchange tutors between needs while that makes room for more sessions.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule, with one session for each need that is not locked.
    profile : Profile
        Says which pupils come first.

    Returns
    -------
    tuple of Match
        As many pupils of each rank, and as many needs, as before, by need. Locked
        matches, groups, and pupils with several matches are as before.

    Notes
    -----
    A local search in a fixed order: tutors with unused sessions make the first exchange
    that helps, at most `ROUNDS` times each, and look at no more than
    `CANDIDATES_PER_TUTOR` needs each time, fewer when there are many tutors.
    """
    return _Exchange(problem, matches, profile).run()


@dataclass(slots=True)
class _Timetable:
    """What one tutor has besides matches that stay: slots, sessions and places for pupils to give, needs."""

    free: int
    sessions: int
    places: int
    needs: list[str]


def _changed(needs: Sequence[str], leaving: str, coming: str) -> list[str]:
    """Return needs without one and with another, either of which may be nobody."""
    stay = [need for need in needs if need != leaving]
    return stay if coming == NOBODY else [*stay, coming]


class _Exchange:
    def __init__(self, problem: Problem, matches: Collection[Match], profile: Profile) -> None:
        self.problem = problem
        self.matches = tuple(sorted(matches))
        self.pupil_free = {pupil.id: to_bits(pupil.slots) for pupil in problem.pupils}
        self.blocked: dict[tuple[str, str], int] = defaultdict(int)
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED:
                self.blocked[pair.tutor_id, pair.pupil_id] |= to_bits(pair.slots) or EVERY_SLOT
        agreed = {match.need_id for match in locked_matches(problem)}
        self.ranks = pupil_ranks(problem, (need for need in problem.needs if need.id not in agreed), profile)
        in_group = {match.joins for match in self.matches} | {match.need_id for match in self.matches if match.joins}
        count: dict[str, int] = defaultdict(int)
        for match in self.matches:
            count[problem.need[match.need_id].pupil_id] += 1
        self.movable = {
            match.need_id
            for match in self.matches
            if match.need_id not in agreed | in_group and count[problem.need[match.need_id].pupil_id] == 1
        }
        self.helped = set(count)
        self.tables = {
            tutor.id: _Timetable(to_bits(tutor.slots), tutor.sessions_per_week, tutor.max_pupils, [])
            for tutor in problem.tutors
        }
        pupils_that_stay: set[tuple[str, str]] = set()
        self.tutor_of: dict[str, str] = {}
        for match in self.matches:
            own = self.tables[match.tutor_id]
            if match.need_id in self.movable:
                own.needs.append(match.need_id)
                self.tutor_of[match.need_id] = match.tutor_id
                continue
            if not match.joins:
                own.free &= ~to_bits(match.slots)
                own.sessions -= len(match.slots)
            pupils_that_stay.add((match.tutor_id, problem.need[match.need_id].pupil_id))
        for tutor_id, _ in pupils_that_stay:
            self.tables[tutor_id].places -= 1
        self.seats_of: dict[tuple[str, tuple[str, ...]], int | None] = {}

    def run(self) -> tuple[Match, ...]:
        by_kind: dict[tuple[str, int], list[Need]] = defaultdict(list)
        for need in self.problem.needs:
            is_open = need.id in self.movable or need.pupil_id not in self.helped
            if is_open and need.sessions_per_week > 1 and need.pupil_id in self.ranks:
                by_kind[need.subject, need.grade].append(need)
        roomy = [tutor for tutor in self.problem.tutors if self._has_unused(tutor.id)]
        for _ in range(ROUNDS):
            most = min(CANDIDATES_PER_TUTOR, TRIES // (ROUNDS * len(roomy)) + 1) if roomy else 0
            roomy = [tutor for tutor in roomy if self._improve(tutor, by_kind, most)]
        return self._result()

    def _has_unused(self, tutor_id: str) -> bool:
        own = self.tables[tutor_id]
        count = self._count(tutor_id, own.needs)
        return count is not None and count < own.sessions

    def _count(self, tutor_id: str, needs: Sequence[str]) -> int | None:
        """Return how many sessions a tutor can give to these needs; None if not one to each."""
        key = (tutor_id, tuple(sorted(needs)))
        if key not in self.seats_of:
            seats = self._seats(tutor_id, key[1])
            self.seats_of[key] = None if seats is None else sum(map(len, seats))
        return self.seats_of[key]

    def _seats(self, tutor_id: str, needs: Sequence[str]) -> list[list[int]] | None:
        own = self.tables[tutor_id]
        records = [self.problem.need[need] for need in needs]
        free = [own.free & self._common(tutor_id, need) for need in records]
        return seat_sessions(free, [need.sessions_per_week for need in records], own.sessions)

    def _common(self, tutor_id: str, need: Need) -> int:
        return self.pupil_free[need.pupil_id] & ~self.blocked.get((tutor_id, need.pupil_id), 0)

    def _suits(self, tutor: Tutor, need: Need) -> bool:
        pupil = self.problem.pupil[need.pupil_id]
        return teaches(tutor, need) and tutoring_language(tutor, pupil) is not None and meets_requirements(tutor, pupil)

    def _improve(self, tutor: Tutor, by_kind: dict[tuple[str, int], list[Need]], most: int) -> bool:
        """Make the first exchange that helps a tutor with unused sessions, and return whether there was one."""
        if not self._has_unused(tutor.id):
            return False
        own = self.tables[tutor.id]
        before = self._count(tutor.id, own.needs) or 0
        # Nobody leaves if there is a place for one pupil more.
        leavers: tuple[str, ...] = (*own.needs, *([NOBODY] if len(own.needs) < own.places else ()))
        for need in islice(self._candidates(tutor, by_kind), most):
            other = self.tutor_of.get(need.id)
            for leaving in leavers:
                if self._gain(tutor.id, leaving, need.id, other, before) > 0:
                    self._swap(tutor.id, leaving=leaving, coming=need.id)
                    return True
        return False

    def _candidates(self, tutor: Tutor, by_kind: dict[tuple[str, int], list[Need]]) -> Iterator[Need]:
        """Yield needs that want several sessions and could have them with the tutor."""
        own, pupil_free = self.tables[tutor.id], self.pupil_free
        ranks = {self.ranks[self.problem.need[need].pupil_id] for need in own.needs}
        taught = sorted({(each.subject, grade) for each in tutor.subjects for grade in each.grades})
        scanned = chain.from_iterable(by_kind.get(kind, ()) for kind in taught)
        for need in islice(scanned, SCANNED_PER_TUTOR):
            common = own.free & pupil_free[need.pupil_id]
            # Two slots at least: taking the lowest bit away leaves something.
            if common & (common - 1):
                other = self.tutor_of.get(need.id)
                if other is None:
                    is_possible = need.pupil_id not in self.helped and self.ranks[need.pupil_id] in ranks
                else:
                    is_possible = other != tutor.id
                if is_possible and self._suits(tutor, need):
                    yield need

    def _gain(self, tutor_id: str, leaving: str, coming: str, other: str | None, before: int) -> int:
        """Return how many sessions more there are when two needs change places."""
        need = self.problem.need
        if other is None:
            # The place goes to a pupil without any tutor, who must be as urgent as the one who gives it.
            waits = need[coming].pupil_id not in self.helped
            if leaving == NOBODY or not waits or not self._are_equal(need[leaving], need[coming]):
                return 0
        elif leaving != NOBODY and not self._suits(self.problem.tutor[other], need[leaving]):
            return 0
        after = self._count(tutor_id, _changed(self.tables[tutor_id].needs, leaving, coming))
        if after is None:
            return 0
        if other is None:
            return after - before
        needs = self.tables[other].needs
        there = self._count(other, _changed(needs, coming, leaving))
        if there is None:
            return 0
        return after - before + there - (self._count(other, needs) or 0)

    def _are_equal(self, one: Need, other: Need) -> bool:
        return self.ranks[one.pupil_id] == self.ranks[other.pupil_id]

    def _swap(self, tutor_id: str, leaving: str, coming: str) -> None:
        need = self.problem.need
        own, other = self.tables[tutor_id], self.tutor_of.get(coming)
        own.needs = _changed(own.needs, leaving, coming)
        self.tutor_of[coming] = tutor_id
        if other is None:
            del self.tutor_of[leaving]
            self.helped.remove(need[leaving].pupil_id)
            self.helped.add(need[coming].pupil_id)
        else:
            there = self.tables[other]
            there.needs = _changed(there.needs, coming, leaving)
            if leaving != NOBODY:
                self.tutor_of[leaving] = other

    def _result(self) -> tuple[Match, ...]:
        found = [match for match in self.matches if match.need_id not in self.movable]
        for tutor_id, own in self.tables.items():
            needs = sorted(own.needs)
            for need_id, slots in zip(needs, self._seats(tutor_id, needs) or (), strict=True):
                found.append(Match(need_id, tutor_id, tuple(slots)))
        return tuple(sorted(found))
