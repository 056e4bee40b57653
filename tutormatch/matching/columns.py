"""Fields of many records as arrays."""

from collections.abc import Collection
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np


def numbers_of(records: Collection[Any], name: str) -> np.ndarray:
    """Return a whole number of each record."""
    return np.fromiter(map(attrgetter(name), records), dtype=np.int64, count=len(records))


def numbered(values: Collection[Any]) -> tuple[list[int], list[Any]]:
    """Return for each value its number among the different ones, and these; one object is compared only once."""
    objects = [*map(id, values)]
    different: dict[Any, int] = {}
    by_object = dict(zip(objects, values, strict=True))
    number = {key: different.setdefault(value, len(different)) for key, value in by_object.items()}
    return [*map(number.__getitem__, objects)], [*different]


def listed(sets: Collection[Collection[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return for each number in some sets the place of its set, and the number."""
    sizes = np.fromiter(map(len, sets), dtype=np.int64, count=len(sets))
    numbers = np.fromiter(chain.from_iterable(sets), dtype=np.int64, count=int(sizes.sum()))
    return np.repeat(np.arange(len(sets)), sizes), numbers


def distinct(numbers: np.ndarray) -> np.ndarray:
    """Return every number once, in order; by sorting, which is faster here than the table of `numpy.unique`."""
    ordered = np.sort(numbers)
    is_first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:])
    return ordered[is_first]


def marked(row: np.ndarray, column: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a table that is true in some places."""
    table = np.zeros(shape, dtype=bool)
    table[row, column] = True
    return table
