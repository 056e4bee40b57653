"""Transactions, column types and model mixins. `transactional` is the only place that commits."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, request
from sqlalchemy import ColumnElement, DateTime, Engine, Enum, Text, TypeDecorator, event
from sqlalchemy.orm import Mapped, mapped_column

from .extensions import db
from .i18n import best_locale, collation_key
from .matching.slots import format_slots, parse_slots

log = logging.getLogger("tutormatch.database")
# Many people have the same free time, and a round or a suggestion reads that of everybody.
_parse_slots = lru_cache(maxsize=8192)(parse_slots)

P = ParamSpec("P")
R = TypeVar("R")

_is_writing: ContextVar[bool] = ContextVar("is_writing", default=False)
_depth: ContextVar[int] = ContextVar("transaction_depth", default=0)
_after_commit: ContextVar[list[Callable[[], None]] | None] = ContextVar("after_commit", default=None)

READING_METHODS = {"GET", "HEAD", "OPTIONS"}


def transactional(function: Callable[P, R]) -> Callable[P, R]:
    """Commit what ``function`` changed when it returns, roll back when it raises.

    A transactional function called inside another joins its transaction.
    """

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if _depth.get():
            return function(*args, **kwargs)
        if not _is_writing.get():
            _end_reading()
        depth = _depth.set(1)
        writing = _is_writing.set(True)
        callbacks = _after_commit.set([])
        try:
            result = function(*args, **kwargs)
            db.session.commit()
            waiting = _after_commit.get() or []
        except BaseException:
            db.session.rollback()
            raise
        finally:
            _depth.reset(depth)
            _is_writing.reset(writing)
            _after_commit.reset(callbacks)
        for callback in waiting:
            try:
                callback()
            except Exception:
                # What is committed stays, and whoever asked for it must not read that it failed.
                log.exception("what was to follow a commit failed")
        return result

    return wrapper


def _end_reading() -> None:
    """End a transaction that has only read: SQLite refuses to write in one that began as a reader."""
    session = db.session()
    if session.in_transaction() and not (session.new or session.dirty or session.deleted):
        session.rollback()


@contextmanager
def snapshot() -> Iterator[None]:
    """Read one state of the database in several statements, whatever others write meanwhile."""
    _end_reading()
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        yield
    finally:
        _end_reading()


def after_commit(callback: Callable[[], None]) -> None:
    """Call ``callback`` once the current transaction is committed; must be inside one.

    It may only hasten what is stored anyway, such as wake the worker: when it fails, that is logged and no more.
    """
    callbacks = _after_commit.get()
    if callbacks is None:
        raise RuntimeError("after_commit() outside of a transaction")
    if callback not in callbacks:
        callbacks.append(callback)


@contextmanager
def writing() -> Iterator[None]:
    """Take SQLite's write lock at the first statement, so that a read is never overtaken by a write."""
    token = _is_writing.set(True)
    try:
        yield
    finally:
        _is_writing.reset(token)


def init_app(app: Flask) -> None:
    """Make requests that may change something begin their transaction as writers."""

    @app.before_request
    def begin_as_writer() -> None:
        _is_writing.set(request.method not in READING_METHODS)

    @app.teardown_request
    def end_as_writer(_error: BaseException | None) -> None:
        _is_writing.set(False)


@event.listens_for(Engine, "connect")
def _configure_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__ != "sqlite3":
        return
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA busy_timeout = 15000")
    connection.execute("PRAGMA synchronous = NORMAL")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _is_writing.get() else "BEGIN")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class WeeklySlots(TypeDecorator[frozenset[int]]):
    """A set of weekly slots, kept as ``mon-15;tue-09`` as in the problem's files."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: frozenset[int] | None, dialect: Any) -> str | None:
        return None if value is None else format_slots(value)

    def process_result_value(self, value: str | None, dialect: Any) -> frozenset[int] | None:
        return None if value is None else _parse_slots(value)


class Codes(TypeDecorator[tuple[str, ...]]):
    """A short tuple of codes, in order, kept with ``;`` between and around them: ``;kk;ru;``.

    The outer separators let SQL ask for one code with ``LIKE '%;kk;%'``.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Any) -> str | None:
        if value is None:
            return None
        if any(";" in code or not code for code in value):
            raise ValueError(f"codes {value!r} cannot be kept")
        return f";{';'.join(value)};" if value else ""

    def process_result_value(self, value: str | None, dialect: Any) -> tuple[str, ...] | None:
        return None if value is None else tuple(code for code in value.split(";") if code)


def enum_column(kind: type[StrEnum], **options: Any) -> Mapped[Any]:
    """Return a text column that the database holds to the values of ``kind``."""
    return mapped_column(
        Enum(
            kind,
            native_enum=False,
            create_constraint=True,
            length=32,
            name=kind.__name__.lower(),
            values_callable=lambda members: [member.value for member in members],
        ),
        **options,
    )


class LocalizedName:
    """Names in the three languages; every one is required."""

    name_kk: Mapped[str] = mapped_column(Text)
    name_ru: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)

    @property
    def name(self) -> str:
        """The name in the reader's locale."""
        return getattr(self, f"name_{best_locale()}")

    @property
    def collation_key(self) -> str:
        return collation_key(self.name)


def localized_name(model: type[LocalizedName]) -> ColumnElement[str]:
    """Return the column with the name in the reader's locale."""
    return getattr(model, f"name_{best_locale()}")
