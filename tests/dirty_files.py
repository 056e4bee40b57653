"""Dirty variants of a clean programme folder, as schools really send them.

`dirty_copy` copies a folder of `tutormatch.matching.population.write_population`
and puts one piece of dirt into it. The `Dirt` that comes back says where it lies
and what an importer owes the sender: either the value that it should store
(``accepted_as``) or, with ``accepted_as`` None, a fault at that file, row and
column. ``reason`` is that sentence in words.
"""

import csv
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KAZAKH_LETTER = re.compile("[ӘҒҚҢӨҰҮҺІәғқңөұүһі]")
LATIN_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")
EXCEL_SERIAL_OF_2026_09_01 = "46266"


@dataclass(frozen=True, slots=True)
class Dirt:
    """One piece of dirt: ``row`` is the line in the file (the header is 1), None for a whole file."""

    file: str
    row: int | None
    column: str
    value: str
    accepted_as: str | None
    reason: str

    @property
    def is_fault(self) -> bool:
        return self.accepted_as is None


Rows = list[dict[str, str]]
Soil = Callable[[Path], Dirt]


def dirty_copy(clean: Path, target: Path, variant: str) -> Dirt:
    """Copy ``clean`` to ``target`` with the dirt of one of `VARIANTS`."""
    shutil.copytree(clean, target)
    return VARIANTS[variant](target)


def make_iin(first_eleven: str) -> str:
    """Return an identification number with the valid check digit for its first eleven digits.

    Raises
    ------
    ValueError
        For the few numbers that have no check digit.
    """
    digits = [int(digit) for digit in first_eleven]
    for weights in (range(1, 12), (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)):
        check = sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11
        if check < 10:
            return f"{first_eleven}{check}"
    raise ValueError(f"{first_eleven} has no check digit")


# The 31st of February: the check digit holds, and no person can have been given the number.
NOBODYS_IIN = make_iin("15023160000")
NO_IIN = NOBODYS_IIN[:-1] + str((int(NOBODYS_IIN[-1]) + 1) % 10)


def _read(path: Path) -> tuple[Sequence[str], Rows]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def _write(path: Path, columns: Sequence[str], rows: Rows, delimiter: str = ",", encoding: str = "utf-8") -> None:
    with path.open("w", encoding=encoding, errors="replace", newline="") as file:
        writer = csv.DictWriter(file, columns, delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _cell(
    file: str,
    column: str,
    change: Callable[[str], str] | str,
    reason: str,
    *,
    accepted_as: Callable[[str], str] | str | None = None,
    where: Callable[[dict[str, str]], bool] = lambda row: True,
) -> Soil:
    """Return what changes one cell of the first row for which ``where`` holds."""

    def soil(folder: Path) -> Dirt:
        columns, rows = _read(folder / file)
        index, row = next((index, row) for index, row in enumerate(rows) if where(row))
        clean = row[column]
        row[column] = change(clean) if callable(change) else change
        _write(folder / file, columns, rows)
        accepted = accepted_as(clean) if callable(accepted_as) else accepted_as
        return Dirt(file, index + 2, column, row[column], accepted, reason)

    return soil


def _whole_file(file: str, reason: str, accepted: bool, delimiter: str = ",", encoding: str = "utf-8") -> Soil:
    """Return what rewrites a file with another separator or encoding."""

    def soil(folder: Path) -> Dirt:
        columns, rows = _read(folder / file)
        _write(folder / file, columns, rows, delimiter, encoding)
        return Dirt(file, None, "", "", "" if accepted else None, reason)

    return soil


def _swapped_name(folder: Path) -> Dirt:
    columns, rows = _read(folder / "pupils.csv")
    row = rows[0]
    row["first_name"], row["last_name"] = row["last_name"], row["first_name"]
    _write(folder / "pupils.csv", columns, rows)
    return Dirt(
        "pupils.csv",
        2,
        "first_name",
        row["first_name"],
        row["first_name"],
        "Nothing tells a first name from a last name: taken as written",
    )


def _same_pupil_from_two_teachers(folder: Path) -> Dirt:
    columns, rows = _read(folder / "pupils.csv")
    _, teachers = _read(folder / "teachers.csv")
    schools = [teacher["school"] for teacher in teachers]
    first = next((row for row in rows if schools.count(row["school"]) > 1), rows[0])
    others = [
        teacher["email"]
        for teacher in teachers
        if teacher["school"] == first["school"] and teacher["email"] != first["teacher_email"]
    ]
    again = {**first, "pupil_id": "p8888", "teacher_email": (others or [first["teacher_email"]])[0]}
    _write(folder / "pupils.csv", columns, [*rows, again])
    return Dirt(
        "pupils.csv",
        len(rows) + 2,
        "last_name",
        again["last_name"],
        None,
        f"The same name, school and class as {first['pupil_id']}: one pupil nominated twice",
    )


def _same_identifier_twice(folder: Path) -> Dirt:
    columns, rows = _read(folder / "pupils.csv")
    _write(folder / "pupils.csv", columns, [*rows, rows[0]])
    identifier = rows[0]["pupil_id"]
    reason = "This identifier stands in row 2 already"
    return Dirt("pupils.csv", len(rows) + 2, "pupil_id", identifier, None, reason)


def _column_of_phones(folder: Path) -> Dirt:
    columns, rows = _read(folder / "pupils.csv")
    _write(folder / "pupils.csv", [*columns, "phone"], [{**row, "phone": ""} for row in rows])
    return Dirt("pupils.csv", 1, "phone", "phone", None, "There is no such column: phones are not kept")


def _column_of_iins(folder: Path) -> Dirt:
    columns, rows = _read(folder / "pupils.csv")
    commented = [{**row, "comment": NOBODYS_IIN if row is rows[0] else ""} for row in rows]
    _write(folder / "pupils.csv", [*columns, "comment"], commented)
    return Dirt("pupils.csv", 1, "comment", "comment", None, "There is no such column, whatever it holds")


def _first_letter_latin(name: str) -> str:
    for place, letter in enumerate(name):
        latin = letter.translate(LATIN_LOOK_ALIKES)
        if latin != letter:
            return name[:place] + latin + name[place + 1 :]
    raise ValueError(f"no letter of {name} looks like a Latin one")


def _has_kazakh_letter(row: dict[str, str]) -> bool:
    return bool(KAZAKH_LETTER.search(row["last_name"]))


def _looks_latin(row: dict[str, str]) -> bool:
    return row["last_name"].translate(LATIN_LOOK_ALIKES) != row["last_name"]


def _class_label(template: str, reason: str, letter: str = "А", is_accepted: bool = True) -> Soil:
    def number(label: str) -> str:
        return label.rstrip(letter)

    return _cell(
        "pupils.csv",
        "class_label",
        lambda label: template.format(grade=number(label)),
        reason,
        accepted_as=(lambda label: label) if is_accepted else None,
        where=lambda row: row["class_label"].endswith(letter),
    )


def _topics(text: str, reason: str, *, is_accepted: bool = False) -> Soil:
    return _cell("needs.csv", "topics", text, reason, accepted_as=text if is_accepted else None)


def _subject(alias: str, *meant: str) -> Soil:
    reason = f"An everyday name; the class and its language tell which of {', '.join(meant)} it is"
    return _cell(
        "needs.csv", "subject", alias, reason, accepted_as=lambda code: code, where=lambda row: row["subject"] in meant
    )


def _consent_on(text: str, reason: str, accepted_as: str | None = None) -> Soil:
    return _cell(
        "pupils.csv",
        "consent_on",
        text,
        reason,
        accepted_as=accepted_as,
        where=lambda row: row["consent_state"] == "received",
    )


_PHONE = "A phone number does not belong here: contact goes through the teacher"
_IIN = "An individual identification number is never kept"
_LABEL = "Spaces, quotes and hyphens in a class label mean nothing"

VARIANTS: Mapping[str, Soil] = {
    # Phones, as people write them; 700 000-00-00 is not given to subscribers.
    "phone_international": _topics("Туынды, +7 700 000 00 00", _PHONE),
    "phone_with_eight": _topics("Туынды, 8 (700) 000-00-00", _PHONE),
    "phone_without_prefix": _topics("Туынды, 7000000000", _PHONE),
    "phone_column": _column_of_phones,
    # Class labels.
    "class_label_quoted": _class_label('{grade} "А"', _LABEL),
    "class_label_angled": _class_label("{grade} «А»", _LABEL),
    "class_label_hyphen": _class_label("{grade}-А", _LABEL),
    "class_label_space": _class_label("{grade} А", _LABEL),
    "class_label_small_letter": _class_label("{grade}а", "A class letter is a capital"),
    "class_label_latin": _class_label("{grade} A", "A single Latin letter is the Cyrillic one it looks like"),
    "class_label_other_grade": _class_label("12А", "The label names another grade", is_accepted=False),
    # Names.
    "name_double_space": _cell(
        "pupils.csv",
        "last_name",
        lambda name: f" {name}  кызы ",
        "Spaces around a name go, and two between words are one",
        accepted_as=lambda name: f"{name} кызы",
    ),
    "name_with_patronymic": _cell(
        "pupils.csv",
        "first_name",
        lambda name: f"{name} Серікқызы",
        "A patronymic after the first name is kept with it; most rows have none",
        accepted_as=lambda name: f"{name} Серікқызы",
    ),
    "name_swapped": _swapped_name,
    "name_question_mark": _cell(
        "pupils.csv",
        "last_name",
        lambda name: KAZAKH_LETTER.sub("?", name),
        "A question mark inside a word: Kazakh letters were lost when the file was saved",
        where=_has_kazakh_letter,
    ),
    "name_latin_look_alike": _cell(
        "pupils.csv",
        "last_name",
        _first_letter_latin,
        "Latin and Cyrillic letters in one word",
        where=_looks_latin,
    ),
    "name_blank": _cell("pupils.csv", "last_name", "  ", "A pupil without a last name"),
    # Subjects by their everyday names.
    "subject_alg": _subject("алг.", "ALG", "ALGAN"),
    "subject_eng": _subject("англ.", "ENG"),
    "subject_inf": _subject("инф.", "INF"),
    "subject_aed": _cell("needs.csv", "subject", "АӘД", "Initial military training has no tutoring"),
    "subject_kaz_ru": _subject("Каз.яз.", "KAZ1", "KAZ2", "KAZ2P"),
    "subject_kaz_kk": _subject("қаз тілі", "KAZ1", "KAZ2", "KAZ2P"),
    # The same person twice.
    "pupil_from_two_teachers": _same_pupil_from_two_teachers,
    "pupil_id_twice": _same_identifier_twice,
    # Identification numbers.
    "iin_in_topics": _topics(f"ИИН {NOBODYS_IIN}", _IIN),
    "iin_with_spaces": _topics(f"{NOBODYS_IIN[:6]} {NOBODYS_IIN[6:]}", _IIN),
    "iin_in_motivation": _cell("tutors.csv", "motivation", f"жсн {NOBODYS_IIN}", _IIN),
    "iin_in_comment_column": _column_of_iins,
    "twelve_digits_without_check_digit": _topics(
        NO_IIN, "Twelve digits whose check digit is wrong are no such number", is_accepted=True
    ),
    # Encodings and separators.
    "windows_1251": _whole_file("pupils.csv", "The file is not UTF-8", accepted=False, encoding="cp1251"),
    "byte_order_mark": _whole_file(
        "pupils.csv", "A byte order mark means nothing", accepted=True, encoding="utf-8-sig"
    ),
    "semicolons": _whole_file("schools.csv", "Spreadsheets part cells by semicolons", accepted=True, delimiter=";"),
    "tabs": _whole_file("schools.csv", "Spreadsheets part cells by tabs", accepted=True, delimiter="\t"),
    # Dates.
    "date_with_dots": _consent_on("01.09.2026", "Day, month and year with dots are a date", accepted_as="2026-09-01"),
    "date_excel_serial": _consent_on(
        EXCEL_SERIAL_OF_2026_09_01, "The number by which spreadsheets know the day", accepted_as="2026-09-01"
    ),
    "date_impossible": _consent_on("2026-02-30", "There is no such day"),
}
"""Every variant by its name; each changes one cell, one row or one file."""
