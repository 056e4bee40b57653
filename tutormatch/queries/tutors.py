"""What a tutor sees of the own profile and the own pupils, and what the sign-up offers."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from ..database import localized_name
from ..extensions import db
from ..i18n import collation_key
from ..models import (
    Account,
    DraftKind,
    Institution,
    Match,
    MatchState,
    Need,
    Pupil,
    Region,
    Role,
    School,
    Subject,
    Teacher,
    Tutor,
    TutorSubject,
    WeeklySession,
)
from . import drafts, timetables

SIGN_UP_STEPS = ("who", "what", "when")


@dataclass(frozen=True)
class LiveSession:
    """A weekly session under way, with what a change of the profile could take away from it."""

    slot: int
    pupil_id: int
    first_name: str
    subject_code: str
    subject: str
    grade: int
    tutoring_language: str


@dataclass(frozen=True)
class Lesson:
    """What a pupil learns with the tutor, when, and together with whom."""

    subject: str
    topics: str
    tutoring_language: str
    slots: Sequence[int]
    companions: Sequence[str] = ()


@dataclass(frozen=True)
class PupilForTutor:
    """All that a tutor may know of a pupil; nothing else is read from the database."""

    pupil_id: int
    first_name: str
    grade: int
    school: str
    teacher_name: str
    teacher_contact: str
    lessons: Sequence[Lesson]


def institutions_by_region() -> dict[str, list[tuple[int, str]]]:
    """Return number and name of the institutions by the name of their region, both in dictionary order."""
    rows = db.session.execute(
        select(localized_name(Region), Institution.id, localized_name(Institution)).join(Institution.region)
    )
    by_region = defaultdict(list)
    for region, institution_id, name in rows:
        by_region[region].append((institution_id, name))
    return {
        region: sorted(by_region[region], key=lambda institution: collation_key(institution[1]))
        for region in sorted(by_region, key=collation_key)
    }


def of_account(account: Account) -> Tutor | None:
    """Return the tutor whose account this is, with subjects and institution; none before the application."""
    return db.session.scalar(
        select(Tutor)
        .where(Tutor.account_id == account.id)
        .options(selectinload(Tutor.subjects).joinedload(TutorSubject.subject), joinedload(Tutor.institution))
    )


def missing_step(account: Account) -> str | None:
    """Return the first step of the sign-up that ``account`` has not saved yet."""
    saved = drafts.load(account, DraftKind.TUTOR_PROFILE)
    return next((step for step in SIGN_UP_STEPS if step not in saved), None)


def live_sessions(tutor_id: int) -> list[LiveSession]:
    """Return the tutor's weekly sessions under way, in order of the week."""
    rows = db.session.execute(
        timetables.live_sessions(
            WeeklySession.slot,
            WeeklySession.pupil_id,
            Pupil.first_name,
            Need.subject_code,
            localized_name(Subject),
            Need.grade,
            Match.tutoring_language,
        ).where(WeeklySession.tutor_id == tutor_id)
    )
    return [LiveSession(*row) for row in rows]


def pupils_of(viewer: Account) -> list[PupilForTutor]:
    """Return the pupils with whom the viewer has sessions under way, by first name.

    Nobody sees a pupil before the e-mail address is confirmed.
    """
    if viewer.role != Role.TUTOR or not viewer.is_email_confirmed:
        return []
    slots: dict[int, list[int]] = defaultdict(list)
    names_at: dict[int, dict[int, str]] = defaultdict(dict)
    own_matches = (
        select(Match.id).join(Match.tutor).where(Tutor.account_id == viewer.id, Match.state == MatchState.APPROVED)
    )
    for match_id, slot, name in db.session.execute(
        select(WeeklySession.match_id, WeeklySession.slot, Pupil.first_name)
        .join(Pupil, Pupil.id == WeeklySession.pupil_id)
        .where(WeeklySession.match_id.in_(own_matches), WeeklySession.is_live)
        .order_by(WeeklySession.slot, Pupil.sort_name)
    ):
        slots[match_id].append(slot)
        names_at[slot][match_id] = name

    def companions(match_id: int) -> tuple[str, ...]:
        found = {other: name for slot in slots[match_id] for other, name in names_at[slot].items()}
        return tuple(name for other, name in found.items() if other != match_id)

    rows = db.session.execute(
        select(
            Match.id,
            Match.tutoring_language,
            Match.pupil_id,
            Pupil.first_name,
            Pupil.grade,
            localized_name(School).label("school"),
            localized_name(Subject).label("subject"),
            Need.topics,
            Account.last_name,
            Account.first_name.label("teacher_first_name"),
            Account.patronymic,
            func.coalesce(func.nullif(Teacher.contact, ""), Account.email, "").label("contact"),
        )
        .join(Pupil, Pupil.id == Match.pupil_id)
        .join(School, School.id == Pupil.school_id)
        .join(Need, Need.id == Match.need_id)
        .join(Subject, Subject.code == Need.subject_code)
        .outerjoin(Account, Account.id == Pupil.teacher_id)
        .outerjoin(Teacher, Teacher.account_id == Account.id)
        .where(Match.id.in_(own_matches))
        .order_by(Match.pupil_id, Subject.position)
    ).all()
    by_pupil: dict[int, list] = defaultdict(list)
    for row in rows:
        by_pupil[row.pupil_id].append(row)
    pupils = [
        PupilForTutor(
            pupil_id=pupil_id,
            first_name=own[0].first_name,
            grade=own[0].grade,
            school=own[0].school,
            teacher_name=" ".join(
                part for part in (own[0].last_name, own[0].teacher_first_name, own[0].patronymic) if part
            ),
            teacher_contact=own[0].contact,
            lessons=[
                Lesson(row.subject, row.topics, row.tutoring_language, tuple(slots[row.id]), companions(row.id))
                for row in own
            ],
        )
        for pupil_id, own in by_pupil.items()
    ]
    return sorted(pupils, key=lambda pupil: (collation_key(pupil.first_name), pupil.grade, pupil.pupil_id))


def institution(institution_id: int) -> Institution | None:
    """Return one university or college."""
    return db.session.get(Institution, institution_id)
