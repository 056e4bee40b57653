"""Read one CSV table column by column, and collect everything that is wrong with it."""

import csv
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain, compress, islice, repeat
from pathlib import Path
from typing import Any, TextIO

from tutormatch.matching.records.cells import Column, Unexpected, parse_identifier
from tutormatch.matching.records.faults import Fault, FaultyInput

ROWS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file, its cells as read, and the values of the cells that could be read."""

    line: int
    cells: Mapping[str, str]
    values: Mapping[str, Any]
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Records:
    """What a table holds: one record for each sound row, and its line in the file.

    ``unread`` names the rows with faults, by their cell in the first column.
    """

    records: list[Any] = field(default_factory=list)
    lines: "array[int]" = field(default_factory=lambda: array("L"))
    unread: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


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
    table = _Table(path, tuple(columns), frozenset(extensions))
    rows: list[Row] = []
    try:
        for part in table.parts():
            for line, texts, *values in zip(part.lines, zip(*part.texts, strict=True), *part.values, strict=True):
                cells = {name: text.strip() for name, text in zip(table.header, texts, strict=True)}
                read = {
                    column.name: value
                    for column, value in zip(table.columns, values, strict=True)
                    if not isinstance(value, _Wrong)
                }
                rows.append(Row(line, cells, read, len(read) == len(table.columns)))
    except FaultyInput as error:
        return [], list(error.faults)
    return rows, table.sorted_faults()


def read_records(
    path: Path, columns: Collection[Column], make: Callable[..., Iterable[Any]], extensions: Collection[str] = ()
) -> Records:
    """Read a CSV file with a header row as records; equal cells of a column become one object.

    Parameters
    ----------
    path, columns, extensions
        As in `read_rows`.
    make : callable
        Gets the values of some rows, column by column in the order of ``columns``, and returns their records.

    Returns
    -------
    Records
        Its faults are in order of line and column.
    """
    table = _Table(path, tuple(columns), frozenset(extensions))
    found = Records()
    try:
        for part in table.parts():
            if part.faulty:
                names = part.texts[table.header.index(table.columns[0].name)]
                found.unread.update(names[index].strip() for index in part.faulty)
                part = part.without_faulty()
            found.records.extend(make(*part.values))
            found.lines.extend(part.lines)
    except FaultyInput as error:
        return Records(faults=list(error.faults))
    found.faults.extend(table.sorted_faults())
    return found


def make_records(kind: type[Any], *columns: Iterable[Any]) -> list[Any]:
    """Return records of a dataclass with slots from the columns of its fields.

    A frozen dataclass writes its fields one by one through calls of Python; a
    column at once takes less than half the time.
    """
    first, *others = columns
    values = list(first)
    records = [*map(object.__new__, repeat(kind, len(values)))]
    for each, column in zip(fields(kind), (values, *others), strict=True):
        deque(map(getattr(kind, each.name).__set__, records, column), maxlen=0)
    return records


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Stands for the value of a cell that does not say what it should."""

    expected: str


class _Cells(dict[str, Any]):
    """The values of a column by the text of the cell: every different text is read once."""

    def __init__(self, column: Column) -> None:
        super().__init__()
        self.column = column
        self.has_faults = False

    def read(self, texts: Sequence[str]) -> list[Any]:
        if self.column.parse is parse_identifier:
            # Nearly all of them differ, and each is its own value.
            names = [*map(str.strip, texts)]
            if all(names) and "".join(names).isprintable():
                return [*map(self.setdefault, names, names)]
        return [*map(self.__getitem__, texts)]

    def __missing__(self, cell: str) -> Any:
        value = self[cell] = self._value(cell.strip())
        return value

    def _value(self, text: str) -> Any:
        try:
            if text:
                return self.column.parse(text)
            if self.column.is_required:
                raise Unexpected("a value")
        except Unexpected as error:
            self.has_faults = True
            return _Wrong(str(error))
        return self.column.default


@dataclass(frozen=True, slots=True)
class _Part:
    """Some thousand rows, turned into columns; ``faulty`` are the rows with a wrong cell."""

    lines: Sequence[int]
    texts: Sequence[Sequence[str]]
    values: Sequence[Sequence[Any]]
    faulty: Collection[int]

    def without_faulty(self) -> "_Part":
        is_sound = [index not in self.faulty for index in range(len(self.lines))]
        lines, *columns = (list(compress(column, is_sound)) for column in (self.lines, *self.texts, *self.values))
        return _Part(lines, columns[: len(self.texts)], columns[len(self.texts) :], ())


class _Table:
    """One file, read part after part so that the whole of its text is never in memory."""

    def __init__(self, path: Path, columns: tuple[Column, ...], extensions: frozenset[str]) -> None:
        self.path = path
        self.columns = columns
        self.extensions = extensions
        self.header: list[str] = []
        self.line = 1
        self.faults: list[Fault] = []
        self.cells = [_Cells(column) for column in columns]

    def sorted_faults(self) -> list[Fault]:
        return sorted(self.faults, key=lambda fault: fault.row or 0)

    def parts(self) -> Iterator[_Part]:
        """Yield the rows; what is wrong with some is added to ``faults``.

        Raises
        ------
        FaultyInput
            If the file cannot be read, or its header says that it is another table.
        """
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                yield from self._parts(file)
        except FileNotFoundError:
            raise FaultyInput([Fault(self.path.name, None, "", "", "this file to exist")]) from None
        except UnicodeDecodeError:
            self._refuse_foreign_text()
            raise
        except OSError as error:
            expected = "a file that can be read"
            raise FaultyInput([Fault(self.path.name, None, "", error.strerror or "", expected)]) from error

    def _refuse_foreign_text(self) -> None:
        data = self.path.read_bytes()
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            value = repr(data[error.start : error.end])[2:-1]
            raise FaultyInput([Fault(self.path.name, line, "", value, "text in UTF-8")]) from error

    def _parts(self, file: TextIO) -> Iterator[_Part]:
        try:
            reader = csv.reader(file, strict=True)
            self._read_header(next(reader, None))
            self.line += reader.line_num
            while lines := [*islice(file, ROWS_AT_ONCE)]:
                if self._is_plain(lines):
                    # A line break at the end of the last cell goes like any space around a text.
                    texts, width = ",".join(lines).split(","), len(self.header)
                    yield self._part(range(self.line, self.line + len(lines)), [texts[i::width] for i in range(width)])
                    self.line += len(lines)
                else:
                    yield from self._quoted(csv.reader(chain(lines, file), strict=True), len(lines))
        except csv.Error as error:
            self._refuse_foreign_text()
            self.faults.append(Fault(self.path.name, self.line, "", str(error), "a row of comma separated cells"))

    def _quoted(self, reader: Any, lines: int) -> Iterator[_Part]:
        """Yield what a reader makes of so many lines, and of those into which a cell at their end goes on."""
        before = self.line
        rows: list[list[str]] = []
        places = array("L")
        wrong: csv.Error | None = None
        while reader.line_num < lines and not wrong:
            try:
                rows.append(next(reader))
            except csv.Error as error:
                wrong = error
            else:
                places.append(self.line)
                self.line = before + reader.line_num
        yield self._part(*self._in_columns(places, rows))
        if wrong:
            raise wrong

    def _is_plain(self, rows: list[str]) -> bool:
        """Say whether every line is a row, and its commas are what is between its cells."""
        return (
            len(self.header) > 1
            and set(map(str.count, rows, repeat(","))) == {len(self.header) - 1}
            and '"' not in "".join(rows)
            and max(map(len, rows)) <= csv.field_size_limit()
        )

    def _read_header(self, cells: list[str] | None) -> None:
        names = ", ".join(column.name for column in self.columns)
        if cells is None:
            raise FaultyInput([Fault(self.path.name, 1, "", "", f"a header row: {names}")])
        self.header = [name.strip() for name in cells]
        known = {column.name for column in self.columns} | self.extensions
        faults = []
        for position, name in enumerate(self.header):
            if name not in known:
                faults.append(Fault(self.path.name, 1, name, name, f"one of the columns {names}"))
            elif name in self.header[:position]:
                faults.append(Fault(self.path.name, 1, name, name, "each column once"))
        faults += [
            Fault(self.path.name, 1, column.name, "", "this column in the header")
            for column in self.columns
            if column.is_required and column.name not in self.header
        ]
        if faults:
            self._refuse_foreign_text()
            raise FaultyInput(faults)

    def _in_columns(self, lines: Sequence[int], rows: list[list[str]]) -> tuple[Sequence[int], list[Sequence[str]]]:
        width = len(self.header)
        if set(map(len, rows)) != {width}:
            kept = [index for index, cells in enumerate(rows) if self._is_row(lines[index], cells)]
            rows, lines = [rows[index] for index in kept], [lines[index] for index in kept]
        return lines, list(zip(*rows, strict=True)) or [()] * width

    def _part(self, lines: Sequence[int], texts: Sequence[Sequence[str]]) -> _Part:
        values: list[Sequence[Any]] = []
        faulty: set[int] = set()
        for column, cells in zip(self.columns, self.cells, strict=True):
            if column.name not in self.header:
                values.append([column.default] * len(lines))
                continue
            column_texts = texts[self.header.index(column.name)]
            values.append(cells.read(column_texts))
            for index, value in enumerate(values[-1]) if cells.has_faults else ():
                if isinstance(value, _Wrong):
                    text = column_texts[index].strip()
                    self.faults.append(Fault(self.path.name, lines[index], column.name, text, value.expected))
                    faulty.add(index)
        return _Part(lines, texts, values, faulty)

    def _is_row(self, line: int, cells: list[str]) -> bool:
        """Say whether these are the cells of a row; a blank line is none, and no fault."""
        width = len(self.header)
        if len(cells) == width:
            return True
        if len(cells) > 1 or (cells and (cells[0].strip() or width == 1)):
            expected = f"{width} cells as in the header"
            self.faults.append(Fault(self.path.name, line, "", f"{len(cells)} cells", expected))
        return False
