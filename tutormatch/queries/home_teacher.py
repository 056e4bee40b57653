"""The home of a teacher: the own pupils by state, and the one step that comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from ..extensions import db
from ..models import Account, ConsentState, DraftKind, Need, Pupil, PupilState, TeacherState
from . import drafts
from .pupils import PupilStanding, count_by_state, in_sight, standings, state_of_pupil

PUPILS_SHOWN = 8
STATES_SHOWN = (PupilState.WAITING, PupilState.PROPOSED, PupilState.MATCHED)


class NextStep(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    DECLINED = "declined"
    WAIT_FOR_ADMISSION = "wait_for_admission"
    FINISH_NOMINATION = "finish_nomination"
    NOMINATE = "nominate"
    ADD_CONSENT = "add_consent"
    WAIT_FOR_ROUND = "wait_for_round"
    WAIT_FOR_DECISION = "wait_for_decision"
    READ_TIMETABLE = "read_timetable"


@dataclass(frozen=True)
class TeacherHome:
    """What the home says. ``without_consent`` are the first pupils whose consent is pending."""

    step: NextStep
    counts: Mapping[PupilState, int]
    pupils: Mapping[PupilState, Sequence[PupilStanding]]
    without_consent: Sequence[Pupil]
    number_without_consent: int


def teacher(viewer: Account) -> TeacherHome:
    """Return what the viewer's home says."""
    counts = count_by_state([in_sight(viewer)])
    pending = [Pupil.withdrawn_at.is_(None), Pupil.consent_state == ConsentState.PENDING, in_sight(viewer)]
    number_pending = db.session.scalar(select(func.count()).select_from(Pupil).where(*pending)) or 0
    first_pending = db.session.scalars(select(Pupil).where(*pending).order_by(Pupil.sort_name).limit(2)).all()
    return TeacherHome(
        _step(viewer, counts, number_pending),
        counts,
        _pupils_by_state(viewer),
        first_pending,
        number_pending,
    )


def _step(viewer: Account, counts: Mapping[PupilState, int], number_pending: int) -> NextStep:
    if not viewer.is_email_confirmed:
        return NextStep.CONFIRM_EMAIL
    if viewer.teacher is not None and viewer.teacher.state == TeacherState.DECLINED:
        return NextStep.DECLINED
    if viewer.teacher is None or not viewer.teacher.is_admitted:
        return NextStep.WAIT_FOR_ADMISSION
    if drafts.load(viewer, DraftKind.NOMINATION):
        return NextStep.FINISH_NOMINATION
    if number_pending:
        return NextStep.ADD_CONSENT
    if counts[PupilState.PROPOSED]:
        return NextStep.WAIT_FOR_DECISION
    if counts[PupilState.MATCHED]:
        return NextStep.READ_TIMETABLE
    return NextStep.WAIT_FOR_ROUND if counts[PupilState.WAITING] else NextStep.NOMINATE


def _pupils_by_state(viewer: Account) -> dict[PupilState, list[PupilStanding]]:
    """Return the first pupils of each state by name, with their needs."""
    place = func.row_number().over(partition_by=state_of_pupil(), order_by=(Pupil.sort_name, Pupil.id))
    numbered = select(Pupil.id, place.label("place")).where(in_sight(viewer), Pupil.withdrawn_at.is_(None)).subquery()
    pupils = db.session.scalars(
        select(Pupil)
        .join(numbered, numbered.c.id == Pupil.id)
        .where(numbered.c.place <= PUPILS_SHOWN)
        .order_by(Pupil.sort_name, Pupil.id)
        .options(joinedload(Pupil.school), selectinload(Pupil.needs).joinedload(Need.subject))
    ).all()
    by_state: dict[PupilState, list[PupilStanding]] = {state: [] for state in STATES_SHOWN}
    for standing in standings(pupils):
        by_state[standing.state].append(standing)
    return by_state
