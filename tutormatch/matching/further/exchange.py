"""Exchange pupils between tutors, so that more of the sessions they want find room.

Breadth and cover stay as they are: a matched need comes alone, or changes places with
another, or a pupil gives the place to one of the same rank who waits. What a tutor can give to a set of needs says
`tutormatch.matching.further.seating`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from operator import attrgetter

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
        That keep every hard rule, with one session for each need that is not locked.

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

    The needs had ``matches`` at first and want ``sought`` sessions; ``given`` is how many the tutor can give them.
    """

    free: int
    sessions: int
    places: int
    matches: list[Match]
    needs: list[int]
    sought: int = 0
    given: int = 0

    def most_after(self, more: int) -> int:
        """Return what cannot be exceeded when needs that want so many sessions more come instead of others."""
        return min(self.sessions, self.sought + more)


def _changed(needs: Sequence[int], leaving: int, coming: int) -> list[int]:
    """Return needs without one and with another, either of which may be nobody."""
    stay = [need for need in needs if need != leaving]
    return stay if coming == NOBODY else [*stay, coming]


class _Exchange:
    """The search; needs, pupils and tutors go by number."""

    def __init__(self, openings: Openings, matches: Collection[Match]) -> None:
        self.openings = openings
        self.wanted = [*(need.sessions_per_week for need in openings.problem.needs), 0]
        """By need, how many sessions it wants; nobody, who is last, wants none."""
        places = openings.places(matches)
        joins = [match.joins for match in matches]
        is_bound = np.zeros(len(openings.problem.needs), dtype=bool)
        is_bound[[openings.need_index[host] for host in joins if host]] = True
        is_bound[openings.places(openings.locked).need] = True
        is_alone = np.bincount(places.pupil)[places.pupil] == 1
        moves = is_alone & ~is_bound[places.need] & np.array([not host for host in joins], dtype=bool)
        self.helped = set(places.pupil.tolist())
        self.tables = [
            _Timetable(free, sessions, pupils, [], [])
            for free, sessions, pupils in zip(
                openings.tutor_free, openings.sessions_left, openings.pupils_left, strict=True
            )
        ]
        self.tutor_of = dict(zip(places.need[moves].tolist(), places.tutor[moves].tolist(), strict=True))
        self.changed: set[int] = set()
        self.staying: list[Match] = []
        together = set(openings.locked_pairs)
        columns = (column.tolist() for column in (*places, moves))
        for match, need, tutor, pupil, is_moving in zip(matches, *columns, strict=True):
            own = self.tables[tutor]
            if is_moving:
                own.needs.append(need)
                own.matches.append(match)
                continue
            self.staying.append(match)
            if (tutor, pupil) not in together:
                together.add((tutor, pupil))
                own.places -= 1
            if not match.joins:
                taken = own.free & to_bits(match.slots)
                own.free ^= taken
                own.sessions -= taken.bit_count()

    def run(self) -> tuple[Match, ...]:
        for tutor, own in enumerate(self.tables):
            if own.needs:
                self._set_needs(tutor, sorted(own.needs))
        by_kind = self._by_kind()
        roomy = [tutor for tutor, own in enumerate(self.tables) if own.given < own.sessions]
        for _ in range(ROUNDS):
            most = min(CANDIDATES_PER_TUTOR, TRIES // (ROUNDS * len(roomy)) + 1) if roomy else 0
            roomy = [tutor for tutor in roomy if self._improve(tutor, by_kind, most)]
        return self._result()

    def _by_kind(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        """Return by subject and grade the needs that may come and want several sessions, with their free slots."""
        openings = self.openings
        by_kind = defaultdict(list)
        for number, need in enumerate(openings.problem.needs):
            if need.sessions_per_week > 1:
                pupil = openings.pupil_of[number]
                if number in self.tutor_of or (pupil not in self.helped and pupil in openings.ranks):
                    by_kind[openings.kind_of[number]].append((number, openings.pupil_free[pupil]))
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

    def _improve(self, tutor: int, by_kind: dict[tuple[str, int], list[tuple[int, int]]], most: int) -> bool:
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

    def _candidates(self, tutor: int, by_kind: dict[tuple[str, int], list[tuple[int, int]]]) -> Iterator[int]:
        """Yield needs that want several sessions and could have them with the tutor."""
        openings, own, tutor_of = self.openings, self.tables[tutor], self.tutor_of
        pupil_of, pupils, record = openings.pupil_of, openings.problem.pupils, openings.problem.tutors[tutor]
        ranks = {openings.ranks[pupil_of[need]] for need in own.needs}
        taught = sorted({(each.subject, grade) for each in record.subjects for grade in each.grades})
        scanned = chain.from_iterable(by_kind.get(kind, ()) for kind in taught)
        for need, pupil_free in islice(scanned, SCANNED_PER_TUTOR):
            common = own.free & pupil_free
            # Two slots at least: taking the lowest bit away leaves something.
            if common & (common - 1):
                other, pupil = tutor_of.get(need), pupil_of[need]
                if other is None:
                    is_possible = pupil not in self.helped and openings.ranks[pupil] in ranks
                else:
                    is_possible = other != tutor
                # The tutor teaches whatever is scanned.
                if (
                    is_possible
                    and not record.languages.isdisjoint(pupils[pupil].languages)
                    and pupils[pupil].requires <= record.conditions
                ):
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
        found = self.staying
        for tutor, own in enumerate(self.tables):
            if tutor not in self.changed:
                found += own.matches
                continue
            needs = sorted(own.needs)
            seats = seat_sessions(self._free_of(tutor, needs), [1] * len(needs), own.sessions)
            for need, slots in zip(needs, seats or (), strict=True):
                found.append(Match(problem.needs[need].id, problem.tutors[tutor].id, tuple(slots)))
        return tuple(sorted(found, key=attrgetter("need_id")))
