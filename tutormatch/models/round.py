"""Rounds: one solve over all open needs and free tutors of a scope, and what it left waiting."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import UTCDateTime, enum_column
from ..extensions import db
from ..matching.problem import Profile
from .account import Account, ScopeKind
from .catalogue import Institution, Region
from .pupil import Need


class RoundState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class RoundFailure(StrEnum):
    """Why a round ended without proposals."""

    SOLVER_ENDED = "solver_ended"
    WORKER_STOPPED = "worker_stopped"
    FAULTY_INPUT = "faulty_input"
    UNEXPECTED = "unexpected"


class Round(db.Model):
    """One round. ``problem`` keeps its input (a ZIP of the problem's files) and never changes.

    ``scope_key`` names the scope (``country``, ``region:KZ-59``, ``institution:3``); at most one round
    of a scope is queued or running. ``entrants`` counts who was in and what kept others out. ``advice`` says
    whom to recruit next, as it was computed when the round was solved.
    """

    __tablename__ = "rounds"
    __table_args__ = (
        Index(
            "uq_rounds_under_way",
            "scope_key",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running')"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        CheckConstraint("0 <= progress AND progress <= 1000", "progress"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", "failure_is_named"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    scope_kind: Mapped[ScopeKind] = enum_column(ScopeKind)
    region_code: Mapped[str | None] = mapped_column(ForeignKey("regions.code"))
    institution_id: Mapped[int | None] = mapped_column(ForeignKey("institutions.id"))
    scope_key: Mapped[str] = mapped_column(String(64))
    profile: Mapped[Profile] = enum_column(Profile, default=Profile.BREADTH_FIRST)
    state: Mapped[RoundState] = enum_column(RoundState, default=RoundState.QUEUED)
    stage: Mapped[str] = mapped_column(String(32), default="")
    progress: Mapped[int] = mapped_column(default=0)
    failure: Mapped[RoundFailure | None] = enum_column(RoundFailure, nullable=True)
    reference: Mapped[str | None] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    heard_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    problem: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    entrants: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    certificate: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    advice: Mapped[dict[str, Any] | None] = mapped_column(JSON, deferred=True)

    created_by: Mapped[Account] = relationship()
    region: Mapped[Region | None] = relationship()
    institution: Mapped[Institution | None] = relationship()

    @property
    def is_under_way(self) -> bool:
        return self.state in (RoundState.QUEUED, RoundState.RUNNING)


class WaitingNeed(db.Model):
    """A need that a round left without a tutor, with the reason code and the funnel behind it."""

    __tablename__ = "waiting_needs"
    __table_args__ = (UniqueConstraint("round_id", "need_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    need_id: Mapped[int] = mapped_column(ForeignKey("needs.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    explanation: Mapped[dict[str, Any]] = mapped_column(JSON)

    round: Mapped[Round] = relationship()
    need: Mapped[Need] = relationship()
