"""Reading of drafts."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from .. import clock
from ..extensions import db
from ..models import Account, Draft, DraftKind

LIFETIME = timedelta(days=30)


def load(account: Account, kind: DraftKind) -> dict[str, dict[str, Any]]:
    """Return the data of each step that ``account`` has saved so far; empty when there is none.

    A draft that nobody has touched for `LIFETIME` counts as none, also before it is removed.
    """
    steps = db.session.scalar(
        select(Draft.steps).where(
            Draft.account_id == account.id, Draft.kind == kind, Draft.updated_at > clock.now() - LIFETIME
        )
    )
    return dict(steps or {})
