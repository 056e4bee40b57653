"""Attempts that are counted to slow down guessing and flooding."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..database import UTCDateTime, enum_column
from ..extensions import db


class AttemptKind(StrEnum):
    FAILED_SIGN_IN = "failed_sign_in"
    SIGN_UP = "sign_up"
    LINK_MAILED = "link_mailed"


class Attempt(db.Model):
    """One attempt. ``key`` is a keyed digest of an address or a client, so that neither is kept."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_recent", "kind", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AttemptKind] = enum_column(AttemptKind)
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
