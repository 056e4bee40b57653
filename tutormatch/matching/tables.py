"""Read one CSV table cell by cell, and collect everything that is wrong with it."""

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutormatch.matching.faults import Fault
from tutormatch.matching.problem import GRADES, PRIORITIES, PairStatus, Teaching
from tutormatch.matching.slots import parse_slot

SUBJECT_CODE = re.compile(r"[A-Z][A-Z0-9_]*")
LANGUAGE_CODE = re.compile(r"[a-z]{2,3}")
TAG = re.compile(r"[a-z][a-z0-9_-]*")
WHOLE_NUMBER = re.compile(r"[0-9]{1,6}", re.ASCII)

REQUIRED: Any = object()


class Unexpected(ValueError):
    """A cell does not say what it should; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: how its cells are read, and what a blank cell means."""

    name: str
    parse: Callable[[str], Any]
    default: Any = REQUIRED

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its cells as read, and the values of the cells that could be read."""

    line: int
    cells: Mapping[str, str]
    values: Mapping[str, Any]
    is_sound: bool


def read_rows(
    path: Path, columns: Collection[Column], extensions: Collection[str] = ()
) -> tuple[list[Row], list[Fault]]:
    """Read a CSV file with a header row.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte order mark.
    columns : collection of Column
        The columns to read; those without a default must be in the header.
    extensions : collection of str
        Names of further columns that may be there; kept in ``Row.cells`` only.

    Returns
    -------
    rows : list of Row
        Every row that has cells, faulty ones with ``is_sound`` False.
    faults : list of Fault
        In order of line and column.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return [], [Fault(path.name, None, "", "", "this file to exist")]
    except OSError as error:
        return [], [Fault(path.name, None, "", error.strerror or "", "a file that can be read")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return [], [Fault(path.name, line, "", repr(data[error.start : error.end])[2:-1], "text in UTF-8")]
    return _Table(path.name, tuple(columns), frozenset(extensions)).read(text)


@dataclass(frozen=True, slots=True)
class _Table:
    file: str
    columns: tuple[Column, ...]
    extensions: frozenset[str]

    def read(self, text: str) -> tuple[list[Row], list[Fault]]:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        rows: list[Row] = []
        faults: list[Fault] = []
        header: list[str] | None = None
        line = 1
        try:
            for cells in reader:
                if header is None:
                    header = [name.strip() for name in cells]
                    faults += self._header(header)
                    if faults:
                        return [], faults
                elif len(cells) > 1 or (cells and (cells[0].strip() or len(header) == 1)):
                    row, wrong = self._row(line, header, cells)
                    rows += [row] if row else []
                    faults += wrong
                line = reader.line_num + 1
        except csv.Error as error:
            faults.append(Fault(self.file, line, "", str(error), "a row of comma separated cells"))
        if header is None and not faults:
            faults.append(Fault(self.file, 1, "", "", f"a header row: {self._names()}"))
        return rows, faults

    def _names(self) -> str:
        return ", ".join(column.name for column in self.columns)

    def _header(self, header: list[str]) -> list[Fault]:
        known = {column.name for column in self.columns} | self.extensions
        faults = []
        for position, name in enumerate(header):
            if name not in known:
                faults.append(Fault(self.file, 1, name, name, f"one of the columns {self._names()}"))
            elif name in header[:position]:
                faults.append(Fault(self.file, 1, name, name, "each column once"))
        return faults + [
            Fault(self.file, 1, column.name, "", "this column in the header")
            for column in self.columns
            if column.is_required and column.name not in header
        ]

    def _row(self, line: int, header: list[str], cells: list[str]) -> tuple[Row | None, list[Fault]]:
        if len(cells) != len(header):
            expected = f"{len(header)} cells as in the header"
            return None, [Fault(self.file, line, "", f"{len(cells)} cells", expected)]
        by_name = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        values, faults = {}, []
        for column in self.columns:
            cell = by_name.get(column.name, "")
            try:
                if cell:
                    values[column.name] = column.parse(cell)
                elif column.is_required:
                    raise Unexpected("a value")
                else:
                    values[column.name] = column.default
            except Unexpected as error:
                faults.append(Fault(self.file, line, column.name, cell, str(error)))
        return Row(line, by_name, values, not faults), faults


def parse_identifier(text: str) -> str:
    """Read an identifier: any printable text."""
    if not text.isprintable():
        raise Unexpected("printable text")
    return text


def whole_number(least: int, most: int = 999_999) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``least`` to ``most``."""

    def parse(text: str) -> int:
        if not WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= most:
            raise Unexpected(f"a whole number from {least} to {most}")
        return int(text)

    return parse


parse_grade = whole_number(GRADES[0], GRADES[-1])
parse_priority = whole_number(min(PRIORITIES), max(PRIORITIES))


def parse_flag(text: str) -> bool:
    """Read ``1`` (yes) or ``0`` (no)."""
    if text not in ("0", "1"):
        raise Unexpected("0 or 1")
    return text == "1"


def coded(code: re.Pattern[str], expected: str, separator: str = ";") -> Callable[[str], tuple[str, ...]]:
    """Return a reader of different codes in a row, such as ``kk>ru``."""

    def parse(text: str) -> tuple[str, ...]:
        parts = tuple(part.strip() for part in text.split(separator))
        if not all(code.fullmatch(part) for part in parts) or len(set(parts)) < len(parts):
            raise Unexpected(expected)
        return parts

    return parse


parse_subject_code = coded(SUBJECT_CODE, "one subject code such as KAZ2", separator="\n")
parse_languages = coded(LANGUAGE_CODE, "different language codes such as kk;ru")
parse_ranked_languages = coded(LANGUAGE_CODE, "different language codes, best first, such as kk>ru", ">")
parse_tags = coded(TAG, "different tags such as sen;phone")
parse_institutions = coded(re.compile(r"[^;\x00-\x1f]+"), "different names separated by ;")


def parse_subject(text: str) -> str:
    """Read one subject code."""
    return parse_subject_code(text)[0]


def parse_teachings(text: str) -> tuple[Teaching, ...]:
    """Read subjects with their grades, such as ``MATH:1-6;ALG:7-9``."""
    teachings = []
    for part in text.split(";"):
        subject, _, grades = part.strip().partition(":")
        first, _, last = grades.partition("-")
        if not SUBJECT_CODE.fullmatch(subject) or not (first and last):
            raise Unexpected("subjects with grades such as MATH:1-6;ALG:7-9")
        teaching = Teaching(subject, parse_grade(first), parse_grade(last))
        if teaching.grade_from > teaching.grade_to:
            raise Unexpected("grades from the lower to the higher such as 3-7")
        teachings.append(teaching)
    return tuple(sorted(teachings))


def parse_slot_list(text: str) -> frozenset[int]:
    """Read slots such as ``mon-15;tue-09``, each once."""
    slots = []
    for part in text.split(";"):
        try:
            slots.append(parse_slot(part.strip()))
        except ValueError as error:
            raise Unexpected(f"slots such as mon-15;tue-09 ({error})") from error
    if len(set(slots)) < len(slots):
        raise Unexpected("each slot once")
    return frozenset(slots)


def parse_status(text: str) -> PairStatus:
    """Read the status of a pair."""
    try:
        return PairStatus(text)
    except ValueError as error:
        raise Unexpected(f"one of {', '.join(PairStatus)}") from error
