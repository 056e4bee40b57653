"""What a coordinator did so that a waiting pupil can get a tutor."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..database import UTCDateTime, enum_column
from ..extensions import db
from .account import Account
from .pupil import Pupil


class RemedyKind(StrEnum):
    FREE_TIME_ASKED = "free_time_asked"
    LANGUAGE_ACCEPTED = "language_accepted"


class Remedy(db.Model):
    """One step for one pupil, after a round. Each is taken once, and again only when it was taken back.

    ``value`` is what was asked for or accepted: weekly slots as ``mon-15;tue-16``, or a tutoring language.
    """

    __tablename__ = "remedies"
    __table_args__ = (
        CheckConstraint("value != ''", "has_value"),
        CheckConstraint("undone_at IS NULL OR kind = 'language_accepted'", "can_be_undone"),
        Index(
            "uq_remedies_taken",
            "round_id",
            "pupil_id",
            "kind",
            "value",
            unique=True,
            sqlite_where=text("undone_at IS NULL"),
            postgresql_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id", ondelete="CASCADE"))
    pupil_id: Mapped[int] = mapped_column(ForeignKey("pupils.id", ondelete="CASCADE"), index=True)
    kind: Mapped[RemedyKind] = enum_column(RemedyKind)
    value: Mapped[str] = mapped_column(String(200))
    made_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    undone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    made_by: Mapped[Account] = relationship()
    pupil: Mapped[Pupil] = relationship()
