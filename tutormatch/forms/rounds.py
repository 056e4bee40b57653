"""What the address of a round's waiting list says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..addresses import code_in, number_in
from ..matching import Reason
from ..queries.waiting import DEFAULT_SORT, SORTS, WaitingFilter
from .base import trimmed


@dataclass(frozen=True)
class WaitingAddress:
    """Filter, order and page of the waiting list. What it does not know is left out."""

    narrowed: WaitingFilter
    sort: str
    page: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        sort = values.get("sort", "")
        return cls(
            narrowed=WaitingFilter(
                reason=code_in(Reason, values.get("reason")),
                subject=values.get("subject", "")[:16] or None,
                school=number_in(values.get("school")),
                name=(trimmed(values.get("name")) or "")[:100],
            ),
            sort=sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT,
            page=number_in(values.get("page")) or 1,
        )

    @property
    def filters(self) -> dict[str, str]:
        """The filter as an address says it."""
        return self.narrowed.values()

    @property
    def values(self) -> dict[str, str]:
        """Filter and order as an address says them."""
        return self.filters | ({"sort": self.sort} if self.sort != DEFAULT_SORT else {})
