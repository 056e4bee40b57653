"""Loading of the catalogue that ships with the product."""

import csv
from collections.abc import Iterator
from datetime import date
from importlib import resources

from sqlalchemy import select

from ..database import transactional
from ..extensions import db
from ..models import District, Institution, Region, SchoolPeriod, Subject


def _rows(name: str) -> Iterator[dict[str, str]]:
    with resources.files("tutormatch.catalogue").joinpath(name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@transactional
def load_catalogue() -> None:
    """Add what is missing of the shipped catalogue; what is there stays as it was edited."""
    regions = set(db.session.scalars(select(Region.code)))
    for row in _rows("regions.csv"):
        if row["region_code"] not in regions:
            db.session.add(Region(code=row["region_code"], **_names(row)))
    db.session.flush()
    districts = {(region, name) for region, name in db.session.execute(select(District.region_code, District.name_kk))}
    for row in _rows("districts.csv"):
        if (row["region_code"], row["name_kk"]) not in districts:
            db.session.add(District(region_code=row["region_code"], kato=row["kato_code"] or None, **_names(row)))
    institutions = set(db.session.scalars(select(Institution.code)))
    for row in _rows("universities.csv"):
        if row["code"] not in institutions:
            db.session.add(Institution(code=row["code"], region_code=row["region_code"], **_names(row)))
    subjects = set(db.session.scalars(select(Subject.code)))
    for position, row in enumerate(_rows("subjects.csv")):
        if row["code"] not in subjects:
            db.session.add(
                Subject(
                    code=row["code"],
                    family=row["family"],
                    grade_from=int(row["grade_from"]),
                    grade_to=int(row["grade_to"]),
                    track=row["track"],
                    is_offered=row["tutoring"] != "no",
                    position=position,
                    **_names(row),
                )
            )
    if not db.session.scalar(select(SchoolPeriod.id).limit(1)):
        for row in _rows("calendar.csv"):
            db.session.add(
                SchoolPeriod(
                    school_year=row["school_year"],
                    kind=row["period"],
                    number=int(row["number"]),
                    starts_on=date.fromisoformat(row["date_from"]),
                    ends_on=date.fromisoformat(row["date_to"]),
                    grades=() if row["grades"] == "1-11" else (row["grades"],),
                )
            )


def _names(row: dict[str, str]) -> dict[str, str]:
    return {name: row[name] for name in ("name_kk", "name_ru", "name_en")}
