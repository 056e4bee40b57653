"""A population as a folder of CSV files: the problem of a round with the people and schools behind it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from operator import attrgetter
from pathlib import Path

from tutormatch.matching.population.records import (
    Population,
    School,
    SyntheticNeed,
    SyntheticPupil,
    SyntheticTutor,
    Teacher,
)
from tutormatch.matching.problem import Pair, Problem, Teaching
from tutormatch.matching.records.folders import write_table
from tutormatch.matching.records.memory import collection_paused
from tutormatch.matching.slots import format_slots

Cells = Sequence[str | int]
"""The cells of a row, in the order of `COLUMNS`."""


def write_population(population: Population, folder: Path, with_excluded: bool = False) -> None:
    """Write a population as CSV files (UTF-8, header row) into ``folder``.

    ``tutors.csv``, ``pupils.csv``, ``needs.csv`` and ``pairs.csv`` are the problem
    of a round with further columns for names, consent and checks; ``schools.csv``
    and ``teachers.csv`` say where the pupils come from.

    Parameters
    ----------
    with_excluded
        Also write tutors whose check is open (``checked_on`` blank) and pupils
        whose consent is pending or refused (``consent_state``), with their needs
        and pairs. The core knows nothing of either and would match them: such a
        folder is for the import of a programme, not for the solver.
    """
    folder.mkdir(parents=True, exist_ok=True)
    shown = population if with_excluded else population.entering
    slots = cache(format_slots)
    tables: Mapping[str, Iterable[Cells]] = {
        "tutors": (_tutor(row, slots(row.tutor.slots)) for row in sorted(shown.tutors, key=attrgetter("tutor.id"))),
        "pupils": (_pupil(row, slots(row.pupil.slots)) for row in sorted(shown.pupils, key=attrgetter("pupil.id"))),
        "needs": (_need(row) for row in sorted(shown.needs, key=attrgetter("need.id"))),
        "pairs": (_pair(pair) for pair in Problem.of((), (), (), shown.pairs).pairs),
        "schools": (_school(school) for school in shown.schools),
        "teachers": (_teacher(teacher) for teacher in shown.teachers),
    }
    with collection_paused():
        for name, rows in tables.items():
            write_table(folder / f"{name}.csv", COLUMNS[name], rows)


COLUMNS: Mapping[str, Sequence[str]] = {
    "tutors": (
        "tutor_id", "subjects", "languages", "slots", "sessions_per_week", "max_pupils", "conditions",
        "institution", "group_size", "first_name", "last_name", "email", "locale", "study_programme",
        "year_of_study", "is_minor", "motivation", "checked_on", "briefed_on",
    ),
    "pupils": (
        "pupil_id", "school", "languages", "slots", "max_tutors", "requires", "patrons", "first_name",
        "last_name", "grade", "class_label", "shift", "place", "device", "instruction_language",
        "consent_on", "consent_form", "consent_state", "teacher_email",
    ),
    "needs": (
        "need_id", "pupil_id", "subject", "grade", "priority", "waiting_days", "sessions_per_week",
        "group_ok", "current_mark", "topics",
    ),
    "pairs": ("tutor_id", "pupil_id", "need_id", "status", "slots"),
    "schools": (
        "school", "district_kato", "region_code", "number", "kind", "name_kk", "name_ru", "name_en",
        "instruction", "has_second_shift", "patrons",
    ),
    "teachers": ("email", "first_name", "last_name", "school", "locale"),
}  # fmt: skip


def _tutor(row: SyntheticTutor, slots: str) -> Cells:
    tutor = row.tutor
    return (
        tutor.id,
        _format_teachings(tutor.subjects),
        _sorted(tutor.languages),
        slots,
        tutor.sessions_per_week,
        tutor.max_pupils,
        _sorted(tutor.conditions),
        tutor.institution,
        tutor.group_size,
        row.first_name,
        row.last_name,
        row.email,
        row.locale,
        row.study_programme,
        row.year_of_study,
        int(row.is_minor),
        row.motivation,
        row.checked_on.isoformat() if row.checked_on else "",
        row.briefed_on.isoformat() if row.briefed_on else "",
    )


@cache
def _format_teachings(teachings: tuple[Teaching, ...]) -> str:
    return ";".join(f"{each.subject}:{each.grade_from}-{each.grade_to}" for each in teachings)


@cache
def _sorted(codes: frozenset[str]) -> str:
    return ";".join(sorted(codes))


def _pupil(row: SyntheticPupil, slots: str) -> Cells:
    pupil = row.pupil
    return (
        pupil.id,
        pupil.school,
        ">".join(pupil.languages),
        slots,
        "" if pupil.max_tutors is None else pupil.max_tutors,
        _sorted(pupil.requires),
        _sorted(pupil.patrons),
        row.first_name,
        row.last_name,
        row.grade,
        row.class_label,
        row.shift,
        row.place,
        row.device,
        row.instruction_language,
        row.consent_on.isoformat() if row.consent_on else "",
        row.consent_form,
        row.consent_state,
        row.teacher_email,
    )


def _need(row: SyntheticNeed) -> Cells:
    need = row.need
    return (
        need.id,
        need.pupil_id,
        need.subject,
        need.grade,
        need.priority,
        need.waiting_days,
        need.sessions_per_week,
        int(need.group_ok),
        row.current_mark,
        row.topics,
    )


def _pair(pair: Pair) -> Cells:
    return pair.tutor_id, pair.pupil_id, pair.need_id or "", pair.status.value, format_slots(pair.slots)


def _school(school: School) -> Cells:
    return (
        school.code,
        school.district_kato,
        school.region_code,
        school.number,
        school.kind,
        school.name_kk,
        school.name_ru,
        school.name_en,
        ";".join(school.instruction),
        int(school.has_second_shift),
        ";".join(school.patrons),
    )


def _teacher(teacher: Teacher) -> Cells:
    return teacher.email, teacher.first_name, teacher.last_name, teacher.school, teacher.locale
