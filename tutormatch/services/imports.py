"""Loading a folder of CSV files into the programme: all of it, or nothing and a list of faults."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import insert

from .. import clock
from ..database import transactional
from ..errors import NotAllowed
from ..extensions import db
from ..i18n import collation_key
from ..matching import FaultyInput, PairStatus, Row
from ..models import (
    Account,
    AuditKind,
    BlockedPair,
    ConsentForm,
    ConsentState,
    Match,
    MatchState,
    Need,
    Pupil,
    Role,
    School,
    SchoolKind,
    Teacher,
    TeacherState,
    Tutor,
    TutorState,
    TutorSubject,
    WeeklySession,
)
from ..models.catalogue import school_patrons
from . import audit
from .accounts import names
from .import_checks import Checked, Defaults, Known, check_folder, consent, load_known
from .import_tables import (
    NEEDS,
    PAIRS,
    PUPILS,
    SCHOOLS,
    TEACHERS,
    TUTORS,
    Folder,
    read_folder,
    without_private_numbers,
)

MAY_VOUCH = {Role.COORDINATOR, Role.ADMINISTRATOR}


@dataclass(frozen=True)
class Imported:
    """How many rows of each kind were loaded."""

    schools: int
    teachers: int
    tutors: int
    pupils: int
    needs: int
    pairs: int


@transactional
def import_folder(folder: Path, *, by: Account | None = None, defaults: Defaults | None = None) -> Imported:
    """Load ``schools.csv``, ``teachers.csv``, ``tutors.csv``, ``pupils.csv``, ``needs.csv`` and ``pairs.csv``.

    Schools and teachers that the programme has already are used as they are; a tutor, pupil or need
    that it has already is a fault, so nothing is ever changed by an import.

    Parameters
    ----------
    by
        The coordinator or administrator who vouches for what the files say: the teachers are admitted
        and the tutors checked in this name. Without it teachers wait to be admitted.
    defaults
        What holds where the files do not say it.

    Raises
    ------
    FaultyInput
        With every fault of every file; then nothing was loaded.
    NotAllowed
        When ``by`` is neither a coordinator's nor an administrator's account.
    """
    if by is not None and by.role not in MAY_VOUCH:
        raise NotAllowed
    defaults = defaults or Defaults()
    read = read_folder(folder)
    if read.faults and not read.rows:
        raise FaultyInput(read.faults)
    known = load_known(read)
    checked = check_folder(read, known, defaults)
    if read.faults:
        order = {file: place for place, file in enumerate((SCHOOLS, TEACHERS, TUTORS, PUPILS, NEEDS, PAIRS))}
        faults = dict.fromkeys(map(without_private_numbers, read.faults))
        raise FaultyInput(sorted(faults, key=lambda fault: (order.get(fault.file, 0), fault.row or 0)))
    imported = _Import(read, known, checked, defaults, by).run()
    audit.record(AuditKind.IMPORTED, by, **imported.__dict__)
    return imported


class _Import:
    """One import of rows without faults. Identifiers of files become numbers of rows as tables fill."""

    def __init__(self, folder: Folder, known: Known, checked: Checked, defaults: Defaults, by: Account | None) -> None:
        self.folder, self.known, self.checked, self.defaults, self.by = folder, known, checked, defaults, by
        self.school_ids = dict(known.schools)
        self.teacher_ids = {email: account_id for email, (account_id, _) in known.teachers.items()}
        self.now, self.today = clock.now(), clock.today()
        self.tutors = {row.values["tutor_id"]: row.values for row in folder.rows[TUTORS]}
        self.pupils = {row.values["pupil_id"]: row.values for row in folder.rows[PUPILS]}
        self.needs_of: dict[str, list[str]] = defaultdict(list)
        for row in folder.rows[NEEDS]:
            self.needs_of[row.values["pupil_id"]].append(row.values["need_id"])

    def run(self) -> Imported:
        schools = self._schools()
        teachers = self._teachers()
        self.tutor_ids = self._tutors()
        self.pupil_ids = self._pupils()
        self.need_ids = self._needs()
        self._pairs()
        rows = self.folder.rows
        return Imported(schools, teachers, len(rows[TUTORS]), len(rows[PUPILS]), len(rows[NEEDS]), len(rows[PAIRS]))

    def _schools(self) -> int:
        new: dict[str, dict[str, Any]] = {}
        patrons: set[tuple[str, str]] = set()
        for each in (row.values for row in self.folder.rows[SCHOOLS]):
            if each["school"] not in self.school_ids:
                place = {"district_id": self.known.districts[each["district_kato"]], "kind": each["kind"]}
                new[each["school"]] = place | {name: each[name] for name in ("name_kk", "name_ru", "name_en")}
                patrons |= {(each["school"], institution) for institution in each["patrons"]}
        described = set(new) | set(self.school_ids)
        for each in (row.values for row in (*self.folder.rows[PUPILS], *self.folder.rows[TEACHERS])):
            if each["school"] not in described:
                new[each["school"]] = self._school_by_code(each["school"])
                patrons |= {(each["school"], institution) for institution in each.get("patrons", ())}
        self.school_ids |= _insert(School, School.code, [{"code": code, **values} for code, values in new.items()])
        if patrons:
            db.session.execute(
                insert(school_patrons),
                [
                    {
                        "school_id": self.school_ids[school],
                        "institution_id": self.known.institutions[institution],
                    }
                    for school, institution in sorted(patrons)
                ],
            )
        return len(new)

    def _school_by_code(self, code: str) -> dict[str, Any]:
        assert self.defaults.district_kato is not None, "the checks refuse a school without a district"
        return {
            "district_id": self.known.districts[self.defaults.district_kato],
            "kind": SchoolKind.RURAL,
            "name_kk": f"{code} мектебі",
            "name_ru": f"Школа {code}",
            "name_en": f"School {code}",
        }

    def _accounts(self, role: Role, people: Iterable[tuple[str, str, str, str | None, str]]) -> list[int]:
        """Insert one account for each (code, first name, last name, e-mail, locale); return their numbers in order."""
        kind = {Role.TUTOR: "Tutor", Role.TEACHER: "Teacher"}[role]
        rows = [
            {
                "role": role,
                "email": email,
                "credentials_version": 1,
                **names(first_name or code, last_name or kind),
                "locale": locale or current_app.config["DEFAULT_LOCALE"],
                "created_at": self.now,
                "email_confirmed_at": self.now if email else None,
            }
            for code, first_name, last_name, email, locale in people
        ]
        if not rows:
            return []
        statement = insert(Account).returning(Account.id, sort_by_parameter_order=True)
        return list(db.session.scalars(statement, rows))

    def _teachers(self) -> int:
        new = [row for row in self.folder.rows[TEACHERS] if row.values["email"] not in self.teacher_ids]
        ids = self._accounts(
            Role.TEACHER,
            (
                (each["email"], each["first_name"], each["last_name"], each["email"], each["locale"])
                for each in (row.values for row in new)
            ),
        )
        decision: dict[str, Any] = {"state": TeacherState.APPLIED}
        if self.by is not None:
            decision = {"state": TeacherState.ADMITTED, "decided_at": self.now, "decided_by_id": self.by.id}
        rows = []
        for row, account_id in zip(new, ids, strict=True):
            self.teacher_ids[row.values["email"]] = account_id
            school_id = self.school_ids[row.values["school"]]
            rows.append({"account_id": account_id, "school_id": school_id, "contact": row.values["email"], **decision})
        if rows:
            db.session.execute(insert(Teacher), rows)
        return len(new)

    def _tutors(self) -> dict[str, int]:
        tutors = list(self.tutors.values())
        account_ids = self._accounts(
            Role.TUTOR,
            (
                (each["tutor_id"], each["first_name"], each["last_name"], each["email"], each["locale"])
                for each in tutors
            ),
        )
        rows = [
            {
                "code": each["tutor_id"],
                "account_id": account_id,
                "institution_id": self.known.institutions[each["institution"] or self.defaults.institution],
                "tutoring_languages": each["languages"],
                "max_pupils": each["max_pupils"] or each["sessions_per_week"],
                "conduct_agreed_at": self.now,
                "applied_at": self.now,
                "version": 1,
                **{
                    name: each[name]
                    for name in (
                        "study_programme",
                        "year_of_study",
                        "is_minor",
                        "slots",
                        "sessions_per_week",
                        "group_size",
                        "conditions",
                        "motivation",
                    )
                },
                **self._check(each),
            }
            for each, account_id in zip(tutors, account_ids, strict=True)
        ]
        ids = _insert(Tutor, Tutor.code, rows)
        subjects = [
            {
                "tutor_id": ids[each["tutor_id"]],
                "subject_code": teaching.subject,
                "grade_from": teaching.grade_from,
                "grade_to": teaching.grade_to,
            }
            for each in tutors
            for teaching in each["subjects"]
        ]
        if subjects:
            db.session.execute(insert(TutorSubject), subjects)
        return ids

    def _check(self, tutor: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns that say whether the tutor was checked."""
        checked_on = tutor["checked_on"] or self.defaults.checked_on
        is_checked = checked_on is not None
        return {
            "state": TutorState.CHECKED if is_checked else TutorState.APPLIED,
            "identity_seen": is_checked,
            "briefed_on": tutor["briefed_on"] or checked_on,
            "checked_at": _noon(checked_on) if checked_on else None,
            "checked_by_id": self.by.id if self.by and is_checked else None,
            "confirmed_conditions": tutor["conditions"] if is_checked else (),
        }

    def _pupils(self) -> dict[str, int]:
        rows = []
        for row in self.folder.rows[PUPILS]:
            each = row.values
            first_name, last_name = each["first_name"] or each["pupil_id"], each["last_name"] or "Pupil"
            teacher = each["teacher_email"]
            rows.append(
                {
                    "code": each["pupil_id"],
                    "school_id": self.school_ids[each["school"]],
                    "teacher_id": self.teacher_ids[teacher] if teacher else None,
                    "first_name": first_name,
                    "last_name": last_name,
                    "sort_name": collation_key(f"{last_name} {first_name}"),
                    "grade": self.checked.grades[each["pupil_id"]],
                    "class_label": self.checked.class_labels[each["pupil_id"]],
                    "instruction_language": self.checked.instruction_languages[each["pupil_id"]],
                    "tutoring_languages": each["languages"],
                    "nominated_at": self.now,
                    "version": 1,
                    **{name: each[name] for name in ("shift", "place", "device", "slots", "max_tutors", "requires")},
                    **self._consent(row),
                }
            )
        return _insert(Pupil, Pupil.code, rows)

    def _consent(self, row: Row) -> dict[str, Any]:
        given_on = consent(row, self.defaults)
        if given_on is not None:
            form = row.values["consent_form"] or ConsentForm.PAPER
            return {"consent_state": ConsentState.RECEIVED, "consent_on": given_on, "consent_form": form}
        state = row.values["consent_state"] or ConsentState.PENDING
        return {"consent_state": state, "consent_on": row.values["consent_on"], "consent_form": None}

    def _needs(self) -> dict[str, int]:
        rows = [
            {
                "code": each["need_id"],
                "pupil_id": self.pupil_ids[each["pupil_id"]],
                "subject_code": self.checked.subjects[each["need_id"]],
                "is_group_ok": each["group_ok"],
                "opened_on": self.today - timedelta(days=each["waiting_days"]),
                **{name: each[name] for name in ("grade", "priority", "sessions_per_week", "current_mark", "topics")},
            }
            for each in (row.values for row in self.folder.rows[NEEDS])
        ]
        return _insert(Need, Need.code, rows)

    def _pairs(self) -> None:
        for row in self.folder.rows[PAIRS]:
            each = row.values
            tutor_id, pupil_id = self.tutor_ids[each["tutor_id"]], self.pupil_ids[each["pupil_id"]]
            if each["status"] is PairStatus.BLOCKED:
                for slot in sorted(each["slots"]) or [None]:
                    db.session.add(BlockedPair(tutor_id=tutor_id, pupil_id=pupil_id, slot=slot))
                continue
            need = self._need_of_pair(each)
            is_locked = each["status"] is PairStatus.LOCKED
            match = Match(
                need_id=self.need_ids[need],
                pupil_id=pupil_id,
                tutor_id=tutor_id,
                state=MatchState.APPROVED if is_locked else MatchState.ENDED,
                ended_at=None if is_locked else self.now,
                tutoring_language=self._tutoring_language(each["tutor_id"], each["pupil_id"]),
            )
            match.sessions = [
                WeeklySession(tutor_id=tutor_id, pupil_id=pupil_id, slot=slot, is_live=True)
                for slot in (sorted(each["slots"]) if is_locked else ())
            ]
            db.session.add(match)
        db.session.flush()

    def _need_of_pair(self, pair: Mapping[str, Any]) -> str:
        """Return the need that the pair names, else the pupil's first that the tutor teaches, else the first."""
        if pair["need_id"]:
            return pair["need_id"]
        tutor = next(row.values for row in self.folder.rows[TUTORS] if row.values["tutor_id"] == pair["tutor_id"])
        subjects = {teaching.subject for teaching in tutor["subjects"]}
        own = [row.values["need_id"] for row in self.folder.rows[NEEDS] if row.values["pupil_id"] == pair["pupil_id"]]
        return next((need for need in own if self.checked.subjects[need] in subjects), own[0])

    def _tutoring_language(self, tutor_id: str, pupil_id: str) -> str:
        tutor, pupil = self.tutors[tutor_id], self.pupils[pupil_id]
        return next((code for code in pupil["languages"] if code in tutor["languages"]), pupil["languages"][0])


def _insert(model: type[Any], code: Any, rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Insert rows and return the number of each by its code."""
    rows = list(rows)
    if not rows:
        return {}
    return dict(db.session.execute(insert(model).returning(code, model.id), rows).all())


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(current_app.config["TIME_ZONE"]))
