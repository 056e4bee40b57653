"""Whether the parts work: database, migrations, worker, mail, rounds."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import case, func, select

from .. import clock, mail
from ..extensions import db
from ..models import OutboxMessage, Round, RoundState

WORKER_HEARD_AT = "worker_heard_at"
WORKER_SILENCE_LIMIT = timedelta(minutes=3)
MAIL_DELAY_LIMIT = timedelta(minutes=15)


@dataclass(frozen=True)
class MailQueue:
    """Mail that is due now, held back for later, and given up; ``oldest_due`` is when the longest waiting was due."""

    is_sending: bool
    due: int
    held: int
    failed: int
    oldest_due: datetime | None

    @property
    def is_well(self) -> bool:
        if self.failed:
            return False
        is_late = self.oldest_due is not None and clock.now() - self.oldest_due > MAIL_DELAY_LIMIT
        return not (self.is_sending and is_late)


@dataclass(frozen=True)
class Health:
    """How each part is."""

    database: str
    is_migrated: bool
    worker_heard_at: datetime | None
    mail: MailQueue
    rounds: dict[RoundState, int]

    @property
    def is_worker_well(self) -> bool:
        return self.worker_heard_at is not None and clock.now() - self.worker_heard_at <= WORKER_SILENCE_LIMIT

    @property
    def is_well(self) -> bool:
        return self.is_migrated and self.is_worker_well and self.mail.is_well


def health() -> Health:
    """Look at each part."""
    states = dict(db.session.execute(select(Round.state, func.count()).group_by(Round.state)).tuples().all())
    return Health(
        database=_database(),
        is_migrated=_is_migrated(),
        worker_heard_at=_worker_heard_at(),
        mail=mail_queue(),
        rounds={state: states.get(state, 0) for state in RoundState},
    )


def _database() -> str:
    dialect = db.engine.dialect
    version = ".".join(str(part) for part in dialect.server_version_info or ())
    return f"{'PostgreSQL' if dialect.name == 'postgresql' else 'SQLite'} {version}".strip()


def _is_migrated() -> bool:
    folder = Path(current_app.extensions["migrate"].directory)
    newest = set(ScriptDirectory(str(folder)).get_heads())
    return set(MigrationContext.configure(db.session.connection()).get_current_heads()) == newest


def _worker_heard_at() -> datetime | None:
    heard = current_app.extensions["queue"].get(WORKER_HEARD_AT, peek=True)
    return datetime.fromisoformat(heard) if heard else None


def mail_queue() -> MailQueue:
    """Count the mail that has not left."""
    due, failed = mail.is_due(), mail.is_failed()
    row = db.session.execute(
        select(
            func.count(case((due, 1))),
            func.count(case((failed, 1))),
            func.count(case((due | failed, None), else_=1)),
            func.min(case((due, OutboxMessage.not_before))),
        ).where(OutboxMessage.sent_at.is_(None))
    ).one()
    return MailQueue(is_sending=mail.is_sending(), due=row[0], failed=row[1], held=row[2], oldest_due=row[3])
