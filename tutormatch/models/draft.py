"""What was typed so far in a form of several steps, kept on the server."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..database import UTCDateTime, enum_column
from ..extensions import db


class DraftKind(StrEnum):
    TUTOR_PROFILE = "tutor_profile"
    NOMINATION = "nomination"


class Draft(db.Model):
    """One account's unfinished form of one kind: form data by step, as it was posted."""

    __tablename__ = "drafts"
    __table_args__ = (UniqueConstraint("account_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    kind: Mapped[DraftKind] = enum_column(DraftKind)
    steps: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
