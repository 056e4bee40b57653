"""Nominated pupils: where they learn, when they are free, and what they need."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache

import numpy as np

from tutormatch.matching.population import availability, catalogue, tables, words
from tutormatch.matching.population.draws import chance, choose, days_before, draw_names
from tutormatch.matching.population.records import School, SyntheticNeed, SyntheticPupil, Teacher
from tutormatch.matching.problem import GRADES, Need, Pupil

REQUIRES = {True: frozenset({"sen"}), False: frozenset()}
RACES_AT_ONCE = 10_000


def draw_need_counts(rng: np.random.Generator, pupils: int | None, needs: int | None) -> np.ndarray:
    """Draw how many needs each pupil has: for so many pupils, or so that they add up to ``needs``."""
    if needs is None:
        return np.array(choose(rng, tables.NEEDS_PER_PUPIL, pupils or 0), dtype=int)
    counts = np.array(choose(rng, tables.NEEDS_PER_PUPIL, needs), dtype=int)
    total = np.cumsum(counts)
    last = int(np.searchsorted(total, needs))
    counts = counts[: last + 1]
    counts[last] -= total[last] - needs
    return counts


def draw_pupils(
    rng: np.random.Generator,
    area: tables.Area,
    schools: Sequence[School],
    teachers: Sequence[Teacher],
    width: int,
    on: date,
    consent: Mapping[str, float],
) -> list[SyntheticPupil]:
    """Draw the pupils whom the schools nominate, named ``p0001`` and so on, with ``width`` digits."""
    places = [school for school in schools for _ in range(school.nominates)]
    count = len(places)
    grades = choose(rng, dict(zip(GRADES, tables.GRADES_OF_NOMINATED, strict=True)), count)
    instruction = _instruction_languages(rng, area, places)
    tracks = [track_of(language) for language in instruction]
    shifts = _shifts(rng, schools, places, grades)
    devices = choose(rng, tables.DEVICES, count)
    without_connection = rng.random(count).tolist()
    sites = [
        "school" if device == "school" or lot < tables.NO_CONNECTION[school.kind] else "home"
        for device, lot, school in zip(devices, without_connection, places, strict=True)
    ]
    slots = _slots(rng, places, shifts, sites)
    states = choose(rng, consent, count)
    consent_forms = choose(rng, tables.CONSENT_FORMS, count)
    consent_days = days_before(on, rng.integers(1, 30, size=count).tolist())
    special_needs = chance(rng, tables.SPECIAL_NEEDS_SHARE, count)
    max_tutors = choose(rng, tables.MAX_TUTORS, count)
    name_lots, language_lots, class_lots, teacher_lots = rng.random((count, 4)).T
    names = draw_names(
        rng, [lot < tables.KAZAKH_NAMES[track] for lot, track in zip(name_lots.tolist(), tracks, strict=True)]
    )
    accepted = [
        _accepted(language, lot < tables.ACCEPTS_SECOND_LANGUAGE[track])
        for language, track, lot in zip(instruction, tracks, language_lots.tolist(), strict=True)
    ]
    labels = [
        class_label(school, grade, language, lot)
        for school, grade, language, lot in zip(places, grades, instruction, class_lots.tolist(), strict=True)
    ]
    staff: dict[str, list[str]] = defaultdict(list)
    for teacher in teachers:
        staff[teacher.school].append(teacher.email)
    pupils = []
    patrons = {school.code: frozenset(school.patrons) for school in schools}
    for index, (school, grade, language, teacher_lot) in enumerate(
        zip(places, grades, instruction, teacher_lots.tolist(), strict=True)
    ):
        is_received = states[index] == "received"
        nominators = staff[school.code]
        pupils.append(
            SyntheticPupil(
                pupil=Pupil(
                    id=f"p{index + 1:0{width}d}",
                    school=school.code,
                    languages=accepted[index],
                    slots=slots[index],
                    max_tutors=max_tutors[index],
                    requires=REQUIRES[special_needs[index]],
                    patrons=patrons[school.code],
                ),
                first_name=names[index][0],
                last_name=names[index][1],
                grade=grade,
                class_label=labels[index],
                shift=shifts[index],
                place=sites[index],
                device=devices[index],
                instruction_language=language,
                consent_on=consent_days[index] if is_received else None,
                consent_form=consent_forms[index] if is_received else "",
                consent_state=states[index],
                teacher_email=nominators[int(teacher_lot * len(nominators))],
            )
        )
    return pupils


def draw_needs(rng: np.random.Generator, pupils: Sequence[SyntheticPupil], counts: np.ndarray) -> list[SyntheticNeed]:
    """Draw ``counts[i]`` different subjects for each pupil, with marks, topics and priorities."""
    codes = [code for shares in tables.FAMILY_SUBJECTS.values() for code in shares]
    owners: list[tuple[SyntheticPupil, str]] = []
    for start in range(0, len(pupils), RACES_AT_ONCE):
        some, wanted = pupils[start : start + RACES_AT_ONCE], counts[start : start + RACES_AT_ONCE]
        weights = np.array([_subject_weights(row.grade, track_of(row.instruction_language)) for row in some])
        # Drawing without replacement as a race: the smallest of exponential times with these rates win.
        with np.errstate(divide="ignore"):
            finish = rng.exponential(size=weights.shape) / weights
        first = np.argsort(finish, axis=1, kind="stable")[:, : wanted.max()]
        owners += [
            (row, codes[subject])
            for row, subjects, count in zip(some, first.tolist(), wanted.tolist(), strict=True)
            for subject in subjects[:count]
        ]
    total = len(owners)
    priorities = choose(rng, tables.PRIORITIES, total)
    sessions = choose(rng, tables.SESSIONS_WANTED, total)
    group_ok = chance(rng, tables.GROUP_OK_SHARE, total)
    marks = _marks(rng, total)
    waiting = np.minimum(rng.exponential(tables.WAITING_DAYS_MEAN, total), tables.WAITING_DAYS_MAX)
    topics = rng.integers(0, 3, total).tolist()
    return [
        SyntheticNeed(
            Need(
                id=f"{row.pupil.id}-{subject}",
                pupil_id=row.pupil.id,
                subject=subject,
                grade=row.grade,
                priority=priorities[index],
                waiting_days=int(waiting[index]),
                sessions_per_week=sessions[index],
                group_ok=group_ok[index],
            ),
            current_mark=marks[index],
            topics=topic(subject, row.instruction_language, topics[index]),
        )
        for index, (row, subject) in enumerate(owners)
    ]


def track_of(instruction_language: str) -> str:
    """Return the language track of a class: ``kk``, ``ru`` or ``other``."""
    return instruction_language if instruction_language in ("kk", "ru") else "other"


def is_taught(subject: str, grade: int, track: str) -> bool:
    """Say whether the subject exists in this grade of this track."""
    entry = catalogue.subjects()[subject]
    in_track = entry.track in ("all", track) or (track == "other" and subject in tables.SECOND_LANGUAGE_SUBJECTS)
    return in_track and entry.grade_from <= grade <= entry.grade_to


def topic(subject: str, instruction_language: str, number: int) -> str:
    """Return one of the three topics of a subject in the language of the class."""
    texts = words.TOPICS[subject]
    return texts["ru" if instruction_language == "ru" else "kk"][number]


@cache
def _label(grade: int, letter: str) -> str:
    return f"{grade}{letter}"


def class_label(school: School, grade: int, instruction_language: str, lot: float) -> str:
    """Return a label such as ``8Ә``; a small-scale school has no parallel classes."""
    letters = words.CLASS_LETTERS["ru" if instruction_language == "ru" else "kk"]
    if school.kind == tables.SMALL_SCALE:
        return _label(grade, letters[0])
    return _label(grade, letters[int(lot * len(letters))])


@cache
def _subject_weights(grade: int, track: str) -> tuple[float, ...]:
    demand = next(shares for (low, high), shares in tables.DEMAND.items() if low <= grade <= high)
    weights: list[float] = []
    for family, shares in tables.FAMILY_SUBJECTS.items():
        taught = {code: share for code, share in shares.items() if is_taught(code, grade, track)}
        whole = sum(taught.values())
        weights += [demand.get(family, 0) * taught[code] / whole if code in taught else 0.0 for code in shares]
    return tuple(weights)


def _instruction_languages(rng: np.random.Generator, area: tables.Area, places: Sequence[School]) -> list[str]:
    # A school of one language decides by itself; mixed schools fill up to the shares of the area.
    wanted_kk, _, wanted_other = (share * len(places) for share in area.tracks)
    mixed = [school.instruction for school in places if len(school.instruction) > 1]
    with_third = sum(len(languages) > 2 for languages in mixed)
    third_share = min(wanted_other / with_third, 0.9) if with_third else 0.0
    only_kk = sum(school.instruction == ("kk",) for school in places)
    rest = len(mixed) - third_share * with_third
    kk_share = float(np.clip((wanted_kk - only_kk) / rest, 0.05, 0.95)) if rest else 0.0
    lots = rng.random((len(places), 2)).tolist()
    languages = []
    for school, (third_lot, kk_lot) in zip(places, lots, strict=True):
        if len(school.instruction) == 1:
            languages.append(school.instruction[0])
        elif len(school.instruction) > 2 and third_lot < third_share:
            languages.append(school.instruction[2])
        else:
            languages.append("kk" if kk_lot < kk_share else "ru")
    return languages


@cache
def _accepted(instruction_language: str, accepts_second: bool) -> tuple[str, ...]:
    track = track_of(instruction_language)
    if not accepts_second:
        return (instruction_language,)
    # Hardly any volunteer teaches in a third language, so those pupils accept both state-wide ones.
    return {"kk": ("kk", "ru"), "ru": ("ru", "kk"), "other": (instruction_language, "kk", "ru")}[track]


def _shifts(
    rng: np.random.Generator, schools: Sequence[School], places: Sequence[School], grades: Sequence[int]
) -> list[str]:
    # Grades of a school change shift together. The grades that may learn in shift II make up for those
    # that never do.
    movable = sum(
        share
        for grade, share in zip(GRADES, tables.GRADES_OF_ALL, strict=True)
        if grade not in tables.FIRST_SHIFT_GRADES
    )
    share = tables.SECOND_SHIFT_SHARE / movable
    in_second = {
        school.code: [school.has_second_shift and lot < share for lot in row]
        for school, row in zip(schools, rng.random((len(schools), len(GRADES) + 1)).tolist(), strict=True)
    }
    return [
        "second" if grade not in tables.FIRST_SHIFT_GRADES and in_second[school.code][grade] else "first"
        for school, grade in zip(places, grades, strict=True)
    ]


def _slots(
    rng: np.random.Generator, places: Sequence[School], shifts: Sequence[str], sites: Sequence[str]
) -> list[frozenset[int]]:
    slots: list[frozenset[int]] = [frozenset()] * len(places)
    groups: dict[tuple[availability.Window, ...], list[int]] = defaultdict(list)
    rooms: dict[tuple[str, str], Callable[[], frozenset[int]]] = {}
    for index, (school, shift, site) in enumerate(zip(places, shifts, sites, strict=True)):
        if site == "school":
            key = (school.code, shift)
            if key not in rooms:
                rooms[key] = availability.room_timetable(rng, shift)
            slots[index] = rooms[key]()
        else:
            groups[_windows(school, shift)].append(index)
    for windows, people in groups.items():
        for index, free in zip(people, availability.draw_slots(rng, windows, len(people)), strict=True):
            slots[index] = free
    return slots


def _windows(school: School, shift: str) -> tuple[availability.Window, ...]:
    # Pupils of country schools are taken as bused: home later, and away earlier.
    if shift == "second":
        windows = availability.SECOND_SHIFT
    elif school.kind == tables.URBAN:
        windows = availability.TOWN_FIRST_SHIFT
    else:
        windows = availability.BUSED_FIRST_SHIFT
    return availability.six_day_week(windows) if school.has_six_days else windows


def _marks(rng: np.random.Generator, count: int) -> list[int]:
    bands = choose(rng, {(low, high): share for share, low, high in tables.MARKS}, count)
    lots = rng.random(count).tolist()
    return [low + int(lot * (high - low + 1)) for (low, high), lot in zip(bands, lots, strict=True)]
