"""Nomination of pupils, and every later change of a nomination."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload
from sqlalchemy.orm.attributes import flag_modified

from .. import access, clock
from ..database import transactional
from ..errors import (
    AlreadyDecided,
    AlreadySent,
    NotAllowed,
    NotFound,
    ProbableDuplicate,
    StaleVersion,
    SubjectNotTaught,
)
from ..extensions import db
from ..i18n import collation_key
from ..models import (
    Account,
    AuditKind,
    ConsentForm,
    ConsentState,
    Device,
    DraftKind,
    MatchState,
    Need,
    Place,
    Priority,
    Pupil,
    PupilState,
    Role,
    School,
    Shift,
)
from ..queries.drafts import load as load_draft
from ..queries.pupils import has_seen_today, probable_duplicates, pupil_in_sight
from ..queries.subjects import is_taught, offered
from ..wording import label
from . import audit, drafts
from .live_matches import end_all, keep_fitting, live_matches


@dataclass(frozen=True)
class Who:
    """The pupil. ``tutoring_languages`` begins with the language of instruction."""

    first_name: str
    last_name: str
    grade: int
    class_label: str
    instruction_language: str
    tutoring_languages: tuple[str, ...]
    requires: tuple[str, ...] = ()

    @property
    def sort_name(self) -> str:
        return collation_key(f"{self.last_name} {self.first_name}")


@dataclass(frozen=True)
class Wish:
    """Help in one subject; ``grade`` is the grade of the gap."""

    subject_code: str
    grade: int
    priority: Priority = Priority.NORMAL
    sessions_per_week: int = 1
    is_group_ok: bool = False
    current_mark: int | None = None
    topics: str = ""


@dataclass(frozen=True)
class When:
    """The pupil's week, and where a session can take place."""

    shift: Shift
    place: Place
    device: Device
    slots: frozenset[int]
    max_tutors: int | None = None


@dataclass(frozen=True)
class Consent:
    """The consent of the legal representative; ``on`` and ``form`` are those of a consent that is received."""

    state: ConsentState
    on: date | None = None
    form: ConsentForm | None = None


@dataclass(frozen=True)
class Nomination:
    """Everything that a teacher says in the three steps."""

    who: Who
    wishes: tuple[Wish, ...]
    when: When
    consent: Consent


@transactional
def nominate(
    actor: Account,
    nomination: Nomination,
    *,
    draft: dict[str, Any] | None = None,
    is_duplicate_accepted: bool = False,
) -> Pupil:
    """Enter a pupil and the needs, and discard the draft that they come from.

    Parameters
    ----------
    draft
        The draft as the teacher saw it when pressing the button; None when there was none.
    is_duplicate_accepted
        The teacher has seen that such a pupil is nominated already, and says that it is another.

    Raises
    ------
    NotAllowed
        Unless the actor is an admitted teacher.
    AlreadySent
        When the draft is gone: it was sent before.
    StaleVersion
        When the draft was changed meanwhile.
    ProbableDuplicate
        When there is such a pupil and it was not accepted.
    SubjectNotTaught
        When a wish does not fit the grade or the language of instruction.
    """
    if not access.can_nominate(actor) or actor.teacher is None:
        raise NotAllowed
    # One nomination of a teacher at a time, so that pressing twice finds the draft gone.
    db.session.execute(select(Account.id).where(Account.id == actor.id).with_for_update())
    if draft is not None:
        present = load_draft(actor, DraftKind.NOMINATION)
        if not present:
            raise AlreadySent
        if present != draft:
            raise StaleVersion
    who, when = nomination.who, nomination.when
    school_id = actor.teacher.school_id
    if not is_duplicate_accepted and probable_duplicates(school_id, who.grade, who.first_name, who.last_name):
        raise ProbableDuplicate
    pupil = Pupil(
        code=uuid4().hex,
        school_id=school_id,
        teacher_id=actor.id,
        nominated_at=clock.now(),
        needs=[],
        **_who_columns(who),
        **_when_columns(when),
        **_consent_columns(nomination.consent),
    )
    db.session.add(pupil)
    db.session.flush()
    pupil.code = _free_code(Pupil.code, f"p{pupil.id:04d}")
    _set_needs(pupil, nomination.wishes)
    audit.record(AuditKind.PUPIL_NOMINATED, actor, pupil, needs=len(nomination.wishes))
    drafts.discard(actor, DraftKind.NOMINATION)
    return pupil


@transactional
def change_who(actor: Account, pupil_id: int, version: int, who: Who) -> Pupil:
    """Change who the pupil is. Open needs follow the grade, where their subject is taught there.

    Raises
    ------
    SubjectNotTaught
        When an open need does not fit the new grade or language of instruction.
    MatchInTheWay
        When an agreed match would no longer fit.
    """
    pupil = _own_pupil(actor, pupil_id, version)
    subjects = {subject.code: subject for subject in offered()}
    matched = {match.need_id for match in live_matches(pupil) if match.state == MatchState.APPROVED}
    for need in pupil.open_needs:
        is_offered_there = need.subject_code in subjects and is_taught(
            subjects[need.subject_code], who.grade, who.instruction_language
        )
        if need.grade == pupil.grade and need.id not in matched and is_offered_there:
            need.grade = who.grade
    _check_taught(who.grade, who.instruction_language, [(need.subject_code, need.grade) for need in pupil.open_needs])
    _assign(pupil, _who_columns(who))
    return _changed(actor, pupil, "who")


@transactional
def change_needs(actor: Account, pupil_id: int, version: int, wishes: Sequence[Wish]) -> Pupil:
    """Make the open needs those of ``wishes``: a subject that is gone is closed, a new one opened.

    Raises
    ------
    SubjectNotTaught, MatchInTheWay
        As in `change_who`.
    """
    pupil = _own_pupil(actor, pupil_id, version)
    _set_needs(pupil, wishes)
    return _changed(actor, pupil, "needs")


@transactional
def change_when(actor: Account, pupil_id: int, version: int, when: When) -> Pupil:
    """Change the pupil's week. Proposals that no longer fit are withdrawn.

    Raises
    ------
    MatchInTheWay
        When a session of an agreed match would fall outside of the free time.
    """
    pupil = _own_pupil(actor, pupil_id, version)
    _assign(pupil, _when_columns(when))
    return _changed(actor, pupil, "when")


@transactional
def set_consent(actor: Account, pupil_id: int, version: int, consent: Consent) -> Pupil:
    """Put the consent of the legal representative on file, or its refusal or withdrawal.

    Without consent the pupil's matches end at once and the proposals are withdrawn.
    """
    pupil = _own_pupil(actor, pupil_id, version)
    before = pupil.consent_state
    _assign(pupil, _consent_columns(consent))
    if not pupil.has_consent:
        end_all(actor, pupil, label(consent.state))
    _touch(pupil)
    audit.record(AuditKind.CONSENT_CHANGED, actor, pupil, before=before.value, after=consent.state.value)
    return pupil


@transactional
def withdraw(actor: Account, pupil_id: int, version: int) -> Pupil:
    """Withdraw the nomination: end its matches, close its needs, forget what is no longer needed.

    Name, grade, school, subjects and dates stay, so that what was agreed can still be accounted for.
    """
    pupil = _own_pupil(actor, pupil_id, version)
    end_all(actor, pupil, label(PupilState.WITHDRAWN))
    for need in pupil.needs:
        need.closed_at = need.closed_at or clock.now()
        need.current_mark, need.topics = None, ""
    _assign(pupil, {"class_label": "", "slots": frozenset(), "max_tutors": None, "requires": ()})
    pupil.withdrawn_at = clock.now()
    audit.record(AuditKind.PUPIL_WITHDRAWN, actor, pupil)
    return pupil


@transactional
def open_page(viewer: Account, pupil_id: int) -> Pupil:
    """Return the pupil, and note that a coordinator opened the page: once a day for each of them.

    Raises
    ------
    NotFound
        When the pupil lies outside of the viewer's sight.
    """
    pupil = pupil_in_sight(viewer, pupil_id)
    if pupil is None:
        raise NotFound
    if viewer.role == Role.COORDINATOR:
        db.session.execute(select(Account.id).where(Account.id == viewer.id).with_for_update())
        if not has_seen_today(viewer, pupil_id):
            audit.record(AuditKind.PUPIL_SEEN, viewer, pupil)
    return pupil


def _own_pupil(actor: Account, pupil_id: int, version: int) -> Pupil:
    """Return the pupil as the database has it now, locked, once the actor may change it."""
    pupil = db.session.scalar(
        select(Pupil)
        .where(Pupil.id == pupil_id)
        .options(selectinload(Pupil.needs), joinedload(Pupil.school).joinedload(School.district))
        .with_for_update(of=Pupil, key_share=True)
        .execution_options(populate_existing=True)
    )
    if pupil is None or not access.can_see_pupil(actor, pupil):
        raise NotFound
    if not access.can_edit_pupil(actor, pupil):
        raise NotAllowed
    if pupil.withdrawn_at is not None:
        raise AlreadyDecided(PupilState.WITHDRAWN)
    if pupil.version != version:
        raise StaleVersion
    return pupil


def _changed(actor: Account, pupil: Pupil, part: str) -> Pupil:
    keep_fitting(pupil)
    _touch(pupil)
    audit.record(AuditKind.PUPIL_CHANGED, actor, pupil, part=part)
    return pupil


def _touch(pupil: Pupil) -> None:
    """Give the pupil a new version also when only its needs or matches have changed."""
    flag_modified(pupil, "grade")


def _assign(row: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def _who_columns(who: Who) -> dict[str, Any]:
    return {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "sort_name": who.sort_name,
        "grade": who.grade,
        "class_label": who.class_label,
        "instruction_language": who.instruction_language,
        "tutoring_languages": who.tutoring_languages,
        "requires": who.requires,
    }


def _when_columns(when: When) -> dict[str, Any]:
    return {
        "shift": when.shift,
        "place": when.place,
        "device": when.device,
        "slots": when.slots,
        "max_tutors": when.max_tutors,
    }


def _consent_columns(consent: Consent) -> dict[str, Any]:
    """Return what is kept: of a consent its own date and form, of a refusal or withdrawal today's date."""
    if consent.state == ConsentState.RECEIVED:
        return {"consent_state": consent.state, "consent_on": consent.on, "consent_form": consent.form}
    on = None if consent.state == ConsentState.PENDING else clock.today()
    return {"consent_state": consent.state, "consent_on": on, "consent_form": None}


def _set_needs(pupil: Pupil, wishes: Sequence[Wish]) -> None:
    """Close the needs whose subject is not wished for, change the others, open the new ones."""
    unchanged = {(need.subject_code, need.grade) for need in pupil.open_needs}
    wanted = [(wish.subject_code, wish.grade) for wish in wishes]
    _check_taught(pupil.grade, pupil.instruction_language, [pair for pair in wanted if pair not in unchanged])
    by_subject = {wish.subject_code: wish for wish in wishes}
    if len(by_subject) < len(wishes):
        raise SubjectNotTaught(tuple(code for code, _grade in wanted))
    for need in pupil.open_needs:
        if need.subject_code not in by_subject:
            need.closed_at = clock.now()
    # The database allows one open need of a subject, and new rows are written before changed ones.
    db.session.flush()
    present = {need.subject_code: need for need in pupil.open_needs}
    for code, wish in by_subject.items():
        need = present.get(code)
        if need is None:
            need = Need(code=_free_code(Need.code, f"{pupil.code}-{code}"), subject_code=code, opened_on=clock.today())
            pupil.needs.append(need)
        _assign(
            need,
            {
                "grade": wish.grade,
                "priority": wish.priority,
                "sessions_per_week": wish.sessions_per_week,
                "is_group_ok": wish.is_group_ok,
                "current_mark": wish.current_mark,
                "topics": wish.topics,
            },
        )
    db.session.flush()


def _check_taught(grade: int, instruction_language: str, wanted: Sequence[tuple[str, int]]) -> None:
    subjects = {subject.code: subject for subject in offered()}
    wrong = tuple(
        code
        for code, need_grade in wanted
        if code not in subjects or need_grade > grade or not is_taught(subjects[code], need_grade, instruction_language)
    )
    if wrong:
        raise SubjectNotTaught(wrong)


def _free_code(column: InstrumentedAttribute[str], wanted: str) -> str:
    """Return ``wanted``, or ``wanted-2``, ``wanted-3`` … when an import or an earlier need has it."""
    taken = set(db.session.scalars(select(column).where(column.startswith(wanted, autoescape=True))))
    number = 1
    code = wanted
    while code in taken:
        number += 1
        code = f"{wanted}-{number}"
    return code
