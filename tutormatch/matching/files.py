"""Problems and solutions as folders of CSV files."""

import csv
import json
import shutil
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tutormatch.matching.faults import NEEDS, PAIRS, PUPILS, TUTORS, Fault, FaultyInput, Record, check
from tutormatch.matching.problem import (
    Certificate,
    FunnelStep,
    Level,
    Match,
    Need,
    Pair,
    Problem,
    Pupil,
    Reason,
    Solution,
    Tutor,
    Unmatched,
)
from tutormatch.matching.slots import format_slots
from tutormatch.matching.tables import (
    Column,
    Row,
    Unexpected,
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

MATCHES, UNMATCHED, SUMMARY = "matches.csv", "unmatched.csv", "summary.json"

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


def _write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


class _NewFolder:
    """Write a folder beside its place and move it there when it is whole."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def __enter__(self) -> Path:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.draft = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
        self.draft.chmod(0o755)
        return self.draft

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None and self.folder.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
            self.folder.rename(old)
            self.draft.rename(self.folder)
            shutil.rmtree(old)
        elif error is None:
            self.draft.rename(self.folder)
        else:
            shutil.rmtree(self.draft)


def _refuse_foreign(folder: Path | str, own: Collection[str]) -> None:
    """Refuse to replace a folder that holds anything but ``own`` files."""
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(entry.name not in own for entry in folder.iterdir())):
        raise FileExistsError(f"{folder} exists and holds other files; it is left alone")


def write_problem(problem: Problem, folder: Path | str) -> None:
    """Write a problem to ``folder``, whole or not at all; an older problem there is replaced.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    """
    _refuse_foreign(folder, tuple(COLUMNS))
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
    with _NewFolder(folder) as draft:
        for file, rows in ((TUTORS, tutors), (PUPILS, pupils), (NEEDS, needs), (PAIRS, pairs)):
            _write_table(draft / file, [column.name for column in COLUMNS[file]], rows)


def write_solution(solution: Solution, folder: Path | str) -> None:
    """Write a solution to ``folder``, whole or not at all; an older solution there is replaced.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    """
    _refuse_foreign(folder, (MATCHES, UNMATCHED, SUMMARY))
    with _NewFolder(folder) as draft:
        _write_table(
            draft / MATCHES,
            ("need_id", "tutor_id", "slots"),
            ((match.need_id, match.tutor_id, format_slots(match.slots)) for match in solution.matches),
        )
        _write_table(
            draft / UNMATCHED,
            ("need_id", "reason", "detail"),
            ((each.need_id, each.reason, _format_funnel(each.funnel)) for each in solution.unmatched),
        )
        text = json.dumps(_summary(solution), ensure_ascii=False, indent=2)
        (draft / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _format_funnel(funnel: Iterable[FunnelStep]) -> str:
    return ";".join(f"{step.rule}={step.tutors_left}" for step in funnel)


def _parse_funnel(text: str) -> tuple[FunnelStep, ...]:
    steps = []
    for part in text.split(";"):
        rule, _, left = part.partition("=")
        if not rule or not left.isdecimal():
            raise Unexpected("tutors left after each rule such as subject=4;grade=0")
        steps.append(FunnelStep(rule, int(left)))
    return tuple(steps)


def _parse_reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError as error:
        raise Unexpected(f"one of {', '.join(Reason)}") from error


def _summary(solution: Solution) -> dict[str, Any]:
    return {
        "engine": solution.engine,
        "seed": solution.seed,
        "sizes": {"matches": len(solution.matches), "unmatched": len(solution.unmatched)},
        "levels": [
            {
                "name": level.name,
                "reached": level.reached,
                "bound": level.bound,
                "gap": level.gap,
                "proof": level.proof,
                "by_priority": {str(priority): count for priority, count in level.by_priority.items()},
            }
            for level in solution.certificate.levels
        ],
        "seconds": {stage: round(seconds, 3) for stage, seconds in solution.seconds.items()},
        "peak_memory_mib": solution.peak_memory_mib,
    }


def read_solution(folder: Path | str) -> Solution:
    """Read a solution from its folder.

    Raises
    ------
    FaultyInput
        With every fault of every file. Whether the solution keeps the rules is
        for `tutormatch.matching.verifier.verify` to say.
    """
    folder = Path(folder)
    matches, faults = read_rows(
        folder / MATCHES,
        (
            Column("need_id", parse_identifier),
            Column("tutor_id", parse_identifier),
            Column("slots", parse_slot_list),
        ),
    )
    unmatched, wrong = read_rows(
        folder / UNMATCHED,
        (
            Column("need_id", parse_identifier),
            Column("reason", _parse_reason),
            Column("detail", _parse_funnel, default=()),
        ),
    )
    faults += wrong
    summary: Solution | None = None
    try:
        summary = _read_summary(json.loads((folder / SUMMARY).read_text(encoding="utf-8")), matches, unmatched)
    except FileNotFoundError:
        faults.append(Fault(SUMMARY, None, "", "", "this file to exist"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        faults.append(Fault(SUMMARY, None, "", str(error), "a summary as the solver writes it"))
    if faults or summary is None:
        raise FaultyInput(faults)
    return summary


def _read_summary(summary: Mapping[str, Any], matches: list[Row], unmatched: list[Row]) -> Solution:
    return Solution(
        matches=tuple(
            sorted(
                Match(row.values["need_id"], row.values["tutor_id"], tuple(sorted(row.values["slots"])))
                for row in matches
                if row.is_sound
            )
        ),
        unmatched=tuple(
            Unmatched(row.values["need_id"], row.values["reason"], row.values["detail"])
            for row in unmatched
            if row.is_sound
        ),
        certificate=Certificate(
            tuple(
                Level(
                    str(level["name"]),
                    int(level["reached"]),
                    int(level["bound"]),
                    {int(priority): int(count) for priority, count in level["by_priority"].items()},
                    str(level["proof"]),
                )
                for level in summary["levels"]
            )
        ),
        engine=str(summary["engine"]),
        seed=int(summary["seed"]),
        seconds={str(stage): float(seconds) for stage, seconds in summary["seconds"].items()},
        peak_memory_mib=int(summary["peak_memory_mib"]),
    )
