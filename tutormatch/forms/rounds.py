"""What the address of a round's waiting list says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from ..matching import Reason
from ..queries.waiting import DEFAULT_SORT, SORTS, WaitingFilter
from .base import trimmed

LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class WaitingAddress:
    """Filter, order and page of the waiting list. What it does not know is left out."""

    narrowed: WaitingFilter
    sort: str
    page: int

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Self:
        reason = values.get("reason")
        sort = values.get("sort", "")
        return cls(
            narrowed=WaitingFilter(
                reason=Reason(reason) if reason in set(Reason) else None,
                subject=values.get("subject", "")[:16].replace("\x00", "") or None,
                school=number_in(values.get("school")),
                name=(trimmed(values.get("name")) or "")[:100].replace("\x00", ""),
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


def number_in(text: str | None) -> int | None:
    """Return the whole number that an address says, or nothing when it is none that a row could have."""
    if text is None or not (text.isascii() and text.isdigit()):
        return None
    return number if (number := int(text[:12])) <= LARGEST_NUMBER else None
