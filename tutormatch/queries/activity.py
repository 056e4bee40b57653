"""The activity log."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from ..models import Account, AuditEvent, AuditKind
from .paging import Page, paginate
from .people import is_named


@dataclass(frozen=True)
class WantedEvents:
    """Which events to show; days are in programme time and both counted in."""

    kind: AuditKind | None = None
    person: str = ""
    first_day: date | None = None
    last_day: date | None = None
    page: int = 1


def events(wanted: WantedEvents, rows_per_page: int) -> Page[AuditEvent]:
    """Return one page of events, newest first."""
    statement = select(AuditEvent).outerjoin(AuditEvent.actor).options(contains_eager(AuditEvent.actor))
    if wanted.kind:
        statement = statement.where(AuditEvent.kind == wanted.kind)
    if wanted.person:
        statement = statement.where(Account.id.is_not(None), is_named(wanted.person))
    if wanted.first_day:
        statement = statement.where(AuditEvent.at >= _start(wanted.first_day))
    if wanted.last_day:
        statement = statement.where(AuditEvent.at < _start(wanted.last_day + timedelta(days=1)))
    return paginate(statement.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()), wanted.page, rows_per_page)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current_app.config["TIME_ZONE"]))
