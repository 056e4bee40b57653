"""Tutors: signing up in steps, applying, changing the own profile, leaving."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified

from .. import clock, mail
from ..database import transactional
from ..errors import (
    AlreadyDecided,
    NotAllowed,
    NotFound,
    SessionsInTheWay,
    StaleVersion,
    StepMissing,
)
from ..extensions import db
from ..models import (
    Account,
    AuditKind,
    DraftKind,
    Match,
    MatchState,
    Role,
    Tutor,
    TutorState,
    TutorSubject,
)
from ..queries import subjects
from ..queries import tutors as known
from . import accounts, audit, drafts, matches
from .tutor_parts import FreeTime, Part, Studies, Teaching

ACTIVE_STATES = (TutorState.APPLIED, TutorState.CHECKED, TutorState.PAUSED)
STATES_AFTER_CHECK = (TutorState.CHECKED, TutorState.PAUSED)


@transactional
def sign_up(
    studies: Studies,
    *,
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    patronymic: str,
    locale: str,
    client: str,
) -> Account:
    """Create a student's account and begin the draft of the profile with its first step.

    Raises
    ------
    UnfitPassword, TooManyAttempts
        As in `accounts.sign_up`.
    """
    account = accounts.sign_up(Role.TUTOR, email, password, first_name, last_name, patronymic, locale, client)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", studies.to_json())
    return account


@transactional
def save_who(account: Account, studies: Studies, first_name: str, last_name: str, patronymic: str) -> None:
    """Change the first step once there is an account."""
    save_step(account, "who", studies)
    accounts.change_details(account, first_name, last_name, patronymic, account.locale)


@transactional
def save_step(account: Account, step: str, part: Part) -> None:
    """Keep one step of the sign-up in the draft.

    Raises
    ------
    AlreadyDecided
        When the application has been sent already.
    """
    _refuse_second_application(account)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, step, part.to_json())


@transactional
def apply_as_tutor(account: Account, *, agrees_to_conduct: bool) -> Tutor:
    """Make a tutor who waits for the check out of the draft.

    Raises
    ------
    AlreadyDecided
        When the application has been sent already; nothing is created twice.
    StepMissing
        When the draft lacks a step, or names a subject that is no longer offered.
    NotAllowed
        Without agreement to the code of conduct.
    """
    if not agrees_to_conduct:
        raise NotAllowed
    db.session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    _refuse_second_application(account)
    draft = drafts.load(account, DraftKind.TUTOR_PROFILE)
    for step in known.SIGN_UP_STEPS:
        if step not in draft:
            raise StepMissing(step)
    studies = Studies.from_json(draft["who"])
    teaching = Teaching.from_json(draft["what"])
    free_time = FreeTime.from_json(draft["when"])
    ranges = {subject.code: (subject.grade_from, subject.grade_to) for subject in subjects.offered()}
    for taught in teaching.subjects:
        low, high = ranges.get(taught.subject_code, (12, 0))
        if not low <= taught.grade_from <= taught.grade_to <= high:
            raise StepMissing("what")
    tutor = Tutor(
        code=_free_code(account),
        account_id=account.id,
        conduct_agreed_at=clock.now(),
        applied_at=clock.now(),
        state=TutorState.APPLIED,
    )
    _set_studies(tutor, studies)
    _set_teaching(tutor, teaching)
    _set_free_time(tutor, free_time)
    db.session.add(tutor)
    db.session.flush()
    drafts.discard(account, DraftKind.TUTOR_PROFILE)
    audit.record(AuditKind.TUTOR_APPLIED, account, tutor)
    mail.write(account, "tutor_applied", tutor=tutor, home_link=mail.link("pages.home"))
    return tutor


def _refuse_second_application(account: Account) -> None:
    if account.role != Role.TUTOR:
        raise NotAllowed
    state = db.session.scalar(select(Tutor.state).where(Tutor.account_id == account.id))
    if state is not None:
        raise AlreadyDecided(state)


def _free_code(account: Account) -> str:
    """Return a code that no tutor has; imported tutors bring codes of their own."""
    number = account.id
    while db.session.scalar(select(Tutor.id).where(Tutor.code == f"t{number:04d}")) is not None:
        number += 1
    return f"t{number:04d}"


@transactional
def change_studies(account: Account, version: int, studies: Studies) -> None:
    """Change the own studies; what the coordinator has checked (university, adult or minor) stays.

    Raises
    ------
    StaleVersion
        When the profile has changed since the form was made.
    """

    def change(tutor: Tutor) -> None:
        is_same_person = (tutor.institution_id, tutor.is_minor) == (studies.institution_id, studies.is_minor)
        if tutor.state in STATES_AFTER_CHECK and not is_same_person:
            raise NotAllowed
        _set_studies(tutor, studies)

    _change(account, version, "studies", change)


@transactional
def change_teaching(account: Account, version: int, teaching: Teaching) -> None:
    """Change what the tutor teaches.

    Raises
    ------
    SessionsInTheWay
        When sessions under way need a subject, a tutoring language or a confirmed condition that would go.
    StaleVersion
        When the profile has changed since the form was made.
    """

    def change(tutor: Tutor) -> None:
        live = known.live_sessions(tutor.id)
        is_losing_confirmed = not set(tutor.confirmed_conditions) <= set(teaching.conditions)
        _refuse_when_needed(
            subjects=[
                session
                for session in live
                if not any(subject.covers(session.subject_code, session.grade) for subject in teaching.subjects)
            ],
            tutoring_languages=[
                session for session in live if session.tutoring_language not in teaching.tutoring_languages
            ],
            # All of them, because a tutor is not told which pupil needs the condition.
            conditions=live if is_losing_confirmed else [],
        )
        _set_teaching(tutor, teaching)
        tutor.confirmed_conditions = tuple(
            condition for condition in tutor.confirmed_conditions if condition in teaching.conditions
        )

    _change(account, version, "teaching", change)


@transactional
def change_free_time(account: Account, version: int, free_time: FreeTime) -> None:
    """Change free slots and capacity.

    Raises
    ------
    SessionsInTheWay
        When sessions under way take a slot that would go, or are more than the new capacity.
    StaleVersion
        When the profile has changed since the form was made.
    """

    def change(tutor: Tutor) -> None:
        live = known.live_sessions(tutor.id)
        slots = {session.slot for session in live}
        pupils = {session.pupil_id for session in live}
        _refuse_when_needed(
            slots=[session for session in live if session.slot not in free_time.slots],
            sessions_per_week=live if len(slots) > free_time.sessions_per_week else [],
            max_pupils=live if len(pupils) > free_time.max_pupils else [],
        )
        _set_free_time(tutor, free_time)

    _change(account, version, "free_time", change)


@transactional
def leave(account: Account, reason: str) -> None:
    """Leave the programme: applied, checked or paused → left. Sessions under way end.

    Raises
    ------
    AlreadyDecided
        When the tutor is not active.
    """
    tutor = _lock(account)
    if tutor.state not in ACTIVE_STATES:
        raise AlreadyDecided(tutor.state)
    under_way = db.session.scalars(
        select(Match).where(Match.tutor_id == tutor.id, Match.state == MatchState.APPROVED)
    ).all()
    matches.end_matches(account, under_way, reason)
    before = tutor.state
    tutor.state = TutorState.LEFT
    audit.record(AuditKind.TUTOR_LEFT, account, tutor, before=before, matches=len(under_way))


def _lock(account: Account) -> Tutor:
    tutor = db.session.scalar(
        select(Tutor)
        .where(Tutor.account_id == account.id)
        .options(selectinload(Tutor.subjects))
        .with_for_update(of=Tutor, key_share=True)
        .execution_options(populate_existing=True)
    )
    if tutor is None:
        raise NotFound
    return tutor


def _change(account: Account, version: int, part: str, change: Callable[[Tutor], None]) -> None:
    tutor = _lock(account)
    if tutor.state == TutorState.LEFT:
        raise AlreadyDecided(tutor.state)
    if tutor.version != version:
        raise StaleVersion
    change(tutor)
    # A change of the subjects alone leaves the tutor's own row as it is; its version must grow all the same.
    flag_modified(tutor, "motivation")
    audit.record(AuditKind.TUTOR_CHANGED, account, tutor, part=part)


def _refuse_when_needed(**sessions_by_field: list[known.LiveSession]) -> None:
    in_the_way = {field: sessions for field, sessions in sessions_by_field.items() if sessions}
    if in_the_way:
        raise SessionsInTheWay(in_the_way)


def _set_studies(tutor: Tutor, studies: Studies) -> None:
    tutor.institution_id = studies.institution_id
    tutor.study_programme = studies.study_programme
    tutor.year_of_study = studies.year_of_study
    tutor.is_minor = studies.is_minor


def _set_teaching(tutor: Tutor, teaching: Teaching) -> None:
    present = {subject.subject_code: subject for subject in tutor.subjects}
    tutor.subjects = [
        present.get(subject.subject_code) or TutorSubject(subject_code=subject.subject_code)
        for subject in teaching.subjects
    ]
    for row, subject in zip(tutor.subjects, teaching.subjects, strict=True):
        row.grade_from, row.grade_to = subject.grade_from, subject.grade_to
    tutor.tutoring_languages = teaching.tutoring_languages
    tutor.conditions = teaching.conditions
    tutor.group_size = teaching.group_size
    tutor.motivation = teaching.motivation


def _set_free_time(tutor: Tutor, free_time: FreeTime) -> None:
    tutor.slots = free_time.slots
    tutor.sessions_per_week = free_time.sessions_per_week
    tutor.max_pupils = free_time.max_pupils
