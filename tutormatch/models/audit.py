"""The activity log: one table, one named set of events."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import UTCDateTime, enum_column
from ..extensions import db
from .account import Account


class AuditKind(StrEnum):
    SIGNED_UP = "signed_up"
    EMAIL_CONFIRMED = "email_confirmed"
    PASSWORD_CHANGED = "password_changed"
    ACCOUNT_CHANGED = "account_changed"
    COORDINATOR_INVITED = "coordinator_invited"
    INVITATION_RENEWED = "invitation_renewed"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    INVITATION_ACCEPTED = "invitation_accepted"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    TUTOR_APPLIED = "tutor_applied"
    TUTOR_CHANGED = "tutor_changed"
    TUTOR_CHECKED = "tutor_checked"
    TUTOR_DECLINED = "tutor_declined"
    TUTOR_UNCHECKED = "tutor_unchecked"
    TUTOR_PAUSED = "tutor_paused"
    TUTOR_RESUMED = "tutor_resumed"
    TUTOR_LEFT = "tutor_left"
    TEACHER_APPLIED = "teacher_applied"
    TEACHER_CHANGED = "teacher_changed"
    TEACHER_ADMITTED = "teacher_admitted"
    TEACHER_DECLINED = "teacher_declined"
    PUPIL_NOMINATED = "pupil_nominated"
    PUPIL_CHANGED = "pupil_changed"
    PUPIL_SEEN = "pupil_seen"
    PUPIL_WITHDRAWN = "pupil_withdrawn"
    CONSENT_CHANGED = "consent_changed"
    FREE_TIME_ASKED = "free_time_asked"
    LANGUAGE_ACCEPTED = "language_accepted"
    LANGUAGE_TAKEN_BACK = "language_taken_back"
    ROUND_STARTED = "round_started"
    ROUND_RESTARTED = "round_restarted"
    MATCHES_APPROVED = "matches_approved"
    MATCHES_REJECTED = "matches_rejected"
    PAIR_SUGGESTED = "pair_suggested"
    DECISION_UNDONE = "decision_undone"
    MATCH_ENDED = "match_ended"
    IMPORTED = "imported"
    CATALOGUE_CHANGED = "catalogue_changed"
    MAIL_RETRIED = "mail_retried"


class AuditEvent(db.Model):
    """Who did what to which row, when. ``actor_id`` is empty for the command line."""

    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject", "subject_table", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    kind: Mapped[AuditKind] = enum_column(AuditKind)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    subject_table: Mapped[str]
    subject_id: Mapped[int | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)

    actor: Mapped[Account | None] = relationship()
