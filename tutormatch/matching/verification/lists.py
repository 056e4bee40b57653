"""Many lists of numbers as arrays, for `verify` alone."""

from collections.abc import Collection
from itertools import chain
from typing import Self

import numpy as np


class Lists:
    """Many lists of numbers, one after the other in one array.

    Attributes
    ----------
    count, start : ndarray
        By list, how many numbers it has and where they start.
    values : ndarray
        The numbers of all lists.
    """

    def __init__(self, count: np.ndarray, values: np.ndarray) -> None:
        self.count = count
        self.start = np.cumsum(count) - count
        self.values = values

    @classmethod
    def of(cls, lists: Collection[Collection[int]]) -> Self:
        """Return lists from such of Python."""
        count = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        return cls(count, np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(count.sum())))

    @classmethod
    def marked(cls, table: np.ndarray) -> Self:
        """Return for each row of a table the columns that are true."""
        row, column = np.divmod(np.flatnonzero(table), table.shape[1])
        return cls(np.bincount(row, minlength=len(table)), column)

    @classmethod
    def grouped(cls, owner: np.ndarray, values: np.ndarray, size: int) -> Self:
        """Return ``size`` lists from numbers that each belong to one of them."""
        return cls(np.bincount(owner, minlength=size), values[np.argsort(owner, kind="stable")])

    @property
    def owner(self) -> np.ndarray:
        """For each number, the list that it is in."""
        return np.repeat(np.arange(len(self.count)), self.count)

    def list(self, which: int) -> np.ndarray:
        """Return one of the lists."""
        return self.values[self.start[which] : self.start[which] + self.count[which]]

    def among(self, is_kept: np.ndarray) -> "Lists":
        """Return the lists without the numbers for which ``is_kept`` is false."""
        is_left = is_kept[self.values]
        return Lists(np.bincount(self.owner[is_left], minlength=len(self.count)), self.values[is_left])

    def positions(self, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return, for each number of a list in ``which``, the place of that list in ``which`` and its own place."""
        count = self.count[which]
        entry = np.repeat(np.arange(len(which)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        return entry, np.arange(len(entry)) - before + np.repeat(self.start[which], count)


def distinct(numbers: np.ndarray) -> np.ndarray:
    """Return every number once, in order; by sorting, which is faster here than the table of `numpy.unique`."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def total(numbers: np.ndarray, times: np.ndarray | int = 1) -> int:
    """Return the sum of numbers, each taken so many times, exactly: also where it is too large for an array."""
    high, low = np.divmod(numbers, 1 << 32)
    return (int((high * times).sum()) << 32) + int((low * times).sum())
