"""The shortest chain of moves among matches that are not yet agreed, which serves one more need.

A breadth-first search over standings in which one need is homeless: it takes a seat, and if
that is not free, the match in the way becomes homeless in its turn, until one finds a free
seat. Every rule is looked at in each standing as it really is, so a chain that is found
keeps them all.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from tutormatch.matching.flow.openings import to_bits, to_numbers
from tutormatch.matching.guidance.standing import Standing, Teachers
from tutormatch.matching.objective import POINTS, pair_items
from tutormatch.matching.problem import Match, Need, Pupil
from tutormatch.matching.slots import format_slot

STANDINGS = 1500
"""How many standings one search may look at; with few matches that is all of them."""
EVERY_WAY = 10
"""From so many visits to each match on nothing is left out beforehand."""
ENDINGS = 8
"""How many chains of the shortest length are compared."""


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a chain: a need comes to a tutor and slots; ``from_tutor_id`` "" is from none."""

    need_id: str
    tutor_id: str
    slots: tuple[int, ...]
    from_tutor_id: str = ""
    from_slots: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the move for JSON."""
        return {
            "need_id": self.need_id,
            "tutor_id": self.tutor_id,
            "slots": [format_slot(slot) for slot in self.slots],
            "from_tutor_id": self.from_tutor_id,
            "from_slots": [format_slot(slot) for slot in self.from_slots],
        }


def points_of_pair(standing: Standing, tutor: int, need: Need, pupil: Pupil) -> dict[str, int]:
    """Return what a need would earn with a tutor as things stand, item by item."""
    is_returning = (tutor, pupil.id) in standing.returning
    items = pair_items(standing.problem.tutors[tutor], pupil, need, is_returning=is_returning)
    if standing.together[tutor, pupil.id]:
        items["same_tutor"] = POINTS["same_tutor"]
    return items


@dataclass(frozen=True, slots=True)
class _Step:
    """The matches of a chain so far, and for each the match that has to go.

    ``is_own`` says that a pupil came to a tutor a second time, or made room for another need.
    """

    taken: tuple[Match, ...]
    left: tuple[Match, ...]
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A match that may be moved; its slots as bits."""

    match: Match
    tutor: int
    pupil_id: str
    slots: int


NOWHERE = _Step((), ())


class Chains:
    """Searches chains in one standing, which is the same again after each search.

    Parameters
    ----------
    standing : Standing
    """

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.problem = standing.problem
        self._here = NOWHERE
        self._movable_of: dict[Teachers, int] = {}
        self._exhausted: Counter[Teachers] = Counter()
        hosts = {match.joins for match in standing.match_of.values()}
        self._leaving = {
            need_id: _Leaving(
                match,
                standing.tutor_index[match.tutor_id],
                self.problem.need[need_id].pupil_id,
                to_bits(match.slots),
            )
            for need_id, match in sorted(standing.match_of.items())
            if not (need_id in standing.locked or match.joins or need_id in hosts)
        }
        self.arrivals_at_most = max(1, STANDINGS // max(1, len(self._leaving)))
        # By tutor and by pupil.
        self._matches_of: dict[int | str, list[str]] = defaultdict(list)
        for need_id, leaving in self._leaving.items():
            self._matches_of[leaving.tutor].append(need_id)
            self._matches_of[leaving.pupil_id].append(need_id)
        # Tutors who could give one of several sessions of a match to somebody else.
        self._with_several = {leaving.tutor for leaving in self._leaving.values() if len(leaving.match.slots) > 1}
        is_small = self.arrivals_at_most >= EVERY_WAY
        self._hopeless = set() if is_small else self._leaving.keys() - self._hopeful()

    def _hopeful(self) -> set[str]:
        """Return the matches from which moves lead to a tutor with a session to spare.

        What pupils' other sessions forbid, or make free, is not looked at; a rare chain in which
        two needs of one pupil move is missed for that.
        """
        standing = self.standing
        # Who has several sessions may leave one to another pupil, if the tutor has a place.
        hopeful = {
            need_id
            for need_id, leaving in self._leaving.items()
            if len(leaving.match.slots) > 1 and standing.pupils_left[leaving.tutor] > 0
        }
        comes_from: dict[str, list[str]] = defaultdict(list)
        for need_id, leaving in self._leaving.items():
            need, pupil = self.problem.need[need_id], self.problem.pupil[leaving.pupil_id]
            teachers, slots = standing.teachers(need.subject), to_bits(pupil.slots)
            suited = standing.suited(need)[-1]
            at = suited & standing.meeting(teachers, pupil, teachers.at, slots)
            own = {each for each in standing.own_tutors[pupil.id] if each != leaving.tutor}
            spare = teachers.with_sessions & (teachers.with_places | teachers.of(own))
            is_spare = suited & spare & standing.meeting(teachers, pupil, teachers.free, slots)
            if is_spare or at & teachers.of(own & self._with_several):
                hopeful.add(need_id)
                continue
            at &= self._with_matches(teachers)
            for tutor in teachers.numbers(at):
                # Where an hour is free the tutor is full: whoever goes makes room.
                has_free_hour = slots & standing.tutor_free[tutor]
                for other in self._matches_of[tutor]:
                    if has_free_hour or slots & self._leaving[other].slots:
                        comes_from[other].append(need_id)
        newly = sorted(hopeful)
        while newly:
            before = comes_from.pop(newly.pop(), ())
            newly += (need_id for need_id in before if need_id not in hopeful)
            hopeful.update(before)
        return hopeful

    def shortest(self, need: Need) -> tuple[Move, ...]:
        """Return the shortest chain that serves a need without a match; empty if none was found.

        Of chains of one length one that keeps most sessions is preferred.

        Notes
        -----
        `STANDINGS` standings are looked at, the shorter chains first. With few matches that is
        every way there is; with many, each becomes homeless as often as the number allows, or once.
        """
        self._arrivals: Counter[str] = Counter()
        self._exhausted = Counter()
        self._standings_left = STANDINGS
        steps = [NOWHERE]
        while steps:
            endings: list[tuple[Match, ...]] = []
            further: list[_Step] = []
            for step in steps:
                self._go_to(step)
                homeless = self.problem.need[step.left[-1].need_id] if step.left else need
                if seat := self._free_seat(homeless, step):
                    endings.append((*step.taken, seat))
                elif not endings:
                    further += self._next(homeless, step)
                if len(endings) == ENDINGS:
                    break
            if endings:
                self._go_to(NOWHERE)
                chains = [self._topped_up(ending) for ending in endings]
                return self._moves(min(chains, key=self._lost_sessions))
            steps = further
        self._go_to(NOWHERE)
        return ()

    def _go_to(self, step: _Step) -> None:
        """Bring the standing from the step it is in to another; what both begin with stays."""
        here, shared = self._here, 0
        while shared < min(len(here.taken), len(step.taken)) and here.taken[shared] is step.taken[shared]:
            shared += 1
        for seat, match in zip(reversed(here.taken[shared:]), reversed(here.left[shared:]), strict=True):
            self.standing.leave(seat.need_id)
            self.standing.take(match)
        for seat, match in zip(step.taken[shared:], step.left[shared:], strict=True):
            self.standing.leave(match.need_id)
            self.standing.take(seat)
        self._here = step

    def _free_seat(self, need: Need, step: _Step) -> Match | None:
        """Return the best seat that is free for a need: with most of its sessions, then of most points."""
        standing, pupil = self.standing, self.standing.pupil_of(need)
        teachers = standing.teachers(need.subject)
        tutors = standing.suited(need)[-1] & standing.with_room(teachers, pupil)
        tutors &= standing.meeting(teachers, pupil, teachers.free, standing.pupil_free(pupil))
        if not tutors:
            return None
        wanted = len(step.left[-1].slots) if step.left else 1

        def worth(tutor: int) -> tuple[int, int, int]:
            slots = standing.common_slots(tutor, pupil).bit_count()
            points = sum(points_of_pair(standing, tutor, need, pupil).values())
            return min(wanted, slots, standing.sessions_left[tutor]), points, -tutor

        best = max(teachers.numbers(tutors), key=worth)
        slots = to_numbers(standing.common_slots(best, pupil))
        kept = [slot for slot in slots if step.left and slot in step.left[-1].slots]
        return Match(need.id, self.problem.tutors[best].id, ((kept or slots)[0],))

    def _next(self, need: Need, step: _Step) -> Iterator[_Step]:
        """Yield the standings in which ``need`` has the seat of a match that is in its way."""
        standing, pupil = self.standing, self.standing.pupil_of(need)
        teachers = standing.teachers(need.subject)
        moved = {need.id, *(match.need_id for match in step.taken)}
        own = [each for each in self._matches_of[pupil.id] if each not in moved and self._may_come(each)]
        suited = standing.suited(need)[-1] & standing.meeting(teachers, pupil, teachers.at, to_bits(pupil.slots))
        if not own:
            suited &= self._with_matches(teachers)
        free = standing.pupil_free(pupil)
        # With these the pupil needs no further place, so that who makes room might stay.
        with_tutors = {
            tutor
            for tutor in standing.own_tutors.get(pupil.id, ())
            if standing.sessions_left[tutor] > 0 or tutor in self._with_several
        }
        for tutor in teachers.numbers(suited):
            tutor_free = standing.tutor_free[tutor]
            for other in dict.fromkeys((*self._matches_of[tutor], *own)) if own else self._matches_of[tutor]:
                leaving = self._leaving[other]
                if not (own or free & (tutor_free | leaving.slots)) or other in moved or not self._may_come(other):
                    continue
                # Where a pupil meets a tutor twice, or moves twice, hope was not looked for.
                if other in self._hopeless and not (other in own or step.is_own or tutor in with_tutors):
                    continue
                bits = self._seats_without(leaving, tutor, pupil, free)
                # The hours of the match that goes come first: it may then stay with its tutor at another.
                for slot in to_numbers(bits & leaving.slots) + to_numbers(bits & ~leaving.slots):
                    if not self._may_come(other):
                        break
                    self._arrive(leaving)
                    seat = Match(need.id, self.problem.tutors[tutor].id, (slot,))
                    is_own = step.is_own or tutor in with_tutors or other in own
                    yield _Step((*step.taken, seat), (*step.left, leaving.match), is_own)

    def _may_come(self, need_id: str) -> bool:
        """Return whether a match may become homeless once more in this search."""
        return self._arrivals[need_id] < self.arrivals_at_most and self._standings_left > 0

    def _arrive(self, leaving: _Leaving) -> None:
        self._arrivals[leaving.match.need_id] += 1
        self._standings_left -= 1
        if not any(map(self._may_come, self._matches_of[leaving.tutor])):
            for teachers, bit in self.standing.places[leaving.tutor]:
                self._exhausted[teachers] |= bit

    def _with_matches(self, teachers: Teachers) -> int:
        """Return who has a match that may become homeless in this search, as bits."""
        if teachers not in self._movable_of:
            has_any = (tutor for tutor in teachers.tutors if self._matches_of[tutor])
            self._movable_of[teachers] = teachers.of(has_any)
        return self._movable_of[teachers] & ~self._exhausted[teachers]

    def _seats_without(self, leaving: _Leaving, tutor: int, pupil: Pupil, free: int) -> int:
        """Return the slots in which a tutor could take a pupil if a match were away, as bits."""
        standing = self.standing
        tutor_free, sessions, places = standing.tutor_free[tutor], standing.sessions_left[tutor], 0
        is_alone = standing.together[leaving.tutor, leaving.pupil_id] == 1
        if leaving.tutor == tutor:
            tutor_free |= leaving.slots
            sessions += len(leaving.match.slots)
            places = is_alone
        if leaving.pupil_id == pupil.id:
            free |= leaving.slots
        bits = free & tutor_free
        if not bits or sessions <= 0:
            return 0
        is_own = standing.together[tutor, pupil.id] > (leaving.tutor == tutor and leaving.pupil_id == pupil.id)
        if not is_own:
            tutors = len(standing.own_tutors.get(pupil.id, ())) - (leaving.pupil_id == pupil.id and is_alone)
            if standing.pupils_left[tutor] + places <= 0 or (
                pupil.max_tutors is not None and tutors >= pupil.max_tutors
            ):
                return 0
        return bits & standing.allowed(tutor, pupil)

    def _topped_up(self, ending: tuple[Match, ...]) -> tuple[Match, ...]:
        """Give those who moved as many of the sessions they had as their new tutors can."""
        standing = self.standing
        before = [standing.match_of[match.need_id] for match in ending[1:]]
        for match in before:
            standing.leave(match.need_id)
        for match in ending:
            standing.take(match)
        chain = [ending[0]]
        for match, old in zip(ending[1:], before, strict=True):
            tutor, pupil = standing.tutor_index[match.tutor_id], standing.pupil_of(self.problem.need[match.need_id])
            missing = min(len(old.slots) - len(match.slots), standing.sessions_left[tutor])
            common = standing.common_slots(tutor, pupil)
            kept, other = common & to_bits(old.slots), common & ~to_bits(old.slots)
            further = (to_numbers(kept) + to_numbers(other))[: max(0, missing)]
            standing.leave(match.need_id)
            chain.append(replace(match, slots=tuple(sorted([*match.slots, *further]))))
            standing.take(chain[-1])
        for match in chain:
            standing.leave(match.need_id)
        for match in before:
            standing.take(match)
        return tuple(chain)

    def _lost_sessions(self, chain: tuple[Match, ...]) -> int:
        return sum(len(self.standing.match_of[match.need_id].slots) - len(match.slots) for match in chain[1:])

    def _moves(self, chain: tuple[Match, ...]) -> tuple[Move, ...]:
        first, *others = chain
        moves = [Move(first.need_id, first.tutor_id, first.slots)]
        for match in others:
            old = self.standing.match_of[match.need_id]
            moves.append(Move(match.need_id, match.tutor_id, match.slots, old.tutor_id, old.slots))
        return tuple(moves)
