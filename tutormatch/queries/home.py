"""What the home pages say: one function per role, and the visitor's counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import distinct, func, select

from ..extensions import db
from ..models import Account, ConsentState, Match, MatchState, Need, Pupil, Role, Tutor, TutorState, WeeklySession
from . import home_administrator, home_coordinator, home_teacher, home_tutor


@dataclass(frozen=True)
class ProgrammeCounts:
    """The programme in numbers that name nobody."""

    tutors: int
    pupils_with_tutor: int
    sessions_per_week: int
    pupils_waiting: int


def visitor() -> ProgrammeCounts:
    """Count checked tutors, pupils who have one, sessions of a week and pupils who wait, in one statement."""
    approved_needs = select(Match.need_id).where(Match.state == MatchState.APPROVED)
    row = db.session.execute(
        select(
            select(func.count()).select_from(Tutor).where(Tutor.state == TutorState.CHECKED).scalar_subquery(),
            select(func.count(distinct(WeeklySession.pupil_id))).where(WeeklySession.is_live).scalar_subquery(),
            select(func.count())
            .select_from(WeeklySession)
            .where(WeeklySession.is_live, WeeklySession.host_id.is_(None))
            .scalar_subquery(),
            select(func.count(distinct(Need.pupil_id)))
            .join(Need.pupil)
            .where(
                Need.closed_at.is_(None),
                Need.id.not_in(approved_needs),
                Pupil.withdrawn_at.is_(None),
                Pupil.consent_state == ConsentState.RECEIVED,
            )
            .scalar_subquery(),
        )
    ).one()
    return ProgrammeCounts(*row)


HOMES: Mapping[Role, Callable[[Account], Any]] = {
    Role.ADMINISTRATOR: home_administrator.administrator,
    Role.COORDINATOR: home_coordinator.coordinator,
    Role.TEACHER: home_teacher.teacher,
    Role.TUTOR: home_tutor.tutor,
}


def of(viewer: Account) -> Any:
    """Return what the viewer's home says; each role has a form of its own."""
    return HOMES[viewer.role](viewer)
