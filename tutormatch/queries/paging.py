"""Pages of a long list."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from ..extensions import db

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of rows. ``number`` counts from 1; ``total`` counts all rows."""

    rows: list[Row]
    number: int
    rows_per_page: int
    total: int

    @property
    def last_number(self) -> int:
        return max(1, -(-self.total // self.rows_per_page))

    @property
    def first_row(self) -> int:
        """The position of the page's first row, counted from 1; 0 when there are none."""
        return (self.number - 1) * self.rows_per_page + 1 if self.rows else 0

    @property
    def last_row(self) -> int:
        return self.first_row + len(self.rows) - 1 if self.rows else 0


def paginate(statement: Select[Any], number: int, rows_per_page: int, *, scalars: bool = True) -> Page[Any]:
    """Return one page of ``statement`` in two SQL statements; a number beyond the end gives the last page."""
    total = db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
    last = max(1, -(-total // rows_per_page))
    number = min(max(1, number), last)
    window = statement.limit(rows_per_page).offset((number - 1) * rows_per_page)
    result = db.session.execute(window)
    rows = result.scalars().unique().all() if scalars else result.all()
    return Page(list(rows), number, rows_per_page, total)
