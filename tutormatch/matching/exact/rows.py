"""Rows of a linear program, written block by block under kinds and keys."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array


@dataclass(frozen=True)
class Constraints:
    """``least <= matrix @ values <= most``.

    Attributes
    ----------
    matrix : csc_array
    least, most : ndarray
    rows : mapping of str to slice
        Where the rows of each kind are.
    key : ndarray
        What each row is about, by the numbers of its kind.
    """

    matrix: csc_array
    least: np.ndarray
    most: np.ndarray
    rows: Mapping[str, slice]
    key: np.ndarray

    def by_key(self, kind: str, duals: np.ndarray) -> dict[int, float]:
        """Return the duals of the rows of one kind by what they are about."""
        rows = self.rows.get(kind, slice(0))
        return dict(zip(self.key[rows].tolist(), duals[rows].tolist(), strict=True))


class Rows:
    """Collects the entries of rows; each kind has its rows in the order of their keys."""

    def __init__(self) -> None:
        self._blocks: dict[str, list[tuple[np.ndarray, ...]]] = defaultdict(list)
        self._limits: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._keys: dict[str, np.ndarray] = {}

    def add(self, kind: str, key: np.ndarray, variable: np.ndarray, weight: float = 1.0) -> None:
        """Add one entry for each key and variable."""
        self._blocks[kind].append((key, variable, np.full(len(key), weight)))

    def keys(self, kind: str) -> np.ndarray:
        """Return the keys that rows of a kind have; no entries may be added to it any more."""
        if kind not in self._keys:
            blocks = [key for key, _, _ in self._blocks[kind]]
            self._keys[kind] = np.unique(np.concatenate(blocks)) if blocks else np.zeros(0, dtype=np.int64)
        return self._keys[kind]

    def limit(self, kind: str, most: np.ndarray | float, least: np.ndarray | float = -np.inf) -> None:
        """Set the limits of the rows of a kind, in the order of their keys; rows without limits are left out."""
        count = len(self.keys(kind))
        self._limits[kind] = np.broadcast_to(least, count), np.broadcast_to(most, count)

    def constraints(self, variable_count: int) -> Constraints:
        """Return the rows that have limits."""
        matrix, limits, rows, keys = [], [], {}, []
        start = 0
        for kind, (least, most) in self._limits.items():
            if not len(least):
                continue
            is_kept = np.isfinite(least) | np.isfinite(most)
            place = np.where(is_kept, start + np.cumsum(is_kept) - 1, -1)
            key, variable, weight = (np.concatenate(column) for column in zip(*self._blocks[kind], strict=True))
            row = place[np.searchsorted(self._keys[kind], key)]
            matrix.append((row[row >= 0], variable[row >= 0], weight[row >= 0]))
            limits.append((least[is_kept], most[is_kept]))
            keys.append(self._keys[kind][is_kept])
            rows[kind] = slice(start, start + len(keys[-1]))
            start = rows[kind].stop
        row, variable, weight = (np.concatenate(column) for column in zip(*matrix, strict=True))
        least, most = (np.concatenate(column).astype(float) for column in zip(*limits, strict=True))
        entries = csc_array((weight, (row, variable)), shape=(start, variable_count))
        return Constraints(entries, least, most, rows, np.concatenate(keys))
