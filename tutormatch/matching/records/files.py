"""Problems as folders of CSV files."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tutormatch.matching.problem import Need, Pair, Problem, Pupil, Teaching, Tutor
from tutormatch.matching.records.cells import (
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
    whole_number,
)
from tutormatch.matching.records.faults import NEEDS, PAIRS, PUPILS, TUTORS, Fault, FaultyInput, Record, check
from tutormatch.matching.records.folders import new_folder, write_table
from tutormatch.matching.records.memory import ProblemSizes, Work, collection_paused, refuse_what_is_too_large
from tutormatch.matching.records.tables import Records, make_records, read_records
from tutormatch.matching.slots import format_slots

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


Values = Sequence[Any]
"""The values of some rows in one column."""


def _tutors(
    tutor_ids: Values,
    subjects: Values,
    languages: Values,
    slots: Values,
    sessions_per_week: Values,
    max_pupils: Values,
    conditions: Values,
    institutions: Values,
    group_sizes: Values,
) -> list[Tutor]:
    return make_records(
        Tutor,
        tutor_ids,
        subjects,
        map(_as_set, languages),
        slots,
        sessions_per_week,
        [most or sessions for most, sessions in zip(max_pupils, sessions_per_week, strict=True)],
        map(_as_set, conditions),
        institutions,
        group_sizes,
    )


def _pupils(
    pupil_ids: Values,
    schools: Values,
    languages: Values,
    slots: Values,
    max_tutors: Values,
    requires: Values,
    patrons: Values,
) -> list[Pupil]:
    sets = map(_as_set, requires), map(_as_set, patrons)
    return make_records(Pupil, pupil_ids, schools, languages, slots, max_tutors, *sets)


def _pairs(tutor_ids: Values, pupil_ids: Values, need_ids: Values, statuses: Values, slots: Values) -> list[Pair]:
    return make_records(Pair, tutor_ids, pupil_ids, statuses, need_ids, slots)


@lru_cache(maxsize=4096)
def _as_set(parts: tuple[str, ...]) -> frozenset[str]:
    """Return equal parts as one and the same set: a country's tutors share some hundred of them."""
    return frozenset(parts)


RECORDS_OF: Mapping[str, Callable[..., list[Any]]] = MappingProxyType(
    {TUTORS: _tutors, PUPILS: _pupils, NEEDS: partial(make_records, Need), PAIRS: _pairs}
)
"""What makes records from the values of some rows, column by column."""


def _one(make: Callable[..., list[Any]], *values: Any) -> Record:
    return make(*([value] for value in values))[0]


RECORD_OF: Mapping[str, Callable[..., Record]] = MappingProxyType(
    {file: partial(_one, make) for file, make in RECORDS_OF.items()}
)
"""What makes a record from the values of a row, in the order of its columns."""

FILE_OF: Mapping[type[Record], str] = MappingProxyType({Tutor: TUTORS, Pupil: PUPILS, Need: NEEDS, Pair: PAIRS})


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
    TooLargeForMemory
        If so many records would not fit in memory.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FaultyInput([Fault(str(folder), None, "", "", "a folder with a problem")])
    refuse_what_is_too_large(ProblemSizes.of_folder(folder), Work.READ)
    with collection_paused():
        return _read_tables(folder)


def _read_tables(folder: Path) -> Problem:
    tables: dict[str, Records] = {}
    faults: list[Fault] = []
    for file, columns in COLUMNS.items():
        if file == PAIRS and not (folder / file).exists():
            tables[file] = Records()
            continue
        tables[file] = read_records(folder / file, columns, RECORDS_OF[file], EXTENSION_COLUMNS[file])
        faults += tables[file].faults
    problem = Problem.of(*(tables[file].records for file in (TUTORS, PUPILS, NEEDS, PAIRS)))

    @cache
    def lines(kind: type[Record]) -> Mapping[int, int]:
        # The records stay alive in `tables`, so their identities stay theirs.
        table = tables[FILE_OF[kind]]
        return {id(record): line for record, line in zip(table.records, table.lines, strict=True)}

    def row_of(record: Record) -> int | None:
        return lines(type(record)).get(id(record))

    known = {file: table.unread for file, table in tables.items()}
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
    slots, subjects, several = cache(format_slots), cache(_format_subjects), cache(_format_several)
    tutors = (
        (
            tutor.id,
            subjects(tutor.subjects),
            several(tutor.languages),
            slots(tutor.slots),
            tutor.sessions_per_week,
            tutor.max_pupils,
            several(tutor.conditions),
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
            slots(pupil.slots),
            "" if pupil.max_tutors is None else pupil.max_tutors,
            several(pupil.requires),
            several(pupil.patrons),
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
        (pair.tutor_id, pair.pupil_id, pair.need_id or "", pair.status, slots(pair.slots)) for pair in problem.pairs
    )
    with collection_paused(), new_folder(folder, COLUMNS) as draft:
        for file, rows in ((TUTORS, tutors), (PUPILS, pupils), (NEEDS, needs), (PAIRS, pairs)):
            write_table(draft / file, [column.name for column in COLUMNS[file]], rows)


def _format_subjects(subjects: Iterable[Teaching]) -> str:
    return ";".join(f"{each.subject}:{each.grade_from}-{each.grade_to}" for each in sorted(subjects))


def _format_several(codes: Iterable[str]) -> str:
    return ";".join(sorted(codes))
