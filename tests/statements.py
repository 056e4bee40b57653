"""Counting of SQL statements, so that a test can say that a page does not grow with its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tutormatch.extensions import db


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """Collect the SQL statements of the enclosed block.

    The session is emptied first, so that rows which the test has made itself are read again.

    Examples
    --------
    >>> with count_statements() as statements:  # doctest: +SKIP
    ...     client.page("/timetable")
    >>> assert len(statements) <= 12  # doctest: +SKIP
    """
    statements: list[str] = []

    def collect(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    db.session.commit()
    db.session.expunge_all()
    event.listen(db.engine, "before_cursor_execute", collect)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", collect)
