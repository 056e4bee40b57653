"""Checking tutors and admitting teachers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from .. import clock, mail
from ..database import transactional
from ..errors import AlreadyDecided, EmailNotConfirmed, FactsMissing, StaleVersion
from ..models import Account, AuditKind, Teacher, TeacherState, Tutor, TutorState
from ..queries import people
from . import audit

TO_CHECK = {TutorState.APPLIED, TutorState.DECLINED}


@dataclass(frozen=True)
class Facts:
    """What a coordinator saw and did before checking a tutor."""

    identity_seen: bool
    no_criminal_record_on: date | None
    parent_agreed_on: date | None
    briefed_on: date
    confirmed_conditions: tuple[str, ...] = ()
    note: str = ""


@transactional
def check_tutor(coordinator: Account, tutor_id: int, version: int, facts: Facts) -> Tutor:
    """Check a tutor, who then enters rounds: applied or declined → checked.

    Raises
    ------
    NotFound
        When the tutor lies outside of the coordinator's scope.
    AlreadyDecided
        When the tutor is checked already.
    StaleVersion
        When the tutor's profile changed since the page was opened.
    EmailNotConfirmed
        When nobody knows yet that the address is the tutor's own.
    FactsMissing
        When the facts are not enough for this tutor.
    """
    tutor = people.lock_tutor(coordinator, tutor_id)
    if tutor.state not in TO_CHECK:
        raise AlreadyDecided(tutor.state)
    if tutor.version != version:
        raise StaleVersion
    if not tutor.account.is_email_confirmed:
        raise EmailNotConfirmed
    refuse_missing_facts(tutor, facts)
    before = tutor.state
    tutor.state = TutorState.CHECKED
    tutor.identity_seen = facts.identity_seen
    tutor.no_criminal_record_on = None if tutor.is_minor else facts.no_criminal_record_on
    tutor.parent_agreed_on = facts.parent_agreed_on if tutor.is_minor else None
    tutor.briefed_on = facts.briefed_on
    tutor.confirmed_conditions = tuple(code for code in tutor.conditions if code in facts.confirmed_conditions)
    _note_check(tutor, coordinator, facts.note)
    audit.record(AuditKind.TUTOR_CHECKED, coordinator, tutor, before=before, after=tutor.state)
    mail.write(tutor.account, "tutor_checked", link=mail.link("pages.home"))
    return tutor


def refuse_missing_facts(tutor: Tutor, facts: Facts) -> None:
    """Refuse facts that are not enough: of an adult the certificate, of a minor the parent's agreement.

    Raises
    ------
    FactsMissing
        When something is missing or lies in the future.
    """
    paper = facts.parent_agreed_on if tutor.is_minor else facts.no_criminal_record_on
    if not facts.identity_seen or paper is None or tutor.conduct_agreed_at is None:
        raise FactsMissing
    if max(paper, facts.briefed_on) > clock.today():
        raise FactsMissing


def _note_check(tutor: Tutor, coordinator: Account, note: str) -> None:
    tutor.checked_at = clock.now()
    tutor.checked_by_id = coordinator.id
    tutor.check_note = note


@dataclass(frozen=True)
class TutorChange:
    """A change of a tutor's state: from which states, to which, and which mail tells the tutor."""

    before: frozenset[TutorState]
    after: TutorState
    kind: AuditKind
    template: str


CHANGES = {
    "decline": TutorChange(
        frozenset({TutorState.APPLIED}), TutorState.DECLINED, AuditKind.TUTOR_DECLINED, "tutor_declined"
    ),
    "uncheck": TutorChange(
        frozenset({TutorState.CHECKED, TutorState.PAUSED}),
        TutorState.APPLIED,
        AuditKind.TUTOR_UNCHECKED,
        "tutor_unchecked",
    ),
    "pause": TutorChange(frozenset({TutorState.CHECKED}), TutorState.PAUSED, AuditKind.TUTOR_PAUSED, "tutor_paused"),
    "resume": TutorChange(frozenset({TutorState.PAUSED}), TutorState.CHECKED, AuditKind.TUTOR_RESUMED, "tutor_resumed"),
}


@transactional
def change_tutor(coordinator: Account, tutor_id: int, change: str, version: int, reason: str) -> Tutor:
    """Decline a tutor, take back a check, or begin or end a pause; matches under way stay as they are.

    Parameters
    ----------
    change
        ``decline``, ``uncheck``, ``pause`` or ``resume``.

    Raises
    ------
    NotFound
        When the tutor lies outside of the coordinator's scope.
    AlreadyDecided
        When the tutor's state does not allow the change any more.
    StaleVersion
        When the tutor changed otherwise since the page was opened.
    """
    wanted = CHANGES[change]
    tutor = people.lock_tutor(coordinator, tutor_id)
    if tutor.state not in wanted.before:
        raise AlreadyDecided(tutor.state)
    if tutor.version != version:
        raise StaleVersion
    before = tutor.state
    tutor.state = wanted.after
    if wanted.after != TutorState.CHECKED:
        _note_check(tutor, coordinator, reason)
    audit.record(wanted.kind, coordinator, tutor, before=before, after=tutor.state)
    mail.write(tutor.account, wanted.template, reason=reason, link=mail.link("pages.home"))
    return tutor


@dataclass(frozen=True)
class Decided:
    """What became of a decision about several teachers."""

    changed: list[Teacher]
    overtaken: list[Teacher]
    unconfirmed: list[Teacher]


@transactional
def decide_teachers(
    coordinator: Account, seen: Mapping[int, TeacherState], decision: TeacherState, note: str
) -> Decided:
    """Admit or decline teachers: applied, admitted or declined → ``decision``.

    Those whose state is no longer what the coordinator saw stay as they are, and so do those
    without a confirmed address when they are to be admitted.

    Parameters
    ----------
    seen
        The state that the coordinator saw of each teacher, by account.

    Raises
    ------
    NotFound
        When one of the teachers lies outside of the coordinator's scope.
    """
    if decision == TeacherState.APPLIED:
        raise ValueError("nobody is sent back to apply")
    decided = Decided([], [], [])
    for teacher in people.lock_teachers(coordinator, seen):
        if teacher.state != seen[teacher.account_id] or teacher.state == decision:
            decided.overtaken.append(teacher)
        elif decision == TeacherState.ADMITTED and not teacher.account.is_email_confirmed:
            decided.unconfirmed.append(teacher)
        else:
            _decide(teacher, coordinator, decision, note)
            decided.changed.append(teacher)
    return decided


def _decide(teacher: Teacher, coordinator: Account, decision: TeacherState, note: str) -> None:
    before = teacher.state
    teacher.state = decision
    teacher.decided_at = clock.now()
    teacher.decided_by_id = coordinator.id
    teacher.decision_note = note
    if decision == TeacherState.ADMITTED:
        teacher.school.is_listed = True
        kind, template = AuditKind.TEACHER_ADMITTED, "teacher_admitted"
    else:
        kind, template = AuditKind.TEACHER_DECLINED, "teacher_declined"
    audit.record(kind, coordinator, teacher, before=before, after=decision)
    mail.write(teacher.account, template, reason=note, link=mail.link("pages.home"))
