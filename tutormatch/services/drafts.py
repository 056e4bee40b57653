"""Drafts of forms of several steps: what was typed so far, kept on the server."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from .. import clock
from ..database import transactional
from ..extensions import db
from ..models import Account, Draft, DraftKind

LIFETIME = timedelta(days=30)


def load(account: Account, kind: DraftKind) -> dict[str, dict[str, Any]]:
    """Return the data of each step that ``account`` has saved so far; empty when there is none.

    A draft that is older than `LIFETIME` counts as none, also before `remove_expired` has come by.
    """
    steps = db.session.scalar(
        select(Draft.steps).where(
            Draft.account_id == account.id, Draft.kind == kind, Draft.updated_at > clock.now() - LIFETIME
        )
    )
    return dict(steps or {})


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
