"""What is open in a problem, as arrays, for `verify` alone: what tutors can give and pupils ask for.

Nothing here is shared with the solver but the records.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from itertools import chain

import numpy as np

from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Profile
from tutormatch.matching.slots import SLOTS_PER_WEEK

NOTHING = 1 << 60
"""The price of what is not to be had."""


class Lists:
    """Many lists of numbers, one after the other in one array."""

    def __init__(self, lists: Collection[Collection[int]]) -> None:
        self.count = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        self.start = np.cumsum(self.count) - self.count
        self.values = np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(self.count.sum()))

    def list(self, which: int) -> np.ndarray:
        """Return one of the lists."""
        return self.values[self.start[which] : self.start[which] + self.count[which]]

    def among(self, is_kept: np.ndarray) -> "Lists":
        """Return the lists without the numbers for which ``is_kept`` is false."""
        kept = Lists(())
        is_left = is_kept[self.values]
        kept.values = self.values[is_left]
        kept.count = np.bincount(np.repeat(np.arange(len(self.count)), self.count)[is_left], minlength=len(self.count))
        kept.start = np.cumsum(kept.count) - kept.count
        return kept

    def positions(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return, for each number of a list in ``which``, the place of that list in ``which`` and its own place."""
        count = self.count[which]
        entry = np.repeat(np.arange(len(which)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        return entry, np.arange(len(entry)) - before + np.repeat(self.start[which], count)


class Market:
    """The open needs and tutors' open time, once locked matches stand.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule; of them only the locked ones count.
    profile : Profile
        Says which pupils come first.

    Attributes
    ----------
    sessions, places : ndarray
        By tutor: sessions, and pupils who are not yet the tutor's own, that are left.
    hours : Lists
        By tutor, the free slots; `hour_tutor` and `hour_slot` tell of each.
    pupils : list of str
        Those with open needs; the arrays that follow go by their place here.
    rank, is_new, tutors_left : ndarray
        The rank, 1 the least urgent; whether no locked match has sessions of the
        pupil's own; how many other tutors the pupil may have.
    slots : Lists
        Their free slots.
    own_tutors : dict of int to list of int
        The tutors of their locked matches.
    blocked : dict of int to dict of int to set of int
        Their blocked tutors, each with the slots in which they must not meet.
    need_pupil, need_kind : ndarray
        By open need: its pupil, and what it asks of a tutor.
    """

    def __init__(self, problem: Problem, matches: Collection[Match], profile: Profile) -> None:
        self.problem = problem
        self._locked = [pair for pair in problem.pairs if pair.status is PairStatus.LOCKED]
        self._tutors()
        joining = {match.need_id for match in matches if match.joins}
        self._pupils_and_needs(joining, profile)

    def _tutors(self) -> None:
        tutors = self.problem.tutors
        self.tutor_index = {tutor.id: index for index, tutor in enumerate(tutors)}
        taken: dict[str, set[int]] = defaultdict(set)
        pupils: dict[str, set[str]] = defaultdict(set)
        for pair in self._locked:
            taken[pair.tutor_id] |= pair.slots
            pupils[pair.tutor_id].add(pair.pupil_id)
        sessions = (tutor.sessions_per_week - len(taken.get(tutor.id, ())) for tutor in tutors)
        places = (tutor.max_pupils - len(pupils.get(tutor.id, ())) for tutor in tutors)
        self.sessions = np.maximum(np.fromiter(sessions, dtype=np.int64, count=len(tutors)), 0)
        self.places = np.maximum(np.fromiter(places, dtype=np.int64, count=len(tutors)), 0)
        self.hours = Lists([sorted(tutor.slots - taken.get(tutor.id, set())) for tutor in tutors])
        self.hour_tutor = np.repeat(np.arange(len(tutors)), self.hours.count)
        self.hour_slot = self.hours.values

    def _pupils_and_needs(self, joining: set[str], profile: Profile) -> None:
        problem = self.problem
        self.agreed = agreed = {pair.need_id for pair in self._locked}
        needs_of: dict[str, list[Need]] = defaultdict(list)
        for need in problem.needs:
            if need.id not in agreed:
                needs_of[need.pupil_id].append(need)
        self.pupils = list(needs_of)
        at = {pupil_id: index for index, pupil_id in enumerate(self.pupils)}
        self.rank = _ranks(needs_of.values(), profile)
        self.most_urgent = np.array([max(need.priority for need in needs) for needs in needs_of.values()], dtype=int)
        self.is_new = np.ones(len(at), dtype=bool)
        self.own_tutors: dict[int, list[int]] = {}
        taken: dict[str, set[int]] = defaultdict(set)
        for pair in self._locked:
            if pair.pupil_id in at:
                taken[pair.pupil_id] |= pair.slots
                pupil, tutor = at[pair.pupil_id], self.tutor_index[pair.tutor_id]
                if tutor not in (own := self.own_tutors.setdefault(pupil, [])):
                    own.append(tutor)
                if pair.need_id not in joining:
                    self.is_new[pupil] = False
        self.blocked: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED and pair.pupil_id in at:
                slots = pair.slots or range(SLOTS_PER_WEEK)
                self.blocked[at[pair.pupil_id]][self.tutor_index[pair.tutor_id]].update(slots)
        people = [problem.pupil[pupil_id] for pupil_id in self.pupils]
        self.slots = Lists([pupil.slots - taken.get(pupil.id, set()) for pupil in people])
        limits = (len(needs_of[pupil.id]) if pupil.max_tutors is None else pupil.max_tutors for pupil in people)
        self.tutors_left = np.fromiter(limits, dtype=np.int64, count=len(people))
        for pupil, own in self.own_tutors.items():
            if people[pupil].max_tutors is not None:
                self.tutors_left[pupil] -= len(own)
        kinds: dict[tuple, int] = {}
        asked = (
            kinds.setdefault((need.subject, need.grade, pupil.languages, pupil.requires), len(kinds))
            for pupil in people
            for need in needs_of[pupil.id]
        )
        self.need_kind = np.fromiter(asked, dtype=np.int64)
        self.kinds = list(kinds)
        counts = np.fromiter(map(len, needs_of.values()), dtype=np.int64, count=len(at))
        self.need_count = counts
        self.first_need = np.cumsum(counts) - counts
        self.need_pupil = np.repeat(np.arange(len(at)), counts)

    @cached_property
    def tutors_of_kind(self) -> Lists:
        """By kind of need, the tutors who suit by rules 1, 2 and 6."""
        teaching: dict[tuple[str, int], list[int]] = defaultdict(list)
        speaks: dict[str, np.ndarray] = defaultdict(self._nobody)
        meets: dict[str, np.ndarray] = defaultdict(self._nobody)
        for index, tutor in enumerate(self.problem.tutors):
            taught = {
                (each.subject, grade) for each in tutor.subjects for grade in range(each.grade_from, each.grade_to + 1)
            }
            for key in taught:
                teaching[key].append(index)
            for code in tutor.languages:
                speaks[code][index] = True
            for tag in tutor.conditions:
                meets[tag][index] = True
        lists = []
        for subject, grade, languages, requires in self.kinds:
            tutors = np.array(teaching.get((subject, grade), []), dtype=np.int64)
            suits = np.any([speaks[code][tutors] for code in languages], axis=0)
            for tag in requires:
                suits = suits & meets[tag][tutors]
            lists.append(tutors[suits])
        return Lists(lists)

    def _nobody(self) -> np.ndarray:
        return np.zeros(len(self.problem.tutors), dtype=bool)

    def suits(self, need: int, tutor: int) -> bool:
        """Return whether a tutor suits an open need by rules 1, 2 and 6."""
        return tutor in self.tutors_of_kind.list(self.need_kind[need])

    def cheapest_by_slot(self, price: np.ndarray) -> np.ndarray:
        """Return the least of ``price`` (by hour) for each open need in each slot of its pupil, need after need."""
        table = np.full((len(self.kinds), SLOTS_PER_WEEK), NOTHING, dtype=np.int64)
        # How many hours have the least price.
        count = np.zeros((len(self.kinds), SLOTS_PER_WEEK), dtype=np.int64)
        for kind in range(len(self.kinds)):
            _, hours = self.hours.positions(self.tutors_of_kind.list(kind))
            slot, prices = self.hour_slot[hours], price[hours]
            np.minimum.at(table[kind], slot, prices)
            count[kind] = np.bincount(slot[prices == table[kind][slot]], minlength=SLOTS_PER_WEEK)
        asking, at = self.slots.positions(self.need_pupil)
        found = table[self.need_kind[asking], self.slots.values[at]]
        for pupil in self.blocked:
            for need in range(self.first_need[pupil], self.first_need[pupil] + self.need_count[pupil]):
                kind = self.need_kind[need]
                barred = self._barred(pupil, need, price, table[kind])
                if np.any(((barred > 0) & (barred == count[kind]))[self.slots.list(pupil)]):
                    start = np.searchsorted(asking, need)
                    found[start : start + self.slots.count[pupil]] = self._unblocked(pupil, need, price)
        return found

    def _barred(self, pupil: int, need: int, price: np.ndarray, least: np.ndarray) -> np.ndarray:
        """Return by slot how many of the cheapest hours are of tutors whom the pupil must not meet then."""
        barred = np.zeros(SLOTS_PER_WEEK, dtype=np.int64)
        for tutor, slots in self.blocked[pupil].items():
            if self.suits(need, tutor):
                hours = np.arange(self.hours.start[tutor], self.hours.start[tutor] + self.hours.count[tutor])
                slot = self.hour_slot[hours]
                is_cheapest = (price[hours] == least[slot]) & np.isin(slot, list(slots))
                barred[slot[is_cheapest]] += 1
        return barred

    def cheapest(self, price: np.ndarray) -> np.ndarray:
        """Return for each open need the least of ``price`` (by hour) among the hours its pupil could use."""
        return self.least(self.cheapest_by_slot(price))

    def least(self, by_slot: np.ndarray) -> np.ndarray:
        """Return for each open need the least of a price by its pupil's slots."""
        count = self.slots.count[self.need_pupil]
        least = np.full(len(count), NOTHING, dtype=np.int64)
        if by_slot.size:
            least[count > 0] = np.minimum.reduceat(by_slot, (np.cumsum(count) - count)[count > 0])
        return least

    def _unblocked(self, pupil: int, need: int, price: np.ndarray) -> np.ndarray:
        """Return the least price in each slot of a pupil who must not meet every tutor in every slot."""
        _, hours = self.hours.positions(self.tutors_of_kind.list(self.need_kind[need]))
        tutor, slot = self.hour_tutor[hours], self.hour_slot[hours]
        may = np.ones(len(hours), dtype=bool)
        for blocked_tutor, slots in self.blocked[pupil].items():
            may &= ~((tutor == blocked_tutor) & np.isin(slot, list(slots)))
        table = np.full(SLOTS_PER_WEEK, NOTHING, dtype=np.int64)
        np.minimum.at(table, slot[may], price[hours[may]])
        return table[self.slots.list(pupil)]


def _ranks(needs_by_pupil: Iterable[list[Need]], profile: Profile) -> np.ndarray:
    """Rank pupils by their open needs: 1 the least urgent, equals alike."""
    if profile is Profile.LONGEST_WAIT_FIRST:
        places = [max((need.waiting_days, need.priority) for need in needs) for needs in needs_by_pupil]
    else:
        places = [max((need.priority, need.waiting_days) for need in needs) for needs in needs_by_pupil]
    rank_of = {place: rank for rank, place in enumerate(sorted(set(places)), start=1)}
    return np.array([rank_of[place] for place in places], dtype=np.int64)
