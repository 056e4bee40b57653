"""A population as a folder of CSV files: the problem of a round with the people and schools behind it."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tutormatch.matching.population.records import (
    Population,
    School,
    SyntheticNeed,
    SyntheticPupil,
    SyntheticTutor,
    Teacher,
)
from tutormatch.matching.problem import Pair
from tutormatch.matching.slots import format_slots

Cell = str | int
Row = Mapping[str, Cell]


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
    tables: Mapping[str, list[Row]] = {
        "tutors": [_tutor(row) for row in sorted(shown.tutors, key=lambda row: row.tutor.id)],
        "pupils": [_pupil(row) for row in sorted(shown.pupils, key=lambda row: row.pupil.id)],
        "needs": [_need(row) for row in sorted(shown.needs, key=lambda row: row.need.id)],
        "pairs": [_pair(pair) for pair in shown.everybody.pairs],
        "schools": [_school(school) for school in shown.schools],
        "teachers": [_teacher(teacher) for teacher in shown.teachers],
    }
    for name, rows in tables.items():
        _write(folder / f"{name}.csv", COLUMNS[name], rows)


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


def _write(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _tutor(row: SyntheticTutor) -> Row:
    tutor = row.tutor
    return {
        "tutor_id": tutor.id,
        "subjects": ";".join(
            f"{teaching.subject}:{teaching.grade_from}-{teaching.grade_to}" for teaching in tutor.subjects
        ),
        "languages": ";".join(sorted(tutor.languages)),
        "slots": format_slots(tutor.slots),
        "sessions_per_week": tutor.sessions_per_week,
        "max_pupils": tutor.max_pupils,
        "conditions": ";".join(sorted(tutor.conditions)),
        "institution": tutor.institution,
        "group_size": tutor.group_size,
        "first_name": row.first_name,
        "last_name": row.last_name,
        "email": row.email,
        "locale": row.locale,
        "study_programme": row.study_programme,
        "year_of_study": row.year_of_study,
        "is_minor": int(row.is_minor),
        "motivation": row.motivation,
        "checked_on": row.checked_on.isoformat() if row.checked_on else "",
        "briefed_on": row.briefed_on.isoformat() if row.briefed_on else "",
    }


def _pupil(row: SyntheticPupil) -> Row:
    pupil = row.pupil
    return {
        "pupil_id": pupil.id,
        "school": pupil.school,
        "languages": ">".join(pupil.languages),
        "slots": format_slots(pupil.slots),
        "max_tutors": "" if pupil.max_tutors is None else pupil.max_tutors,
        "requires": ";".join(sorted(pupil.requires)),
        "patrons": ";".join(sorted(pupil.patrons)),
        "first_name": row.first_name,
        "last_name": row.last_name,
        "grade": row.grade,
        "class_label": row.class_label,
        "shift": row.shift,
        "place": row.place,
        "device": row.device,
        "instruction_language": row.instruction_language,
        "consent_on": row.consent_on.isoformat() if row.consent_on else "",
        "consent_form": row.consent_form,
        "consent_state": row.consent_state,
        "teacher_email": row.teacher_email,
    }


def _need(row: SyntheticNeed) -> Row:
    need = row.need
    return {
        "need_id": need.id,
        "pupil_id": need.pupil_id,
        "subject": need.subject,
        "grade": need.grade,
        "priority": need.priority,
        "waiting_days": need.waiting_days,
        "sessions_per_week": need.sessions_per_week,
        "group_ok": int(need.group_ok),
        "current_mark": row.current_mark,
        "topics": row.topics,
    }


def _pair(pair: Pair) -> Row:
    return {
        "tutor_id": pair.tutor_id,
        "pupil_id": pair.pupil_id,
        "need_id": pair.need_id or "",
        "status": pair.status.value,
        "slots": format_slots(pair.slots),
    }


def _school(school: School) -> Row:
    return {
        "school": school.code,
        "district_kato": school.district_kato,
        "region_code": school.region_code,
        "number": school.number,
        "kind": school.kind,
        "name_kk": school.name_kk,
        "name_ru": school.name_ru,
        "name_en": school.name_en,
        "instruction": ";".join(school.instruction),
        "has_second_shift": int(school.has_second_shift),
        "patrons": ";".join(school.patrons),
    }


def _teacher(teacher: Teacher) -> Row:
    return {
        "email": teacher.email,
        "first_name": teacher.first_name,
        "last_name": teacher.last_name,
        "school": teacher.school,
        "locale": teacher.locale,
    }
