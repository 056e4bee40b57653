"""Who would enter a round now, and what keeps the others out."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import Row, and_, case, func, select

from ..extensions import db
from ..models import (
    Account,
    ConsentState,
    Match,
    MatchState,
    Need,
    Pupil,
    School,
    Tutor,
    TutorState,
    WeeklySession,
)
from .problems import is_reachable
from .scopes import Scope


class KeptOut(StrEnum):
    """Why a pupil who was nominated, or a tutor who applied, does not enter."""

    CONSENT_PENDING = "consent_pending"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    NO_OPEN_NEED = "no_open_need"
    TUTOR_UNCONFIRMED = "tutor_unconfirmed"
    TUTOR_TO_CHECK = "tutor_to_check"
    TUTOR_DECLINED = "tutor_declined"
    TUTOR_PAUSED = "tutor_paused"
    TUTOR_LEFT = "tutor_left"
    TUTOR_DISABLED = "tutor_disabled"


CONSENT_CAUSES = {
    ConsentState.PENDING: KeptOut.CONSENT_PENDING,
    ConsentState.REFUSED: KeptOut.CONSENT_REFUSED,
    ConsentState.WITHDRAWN: KeptOut.CONSENT_WITHDRAWN,
}
TUTOR_CAUSES = {
    TutorState.APPLIED: KeptOut.TUTOR_TO_CHECK,
    TutorState.DECLINED: KeptOut.TUTOR_DECLINED,
    TutorState.PAUSED: KeptOut.TUTOR_PAUSED,
    TutorState.LEFT: KeptOut.TUTOR_LEFT,
}


@dataclass(frozen=True)
class Entrants:
    """Counts of one scope at one moment.

    ``pupils``, ``needs`` and ``tutors`` may enter; of these ``…_waiting`` have no approved match yet and
    ``tutors_free`` have a session left, ``tutors_with_places`` a place in a session under way.
    ``sessions_wanted`` and ``sessions_offered`` are a week's.
    ``kept_out`` counts those who may not enter, by `KeptOut`, each once; causes that hold nobody are absent.
    In a round that has collected its input, ``agreed`` counts the approved matches in it.
    """

    pupils: int = 0
    pupils_waiting: int = 0
    needs: int = 0
    needs_waiting: int = 0
    sessions_wanted: int = 0
    tutors: int = 0
    tutors_free: int = 0
    sessions_offered: int = 0
    tutors_with_places: int = 0
    kept_out: dict[str, int] = field(default_factory=dict)
    agreed: int = 0

    @property
    def can_match(self) -> bool:
        """Say whether a round could propose anything: somebody waits and somebody is free."""
        return bool(self.needs_waiting and (self.tutors_free or self.tutors_with_places))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        return cls(**values)


def entrants(scope: Scope) -> Entrants:
    """Count who would enter a round of ``scope`` now, in two statements."""
    counts: dict[str, int] = {}
    kept_out: dict[str, int] = {}
    for row in _pupils_by_consent(scope):
        if row.consent_state == ConsentState.RECEIVED:
            counts |= {
                "pupils": row.with_need,
                "pupils_waiting": row.waiting,
                "needs": row.needs,
                "needs_waiting": row.needs_waiting,
                "sessions_wanted": row.sessions_wanted,
            }
            kept_out[KeptOut.NO_OPEN_NEED] = row.pupils - row.with_need
        else:
            kept_out[CONSENT_CAUSES[row.consent_state]] = row.with_need
    for row in _tutors_by_state(scope):
        kept_out[KeptOut.TUTOR_DISABLED] = kept_out.get(KeptOut.TUTOR_DISABLED, 0) + row.disabled
        kept_out[KeptOut.TUTOR_UNCONFIRMED] = kept_out.get(KeptOut.TUTOR_UNCONFIRMED, 0) + row.unconfirmed
        if row.state == TutorState.CHECKED:
            counts |= {
                "tutors": row.reachable,
                "tutors_free": row.free,
                "sessions_offered": row.sessions_left,
                "tutors_with_places": row.with_places,
            }
        else:
            kept_out[TUTOR_CAUSES[row.state]] = row.reachable
    # PostgreSQL gives sums of whole numbers as decimals, and none for no rows.
    return Entrants(
        **{name: int(count or 0) for name, count in counts.items()},
        kept_out={cause: int(kept_out[cause]) for cause in KeptOut if kept_out.get(cause)},
    )


def _pupils_by_consent(scope: Scope) -> Iterator[Row[Any]]:
    is_waiting = Match.id.is_(None)
    needs = (
        select(
            Need.pupil_id,
            func.count().label("needs"),
            func.sum(case((is_waiting, 1), else_=0)).label("waiting"),
            func.sum(case((is_waiting, Need.sessions_per_week), else_=0)).label("sessions"),
        )
        .outerjoin(Match, and_(Match.need_id == Need.id, Match.state == MatchState.APPROVED))
        .where(Need.closed_at.is_(None))
        .group_by(Need.pupil_id)
        .subquery()
    )
    yield from db.session.execute(
        select(
            Pupil.consent_state,
            func.count().label("pupils"),
            func.count(needs.c.pupil_id).label("with_need"),
            func.sum(case((needs.c.waiting > 0, 1), else_=0)).label("waiting"),
            func.sum(needs.c.needs).label("needs"),
            func.sum(needs.c.waiting).label("needs_waiting"),
            func.sum(needs.c.sessions).label("sessions_wanted"),
        )
        .join(School, Pupil.school_id == School.id)
        .outerjoin(needs, needs.c.pupil_id == Pupil.id)
        .where(Pupil.withdrawn_at.is_(None), scope.has_school())
        .group_by(Pupil.consent_state)
    )


def _tutors_by_state(scope: Scope) -> Iterator[Row[Any]]:
    live = (
        select(
            WeeklySession.tutor_id,
            func.sum(case((WeeklySession.host_id.is_(None), 1), else_=0)).label("sessions"),
            func.count().label("places"),
        )
        .where(WeeklySession.is_live)
        .group_by(WeeklySession.tutor_id)
        .subquery()
    )
    left = Tutor.sessions_per_week - func.coalesce(live.c.sessions, 0)
    is_unconfirmed = and_(
        Account.disabled_at.is_(None), Account.email.is_not(None), Account.email_confirmed_at.is_(None)
    )

    def number(condition: Any, amount: Any = 1) -> Any:
        return func.sum(case((condition, amount), else_=0))

    yield from db.session.execute(
        select(
            Tutor.state,
            number(is_reachable()).label("reachable"),
            number(and_(is_reachable(), left > 0)).label("free"),
            number(and_(is_reachable(), left > 0), left).label("sessions_left"),
            number(and_(is_reachable(), live.c.places < live.c.sessions * Tutor.group_size)).label("with_places"),
            number(is_unconfirmed).label("unconfirmed"),
            number(Account.disabled_at.is_not(None)).label("disabled"),
        )
        .join(Account, Tutor.account_id == Account.id)
        .outerjoin(live, live.c.tutor_id == Tutor.id)
        .where(scope.has_tutor())
        .group_by(Tutor.state)
    )
