"""What must fit between the rows of an imported folder, and between them and the programme."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from .. import clock
from ..extensions import db
from ..matching import PairStatus, Problem, Row, check
from ..matching.records.files import RECORD_OF
from ..models import (
    Account,
    ConsentState,
    District,
    Institution,
    Need,
    Pupil,
    Role,
    School,
    Subject,
    Teacher,
    Tutor,
)
from ..models.pupil import read_class_label
from ..queries.subjects import is_taught
from .import_cells import subject_codes
from .import_tables import NEEDS, PAIRS, PUPILS, SCHOOLS, TEACHERS, TUTORS, Folder, core_values


@dataclass(frozen=True)
class Defaults:
    """What holds for rows that do not say it: a plain matching problem knows no district, consent or check."""

    district_kato: str | None = None
    institution: str | None = None
    consent_on: date | None = None
    checked_on: date | None = None


@dataclass(frozen=True)
class Known:
    """What the programme holds already, by the names that files use."""

    districts: Mapping[str, int]
    institutions: Mapping[str, int]
    subjects: Mapping[str, Subject]
    schools: Mapping[str, int]
    teachers: Mapping[str, tuple[int, str]]
    emails: frozenset[str]
    codes: Mapping[str, frozenset[str]]


def load_known(folder: Folder) -> Known:
    """Read what the folder's rows may refer to or clash with."""
    codes = {}
    for file, model, name in ((TUTORS, Tutor, "tutor_id"), (PUPILS, Pupil, "pupil_id"), (NEEDS, Need, "need_id")):
        in_file = {row.cells[name] for row in folder.rows[file]}
        codes[file] = frozenset(in_file & set(db.session.scalars(select(model.code))))
    teachers = db.session.execute(
        select(Account.email, Account.id, School.code)
        .join(Teacher, Teacher.account_id == Account.id)
        .join(School, Teacher.school_id == School.id)
        .where(Account.role == Role.TEACHER, Account.email_confirmed_at.is_not(None))
    )
    return Known(
        districts=dict(db.session.execute(select(District.kato, District.id).where(District.kato.is_not(None))).all()),
        institutions=dict(db.session.execute(select(Institution.code, Institution.id)).all()),
        subjects={subject.code: subject for subject in db.session.scalars(select(Subject))},
        schools=dict(db.session.execute(select(School.code, School.id)).all()),
        teachers={email: (account_id, school) for email, account_id, school in teachers},
        emails=frozenset(db.session.scalars(select(Account.email).where(Account.email_confirmed_at.is_not(None)))),
        codes=codes,
    )


@dataclass
class Checked:
    """What the checks have found out about sound rows: by pupil, grade and class label; by need, subject code."""

    grades: dict[str, int] = field(default_factory=dict)
    class_labels: dict[str, str] = field(default_factory=dict)
    instruction_languages: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)


def check_folder(folder: Folder, known: Known, defaults: Defaults) -> Checked:
    """Add every fault between rows to ``folder.faults`` and return what was found out."""
    checked = Checked()
    _schools(folder, known, defaults)
    _teachers(folder, known)
    _tutors(folder, known, defaults)
    _pupils(folder, known, defaults, checked)
    _needs(folder, known, checked)
    _codes_are_new(folder, known)
    _core_rules(folder, checked)
    _pairs(folder, defaults)
    return checked


def _schools(folder: Folder, known: Known, defaults: Defaults) -> None:
    first: dict[str, int] = {}
    for row in folder.rows[SCHOOLS]:
        code = row.cells["school"]
        if code in first:
            folder.add(SCHOOLS, row, "school", f"each school once (row {first[code]})")
        first.setdefault(code, row.line)
    for row in folder.sound(SCHOOLS):
        if row.values["district_kato"] not in known.districts:
            folder.add(SCHOOLS, row, "district_kato", "the KATO code of a district in the catalogue")
        if unknown := [code for code in row.values["patrons"] if code not in known.institutions]:
            folder.add(SCHOOLS, row, "patrons", f"codes of institutions in the catalogue, not {', '.join(unknown)}")
    if defaults.district_kato is None:
        for file in (PUPILS, TEACHERS):
            for row in folder.rows[file]:
                if row.cells["school"] not in first and row.cells["school"] not in known.schools:
                    folder.add(file, row, "school", f"a school of {SCHOOLS} or of the programme")


def _teachers(folder: Folder, known: Known) -> None:
    first: dict[str, int] = {}
    for row in folder.sound(TEACHERS):
        email, school = row.values["email"], row.values["school"]
        if email in first:
            folder.add(TEACHERS, row, "email", f"each address once (row {first[email]})")
        first.setdefault(email, row.line)
        if email in known.teachers:
            if known.teachers[email][1] != school:
                folder.add(TEACHERS, row, "school", f"{known.teachers[email][1]}, the school of this teacher")
        elif email in known.emails:
            folder.add(TEACHERS, row, "email", "an address that nobody else in the programme has")


def _tutors(folder: Folder, known: Known, defaults: Defaults) -> None:
    emails = {row.values["email"]: row.line for row in folder.sound(TEACHERS)}
    for row in folder.sound(TUTORS):
        email = row.values["email"]
        if email is not None:
            if email in known.emails:
                folder.add(TUTORS, row, "email", "an address that nobody else in the programme has")
            elif email in emails:
                folder.add(TUTORS, row, "email", f"an address that nobody else has (row {emails[email]})")
            emails.setdefault(email, row.line)
        institution = row.values["institution"] or defaults.institution
        if institution not in known.institutions:
            folder.add(TUTORS, row, "institution", "the code of an institution in the catalogue")
        for teaching in row.values["subjects"]:
            _subject_is_offered(folder, TUTORS, row, "subjects", teaching.subject, known)
        _whole_name(folder, TUTORS, row)
        for column in ("checked_on", "briefed_on"):
            _not_in_future(folder, TUTORS, row, column)


def _whole_name(folder: Folder, file: str, row: Row) -> None:
    for column, other in (("first_name", "last_name"), ("last_name", "first_name")):
        if row.values[other] and not row.values[column]:
            folder.add(file, row, column, f"a value, as there is one in {other}")


def _subject_is_offered(folder: Folder, file: str, row: Row, column: str, code: str, known: Known) -> bool:
    subject = known.subjects.get(code)
    if subject is None or not subject.is_offered:
        folder.add(file, row, column, "codes of subjects that have tutoring", code)
        return False
    return True


def _not_in_future(folder: Folder, file: str, row: Row, column: str) -> None:
    if row.values[column] is not None and row.values[column] > clock.today():
        folder.add(file, row, column, "a day that is not in the future")


def _pupils(folder: Folder, known: Known, defaults: Defaults, checked: Checked) -> None:
    school_of = {email: school for email, (_, school) in known.teachers.items()}
    school_of |= {row.values["email"]: row.values["school"] for row in folder.sound(TEACHERS)}
    need_grades: dict[str, list[int]] = defaultdict(list)
    for need in folder.sound(NEEDS):
        need_grades[need.values["pupil_id"]].append(need.values["grade"])
    for row in folder.sound(PUPILS):
        values, pupil_id = row.values, row.values["pupil_id"]
        grade = values["grade"] or max(need_grades[pupil_id], default=None)
        if grade is None:
            folder.add(PUPILS, row, "grade", "the pupil's grade, or a need that says it")
            continue
        checked.grades[pupil_id] = grade
        checked.instruction_languages[pupil_id] = values["instruction_language"] or _medium(values["languages"])
        try:
            checked.class_labels[pupil_id] = read_class_label(values["class_label"], grade)
        except ValueError:
            folder.add(PUPILS, row, "class_label", f"a class of grade {grade}, such as {grade}Ә")
        teacher = values["teacher_email"]
        if teacher is not None and teacher not in school_of:
            folder.add(PUPILS, row, "teacher_email", f"the address of a teacher of {TEACHERS} or of the programme")
        elif teacher is not None and school_of[teacher] != values["school"]:
            folder.add(PUPILS, row, "teacher_email", f"a teacher of school {values['school']}")
        if unknown := [code for code in values["patrons"] if code not in known.institutions]:
            folder.add(PUPILS, row, "patrons", f"codes of institutions in the catalogue, not {', '.join(unknown)}")
        _whole_name(folder, PUPILS, row)
        _consent(folder, row)
    _one_nomination_each(folder, checked)


def _medium(languages: Iterable[str]) -> str:
    return next((code for code in languages if code in ("kk", "ru", "ug", "uz", "tg")), "ru")


def _consent(folder: Folder, row: Row) -> None:
    _not_in_future(folder, PUPILS, row, "consent_on")
    if row.values["consent_state"] == ConsentState.RECEIVED:
        for column in ("consent_on", "consent_form"):
            if row.values[column] is None:
                folder.add(PUPILS, row, column, "a value, because the consent was received")


def _one_nomination_each(folder: Folder, checked: Checked) -> None:
    """Refuse one pupil whom two teachers nominated, or one twice: same name, school and class.

    A teacher may have namesakes in a class; they differ in their free time.
    """
    nominations: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in folder.sound(PUPILS):
        values = row.values
        if not (values["last_name"] and values["first_name"]) or values["pupil_id"] not in checked.class_labels:
            continue
        name = (values["last_name"].casefold(), values["first_name"].casefold())
        place = (values["school"], checked.grades[values["pupil_id"]], checked.class_labels[values["pupil_id"]])
        for other in nominations[name, place]:
            is_same_teacher = other.values["teacher_email"] == values["teacher_email"]
            if not is_same_teacher or other.values["slots"] == values["slots"]:
                folder.add(
                    PUPILS,
                    row,
                    "last_name",
                    f"one nomination for each pupil; row {other.line} has the same name and class",
                )
                break
        nominations[name, place].append(row)


def _needs(folder: Folder, known: Known, checked: Checked) -> None:
    taken: dict[tuple[str, str], int] = {}
    for row in folder.sound(NEEDS):
        values, pupil_id = row.values, row.values["pupil_id"]
        codes = subject_codes(values["subject"])
        medium = checked.instruction_languages.get(pupil_id, "")
        if len(codes) > 1 or codes[0] != values["subject"]:
            codes = tuple(
                code
                for code in codes
                if (subject := known.subjects.get(code)) and is_taught(subject, values["grade"], medium)
            )
        if len(codes) != 1:
            folder.add(NEEDS, row, "subject", "the code of a subject that this grade and language of instruction has")
            continue
        if not _subject_is_offered(folder, NEEDS, row, "subject", codes[0], known):
            continue
        checked.subjects[values["need_id"]] = codes[0]
        first = taken.setdefault((pupil_id, codes[0]), row.line)
        if first != row.line:
            folder.add(NEEDS, row, "subject", f"each subject once for a pupil (row {first})")


def _codes_are_new(folder: Folder, known: Known) -> None:
    for file, column in ((TUTORS, "tutor_id"), (PUPILS, "pupil_id"), (NEEDS, "need_id")):
        for row in folder.rows[file]:
            if row.cells[column] in known.codes[file]:
                folder.add(file, row, column, "an identifier that is not in the programme yet")


def _core_rules(folder: Folder, checked: Checked) -> None:
    """Check references and locked pairs as the matching core does."""
    records: dict[str, list[Any]] = {}
    line_of: dict[int, int] = {}
    for file in (TUTORS, PUPILS, NEEDS, PAIRS):
        records[file] = []
        for row in folder.sound(file):
            values = core_values(file, row)
            if file == NEEDS:
                values["subject"] = checked.subjects.get(row.values["need_id"], values["subject"])
            record = RECORD_OF[file](*values.values())
            records[file].append(record)
            line_of[id(record)] = row.line
    names = ((TUTORS, "tutor_id"), (PUPILS, "pupil_id"), (NEEDS, "need_id"))
    folder.faults += check(
        Problem.of(records[TUTORS], records[PUPILS], records[NEEDS], records[PAIRS]),
        row_of=lambda record: line_of.get(id(record)),
        known={file: {row.cells[name] for row in folder.rows[file]} for file, name in names},
    )


def _pairs(folder: Folder, defaults: Defaults) -> None:
    """Refuse a locked match without a checked tutor or without consent: it would be under way at once."""
    checked_tutors = {
        row.values["tutor_id"] for row in folder.sound(TUTORS) if row.values["checked_on"] or defaults.checked_on
    }
    consenting = {row.values["pupil_id"] for row in folder.sound(PUPILS) if consent(row, defaults) is not None}
    in_need = {row.values["pupil_id"] for row in folder.sound(NEEDS)}
    for row in folder.sound(PAIRS):
        if row.values["status"] is PairStatus.RETURNING and row.values["pupil_id"] not in in_need:
            folder.add(PAIRS, row, "pupil_id", "a pupil with a need")
        if row.values["status"] is PairStatus.LOCKED:
            if row.values["tutor_id"] not in checked_tutors:
                folder.add(PAIRS, row, "tutor_id", "a tutor who is checked, because the match is agreed")
            if row.values["pupil_id"] not in consenting:
                folder.add(PAIRS, row, "pupil_id", "a pupil with consent, because the match is agreed")


def consent(row: Row, defaults: Defaults) -> date | None:
    """Return the day of a pupil's consent, or nothing when there is none."""
    state = row.values["consent_state"]
    if state is None:
        return row.values["consent_on"] or defaults.consent_on
    return row.values["consent_on"] if state == ConsentState.RECEIVED else None
