"""Which tutors suit which needs by rules 1, 2 and 6, whatever their time and limits."""

from collections import defaultdict
from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tutormatch.matching.columns import numbered
from tutormatch.matching.problem import Tutor


class Wish(NamedTuple):
    """What a need asks of a tutor, whatever the time: rules 1, 2 and 6."""

    subject: str
    grade: int
    languages: tuple[str, ...]
    requires: frozenset[str]


class Suiting:
    """Finds the tutors who suit a wish, by number and in order, and remembers them.

    Parameters
    ----------
    tutors : sequence of Tutor
    """

    def __init__(self, tutors: Sequence[Tutor]) -> None:
        self.tutors = tutors
        self._suited: dict[tuple, np.ndarray] = {}
        self._fitting: dict[tuple[frozenset[str], frozenset[str]], np.ndarray] = {}

    def among(self, chosen: np.ndarray) -> "Suiting":
        """Return the same for some of the tutors, given by whether each is one of them."""
        part = copy(self)
        part.teachers = {key: some[chosen[some]] for key, some in self.teachers.items()}
        part._suited = {}
        return part

    def suited(self, wish: Wish) -> np.ndarray:
        """Return the tutors who suit a wish."""
        found = self._suited.get(wish)
        if found is None:
            # Which language comes first makes another wish, but suits the same tutors.
            key = (wish.subject, wish.grade, frozenset(wish.languages), wish.requires)
            if key not in self._suited:
                tutors = self.teachers.get((wish.subject, wish.grade), np.empty(0, dtype=np.int64))
                self._suited[key] = tutors[self._fits(*key[2:])[tutors]]
            found = self._suited[wish] = self._suited[key]
        return found

    def suited_to_both(self, one: Wish, other: Wish) -> np.ndarray:
        """Return the tutors who suit two wishes."""
        tutors, suits = self.suited(one), np.zeros(len(self.tutors), dtype=bool)
        suits[self.suited(other)] = True
        return tutors[suits[tutors]]

    @cached_property
    def _lists(self) -> tuple[list[int], list[tuple[tuple[str, int], ...]]]:
        """By tutor the number of a list of subjects and grades, and the lists, of which a country has some hundred."""
        numbers, lists = numbered([tutor.subjects for tutor in self.tutors])
        return numbers, [
            tuple(sorted({(each.subject, grade) for each in some for grade in each.grades})) for some in lists
        ]

    def taught_by(self, tutor: int) -> tuple[tuple[str, int], ...]:
        """Return the subjects and grades that a tutor teaches, in order."""
        numbers, lists = self._lists
        return lists[numbers[tutor]]

    @cached_property
    def teachers(self) -> dict[tuple[str, int], np.ndarray]:
        """By subject and grade, the tutors who teach it, in order."""
        numbers, lists = self._lists
        has_list = np.array(numbers, dtype=np.int64)
        teaching = defaultdict(lambda: np.zeros(len(self.tutors), dtype=bool))
        for number, taught in enumerate(lists):
            some = has_list == number
            for kind in taught:
                teaching[kind] |= some
        return {key: np.flatnonzero(teaches) for key, teaches in teaching.items()}

    def _fits(self, languages: frozenset[str], requires: frozenset[str]) -> np.ndarray:
        """Return whether each tutor speaks one of the languages and meets all conditions."""
        key = (languages, requires)
        if key not in self._fitting:
            nobody = np.zeros(len(self.tutors), dtype=bool)
            speaks = np.logical_or.reduce([nobody, *(self._speaks.get(code, nobody) for code in languages)])
            self._fitting[key] = np.logical_and.reduce([speaks, *(self._meets.get(tag, nobody) for tag in requires)])
        return self._fitting[key]

    @cached_property
    def _speaks(self) -> dict[str, np.ndarray]:
        """By tutoring language, whether each tutor speaks it."""
        return _having([tutor.languages for tutor in self.tutors])

    @cached_property
    def _meets(self) -> dict[str, np.ndarray]:
        """By condition that a pupil may require, whether each tutor meets it."""
        return _having([tutor.conditions for tutor in self.tutors])


def _having(marks_of: list[frozenset[str]]) -> dict[str, np.ndarray]:
    having: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(marks_of), dtype=bool))
    for index, marks in enumerate(marks_of):
        for mark in marks:
            having[mark][index] = True
    return dict(having)
