"""Schools with their languages, shifts and patrons, and the teachers who nominate."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import numpy as np

from tutormatch.matching.population import catalogue, tables, words
from tutormatch.matching.population.draws import apportion, chance, choose, draw_names
from tutormatch.matching.population.records import School, Teacher


def draw_schools(
    rng: np.random.Generator,
    area: tables.Area,
    count: int,
    districts: Sequence[str] = (),
) -> list[School]:
    """Draw ``count`` schools, which nominate nobody yet.

    Parameters
    ----------
    districts
        Classifier codes to spread the schools over, repeated for a heavier
        weight; by default all districts and cities of the area, evenly.
    """
    kinds = [kind for kind, number in apportion(count, area.kinds).items() for _ in range(number)]
    languages = [
        language
        for number in apportion(count, area.kinds).values()
        for language in _stratum(rng, area.school_languages, number)
    ]
    places = _places(rng, area, kinds, districts)
    six_days = chance(rng, tables.SIX_DAY_SHARE, count)
    width = max(3, len(str(count)))
    numbers: Counter[str] = Counter()
    schools = []
    for index, (kind, language, place) in enumerate(zip(kinds, languages, places, strict=True)):
        numbers[place.kato] += 1
        number = numbers[place.kato]
        schools.append(
            School(
                code=f"s{index + 1:0{width}d}",
                district_kato=place.kato,
                region_code=place.region_code,
                number=number,
                kind=kind,
                name_kk=words.SCHOOL_NAMES["kk"].format(number=number),
                name_ru=words.SCHOOL_NAMES["ru"].format(number=number),
                name_en=words.SCHOOL_NAMES["en"].format(number=number),
                instruction=_instruction(rng, language, place.region_code, area),
                has_second_shift=bool(rng.random() < area.second_shift[kind]),
                has_six_days=six_days[index],
                patrons=_patrons(rng, kind, place.region_code),
                class_sets=_class_sets(rng, kind),
                pupils=_pupils_of(rng, kind),
            )
        )
    return schools


def nominate(rng: np.random.Generator, schools: Sequence[School], pupils: int) -> list[School]:
    """Return the schools with ``pupils`` nominations divided among them."""
    weights = np.array([school.pupils for school in schools]) ** tables.NOMINATION_EXPONENT
    numbers = rng.multinomial(pupils, weights / weights.sum()).tolist()
    return [replace(school, nominates=number) for school, number in zip(schools, numbers, strict=True)]


def teacher_email(school: str, post: int = 1) -> str:
    """Return the address of a school's first (second, third, …) nominating teacher."""
    return f"teacher{post}.{school}@example.org"


def draw_teachers(rng: np.random.Generator, schools: Sequence[School]) -> list[Teacher]:
    """Draw one teacher for every dozen nominated pupils of a school, at least one."""
    posts = [
        (school, post)
        for school in schools
        for post in range(1, 2 + max(0, school.nominates - 1) // tables.PUPILS_PER_TEACHER)
    ]
    locales = [school.instruction[post % len(school.instruction)] for school, post in posts]
    locales = [locale if locale in ("kk", "ru") else "kk" for locale in locales]
    lots = rng.random(len(posts)).tolist()
    names = draw_names(
        rng,
        [lot < tables.KAZAKH_NAMES[locale] for lot, locale in zip(lots, locales, strict=True)],
    )
    return [
        Teacher(teacher_email(school.code, post), first, last, school.code, locale)
        for (school, post), (first, last), locale in zip(posts, names, locales, strict=True)
    ]


def _stratum(rng: np.random.Generator, shares: dict[str, float], count: int) -> list[str]:
    # Languages are dealt out within each kind of school, so that chance cannot make all towns Russian.
    dealt = [language for language, number in apportion(count, shares).items() for _ in range(number)]
    return [dealt[index] for index in rng.permutation(len(dealt)).tolist()]


def _places(
    rng: np.random.Generator, area: tables.Area, kinds: Sequence[str], districts: Sequence[str]
) -> list[catalogue.District]:
    known = catalogue.districts()
    if districts:
        pool = [known[kato] for kato in districts]
    else:
        pool = [place for place in known.values() if area.region in (None, place.region_code)]
        pool = [pool[index] for index in rng.permutation(len(pool)).tolist()]
    towns = cycle([place for place in pool if place.is_urban])
    country = cycle([place for place in pool if not place.is_urban])
    return [next(towns if kind == tables.URBAN else country) for kind in kinds]


def _pupils_of(rng: np.random.Generator, kind: str) -> int:
    if kind == tables.SMALL_SCALE:
        size = rng.lognormal(np.log(tables.SMALL_SCALE_MEDIAN), tables.SMALL_SCALE_SIGMA)
        return int(np.clip(size, *tables.SMALL_SCALE_LIMITS))
    return int(rng.uniform(*tables.SCHOOL_PUPILS[kind]))


def _instruction(rng: np.random.Generator, language: str, region: str, area: tables.Area) -> tuple[str, ...]:
    if language != "mixed":
        return (language,)
    third = tables.THIRD_LANGUAGES.get(region) if area.tracks[2] else None
    if third == "uz" and rng.random() < tables.TAJIK_SHARE_OF_UZBEK_AREA:
        third = "tg"
    return ("kk", "ru", third) if third else ("kk", "ru")


def _patrons(rng: np.random.Generator, kind: str, region: str) -> tuple[str, ...]:
    if kind != tables.SMALL_SCALE or rng.random() >= tables.PATRON_SHARE:
        return ()
    known = catalogue.institutions()
    candidates = [code for code, place in known.items() if place == region] or list(known)
    return (choose(rng, dict.fromkeys(candidates, 1.0), 1)[0],)


def _class_sets(rng: np.random.Generator, kind: str) -> tuple[tuple[int, int], ...]:
    if kind != tables.SMALL_SCALE:
        return ()
    joined = chance(rng, tables.CLASS_SET_SHARE, len(tables.CLASS_SETS))
    return tuple(pair for pair, is_joined in zip(tables.CLASS_SETS, joined, strict=True) if is_joined)
