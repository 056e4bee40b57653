"""Tables of an imported folder: their columns, and how their files are read.

The files are those of a matching problem with further columns, and ``schools.csv`` and ``teachers.csv``.
"""

import csv
import io
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ..i18n import LOCALE_NAMES
from ..matching import COLUMNS, Column, Fault, Row, read_rows
from ..matching.records.cells import (
    parse_flag,
    parse_grade,
    parse_institutions,
    parse_languages,
    parse_ranked_languages,
    parse_tags,
    whole_number,
)
from ..models import ConsentForm, ConsentState, Device, Place, SchoolKind, Shift
from ..privacy import contains_iin, contains_phone
from ..wording import CONDITIONS, TUTORING_LANGUAGES
from .import_cells import (
    among,
    code_of,
    guarded,
    identifier,
    one_of,
    parse_day,
    parse_different_teachings,
    parse_email,
    parse_name,
    words,
)

TUTORS, PUPILS, NEEDS, PAIRS = "tutors.csv", "pupils.csv", "needs.csv", "pairs.csv"
SCHOOLS, TEACHERS = "schools.csv", "teachers.csv"
OPTIONAL = frozenset({PAIRS, SCHOOLS, TEACHERS})

# How the columns of a problem are read where the programme holds less than the core allows.
_OWN: Mapping[str, Mapping[str, Column]] = {
    TUTORS: {
        "tutor_id": Column("tutor_id", identifier(32)),
        "subjects": Column("subjects", parse_different_teachings),
        "languages": Column("languages", among(parse_languages, TUTORING_LANGUAGES)),
        "sessions_per_week": Column("sessions_per_week", whole_number(1, 20)),
        "max_pupils": Column("max_pupils", whole_number(1, 20), default=None),
        "conditions": Column("conditions", among(parse_tags, CONDITIONS), default=()),
        "group_size": Column("group_size", whole_number(1, 3), default=1),
    },
    PUPILS: {
        "pupil_id": Column("pupil_id", identifier(32)),
        "languages": Column("languages", among(parse_ranked_languages, TUTORING_LANGUAGES)),
        "requires": Column("requires", among(parse_tags, CONDITIONS), default=()),
    },
    NEEDS: {
        "need_id": Column("need_id", identifier(48)),
        "subject": Column("subject", words(60)),
        "sessions_per_week": Column("sessions_per_week", whole_number(1, 5), default=1),
    },
    PAIRS: {},
}
_FURTHER: Mapping[str, tuple[Column, ...]] = {
    TUTORS: (
        Column("first_name", parse_name, default=""),
        Column("last_name", parse_name, default=""),
        Column("email", parse_email, default=None),
        Column("locale", one_of(*LOCALE_NAMES), default=""),
        Column("study_programme", words(120), default=""),
        Column("year_of_study", whole_number(1, 7), default=1),
        Column("is_minor", parse_flag, default=False),
        Column("motivation", words(2000), default=""),
        Column("checked_on", parse_day, default=None),
        Column("briefed_on", parse_day, default=None),
    ),
    PUPILS: (
        Column("first_name", parse_name, default=""),
        Column("last_name", parse_name, default=""),
        Column("grade", parse_grade, default=None),
        Column("class_label", words(20), default=""),
        Column("shift", code_of(Shift), default=Shift.FIRST),
        Column("place", code_of(Place), default=Place.HOME),
        Column("device", code_of(Device), default=Device.PHONE),
        Column("instruction_language", one_of("kk", "ru", "ug", "uz", "tg"), default=""),
        Column("consent_on", parse_day, default=None),
        Column("consent_form", code_of(ConsentForm), default=None),
        Column("consent_state", code_of(ConsentState), default=None),
        Column("teacher_email", parse_email, default=None),
    ),
    NEEDS: (
        Column("current_mark", whole_number(0, 100), default=None),
        Column("topics", words(2000), default=""),
    ),
    PAIRS: (),
    SCHOOLS: (
        Column("school", identifier(32)),
        Column("district_kato", identifier(9)),
        Column("kind", code_of(SchoolKind), default=SchoolKind.RURAL),
        Column("name_kk", words(200)),
        Column("name_ru", words(200)),
        Column("name_en", words(200)),
        Column("patrons", parse_institutions, default=()),
    ),
    TEACHERS: (
        Column("email", parse_email),
        Column("first_name", parse_name),
        Column("last_name", parse_name),
        Column("school", identifier(32)),
        Column("locale", one_of(*LOCALE_NAMES), default=""),
    ),
}
# Columns that may be there and say nothing to the programme.
_IGNORED: Mapping[str, tuple[str, ...]] = {
    SCHOOLS: ("region_code", "number", "instruction", "has_second_shift"),
}


def _columns(file: str) -> tuple[Column, ...]:
    core = (_OWN[file].get(column.name, column) for column in COLUMNS.get(file, ()))
    return tuple(replace(column, parse=guarded(column.parse)) for column in (*core, *_FURTHER[file]))


TABLES: Mapping[str, tuple[Column, ...]] = {
    file: _columns(file) for file in (SCHOOLS, TEACHERS, TUTORS, PUPILS, NEEDS, PAIRS)
}


@dataclass
class Folder:
    """The rows of every file, as far as they could be read, and everything that is wrong so far."""

    rows: dict[str, list[Row]]
    faults: list[Fault] = field(default_factory=list)

    def sound(self, file: str) -> list[Row]:
        return [row for row in self.rows[file] if row.is_sound]

    def add(self, file: str, row: Row, column: str, expected: str, value: str | None = None) -> None:
        """Note a fault in a cell; ``value`` is the cell's text unless given."""
        text = row.cells.get(column, "") if value is None else value
        self.faults.append(Fault(file, row.line, column, text, expected))


def read_folder(folder: Path) -> Folder:
    """Read the files of ``folder``."""
    if not folder.is_dir():
        return Folder({}, [Fault(str(folder), None, "", "", "a folder with CSV files")])
    found = Folder({})
    with tempfile.TemporaryDirectory(prefix="tutormatch-import-") as name:
        for file, columns in TABLES.items():
            found.rows[file] = []
            if file in OPTIONAL and not (folder / file).exists():
                continue
            path, faults = _with_commas(folder / file, Path(name))
            if not faults:
                found.rows[file], faults = read_rows(path, columns, _IGNORED.get(file, ()))
            found.faults += faults
    return found


def _with_commas(path: Path, scratch: Path) -> tuple[Path, list[Fault]]:
    """Return the file itself, or one with commas in place of the semicolons or tabs that part its cells.

    Files that are missing or not UTF-8 come back as they are: `read_rows` says so.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return path, []
    header = text.split("\n", 1)[0]
    separator = next((mark for mark in ("\t", ";") if mark in header and "," not in header), None)
    if separator is None:
        return path, []
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        return path, [Fault(path.name, None, "", str(error), "rows of cells")]
    for number, cells in enumerate(rows, start=1):
        if cells and len(cells) != len(rows[0]):
            expected = f"{len(rows[0])} cells as in the header; part the cells by commas where they hold semicolons"
            return path, [Fault(path.name, number, "", f"{len(cells)} cells", expected)]
    with (scratch / path.name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    return scratch / path.name, []


def without_private_numbers(fault: Fault) -> Fault:
    """Return the fault with a value that can be shown: IINs and phone numbers are left out."""
    if contains_iin(fault.value):
        return replace(fault, value="(an IIN)")
    return replace(fault, value="(a phone number)") if contains_phone(fault.value) else fault


def core_values(file: str, row: Row) -> dict[str, Any]:
    """Return the values of a row that the matching core knows."""
    return {column.name: row.values[column.name] for column in COLUMNS[file]}
