"""Matches of a need and a tutor, their weekly sessions, the decisions about them, and blocked pairs."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import UTCDateTime, enum_column
from ..extensions import db
from .account import Account
from .pupil import Need, Pupil
from .round import Round
from .tutor import Tutor


class MatchState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    ENDED = "ended"


class Obstacle(StrEnum):
    """Why a proposal cannot be decided as asked, because of what has happened since it was made."""

    DECIDED = "decided"
    NEED_CLOSED = "need_closed"
    CONSENT_MISSING = "consent_missing"
    TUTOR_AWAY = "tutor_away"
    BLOCKED = "blocked"
    NEED_SERVED = "need_served"
    NO_LONGER_FITS = "no_longer_fits"
    TUTOR_NOT_FREE = "tutor_not_free"
    PUPIL_NOT_FREE = "pupil_not_free"
    TUTOR_TAKEN = "tutor_taken"
    PUPIL_TAKEN = "pupil_taken"
    TUTOR_FULL = "tutor_full"
    MAX_TUTORS = "max_tutors"
    WORK_TOGETHER = "work_together"
    HOST_UNDECIDED = "host_undecided"
    NO_GROUP_PLACE = "no_group_place"


class DecisionKind(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class Decision(db.Model):
    """One press of "approve" or "reject", for one match or many; can be undone until its mail leaves."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[DecisionKind] = enum_column(DecisionKind)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), index=True)
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(String(500), default="")

    decided_by: Mapped[Account] = relationship()
    round: Mapped[Round] = relationship()


def _one_per_need(state: MatchState) -> Index:
    return Index(
        f"uq_matches_{state}_need",
        "need_id",
        unique=True,
        sqlite_where=text(f"state = '{state}'"),
        postgresql_where=text(f"state = '{state}'"),
    )


class Match(db.Model):
    """A need and a tutor. ``explanation`` was computed with the proposal and is never recomputed.

    ``joins`` is the match of another pupil whose sessions this one was proposed to join as a group place.
    Where a place really is, once it is live, each session says by itself.
    """

    __tablename__ = "matches"
    __table_args__ = (
        ForeignKeyConstraint(["need_id", "pupil_id"], ["needs.id", "needs.pupil_id"], ondelete="CASCADE"),
        ForeignKeyConstraint(["joins_id", "tutor_id"], ["matches.id", "matches.tutor_id"]),
        UniqueConstraint("id", "tutor_id", "pupil_id"),
        UniqueConstraint("id", "tutor_id"),
        CheckConstraint("joins_id IS NULL OR joins_id != id", "joins_another"),
        _one_per_need(MatchState.PROPOSED),
        _one_per_need(MatchState.APPROVED),
        Index("ix_matches_round_id_state", "round_id", "state"),
        CheckConstraint(
            "state IN ('proposed', 'superseded') OR decision_id IS NOT NULL OR round_id IS NULL", "is_decided"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    need_id: Mapped[int] = mapped_column(index=True)
    pupil_id: Mapped[int] = mapped_column(ForeignKey("pupils.id", ondelete="CASCADE"), index=True)
    tutor_id: Mapped[int] = mapped_column(ForeignKey("tutors.id"), index=True)
    state: Mapped[MatchState] = enum_column(MatchState, default=MatchState.PROPOSED)
    joins_id: Mapped[int | None] = mapped_column(index=True)
    tutoring_language: Mapped[str] = mapped_column(String(2))
    explanation: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    end_reason: Mapped[str] = mapped_column(String(500), default="")
    version: Mapped[int] = mapped_column(default=1)

    round: Mapped[Round | None] = relationship()
    need: Mapped[Need] = relationship(overlaps="pupil", foreign_keys=need_id, primaryjoin=Need.id == need_id)
    pupil: Mapped[Pupil] = relationship(overlaps="need", foreign_keys=pupil_id)
    tutor: Mapped[Tutor] = relationship()
    joins: Mapped["Match | None"] = relationship(
        primaryjoin="foreign(Match.joins_id) == remote(Match.id)", viewonly=True
    )
    decision: Mapped[Decision | None] = relationship()
    sessions: Mapped[list["WeeklySession"]] = relationship(
        back_populates="match",
        cascade="all, delete-orphan",
        order_by="WeeklySession.slot",
        foreign_keys="[WeeklySession.match_id, WeeklySession.tutor_id, WeeklySession.pupil_id]",
    )

    __mapper_args__ = {"version_id_col": version}

    @property
    def slots(self) -> tuple[int, ...]:
        return tuple(session.slot for session in self.sessions)


def _one_live_session(owner: str, where: str) -> Index:
    return Index(
        f"uq_weekly_sessions_live_{owner}",
        f"{owner}_id",
        "slot",
        unique=True,
        sqlite_where=text(where),
        postgresql_where=text(where),
    )


class WeeklySession(db.Model):
    """A slot of a match. Live once the match is approved: then it takes the time of tutor and pupil.

    A group place (``host_id``) takes place in the session of another match: of the same tutor, in the same
    slot, and live as long as the place is; the database holds it to that. So the tutor's time is taken once.
    """

    __tablename__ = "weekly_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["match_id", "tutor_id", "pupil_id"],
            ["matches.id", "matches.tutor_id", "matches.pupil_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["host_id", "tutor_id", "slot", "is_live"],
            [
                "weekly_sessions.match_id",
                "weekly_sessions.tutor_id",
                "weekly_sessions.slot",
                "weekly_sessions.is_live",
            ],
            name="fk_weekly_sessions_host",
        ),
        UniqueConstraint("match_id", "slot"),
        UniqueConstraint("match_id", "tutor_id", "slot", "is_live", name="uq_weekly_sessions_as_host"),
        CheckConstraint("0 <= slot AND slot <= 167", "slot"),
        CheckConstraint("host_id IS NULL OR (is_live AND host_id != match_id)", "place_is_live"),
        _one_live_session("tutor", "is_live AND host_id IS NULL"),
        _one_live_session("pupil", "is_live"),
        Index("ix_weekly_sessions_host_id", "host_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int]
    tutor_id: Mapped[int]
    pupil_id: Mapped[int]
    slot: Mapped[int]
    is_live: Mapped[bool] = mapped_column(default=False)
    host_id: Mapped[int | None]

    match: Mapped[Match] = relationship(
        back_populates="sessions",
        foreign_keys="[WeeklySession.match_id, WeeklySession.tutor_id, WeeklySession.pupil_id]",
    )


class BlockedPair(db.Model):
    """A tutor and a pupil who are not proposed again, at all or (with ``slot``) at one time only."""

    __tablename__ = "blocked_pairs"
    __table_args__ = (
        CheckConstraint("slot IS NULL OR (0 <= slot AND slot <= 167)", "slot"),
        UniqueConstraint("tutor_id", "pupil_id", "slot"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tutor_id: Mapped[int] = mapped_column(ForeignKey("tutors.id", ondelete="CASCADE"))
    pupil_id: Mapped[int] = mapped_column(ForeignKey("pupils.id", ondelete="CASCADE"), index=True)
    slot: Mapped[int | None]
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"), index=True)
