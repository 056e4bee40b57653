"""The home of a tutor: the next session, or the one step that is still missing."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from flask import current_app

from .. import clock
from ..matching.slots import HOURS_PER_DAY, SLOTS_PER_WEEK, make_slot
from ..models import Account, Tutor, TutorState
from . import timetables
from .timetables import TutorSession
from .tutors import missing_step, of_account


class NextStep(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    FINISH_PROFILE = "finish_profile"
    WAIT_FOR_CHECK = "wait_for_check"
    SET_SLOTS = "set_slots"
    WAIT_FOR_PUPIL = "wait_for_pupil"
    NEXT_SESSION = "next_session"
    DECLINED = "declined"
    PAUSED = "paused"
    LEFT = "left"


@dataclass(frozen=True)
class NextSession:
    """The next time that a weekly session takes place; ``is_now`` while its hour runs."""

    session: TutorSession
    day: date
    days_ahead: int
    is_now: bool


@dataclass(frozen=True)
class TutorHome:
    """What the home says. ``missing`` names the step of the sign-up that is not saved yet."""

    step: NextStep
    tutor: Tutor | None
    missing: str | None
    next_session: NextSession | None
    sessions: list[TutorSession]

    @property
    def number_of_pupils(self) -> int:
        return len({session.pupil_id for session in self.sessions})


def tutor(viewer: Account) -> TutorHome:
    """Return what the viewer's home says."""
    own = of_account(viewer)
    if own is None:
        missing = missing_step(viewer) or "check"
        step = NextStep.FINISH_PROFILE if viewer.is_email_confirmed else NextStep.CONFIRM_EMAIL
        return TutorHome(step, None, missing, None, [])
    sessions = timetables.of_tutor(viewer)
    upcoming = next_session(sessions)
    return TutorHome(_step(viewer, own, upcoming), own, None, upcoming, sessions)


def _step(viewer: Account, own: Tutor, upcoming: NextSession | None) -> NextStep:
    if own.state == TutorState.LEFT:
        return NextStep.LEFT
    if own.state == TutorState.DECLINED:
        return NextStep.DECLINED
    if not viewer.is_email_confirmed:
        return NextStep.CONFIRM_EMAIL
    if own.state == TutorState.APPLIED:
        return NextStep.WAIT_FOR_CHECK
    if upcoming is not None:
        return NextStep.NEXT_SESSION
    if own.state == TutorState.PAUSED:
        return NextStep.PAUSED
    return NextStep.WAIT_FOR_PUPIL if own.slots and own.subjects else NextStep.SET_SLOTS


def next_session(sessions: list[TutorSession]) -> NextSession | None:
    """Return the session that runs now or comes first in the coming seven days, in programme time."""
    if not sessions:
        return None
    now = clock.now().astimezone(ZoneInfo(current_app.config["TIME_ZONE"]))
    present = make_slot(now.weekday(), now.hour)
    first = min(sessions, key=lambda session: (session.slot - present) % SLOTS_PER_WEEK)
    hours_ahead = (first.slot - present) % SLOTS_PER_WEEK
    days_ahead = (now.hour + hours_ahead) // HOURS_PER_DAY
    return NextSession(first, now.date() + timedelta(days=days_ahead), days_ahead, hours_ahead == 0)
