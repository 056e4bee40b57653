"""Problems as folders of CSV files."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tutormatch.matching.faults import NEEDS, PAIRS, PUPILS, TUTORS, Fault, FaultyInput, Record, check
from tutormatch.matching.folders import new_folder, write_table
from tutormatch.matching.problem import Need, Pair, Problem, Pupil, Tutor
from tutormatch.matching.slots import format_slots
from tutormatch.matching.tables import (
    Column,
    parse_flag,
    parse_grade,
    parse_identifier,
    parse_institutions,
    parse_languages,
    parse_priority,
    parse_ranked_languages,
    parse_slot_list,
    parse_status,
    parse_subject,
    parse_tags,
    parse_teachings,
    read_rows,
    whole_number,
)

COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        TUTORS: (
            Column("tutor_id", parse_identifier),
            Column("subjects", parse_teachings),
            Column("languages", parse_languages),
            Column("slots", parse_slot_list, default=frozenset()),
            Column("sessions_per_week", whole_number(1, 168)),
            Column("max_pupils", whole_number(1), default=None),
            Column("conditions", parse_tags, default=()),
            Column("institution", parse_identifier, default=""),
            Column("group_size", whole_number(1, 99), default=1),
        ),
        PUPILS: (
            Column("pupil_id", parse_identifier),
            Column("school", parse_identifier),
            Column("languages", parse_ranked_languages),
            Column("slots", parse_slot_list, default=frozenset()),
            Column("max_tutors", whole_number(1), default=None),
            Column("requires", parse_tags, default=()),
            Column("patrons", parse_institutions, default=()),
        ),
        NEEDS: (
            Column("need_id", parse_identifier),
            Column("pupil_id", parse_identifier),
            Column("subject", parse_subject),
            Column("grade", parse_grade),
            Column("priority", parse_priority, default=2),
            Column("waiting_days", whole_number(0), default=0),
            Column("sessions_per_week", whole_number(1, 168), default=1),
            Column("group_ok", parse_flag, default=False),
        ),
        PAIRS: (
            Column("tutor_id", parse_identifier),
            Column("pupil_id", parse_identifier),
            Column("need_id", parse_identifier, default=None),
            Column("status", parse_status),
            Column("slots", parse_slot_list, default=frozenset()),
        ),
    }
)

EXTENSION_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        TUTORS: (
            "first_name",
            "last_name",
            "email",
            "locale",
            "study_programme",
            "year_of_study",
            "is_minor",
            "motivation",
            "checked_on",
            "briefed_on",
        ),
        PUPILS: (
            "first_name",
            "last_name",
            "grade",
            "class_label",
            "shift",
            "place",
            "device",
            "instruction_language",
            "consent_on",
            "consent_form",
            "consent_state",
            "teacher_email",
        ),
        NEEDS: ("current_mark", "topics"),
        PAIRS: (),
    }
)
"""Columns that the programme's own records add; the core accepts and ignores them."""


def _tutor(values: Mapping[str, Any]) -> Tutor:
    return Tutor(
        id=values["tutor_id"],
        subjects=values["subjects"],
        languages=frozenset(values["languages"]),
        slots=values["slots"],
        sessions_per_week=values["sessions_per_week"],
        max_pupils=values["max_pupils"] or values["sessions_per_week"],
        conditions=frozenset(values["conditions"]),
        institution=values["institution"],
        group_size=values["group_size"],
    )


def _pupil(values: Mapping[str, Any]) -> Pupil:
    return Pupil(
        id=values["pupil_id"],
        school=values["school"],
        languages=values["languages"],
        slots=values["slots"],
        max_tutors=values["max_tutors"],
        requires=frozenset(values["requires"]),
        patrons=frozenset(values["patrons"]),
    )


def _need(values: Mapping[str, Any]) -> Need:
    return Need(id=values["need_id"], **{name: value for name, value in values.items() if name != "need_id"})


def _pair(values: Mapping[str, Any]) -> Pair:
    return Pair(**values)


RECORD_OF = MappingProxyType({TUTORS: _tutor, PUPILS: _pupil, NEEDS: _need, PAIRS: _pair})


def read_problem(folder: Path | str) -> Problem:
    """Read a problem from its folder.

    Parameters
    ----------
    folder : path
        Holds ``tutors.csv``, ``pupils.csv``, ``needs.csv`` and maybe ``pairs.csv``.

    Raises
    ------
    FaultyInput
        With every fault of every file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FaultyInput([Fault(str(folder), None, "", "", "a folder with a problem")])
    faults: list[Fault] = []
    records: dict[str, list[Any]] = {}
    known: dict[str, set[str]] = {}
    line_of: dict[int, int] = {}
    for file, columns in COLUMNS.items():
        records[file] = []
        if file == PAIRS and not (folder / file).exists():
            continue
        rows, wrong = read_rows(folder / file, columns, EXTENSION_COLUMNS[file])
        faults += wrong
        known[file] = {row.cells[columns[0].name] for row in rows}
        for row in rows:
            if row.is_sound:
                record = RECORD_OF[file](row.values)
                records[file].append(record)
                line_of[id(record)] = row.line
    # The records stay alive in `records`, so their identities stay theirs.
    problem = Problem.of(records[TUTORS], records[PUPILS], records[NEEDS], records[PAIRS])

    def row_of(record: Record) -> int | None:
        return line_of.get(id(record))

    unread = {fault.file for fault in faults if fault.row is None or fault.row == 1 or not fault.column}
    if not unread:
        faults += check(problem, row_of=row_of, known=known)
    if faults:
        order = {file: place for place, file in enumerate(COLUMNS)}
        raise FaultyInput(sorted(faults, key=lambda fault: (order[fault.file], fault.row or 0)))
    return problem


def write_problem(problem: Problem, folder: Path | str) -> None:
    """Write a problem to ``folder``, whole or not at all; an older problem there is replaced.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    """
    tutors = (
        (
            tutor.id,
            ";".join(f"{each.subject}:{each.grade_from}-{each.grade_to}" for each in sorted(tutor.subjects)),
            ";".join(sorted(tutor.languages)),
            format_slots(tutor.slots),
            tutor.sessions_per_week,
            tutor.max_pupils,
            ";".join(sorted(tutor.conditions)),
            tutor.institution,
            tutor.group_size,
        )
        for tutor in problem.tutors
    )
    pupils = (
        (
            pupil.id,
            pupil.school,
            ">".join(pupil.languages),
            format_slots(pupil.slots),
            "" if pupil.max_tutors is None else pupil.max_tutors,
            ";".join(sorted(pupil.requires)),
            ";".join(sorted(pupil.patrons)),
        )
        for pupil in problem.pupils
    )
    needs = (
        (
            need.id,
            need.pupil_id,
            need.subject,
            need.grade,
            need.priority,
            need.waiting_days,
            need.sessions_per_week,
            int(need.group_ok),
        )
        for need in problem.needs
    )
    pairs = (
        (pair.tutor_id, pair.pupil_id, pair.need_id or "", pair.status, format_slots(pair.slots))
        for pair in problem.pairs
    )
    with new_folder(folder, COLUMNS) as draft:
        for file, rows in ((TUTORS, tutors), (PUPILS, pupils), (NEEDS, needs), (PAIRS, pairs)):
            write_table(draft / file, [column.name for column in COLUMNS[file]], rows)
