"""The columns of tables, and how the text of a cell is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tutormatch.matching.problem import GRADES, PRIORITIES, PairStatus, Teaching
from tutormatch.matching.slots import SLOT_NAMED, parse_slot

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
    parts = text.split(";")
    try:
        slots = [SLOT_NAMED[part] for part in parts]
    except KeyError:
        try:
            slots = [parse_slot(part.strip()) for part in parts]
        except ValueError as error:
            raise Unexpected(f"slots such as mon-15;tue-09 ({error})") from error
    found = frozenset(slots)
    if len(found) < len(slots):
        raise Unexpected("each slot once")
    return found


def parse_status(text: str) -> PairStatus:
    """Read the status of a pair."""
    try:
        return PairStatus(text)
    except ValueError as error:
        raise Unexpected(f"one of {', '.join(PairStatus)}") from error
