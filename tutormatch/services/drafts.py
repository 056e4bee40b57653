"""Drafts of forms of several steps: what was typed so far, kept on the server."""

from typing import Any

from sqlalchemy import delete, select

from .. import clock
from ..database import transactional
from ..extensions import db
from ..models import Account, Draft, DraftKind
from ..queries.drafts import LIFETIME, load

__all__ = ["LIFETIME", "discard", "load", "remove_expired", "save_step"]


@transactional
def save_step(account: Account, kind: DraftKind, step: str, data: dict[str, Any]) -> None:
    """Keep ``data`` (JSON: text, numbers, lists, dictionaries) as the present state of ``step``."""
    # Holding the account's row makes two first steps at once wait for each other instead of
    # meeting at the unique constraint.
    db.session.execute(select(Account.id).where(Account.id == account.id).with_for_update())
    draft = db.session.scalar(select(Draft).where(Draft.account_id == account.id, Draft.kind == kind))
    if draft is None:
        draft = Draft(account_id=account.id, kind=kind, steps={})
        db.session.add(draft)
    elif draft.updated_at <= clock.now() - LIFETIME:
        draft.steps = {}
    draft.steps = {**draft.steps, step: data}
    draft.updated_at = clock.now()


@transactional
def discard(account: Account, kind: DraftKind) -> None:
    """Forget the draft of this kind; nothing happens when there is none."""
    db.session.execute(delete(Draft).where(Draft.account_id == account.id, Draft.kind == kind))


@transactional
def remove_expired() -> int:
    """Delete drafts that nobody has touched for `LIFETIME`; return how many there were."""
    return db.session.execute(delete(Draft).where(Draft.updated_at <= clock.now() - LIFETIME)).rowcount
