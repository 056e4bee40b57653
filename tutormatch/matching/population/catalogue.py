"""What the synthetic population needs to know of regions, subjects and institutions."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Subject:
    """A school subject: its grades and the language track it belongs to (``all``, ``kk``, ``ru``, ``other``)."""

    code: str
    grade_from: int
    grade_to: int
    track: str


@dataclass(frozen=True, slots=True)
class District:
    """A district or city with its nine-digit classifier code."""

    kato: str
    region_code: str
    is_urban: bool
    name_kk: str
    name_ru: str
    name_en: str


def _rows(table: str) -> Iterator[dict[str, str]]:
    path = files("tutormatch.catalogue") / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@cache
def subjects() -> Mapping[str, Subject]:
    """Return every subject by its code."""
    return {
        row["code"]: Subject(row["code"], int(row["grade_from"]), int(row["grade_to"]), row["track"])
        for row in _rows("subjects")
    }


@cache
def districts() -> Mapping[str, District]:
    """Return districts by classifier code; the few new ones that have no code yet are left out."""
    return {
        row["kato_code"]: District(
            row["kato_code"],
            row["region_code"],
            row["type"] != "district",
            row["name_kk"],
            row["name_ru"],
            row["name_en"],
        )
        for row in _rows("districts")
        if row["kato_code"]
    }


@cache
def institutions() -> Mapping[str, str]:
    """Return the region code of every university and college by its code."""
    return {row["code"]: row["region_code"] for row in _rows("universities")}
