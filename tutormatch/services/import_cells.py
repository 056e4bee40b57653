"""Cells of imported files: how each is read, and what is refused in it."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Any

from ..matching import Teaching, Unexpected
from ..matching.records.cells import parse_identifier, parse_teachings
from ..privacy import contains_iin, contains_phone

Parse = Callable[[str], Any]

# The day before the first of spreadsheets' usual calendar, which counts a 29 February 1900.
SPREADSHEET_DAY_ZERO = date(1899, 12, 30)
SERIAL_DAYS = range(32_874, 73_051)  # from 1990 to 2099

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_LOST_LETTER = re.compile(r"[^\W\d_]\?[^\W\d_]")
_NAME = re.compile(r"[^\W\d_]+(?:[ \-'’.]+[^\W\d_]+)*\.?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def guarded(parse: Parse) -> Parse:
    """Return a reader that refuses an IIN, wherever it stands, before ``parse`` reads the cell."""

    def guard(text: str) -> Any:
        if contains_iin(text):
            raise Unexpected("no individual identification number (IIN): nobody needs it to find a tutor")
        return parse(text)

    return guard


def single_spaced(text: str) -> str:
    """Return ``text`` with single spaces in each line."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def words(most: int) -> Parse:
    """Return a reader of free text of at most ``most`` characters."""

    def parse(text: str) -> str:
        text = single_spaced(text)
        if len(text) > most:
            raise Unexpected(f"at most {most} characters")
        if _LOST_LETTER.search(text):
            raise Unexpected('letters where "?" stands inside a word: they were lost when the file was saved')
        if contains_phone(text):
            raise Unexpected("no phone number: contact goes through the teacher")
        return text

    return parse


def parse_name(text: str) -> str:
    """Read a person's name: words of one script each."""
    text = words(80)(text)
    if "?" in text:
        raise Unexpected('letters where "?" stands: they were lost when the file was saved')
    for word in _WORD.findall(text):
        if _CYRILLIC.search(word) and _LATIN.search(word):
            raise Unexpected(f"Cyrillic or Latin letters, not both in one word ({word})")
    if not _NAME.fullmatch(text):
        raise Unexpected("a name")
    return text


def parse_email(text: str) -> str:
    """Read an e-mail address; letter case does not count."""
    if not _EMAIL.fullmatch(text) or len(text) > 254:
        raise Unexpected("an e-mail address")
    return text.lower()


def parse_day(text: str) -> date:
    """Read a date such as ``2026-09-01`` or ``01.09.2026``, or the number by which spreadsheets know that day."""
    expected = Unexpected("a date such as 2026-09-01 or 01.09.2026")
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
        if dotted := re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text, re.ASCII):
            day, month, year = map(int, dotted.groups())
            return date(year, month, day)
    except ValueError as error:
        raise expected from error
    if re.fullmatch(r"\d{5}", text, re.ASCII) and int(text) in SERIAL_DAYS:
        return SPREADSHEET_DAY_ZERO + timedelta(days=int(text))
    raise expected


def code_of(kind: type[Enum]) -> Parse:
    """Return a reader of one of the values of ``kind``."""

    def parse(text: str) -> Any:
        try:
            return kind(text)
        except ValueError as error:
            raise Unexpected(f"one of {', '.join(str(member.value) for member in kind)}") from error

    return parse


def one_of(*codes: str) -> Parse:
    """Return a reader of one of ``codes``."""

    def parse(text: str) -> str:
        if text not in codes:
            raise Unexpected(f"one of {', '.join(codes)}")
        return text

    return parse


def among(parse: Parse, known: Mapping[str, object]) -> Parse:
    """Return a reader of what ``parse`` reads, each part of which must be one of ``known``."""

    def parse_known(text: str) -> Any:
        codes = parse(text)
        if not set(codes) <= set(known):
            raise Unexpected(f"codes among {', '.join(known)}")
        return codes

    return parse_known


def identifier(most: int) -> Parse:
    """Return a reader of an identifier of at most ``most`` characters."""

    def parse(text: str) -> str:
        if len(text) > most:
            raise Unexpected(f"an identifier of at most {most} characters")
        return parse_identifier(text)

    return parse


def parse_different_teachings(text: str) -> tuple[Teaching, ...]:
    """Read subjects with their grades, each subject once."""
    teachings = parse_teachings(text)
    if len({teaching.subject for teaching in teachings}) < len(teachings):
        raise Unexpected("each subject once, from its lowest to its highest grade")
    return teachings


# Everyday names of subjects, without dots and spaces: which codes each may mean. The pupil's grade and
# language of instruction say which one it is.
SUBJECT_ALIASES: Mapping[str, tuple[str, ...]] = {
    alias: codes
    for codes, aliases in {
        ("MATH",): ("мат", "матем", "математика"),
        ("ALG", "ALGAN"): ("алг", "алгебра"),
        ("GEOM",): ("геом", "геометрия"),
        ("INF", "DIGLIT"): ("инф", "информ", "информатика"),
        ("ENG",): ("англ", "англяз", "английский", "ағылш", "ағылшынтілі"),
        ("GER",): ("нем", "немяз", "немістілі"),
        ("KAZ1", "KAZ2", "KAZ2P"): ("каз", "казяз", "казахскийязык", "қаз", "қазтілі", "қазақтілі"),
        ("RUS1", "RUS2", "RUS2P"): ("рус", "русяз", "русскийязык", "орыстілі"),
        ("PHYS",): ("физ", "физика"),
        ("CHEM",): ("хим", "химия"),
        ("BIO",): ("био", "биол", "биология"),
        ("GEOG",): ("геогр", "география"),
        ("NATSCI",): ("ест", "естествознание", "жаратылыстану"),
        ("HISTKZ",): ("истказ", "историяказахстана", "қазтарихы", "қазақстантарихы"),
        ("HISTW",): ("всемист", "всемирнаяистория", "дүниежүзітарихы"),
    }.items()
    for alias in aliases
}


def subject_codes(text: str) -> tuple[str, ...]:
    """Return the codes that a subject's name may stand for; a code stands for itself."""
    return SUBJECT_ALIASES.get(re.sub(r"[\s.\-]", "", text).casefold(), (text,))
