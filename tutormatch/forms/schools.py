"""The address of a list of schools."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..addresses import number_in
from ..queries.schools import DEFAULT_SORT, SchoolFilter
from .base import trimmed


@dataclass(frozen=True)
class SchoolListAddress:
    """What the address of a list of schools says."""

    narrowed: SchoolFilter
    sort: str = DEFAULT_SORT
    page: int = 1

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        narrowed = SchoolFilter(
            search=(trimmed(arguments.get("search")) or "")[:100],
            region_code=(arguments.get("region") or "")[:8],
        )
        return cls(narrowed, arguments.get("sort") or DEFAULT_SORT, number_in(arguments.get("page")) or 1)

    @property
    def values(self) -> dict[str, str]:
        """What an address needs to say for the same list, the page aside."""
        values = {
            "search": self.narrowed.search,
            "region": self.narrowed.region_code,
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        }
        return {name: value for name, value in values.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.values.keys() - {"sort"})
