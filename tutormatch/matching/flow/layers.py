"""Layers of a network: nodes for things and slots, and the arcs between two layers."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tutormatch.matching.slots import SLOTS_PER_WEEK

NO_NODE = -1
PAIRS_AT_ONCE = 20_000
"""How many pairs of things are laid out over the week at once, to bound the memory that takes."""


@dataclass(frozen=True, slots=True)
class SlotLists:
    """The slots of many people, one list after the other in one array."""

    start: np.ndarray
    count: np.ndarray
    slots: np.ndarray

    @classmethod
    def of(cls, words: np.ndarray) -> "SlotLists":
        """Read the lists from rows of words, as `tutormatch.matching.flow.openings.to_words` makes them."""
        bits = np.unpackbits(words.view(np.uint8), axis=1, bitorder="little") if len(words) else words
        people, slots = np.divmod(np.flatnonzero(bits.view(bool)), bits.shape[1])
        count = np.bincount(people, minlength=len(words)).astype(np.int64)
        return cls(np.cumsum(count) - count, count, slots)

    def expand(self, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return for each person in ``people`` (by position) each of the person's slots."""
        count = self.count[people]
        position = np.repeat(np.arange(len(people)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        place = np.arange(len(position)) - before + np.repeat(self.start[people], count)
        return position, self.slots[place]


def reached(pairs: np.ndarray, tails: np.ndarray, count: int) -> np.ndarray:
    """Return for each of ``count`` heads the slots in which one of its tails has a node.

    Parameters
    ----------
    pairs : ndarray of shape (n, 2)
        Tails and heads.
    tails : ndarray of bool
        By thing and slot.
    count : int
    """
    heads = np.zeros((count, SLOTS_PER_WEEK), dtype=bool)
    for start in range(0, len(pairs), PAIRS_AT_ONCE):
        some = pairs[start : start + PAIRS_AT_ONCE]
        row, slot = np.nonzero(tails[some[:, 0]])
        heads[some[row, 1], slot] = True
    return heads


class Arcs:
    """Collects nodes and arcs by the thousand.

    Each arc has a capacity, a ``rank`` (what a unit is worth to breadth and cover)
    and a ``worth`` below them.
    """

    def __init__(self, first_node: int) -> None:
        self.node_count = first_node
        self.arc_count = 0
        self.parts: list[tuple[np.ndarray, ...]] = []

    def nodes(self, count: int) -> np.ndarray:
        """Add nodes and return their numbers."""
        first = self.node_count
        self.node_count += count
        return np.arange(first, self.node_count, dtype=np.int32)

    def layer(self, exists: np.ndarray) -> np.ndarray:
        """Add a node for each thing and slot that exists; return their numbers, `NO_NODE` elsewhere."""
        layer = np.full(exists.shape, NO_NODE, dtype=np.int32)
        layer[exists] = self.nodes(int(np.count_nonzero(exists)))
        return layer

    def add(
        self,
        tail: np.ndarray | int,
        head: np.ndarray | int,
        capacity: np.ndarray | int,
        rank: np.ndarray | int = 0,
        worth: np.ndarray | int = 0,
    ) -> None:
        """Add an arc for each element; a number stands for all of them."""
        columns = np.broadcast_arrays(*map(np.atleast_1d, (tail, head, capacity, rank, worth)))
        self.arc_count += len(columns[0])
        types = (np.int32, np.int32, np.int64, np.int32, np.int32)
        self.parts.append(tuple(column.astype(kind) for column, kind in zip(columns, types, strict=True)))

    def connect(self, pairs: np.ndarray, tails: np.ndarray, heads: np.ndarray, capacity: int) -> None:
        """Add an arc for each pair and each slot in which both have a node.

        Parameters
        ----------
        pairs : ndarray of shape (n, 2) or (n, 3)
            Tails, heads and worth.
        tails, heads : ndarray of int
            Layers.
        capacity : int
        """
        for start in range(0, len(pairs), PAIRS_AT_ONCE):
            some = pairs[start : start + PAIRS_AT_ONCE]
            row, slot = np.nonzero((tails[some[:, 0]] != NO_NODE) & (heads[some[:, 1]] != NO_NODE))
            worth = some[row, 2] if some.shape[1] > 2 else 0
            self.add(tails[some[row, 0], slot], heads[some[row, 1], slot], capacity, worth=worth)

    def columns(self) -> list[np.ndarray]:
        """Return tail, head, capacity, rank and worth of all arcs, and forget them here."""
        parts, self.parts = self.parts, []
        if not parts:
            return [np.empty(0, dtype=kind) for kind in (np.int32, np.int32, np.int64, np.int32, np.int32)]
        return [np.concatenate(column) for column in zip(*parts, strict=True)]


def table(rows: Iterable[tuple[int, ...]], width: int) -> np.ndarray:
    """Return rows of numbers as an array, also if there are none."""
    return np.array(list(rows), dtype=np.int64).reshape(-1, width)
