"""The records of a problem as arrays, for `verify` alone: who asks for what, who offers it, and when.

A country has many people and few different wishes: whoever asks for the same, or offers the
same, is in one class, and each rule is looked at once for two classes.
Nothing here is shared with the solver but the records.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, repeat
from operator import attrgetter
from typing import Any

import numpy as np

from tutormatch.matching.problem import Pair, PairStatus, Problem, Pupil, Tutor
from tutormatch.matching.slots import SLOTS_PER_WEEK
from tutormatch.matching.verification.lists import Lists

UNKNOWN = -1
"""The place of an identifier that the problem does not have."""
NO_LIMIT = np.iinfo(np.int64).max
WHOLE_WEEK = frozenset(range(SLOTS_PER_WEEK))


@dataclass(frozen=True)
class Fit:
    """A rule between classes: who asks for the same, and tutors who offer the same.

    Attributes
    ----------
    asked, offered : ndarray
        The class of each asker and of each tutor.
    table : ndarray
        By both classes, whether they fit.
    """

    asked: np.ndarray
    offered: np.ndarray
    table: np.ndarray

    def __call__(self, asker: np.ndarray, tutor: np.ndarray) -> np.ndarray:
        """Return for each asker whether the tutor beside it fits."""
        return self.table[self.asked[asker], self.offered[tutor]]


class Pairs:
    """Pairs of tutor and pupil of one status, as arrays.

    Attributes
    ----------
    tutor, pupil, need : ndarray
        Their places; `UNKNOWN` for no need.
    slots : Lists
        Of each pair; the whole week for a blocked pair without slots.
    """

    def __init__(self, roster: "Roster", status: PairStatus) -> None:
        pairs = [pair for pair in roster.problem.pairs if pair.status is status]
        self.tutor = _places_of(pairs, "tutor_id", roster.tutor_at)
        self.pupil = _places_of(pairs, "pupil_id", roster.pupil_at)
        self.need = places(map(attrgetter("need_id"), pairs), roster.need_at)
        self.slots = Lists.of([_slots(pair) for pair in pairs])
        self.couples = roster.couples(self.tutor, self.pupil)


def _slots(pair: Pair) -> frozenset[int]:
    return WHOLE_WEEK if pair.status is PairStatus.BLOCKED and not pair.slots else pair.slots


class Roster:
    """The records of a problem; every array goes by their places in it.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    tutor_at, pupil_at, need_at : dict of str to int
        The place of each identifier.
    tutor_free, pupil_free : ndarray
        By person and slot, whether they are free.
    sessions, most_pupils, group_size : ndarray
        By tutor, as in the record.
    most_tutors : ndarray
        By pupil; `NO_LIMIT` is none.
    need_pupil, priority, waiting, wanted, group_ok : ndarray
        By need: its pupil, urgency, days of waiting, sessions a week, and whether it may be met in a group.
    urgency : ndarray
        By pupil, the priority of the most urgent need; 0 without any.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        tutors, pupils, needs = problem.tutors, problem.pupils, problem.needs
        self.tutor_at = dict(zip(map(attrgetter("id"), tutors), count()))
        self.pupil_at = dict(zip(map(attrgetter("id"), pupils), count()))
        self.need_at = dict(zip(map(attrgetter("id"), needs), count()))
        self.sessions = _numbers(tutors, "sessions_per_week")
        self.most_pupils = _numbers(tutors, "max_pupils")
        self.group_size = _numbers(tutors, "group_size")
        self.tutor_free, self.pupil_free = _free(tutors), _free(pupils)
        limits = (NO_LIMIT if limit is None else limit for limit in map(attrgetter("max_tutors"), pupils))
        self.most_tutors = np.fromiter(limits, dtype=np.int64, count=len(pupils))
        self.need_pupil = _places_of(needs, "pupil_id", self.pupil_at)
        self.priority = _numbers(needs, "priority")
        self.waiting = _numbers(needs, "waiting_days")
        self.wanted = _numbers(needs, "sessions_per_week")
        self.group_ok = _numbers(needs, "group_ok") > 0
        self.urgency = np.zeros(len(pupils), dtype=np.int64)
        np.maximum.at(self.urgency, self.need_pupil, self.priority)

    def couples(self, tutor: np.ndarray, pupil: np.ndarray) -> np.ndarray:
        """Return one number for each tutor with a pupil."""
        return tutor * len(self.problem.pupils) + pupil

    @cached_property
    def locked(self) -> Pairs:
        return Pairs(self, PairStatus.LOCKED)

    @cached_property
    def blocked(self) -> Pairs:
        return Pairs(self, PairStatus.BLOCKED)

    @cached_property
    def returning(self) -> Pairs:
        return Pairs(self, PairStatus.RETURNING)

    @cached_property
    def teaches(self) -> Fit:
        """Rule 1, by need."""
        subjects, subject = numbered([need.subject for need in self.problem.needs])
        grade = _numbers(self.problem.needs, "grade")
        width = int(grade.max(initial=0)) + 1
        found, asked = np.unique(subject * width + grade, return_inverse=True)
        courses = [(subjects[each // width], each % width) for each in found.tolist()]
        taught, offered = numbered([tutor.subjects for tutor in self.problem.tutors])
        teaching = [[(each.subject, grade) for each in subjects for grade in each.grades] for subjects in taught]
        has = _having(teaching)
        return Fit(asked, offered, _table(courses, len(taught), lambda course: has[course]))

    @cached_property
    def _languages(self) -> tuple[list[Any], np.ndarray]:
        return numbered([pupil.languages for pupil in self.problem.pupils])

    @cached_property
    def _spoken(self) -> tuple[list[Any], np.ndarray]:
        return numbered([tutor.languages for tutor in self.problem.tutors])

    @cached_property
    def speaks(self) -> Fit:
        """Rule 2, by pupil: the tutor speaks one of the pupil's languages."""
        (accepted, asked), (spoken, offered) = self._languages, self._spoken
        has = _having(spoken)
        return Fit(asked, offered, _table(accepted, len(spoken), lambda codes: np.any([has[c] for c in codes], axis=0)))

    @cached_property
    def speaks_best(self) -> Fit:
        """By pupil: the tutor speaks the pupil's first language."""
        (accepted, asked), (spoken, offered) = self._languages, self._spoken
        has = _having(spoken)
        return Fit(asked, offered, _table(accepted, len(spoken), lambda codes: has[codes[0]]))

    @cached_property
    def meets(self) -> Fit:
        """Rule 6, by pupil."""
        requires, asked = numbered([pupil.requires for pupil in self.problem.pupils])
        conditions, offered = numbered([tutor.conditions for tutor in self.problem.tutors])
        has = _having(conditions)
        all_of = np.ones(len(conditions), dtype=bool)
        table = _table(requires, len(conditions), lambda tags: np.all([all_of, *(has[tag] for tag in tags)], axis=0))
        return Fit(asked, offered, table)

    @cached_property
    def is_patron(self) -> Fit:
        """By pupil: the tutor's institution is a patron of the pupil's school."""
        patrons, asked = numbered([pupil.patrons for pupil in self.problem.pupils])
        institutions, offered = numbered([tutor.institution for tutor in self.problem.tutors])
        is_named = np.array([bool(name) for name in institutions], dtype=bool)
        table = _table(patrons, len(institutions), lambda names: [name in names for name in institutions])
        return Fit(asked, offered, table & is_named)

    @cached_property
    def school(self) -> np.ndarray:
        """By pupil, the number of the school."""
        return numbered([pupil.school for pupil in self.problem.pupils])[1]


def places(identifiers: Iterable[str | None], at: Mapping[str, int]) -> np.ndarray:
    """Return the place of each identifier, `UNKNOWN` where it has none."""
    return np.fromiter(map(at.get, identifiers, repeat(UNKNOWN)), dtype=np.int64)


def numbered(values: Sequence[Hashable]) -> tuple[list[Any], np.ndarray]:
    """Return the different values, and for each value its place among them."""
    # Most equal values are one and the same object, of which one look is enough.
    objects = np.fromiter(map(id, values), dtype=np.int64, count=len(values))
    _, first, which = np.unique(objects, return_index=True, return_inverse=True)
    number: dict[Hashable, int] = {}
    found = [number.setdefault(values[place], len(number)) for place in first.tolist()]
    return list(number), np.array(found, dtype=np.int64)[which]


def _places_of(records: Collection[Any], name: str, at: Mapping[str, int]) -> np.ndarray:
    """Return the places of identifiers that the problem must have."""
    return np.fromiter(map(at.__getitem__, map(attrgetter(name), records)), dtype=np.int64, count=len(records))


def _numbers(records: Collection[Any], name: str) -> np.ndarray:
    return np.fromiter(map(attrgetter(name), records), dtype=np.int64, count=len(records))


def _free(people: Sequence[Tutor] | Sequence[Pupil]) -> np.ndarray:
    free = np.zeros((len(people), SLOTS_PER_WEEK), dtype=bool)
    slots = Lists.of([person.slots for person in people])
    free[slots.owner, slots.values] = True
    return free


def _having(classes: Sequence[Iterable[Hashable]]) -> Mapping[Hashable, np.ndarray]:
    """Return by item which of the classes have it."""
    has: dict[Hashable, np.ndarray] = defaultdict(lambda: np.zeros(len(classes), dtype=bool))
    for place, items in enumerate(classes):
        for item in items:
            has[item][place] = True
    return has


def _table(asked: Sequence[Any], width: int, row: Callable[[Any], Any]) -> np.ndarray:
    table = np.zeros((len(asked), width), dtype=bool)
    for place, each in enumerate(asked):
        table[place] = row(each)
    return table
