"""Why needs wait: how many tutors each rule leaves, and which rule leaves none, for all needs at once.

Tutors who teach, speak and meet the same are of one *kind*; they lie side by side, so that those who
suit a wish fill few words of bits. Whom the pupils of a subject and grade could meet is counted word
by word, as if all were strangers; then those pairs are counted anew that are blocked or together.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter

import numpy as np

from tutormatch.matching.columns import distinct, listed, marked, numbers_of
from tutormatch.matching.flow.openings import WORD, Wish
from tutormatch.matching.problem import FunnelStep, Match, Need, PairStatus, Problem, Reason, Tutor, Unmatched
from tutormatch.matching.slots import SLOTS_PER_WEEK

REASON_OF: Mapping[str, Reason] = {
    "subject": Reason.NO_TUTOR_FOR_SUBJECT,
    "grade": Reason.NO_TUTOR_FOR_GRADE,
    "language": Reason.NO_TUTOR_FOR_LANGUAGE,
    "condition": Reason.NO_TUTOR_WITH_CONDITION,
    "not_blocked": Reason.ALL_BLOCKED,
    "common_time": Reason.NO_COMMON_TIME,
    "own_time": Reason.PUPIL_TIME_TAKEN,
    "reach": Reason.MAX_TUTORS_REACHED,
    "capacity": Reason.TUTORS_FULL,
}
"""The steps in their order, and the reason if a step leaves nobody."""
STEPS = tuple(REASON_OF)
SUBJECT, GRADE, LANGUAGE, CONDITION, NOT_BLOCKED, COMMON_TIME, OWN_TIME, REACH, CAPACITY = range(len(STEPS))
FUNNEL = (SUBJECT, GRADE, LANGUAGE, CONDITION, NOT_BLOCKED, COMMON_TIME, CAPACITY)
"""The steps that are told."""

NO_SLOT = SLOTS_PER_WEEK
WORDS_AT_ONCE = 1 << 16
course_of = itemgetter(0, 1)
"""The subject and grade of a wish."""


def reasons_of(problem: Problem, matches: Iterable[Match], needs: Sequence[Need]) -> tuple[Unmatched, ...]:
    """Return for each need the rule that emptied its funnel, and the funnel.

    Parameters
    ----------
    problem : Problem
    matches : iterable of Match
        That keep every hard rule.
    needs : sequence of Need
        Without a match.
    """
    if not needs:
        return ()
    left = _Waiting(problem, tuple(matches), needs).tutors_left()
    is_empty = left == 0
    # Who has a tutor left all the same waits for nothing but a place.
    is_empty[:, CAPACITY] = True
    reasons = map(tuple(REASON_OF.values()).__getitem__, is_empty.argmax(axis=1).tolist())
    funnels = zip(*(_steps(STEPS[step], left[:, step]) for step in FUNNEL), strict=True)
    return tuple(map(Unmatched, map(attrgetter("id"), needs), reasons, funnels))


def _steps(rule: str, tutors_left: np.ndarray) -> Iterator[FunnelStep]:
    """Return one step of many funnels; hundreds of thousands of needs share a few thousand."""
    counts, which = np.unique(tutors_left, return_inverse=True)
    return map([FunnelStep(rule, count) for count in counts.tolist()].__getitem__, which.tolist())


class _Kinds:
    """Who teaches, speaks and meets the same; each set of kinds is an array with a mark for each.

    Attributes
    ----------
    of_tutor : ndarray
        By tutor.
    tutors : ndarray
        By kind, how many they are.
    """

    def __init__(self, tutors: Sequence[Tutor]) -> None:
        # Most equal offers are the same objects, so that few are looked at.
        keys = [(id(tutor.subjects), id(tutor.languages), id(tutor.conditions)) for tutor in tutors]
        offer_of = {
            key: (tutor.subjects, tuple(sorted(tutor.languages)), tuple(sorted(tutor.conditions)))
            for key, tutor in dict(zip(keys, tutors, strict=True)).items()
        }
        kinds = sorted(set(offer_of.values()))
        number = {offer: kind for kind, offer in enumerate(kinds)}
        kind_of = {key: number[offer] for key, offer in offer_of.items()}
        self.of_tutor = np.array([kind_of[key] for key in keys], dtype=np.int64)
        self.tutors = np.bincount(self.of_tutor, minlength=len(kinds))
        taught = [[(each.subject, grade) for each in subjects for grade in each.grades] for subjects, _, _ in kinds]
        self.at_grade = _having(taught)
        self.teaching = _having([subject for subject, _ in courses] for courses in taught)
        self.speaking = _having(languages for _, languages, _ in kinds)
        self.meeting = _having(conditions for _, _, conditions in kinds)

    def suited(self, wish: Wish) -> tuple[np.ndarray, ...]:
        """Return which kinds are left after the subject, after the rest of rule 1, after rule 2 and after rule 6."""
        at_grade = self.at_grade[wish.subject, wish.grade]
        speaking = at_grade & np.any([self.speaking[code] for code in wish.languages], axis=0)
        meeting = np.all([speaking, *(self.meeting[tag] for tag in wish.requires)], axis=0)
        return self.teaching[wish.subject], at_grade, speaking, meeting


class _Course:
    """The tutors of one subject and grade: who is there in each slot, and who suits each wish, as words of bits.

    Parameters
    ----------
    at : ndarray
        By slot.
    suits : ndarray
        By wish.
    """

    def __init__(self, at: np.ndarray, suits: np.ndarray) -> None:
        words = np.flatnonzero(np.bitwise_or.reduce(at, axis=0) & np.bitwise_or.reduce(suits, axis=0))
        # An index in brackets would lay the words of a row far apart.
        self.at, self.suits = at.take(words, axis=1), suits.take(words, axis=1)

    @property
    def width(self) -> int:
        return len(self.at[0])

    def meeting(self, wish: np.ndarray, slots: np.ndarray) -> np.ndarray:
        """Return for each wish, with the slots beside it, how many of those who suit are there in any of these."""
        many = np.count_nonzero(slots < NO_SLOT, axis=1)
        longest_first = np.argsort(-many)
        met = np.zeros((len(slots), self.width), dtype=np.uint64)
        for place in range(many.max(initial=0) if self.width else 0):
            some = longest_first[: np.count_nonzero(many > place)]
            met[: len(some)] |= self.at.take(slots[some, place], axis=0)
        met &= self.suits.take(wish[longest_first], axis=0)
        tutors = np.empty(len(slots), dtype=np.int64)
        tutors[longest_first] = np.bitwise_count(met).sum(axis=1)
        return tutors


class _Waiting:
    """Needs that wait, and tutors as the matches leave them.

    Tutors are numbered in order of their kinds, pupils with those first who wait. A *couple* is one
    number for a pupil and a tutor, in order of pupils.

    Attributes
    ----------
    at, free : ndarray
        By slot and tutor: free by their own word, and free as things stand.
    has_sessions, has_places : ndarray
        By tutor, whether they can give one more session, and take one more pupil.
    asked, left : ndarray
        By pupil and slot: free by the pupil's own word, and free as things stand.
    may_have_more : ndarray
        By pupil, whether rule 5 leaves room for one more tutor.
    together : ndarray
        The couples of all matches, in order.
    """

    def __init__(self, problem: Problem, matches: Sequence[Match], needs: Sequence[Need]) -> None:
        self.problem = problem
        self.needs = needs
        self.kinds = _Kinds(problem.tutors)
        self.kind = np.sort(self.kinds.of_tutor)
        tutors = [problem.tutors[number] for number in np.argsort(self.kinds.of_tutor, kind="stable").tolist()]
        self.tutor_number = {tutor.id: number for number, tutor in enumerate(tutors)}
        self.pupil_number: dict[str, int] = {}
        self.pupil = self._pupils(need.pupil_id for need in needs)
        self.waiting = [problem.pupil[pupil_id] for pupil_id in self.pupil_number]

        pupil = self._pupils(problem.need[match.need_id].pupil_id for match in matches)
        tutor = np.array([self.tutor_number[match.tutor_id] for match in matches], dtype=np.int64)
        match, slot = listed([match.slots for match in matches])
        self.together = distinct(pupil * len(tutors) + tutor)
        with_tutor, with_pupil = self._parted(self.together)
        given = marked(slot, tutor[match], (SLOTS_PER_WEEK, len(tutors)))
        self.at = marked(*listed([tutor.slots for tutor in tutors])[::-1], given.shape)
        self.free = self.at & ~given
        self.has_sessions = numbers_of(tutors, "sessions_per_week") > given.sum(axis=0)
        self.has_places = numbers_of(tutors, "max_pupils") > np.bincount(with_pupil, minlength=len(tutors))

        is_waiting = pupil[match] < len(self.waiting)
        taken = (len(self.waiting), SLOTS_PER_WEEK)
        self.asked = marked(*listed([pupil.slots for pupil in self.waiting]), taken)
        self.left = self.asked & ~marked(pupil[match][is_waiting], slot[is_waiting], taken)
        limits = [len(tutors) + 1 if pupil.max_tutors is None else pupil.max_tutors for pupil in self.waiting]
        tutors_of = np.bincount(with_tutor, minlength=len(self.waiting))[: len(self.waiting)]
        self.may_have_more = tutors_of < np.array(limits)

    def _pupils(self, pupil_ids: Iterable[str]) -> np.ndarray:
        """Return the numbers of pupils, those who are new after all others."""
        number = self.pupil_number
        return np.array([number.setdefault(pupil_id, len(number)) for pupil_id in pupil_ids], dtype=np.int64)

    def _parted(self, couples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pupils and the tutors of couples."""
        return np.divmod(couples, max(len(self.tutor_number), 1))

    def tutors_left(self) -> np.ndarray:
        """Return for each need how many tutors each step leaves."""
        pupils = map(self.waiting.__getitem__, self.pupil.tolist())
        # Hundreds of thousands of needs ask for a few hundred things: a wish is made of the different ones only.
        wish_of = [
            (need.subject, need.grade, pupil.languages, pupil.requires)
            for need, pupil in zip(self.needs, pupils, strict=True)
        ]
        wishes = sorted((Wish(*each) for each in dict.fromkeys(wish_of)), key=course_of)
        number = {wish: place for place, wish in enumerate(wishes)}
        wish = np.array([number[each] for each in wish_of], dtype=np.int64)
        by_rule = [self.kinds.suited(each) for each in wishes]
        suits = np.array([suited for *_, suited in by_rule])
        left = np.zeros((len(self.needs), len(STEPS)), dtype=np.int64)
        left[:, :NOT_BLOCKED] = np.array([[self.kinds.tutors[each].sum() for each in kinds] for kinds in by_rule])[wish]
        left[:, NOT_BLOCKED] = left[:, CONDITION]
        self._count_strangers(left, wishes, wish, suits)
        self._count_couples(left, wish, suits)
        return left

    def _count_strangers(self, left: np.ndarray, wishes: list[Wish], wish: np.ndarray, suits: np.ndarray) -> None:
        """Count whom the pupils could meet, as if nobody were blocked or together with one of them."""
        at, with_room = _packed(self.at), _packed(self.free & self.has_sessions & self.has_places)
        asked, free = _slots_of(self.asked), _slots_of(self.left)
        is_taken = (self.asked > self.left).any(axis=1)[self.pupil]
        by_wish = np.argsort(wish, kind="stable")
        start = np.searchsorted(wish[by_wish], np.arange(len(wishes) + 1))
        for first, last in _courses(wishes):
            who = _packed(np.repeat(suits[first:last], self.kinds.tutors, axis=1))
            everybody, open_ones = _Course(at, who), _Course(with_room, who)
            needs = by_wish[start[first] : start[last]]
            for some in np.array_split(needs, 1 + len(needs) * everybody.width // WORDS_AT_ONCE):
                left[some, COMMON_TIME] = everybody.meeting(wish[some] - first, asked[self.pupil[some]])
                left[some, OWN_TIME] = left[some, COMMON_TIME]
                left[some, CAPACITY] = open_ones.meeting(wish[some] - first, free[self.pupil[some]])
                some = some[is_taken[some]]
                left[some, OWN_TIME] = everybody.meeting(wish[some] - first, free[self.pupil[some]])
        may_have_more = self.may_have_more[self.pupil]
        left[:, REACH] = left[:, OWN_TIME] * may_have_more
        left[:, CAPACITY] *= may_have_more

    def _count_couples(self, left: np.ndarray, wish: np.ndarray, suits: np.ndarray) -> None:
        """Count those anew who are blocked, or together with the pupil."""
        couples, is_blocked = self._couples()
        start, end = (np.searchsorted(couples, (self.pupil + step) * len(self.tutor_number)) for step in (0, 1))
        need = np.repeat(np.arange(len(self.needs)), end - start)
        couple = np.arange(len(need)) + np.repeat(end - np.cumsum(end - start), end - start)
        tutor = self._parted(couples[couple])[1]
        is_suited = suits[wish[need], self.kind[tutor]]
        need, couple, tutor = need[is_suited], couple[is_suited], tutor[is_suited]

        pupil, allowed = self.pupil[need], ~is_blocked[couple]
        is_own = np.isin(couples, self.together)[couple]
        has_sessions, has_places = self.has_sessions[tutor], self.has_places[tutor]
        may_have_more = self.may_have_more[pupil]
        common = self.at.T[tutor] & self.asked[pupil]
        own_time = common & self.left[pupil]
        open_time = own_time & self.free.T[tutor]
        was_met, is_met = own_time.any(axis=1), (own_time & allowed).any(axis=1)
        was_open, is_open = open_time.any(axis=1), (open_time & allowed).any(axis=1)
        counted = {
            NOT_BLOCKED: (True, allowed.any(axis=1)),
            COMMON_TIME: (common.any(axis=1), (common & allowed).any(axis=1)),
            OWN_TIME: (was_met, is_met),
            REACH: (was_met & may_have_more, is_met & (is_own | may_have_more)),
            CAPACITY: (
                was_open & has_sessions & has_places & may_have_more,
                is_open & has_sessions & (is_own | has_places & may_have_more),
            ),
        }
        for step, (before, now) in counted.items():
            np.add.at(left[:, step], need, np.subtract(now, before, dtype=np.int64))

    def _couples(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the couples of pupils who wait that are together or blocked, and by slot whether they are blocked."""
        waiting = {pupil.id for pupil in self.waiting}
        blocked = [
            pair for pair in self.problem.pairs if pair.status is PairStatus.BLOCKED and pair.pupil_id in waiting
        ]
        tutors = len(self.tutor_number)
        apart = [self.pupil_number[pair.pupil_id] * tutors + self.tutor_number[pair.tutor_id] for pair in blocked]
        together = self.together[self.together < len(self.waiting) * tutors]
        couples = distinct(np.concatenate([together, np.array(apart, dtype=np.int64)]))
        pair, slot = listed([pair.slots or range(SLOTS_PER_WEEK) for pair in blocked])
        return couples, marked(np.searchsorted(couples, apart)[pair], slot, (len(couples), SLOTS_PER_WEEK))


def _courses(wishes: Iterable[Wish]) -> Iterator[tuple[int, int]]:
    """Yield where each subject and grade begins and ends among wishes in this order."""
    last = 0
    for _, same in groupby(wishes, course_of):
        first, last = last, last + len(list(same))
        yield first, last


def _having(marks_of: Iterable[Iterable[Hashable]]) -> Mapping[Hashable, np.ndarray]:
    """Return by mark who has it."""
    marks_of = list(marks_of)
    having: dict[Hashable, np.ndarray] = defaultdict(lambda: np.zeros(len(marks_of), dtype=bool))
    for place, marks in enumerate(marks_of):
        for mark in marks:
            having[mark][place] = True
    return having


def _packed(marks: np.ndarray) -> np.ndarray:
    """Return rows of marks as 64-bit words."""
    packed = np.packbits(marks, axis=-1)
    words = np.zeros((len(marks), -(-marks.shape[-1] // WORD)), dtype=np.uint64)
    words.view(np.uint8)[:, : packed.shape[-1]] = packed
    return words


def _slots_of(marks: np.ndarray) -> np.ndarray:
    """Return the slots of each row, filled up with `NO_SLOT`."""
    row, slot = np.nonzero(marks)
    many = np.bincount(row, minlength=len(marks))
    slots = np.full((len(marks), many.max(initial=0)), NO_SLOT, dtype=np.int16)
    slots[row, np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)] = slot
    return slots
