"""Exchange pupils between tutors, so that more of the sessions they want find room.

Breadth and cover stay as they are: a matched need comes alone, or changes places with
another, or a pupil gives the place to one of the same rank who waits. What a tutor can give to a set of needs says
`tutormatch.matching.further.seating`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress, islice
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from tutormatch.matching.flow.openings import Openings, to_bits
from tutormatch.matching.further.seating import most_sessions, seat_sessions
from tutormatch.matching.problem import Match

TRIES = 40_000
"""How many needs are looked at in all: some seconds at the scale of a country, where each tutor gets few."""
CANDIDATES_PER_TUTOR = 60
SCANNED_PER_TUTOR = 1_000
ROUNDS = 3
NOBODY = -1


def exchange(openings: Openings, matches: Collection[Match]) -> tuple[Match, ...]:
    """Exchange tutors between needs while that makes room for more sessions.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
        By need; that keep every hard rule, with one session for each need that is not locked.

    Returns
    -------
    tuple of Match
        As many pupils of each rank, and as many needs, as before, by need. Locked
        matches, groups, pupils with several matches, and tutors who exchange nobody are as before.

    Notes
    -----
    A local search in a fixed order: tutors with unused sessions make the first exchange
    that helps, at most `ROUNDS` times each, and look at no more than
    `CANDIDATES_PER_TUTOR` needs each time, fewer when there are many tutors.
    """
    return _Exchange(openings, matches).run()


@dataclass(slots=True)
class _Timetable:
    """What one tutor has besides matches that stay: slots, sessions and places for pupils to give, needs.

    The needs want ``sought`` sessions; ``given`` is how many the tutor can give them.
    """

    free: int
    sessions: int
    places: int
    needs: list[int]
    sought: int = 0
    given: int = 0

    def most_after(self, more: int) -> int:
        """Return what cannot be exceeded when needs that want so many sessions more come instead of others."""
        return min(self.sessions, self.sought + more)


class _Candidate(NamedTuple):
    """A need that may come, and what its pupil asks."""

    need: int
    pupil: int
    free: int
    languages: tuple[str, ...]
    requires: frozenset[str]


def _changed(needs: Sequence[int], leaving: int, coming: int) -> list[int]:
    """Return needs without one and with another, either of which may be nobody."""
    stay = [need for need in needs if need != leaving]
    return stay if coming == NOBODY else [*stay, coming]


class _Exchange:
    """The search; needs, pupils and tutors go by number."""

    def __init__(self, openings: Openings, matches: Collection[Match]) -> None:
        self.openings, self.matches = openings, matches
        self.wanted = [*(need.sessions_per_week for need in openings.problem.needs), 0]
        """By need, how many sessions it wants; nobody, who is last, wants none."""
        self.places = places = openings.places(matches)
        joins = [match.joins for match in matches]
        is_bound = np.zeros(len(openings.problem.needs), dtype=bool)
        is_bound[[openings.need_index[host] for host in joins if host]] = True
        is_bound[openings.places(openings.locked).need] = True
        is_alone = np.bincount(places.pupil)[places.pupil] == 1
        self.moves = is_alone & ~is_bound[places.need] & np.array([not host for host in joins], dtype=bool)
        self.helped = set(places.pupil.tolist())
        self.tables = [
            _Timetable(free, sessions, pupils, [])
            for free, sessions, pupils in zip(
                openings.tutor_free, openings.sessions_left, openings.pupils_left, strict=True
            )
        ]
        self.changed: set[int] = set()
        self._leave_out(~self.moves)
        self.tutor_of = dict(zip(places.need[self.moves].tolist(), places.tutor[self.moves].tolist(), strict=True))
        for need, tutor in self.tutor_of.items():
            self.tables[tutor].needs.append(need)
        for tutor, own in enumerate(self.tables):
            if own.needs:
                self._set_needs(tutor, own.needs)

    def _leave_out(self, stays: np.ndarray) -> None:
        """Take what matches that stay need off their tutors' timetables."""
        together = set(self.openings.locked_pairs)
        columns = self.places.tutor[stays].tolist(), self.places.pupil[stays].tolist()
        for match, tutor, pupil in zip(compress(self.matches, stays.tolist()), *columns, strict=True):
            own = self.tables[tutor]
            if (tutor, pupil) not in together:
                together.add((tutor, pupil))
                own.places -= 1
            if not match.joins:
                taken = own.free & to_bits(match.slots)
                own.free ^= taken
                own.sessions -= taken.bit_count()

    def run(self) -> tuple[Match, ...]:
        by_kind = self._by_kind()
        roomy = [tutor for tutor, own in enumerate(self.tables) if own.given < own.sessions]
        for _ in range(ROUNDS):
            most = min(CANDIDATES_PER_TUTOR, TRIES // (ROUNDS * len(roomy)) + 1) if roomy else 0
            roomy = [tutor for tutor in roomy if self._improve(tutor, by_kind, most)]
        return self._result()

    def _by_kind(self) -> dict[tuple[str, int], list[_Candidate]]:
        """Return by subject and grade the needs that may come and want several sessions."""
        openings = self.openings
        by_kind = defaultdict(list)
        for number, need in enumerate(openings.problem.needs):
            if need.sessions_per_week > 1:
                pupil = openings.pupil_of[number]
                if number in self.tutor_of or (pupil not in self.helped and pupil in openings.ranks):
                    asked = openings.wish_of[number]
                    one = _Candidate(number, pupil, openings.pupil_free[pupil], asked.languages, asked.requires)
                    by_kind[asked.subject, asked.grade].append(one)
        return by_kind

    def _free_of(self, tutor: int, needs: Sequence[int]) -> list[int]:
        """Return the slots in which a tutor could meet each of some needs, as bits."""
        openings, own_free = self.openings, self.tables[tutor].free
        free = []
        for need in needs:
            pupil = openings.pupil_of[need]
            bits = own_free & openings.pupil_free[pupil]
            if (tutor, pupil) in openings.blocked:
                bits &= ~openings.blocked[tutor, pupil]
            free.append(bits)
        return free

    def _count(self, tutor: int, needs: Sequence[int]) -> int | None:
        """Return how many sessions a tutor can give to these needs; None if not one to each."""
        wanted = [self.wanted[need] for need in needs]
        return most_sessions(self._free_of(tutor, needs), wanted, self.tables[tutor].sessions)

    def _improve(self, tutor: int, by_kind: Mapping[tuple[str, int], Sequence[_Candidate]], most: int) -> bool:
        """Make the first exchange that helps a tutor with unused sessions, and return whether there was one."""
        own = self.tables[tutor]
        if own.given >= own.sessions:
            return False
        # Nobody leaves if there is a place for one pupil more.
        leavers: tuple[int, ...] = (*own.needs, *([NOBODY] if len(own.needs) < own.places else ()))
        for need in islice(self._candidates(tutor, by_kind), most):
            for leaving in leavers:
                if self._gains(tutor, leaving, need):
                    self._swap(tutor, leaving, need)
                    return True
        return False

    def _candidates(self, tutor: int, by_kind: Mapping[tuple[str, int], Sequence[_Candidate]]) -> Iterator[int]:
        """Yield needs that want several sessions and could have them with the tutor."""
        openings, own, tutor_of, helped = self.openings, self.tables[tutor], self.tutor_of, self.helped
        record, own_free, ranks = openings.problem.tutors[tutor], own.free, openings.ranks
        own_ranks = {ranks[openings.pupil_of[need]] for need in own.needs}
        scanned = chain.from_iterable(by_kind.get(kind, ()) for kind in openings.suiting.taught_by(tutor))
        for need, pupil, free, languages, requires in islice(scanned, SCANNED_PER_TUTOR):
            common = own_free & free
            # Two slots at least: taking the lowest bit away leaves something.
            if common & (common - 1):
                other = tutor_of.get(need)
                waits = other is None and pupil not in helped and ranks[pupil] in own_ranks
                if not waits and other in (None, tutor):
                    continue
                # The tutor teaches whatever is scanned.
                if not record.languages.isdisjoint(languages) and requires <= record.conditions:
                    yield need

    def _gains(self, tutor: int, leaving: int, coming: int) -> bool:
        """Return whether there are more sessions when two needs change places."""
        openings, own, other = self.openings, self.tables[tutor], self.tutor_of.get(coming)
        if other is None:
            # The place goes to a pupil without any tutor, who must be as urgent as the one who gives it.
            giver, pupil = openings.pupil_of[leaving], openings.pupil_of[coming]
            if leaving == NOBODY or pupil in self.helped or openings.ranks[giver] != openings.ranks[pupil]:
                return False
            if own.most_after(self.wanted[coming] - self.wanted[leaving]) <= own.given:
                return False
            after = self._count(tutor, _changed(own.needs, leaving, coming))
            return after is not None and after > own.given
        there = self.tables[other]
        before, more = own.given + there.given, self.wanted[coming] - self.wanted[leaving]
        if own.most_after(more) + there.most_after(-more) <= before:
            return False
        after = self._count(tutor, _changed(own.needs, leaving, coming))
        if after is None or after + there.most_after(-more) <= before:
            return False
        if leaving != NOBODY and not openings.suits(leaving, other):
            return False
        after_there = self._count(other, _changed(there.needs, coming, leaving))
        return after_there is not None and after + after_there > before

    def _swap(self, tutor: int, leaving: int, coming: int) -> None:
        pupil_of, other = self.openings.pupil_of, self.tutor_of.get(coming)
        self.changed.update((tutor,) if other is None else (tutor, other))
        self._set_needs(tutor, _changed(self.tables[tutor].needs, leaving, coming))
        self.tutor_of[coming] = tutor
        if other is None:
            del self.tutor_of[leaving]
            self.helped.remove(pupil_of[leaving])
            self.helped.add(pupil_of[coming])
        else:
            self._set_needs(other, _changed(self.tables[other].needs, coming, leaving))
            if leaving != NOBODY:
                self.tutor_of[leaving] = other

    def _set_needs(self, tutor: int, needs: list[int]) -> None:
        own = self.tables[tutor]
        own.needs, own.sought = needs, sum(self.wanted[need] for need in needs)
        # Each has one session, as matches that keep every rule do.
        own.given = len(needs) if len(needs) == own.most_after(0) else self._count(tutor, needs) or 0

    def _result(self) -> tuple[Match, ...]:
        problem = self.openings.problem
        is_changed = np.zeros(len(self.tables), dtype=bool)
        is_changed[list(self.changed)] = True
        stays = ~(self.moves & is_changed[self.places.tutor])
        found = list(compress(self.matches, stays.tolist()))
        for tutor in sorted(self.changed):
            own = self.tables[tutor]
            needs = sorted(own.needs)
            seats = seat_sessions(self._free_of(tutor, needs), [1] * len(needs), own.sessions)
            for need, slots in zip(needs, seats or (), strict=True):
                found.append(Match(problem.needs[need].id, problem.tutors[tutor].id, tuple(slots)))
        return tuple(sorted(found, key=attrgetter("need_id")))
