"""The home of a coordinator: what waits, what the last round did, and hours offered against hours wanted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ..extensions import db
from ..models import (
    Account,
    ConsentState,
    Match,
    MatchState,
    Need,
    Pupil,
    Round,
    RoundState,
    School,
    Subject,
    Teacher,
    TeacherState,
    Tutor,
    TutorState,
    TutorSubject,
    WeeklySession,
)
from .scopes import Scope, rounds_in_sight


@dataclass(frozen=True)
class Balance:
    """Sessions a week in one family of subjects.

    ``agreed`` of those ``wanted`` have a tutor. A tutor of several families is ``offered`` in each.
    """

    family: str
    wanted: int
    agreed: int
    offered: int


@dataclass(frozen=True)
class CoordinatorHome:
    """What waits for a coordinator; ``to_decide`` counts proposals by round, the latest round first."""

    tutors_to_check: int
    teachers_to_admit: int
    to_decide: Mapping[int, int]
    matches_under_way: int
    last_round: Round | None
    balance: Sequence[Balance]
    sessions_offered: int

    @property
    def is_calm(self) -> bool:
        """Whether nothing waits."""
        return not (self.tutors_to_check or self.teachers_to_admit or self.to_decide)

    @property
    def sessions_wanted(self) -> int:
        return sum(each.wanted for each in self.balance)

    @property
    def sessions_agreed(self) -> int:
        return sum(each.agreed for each in self.balance)

    @property
    def most_sessions(self) -> int:
        """The longest bar, at least 1."""
        return max((max(each.wanted, each.offered) for each in self.balance), default=1) or 1

    @property
    def served(self) -> tuple[int, int, bool] | None:
        """Pupils with a tutor and pupils in the last round, and whether more is proven impossible."""
        certificate: Mapping[str, Any] = (self.last_round and self.last_round.certificate) or {}
        for level in certificate.get("levels", ()):
            if level["name"] == "breadth":
                return level["reached"], certificate["pupils"], level["reached"] == level["bound"]
        return None


def coordinator(viewer: Account) -> CoordinatorHome:
    """Return what a coordinator's home says, in five statements."""
    scope = Scope.of_coordinator(viewer)
    people = db.session.execute(
        select(
            select(func.count())
            .select_from(Tutor)
            .join(Tutor.account)
            .where(
                Tutor.state == TutorState.APPLIED,
                Account.email_confirmed_at.is_not(None),
                Account.disabled_at.is_(None),
                scope.has_tutor(),
            )
            .scalar_subquery(),
            select(func.count())
            .select_from(Teacher)
            .join(Teacher.school)
            .where(Teacher.state == TeacherState.APPLIED, scope.has_school())
            .scalar_subquery(),
            _in_scope(scope, select(func.count()).select_from(Match))
            .where(Match.state == MatchState.APPROVED)
            .scalar_subquery(),
            select(func.coalesce(func.sum(Tutor.sessions_per_week), 0)).where(*_offering(scope)).scalar_subquery(),
        )
    ).one()
    to_decide = db.session.execute(
        _in_scope(scope, select(Match.round_id, func.count()).join(Round, Match.round_id == Round.id))
        .where(Match.state == MatchState.PROPOSED, rounds_in_sight(viewer))
        .group_by(Match.round_id)
        .order_by(Match.round_id.desc())
    )
    last_round = db.session.scalar(
        select(Round).where(rounds_in_sight(viewer), Round.state == RoundState.DONE).order_by(Round.id.desc()).limit(1)
    )
    return CoordinatorHome(
        tutors_to_check=people[0],
        teachers_to_admit=people[1],
        to_decide=dict(to_decide.all()),
        matches_under_way=people[2],
        last_round=last_round,
        balance=_balance(scope),
        sessions_offered=int(people[3]),
    )


def _in_scope(scope: Scope, statement: Any) -> Any:
    return (
        statement.join(Tutor, Match.tutor_id == Tutor.id)
        .join(Pupil, Match.pupil_id == Pupil.id)
        .join(School, Pupil.school_id == School.id)
        .where(scope.has_tutor(), scope.has_school())
    )


def _offering(scope: Scope) -> tuple[Any, ...]:
    return Tutor.state == TutorState.CHECKED, scope.has_tutor()


def _balance(scope: Scope) -> list[Balance]:
    """Return wanted, agreed and offered sessions by family of subjects, in the catalogue's order."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    position: dict[str, int] = {}
    agreed = (
        select(func.count())
        .select_from(WeeklySession)
        .join(Match, WeeklySession.match_id == Match.id)
        .where(Match.need_id == Need.id, Match.state == MatchState.APPROVED)
        .correlate(Need)
        .scalar_subquery()
    )
    wanted = (
        select(
            Subject.family,
            func.min(Subject.position),
            func.sum(Need.sessions_per_week),
            func.sum(agreed),
        )
        .select_from(Need)
        .join(Need.subject)
        .join(Need.pupil)
        .join(Pupil.school)
        .where(
            Need.closed_at.is_(None),
            Pupil.withdrawn_at.is_(None),
            Pupil.consent_state == ConsentState.RECEIVED,
            scope.has_school(),
        )
        .group_by(Subject.family)
    )
    for family, first, sessions, with_tutor in db.session.execute(wanted):
        counts[family][:2] = int(sessions), int(with_tutor)
        position[family] = first
    taught = (
        select(TutorSubject.tutor_id, Subject.family, func.min(Subject.position).label("first"))
        .join(Subject, TutorSubject.subject_code == Subject.code)
        .group_by(TutorSubject.tutor_id, Subject.family)
        .subquery()
    )
    offered = (
        select(taught.c.family, func.min(taught.c.first), func.sum(Tutor.sessions_per_week))
        .join(Tutor, taught.c.tutor_id == Tutor.id)
        .where(*_offering(scope))
        .group_by(taught.c.family)
    )
    for family, first, sessions in db.session.execute(offered):
        counts[family][2] = int(sessions)
        position[family] = min(position.get(family, first), first)
    return [Balance(family, *counts[family]) for family in sorted(counts, key=lambda family: position[family])]
