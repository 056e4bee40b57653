"""The catalogue is data that every other part trusts: it must be sound by itself."""

import csv
from collections import Counter
from datetime import date
from importlib.resources import files
from itertools import pairwise

import pytest

FOLDER = files("tutormatch.catalogue")
NAMES = ("name_kk", "name_ru", "name_en")
TABLES = ("regions", "districts", "subjects", "calendar", "universities")


def read(table: str) -> list[dict[str, str]]:
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("table", TABLES)
def test_table_is_plain_utf8_with_line_feeds_and_no_stray_spaces(table):
    raw = (FOLDER / f"{table}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    for row in read(table):
        assert None not in row, row
        assert all(value is not None and value == value.strip() for value in row.values()), row


@pytest.mark.parametrize("table", ["regions", "districts", "subjects", "universities"])
def test_everything_has_a_name_in_each_locale(table):
    for row in read(table):
        assert all(row[name] for name in NAMES), row


@pytest.mark.parametrize(("table", "key"), [("regions", "region_code"), ("subjects", "code"), ("universities", "code")])
def test_codes_are_unique(table, key):
    codes = Counter(row[key] for row in read(table))
    assert [code for code, times in codes.items() if times > 1] == []


def test_there_are_seventeen_regions_and_three_cities():
    assert Counter(row["type"] for row in read("regions")) == {"region": 17, "city": 3}


def test_districts_and_universities_lie_in_known_regions():
    regions = {row["region_code"] for row in read("regions")}
    assert {row["region_code"] for row in read("districts")} == regions
    assert {row["region_code"] for row in read("universities")} <= regions


def test_kato_codes_of_districts_are_unique_and_begin_like_their_region():
    region_kato = {row["region_code"]: row["kato_code"] for row in read("regions")}
    codes = [(row["kato_code"], row["region_code"]) for row in read("districts") if row["kato_code"]]
    assert len({code for code, _ in codes}) == len(codes)
    for code, region in codes:
        assert len(code) == 9
        assert code.isdigit()
        assert code[:2] == region_kato[region][:2], code


def test_a_district_name_is_unique_within_its_region_though_not_in_the_country():
    rows = read("districts")
    assert len({(row["region_code"], row["type"], row["name_kk"]) for row in rows}) == len(rows)
    assert len({row["name_kk"] for row in rows}) < len(rows)


def test_subjects_have_a_grade_range_a_track_and_a_tutoring_rule():
    for row in read("subjects"):
        assert 1 <= int(row["grade_from"]) <= int(row["grade_to"]) <= 11, row
        assert row["track"] in {"all", "kk", "ru", "other"}, row
        assert row["tutoring"] in {"core", "extra", "no"}, row


@pytest.mark.parametrize("grade", range(1, 12))
@pytest.mark.parametrize("track", ["kk", "ru"])
def test_each_grade_and_track_has_mathematics_kazakh_and_russian(grade, track):
    families = {
        row["family"]
        for row in read("subjects")
        if int(row["grade_from"]) <= grade <= int(row["grade_to"]) and row["track"] in ("all", track)
    }
    expected = {"math", "kazakh"} | ({"russian"} if grade > 1 or track == "ru" else set())
    assert expected <= families


def test_quarters_and_holidays_of_a_school_year_follow_each_other_without_overlap():
    rows = [row for row in read("calendar") if row["period"] in ("quarter", "holiday")]
    for year in {row["school_year"] for row in rows}:
        periods = sorted(
            (date.fromisoformat(row["date_from"]), date.fromisoformat(row["date_to"]), row["period"])
            for row in rows
            if row["school_year"] == year
        )
        assert [kind for _, _, kind in periods] == ["quarter", "holiday"] * 3 + ["quarter"]
        for (_, end, _), (start, _, _) in pairwise(periods):
            assert (start - end).days == 1
