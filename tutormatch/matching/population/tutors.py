"""Volunteer tutors: what they teach, in which language, when and how much."""

from datetime import date
from functools import cache

import numpy as np

from tutormatch.matching.population import availability, catalogue, tables, words
from tutormatch.matching.population.draws import chance, choose, days_before, draw_names
from tutormatch.matching.population.records import SyntheticTutor
from tutormatch.matching.problem import Teaching, Tutor

MOTHER_TONGUE_FAMILY = {"kk": "kazakh", "ru": "russian"}
MOTHER_TONGUE_GRADE_TO = 4
BRIEFED_FOR = {True: frozenset({"sen"}), False: frozenset()}


def draw_tutors(
    rng: np.random.Generator, area: tables.Area, count: int, width: int, on: date, checked_share: float
) -> list[SyntheticTutor]:
    """Draw ``count`` tutors named ``t0001`` and so on, with ``width`` digits."""
    codes = choose(rng, {code: row.share for code, row in tables.PROGRAMMES.items()}, count)
    years = choose(rng, tables.YEARS_OF_STUDY, count)
    groups = _groups(rng, area, codes)
    lots = rng.random((count, 8)).tolist()
    lowest = choose(rng, tables.LOWEST_GRADES, count)
    capacities = choose(rng, tables.SESSIONS_OFFERED, count)
    limits = choose(rng, tables.MAX_PUPILS, count)
    group_sizes = choose(rng, tables.GROUP_SIZES, count)
    briefed_for_special_needs = chance(rng, tables.SPECIAL_NEEDS_BRIEFED_SHARE, count)
    institutions = _institutions(rng, area, count)
    slots = availability.draw_slots(rng, availability.TUTOR, count)
    checked = chance(rng, checked_share, count)
    ages_of_check = np.sort(rng.integers(3, 60, size=(count, 2)), axis=1)
    briefed_on, checked_on = (days_before(on, ages.tolist()) for ages in ages_of_check.T)
    names = draw_names(
        rng, [row[0] < tables.KAZAKH_NAMES.get(group, 0.5) for row, group in zip(lots, groups, strict=True)]
    )
    tutors = []
    for index in range(count):
        identifier = f"t{index + 1:0{width}d}"
        group, year, lot = groups[index], years[index], lots[index]
        # Whoever studies in English speaks the language of the home too.
        home = group if group != "en" else ("kk" if lot[3] < 0.65 else "ru")
        motivations = words.MOTIVATIONS[group]
        # Half of those who still lack the check have heard the briefing already.
        is_briefed = checked[index] or lot[4] < 0.5
        tutors.append(
            SyntheticTutor(
                tutor=Tutor(
                    id=identifier,
                    subjects=_teachings(rng, codes[index], year, home, lowest[index]),
                    languages=_spoken(group, home, lot[1] < tables.BILINGUAL[group]),
                    slots=slots[index],
                    sessions_per_week=capacities[index],
                    max_pupils=min(limits[index], capacities[index]),
                    conditions=BRIEFED_FOR[briefed_for_special_needs[index]],
                    institution=institutions[index],
                    group_size=group_sizes[index],
                ),
                first_name=names[index][0],
                last_name=names[index][1],
                email=f"{identifier}@example.org",
                locale=group,
                study_programme=words.STUDY_PROGRAMMES[codes[index]][group],
                year_of_study=year,
                is_minor=year == 1 and lot[2] < tables.MINOR_SHARE_OF_FIRST_YEARS,
                motivation=motivations[int(lot[5] * len(motivations))],
                checked_on=checked_on[index] if checked[index] else None,
                briefed_on=briefed_on[index] if is_briefed else None,
            )
        )
    return tutors


@cache
def _spoken(group: str, home: str, is_bilingual: bool) -> frozenset[str]:
    return frozenset({group, home, *(("kk", "ru") if is_bilingual and group != "en" else ())})


@cache
def teach_family(family: str, grade_from: int, grade_to: int) -> tuple[Teaching, ...]:
    """Return the subjects of a family within the grades, each within its own grade range."""
    teachings = []
    for code in tables.FAMILY_SUBJECTS[family]:
        subject = catalogue.subjects()[code]
        low, high = max(grade_from, subject.grade_from), min(grade_to, subject.grade_to)
        if low <= high:
            teachings.append(Teaching(code, low, high))
    return tuple(teachings)


def _groups(rng: np.random.Generator, area: tables.Area, codes: list[str]) -> list[str]:
    # Programmes of a language fix their group; the others fill up to the shares of the area.
    rest = dict(area.student_groups)
    for programme in tables.PROGRAMMES.values():
        if programme.group:
            rest[programme.group] -= programme.share
    drawn = choose(rng, {group: max(share, 0.0) for group, share in rest.items()}, len(codes))
    return [tables.PROGRAMMES[code].group or group for code, group in zip(codes, drawn, strict=True)]


def _institutions(rng: np.random.Generator, area: tables.Area, count: int) -> list[str]:
    if area.region == tables.NORTH_KAZAKHSTAN:
        return choose(rng, {"NKU": 1 - tables.COLLEGE_SHARE, "MZHC": tables.COLLEGE_SHARE}, count)
    return choose(rng, dict.fromkeys(catalogue.institutions(), 1.0), count)


def _teachings(rng: np.random.Generator, code: str, year: int, mother_tongue: str, lowest: int) -> tuple[Teaching, ...]:
    programme = tables.PROGRAMMES[code]
    families = tuple(family for family, share in programme.families.items() if rng.random() < share)
    has_mother_tongue = bool(rng.random() < programme.mother_tongue)
    has_own_language = bool(rng.random() < programme.own_language)
    return _subjects(code, families, has_mother_tongue, has_own_language, year, mother_tongue, lowest)


@cache
def _subjects(
    code: str,
    families: tuple[str, ...],
    has_mother_tongue: bool,
    has_own_language: bool,
    year: int,
    mother_tongue: str,
    lowest: int,
) -> tuple[Teaching, ...]:
    programme = tables.PROGRAMMES[code]
    grade_to = min(programme.grade_to, programme.family_grade_to, tables.GRADE_TO_BY_YEAR[year])
    grade_from = 1 if programme.grade_to < 11 else lowest
    teachings: list[Teaching] = []
    for family in families or list(programme.families)[:1]:
        full_range = tables.GRADE_TO_BY_YEAR[year] if family == "foreign" else grade_to
        teachings += teach_family(family, grade_from, full_range)
    own = MOTHER_TONGUE_FAMILY[mother_tongue]
    if has_mother_tongue:
        first_language = [
            teaching
            for teaching in teach_family(own, 1, MOTHER_TONGUE_GRADE_TO)
            if teaching.subject not in tables.SECOND_LANGUAGE_SUBJECTS
        ]
        teachings += first_language
    if has_own_language:
        teachings += teach_family(own, grade_from, grade_to)
    return tuple(sorted(teachings))
