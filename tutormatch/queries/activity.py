"""The activity log, and its records in words."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from ..formatting import slots_in_words
from ..matching import Profile
from ..models import Account, AuditEvent, AuditKind, ConsentState, Role, ScopeKind, TeacherState, TutorState
from ..wording import label, tutoring_language_names
from .paging import Page, paginate
from .people import is_named

_ = lazy_gettext

SUBJECTS = {
    "accounts": _("account"),
    "decisions": _("decision"),
    "institutions": _("university or college"),
    "matches": _("pair"),
    "pupils": _("pupil"),
    "rounds": _("round"),
    "school_periods": _("school period"),
    "schools": _("school"),
    "subjects": _("subject"),
    "teachers": _("teacher"),
    "tutors": _("tutor"),
}
STATES = {"pupils": ConsentState, "teachers": TeacherState, "tutors": TutorState}
DETAILS = {
    "added": _("added"),
    "after": _("after"),
    "before": _("before"),
    "changed": _("changed"),
    "code": _("code"),
    "deleted": _("deleted"),
    "matches": _("pairs"),
    "messages": _("mails"),
    "moves": _("pairs"),
    "needs": _("needs"),
    "offered": _("offered"),
    "only_slot": _("only at this time"),
    "pairs": _("pairs"),
    "part": _("changed"),
    "profile": _("comes first"),
    "pupils": _("pupils"),
    "role": _("role"),
    "school": _("school"),
    "schools": _("schools"),
    "scope": _("scope"),
    "slots": _("hours"),
    "teachers": _("teachers"),
    "tutoring_language": _("language"),
    "tutors": _("tutors"),
}
PARTS = {
    "contact": _("contact"),
    "email": _("e-mail"),
    "first_name": _("first name"),
    "free_time": _("free time"),
    "last_name": _("last name"),
    "locale": _("language"),
    "needs": _("subjects"),
    "patronymic": _("patronymic"),
    "studies": _("studies"),
    "teaching": _("teaching"),
    "when": _("free time"),
    "who": _("personal details"),
}


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


def record_in_words(event: AuditEvent) -> str:
    """Return which row an event concerns and what is kept about it: ``pupil 7 · changed: free time``."""
    parts = [
        f"{DETAILS.get(name, name)}: {_value_in_words(event, name, value)}" for name, value in event.detail.items()
    ]
    if event.subject_table:
        parts.insert(0, f"{SUBJECTS.get(event.subject_table, event.subject_table)} {event.subject_id or ''}".strip())
    return " · ".join(parts)


def _value_in_words(event: AuditEvent, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name in ("before", "after"):
        return label(STATES[event.subject_table](value))
    if name == "role":
        return label(Role(value))
    if name == "profile":
        return label(Profile(value))
    if name == "slots":
        return slots_in_words(value)
    if name == "tutoring_language":
        return tutoring_language_names([value])
    if name == "scope":
        kind, _colon, place = value.partition(":")
        return f"{label(ScopeKind(kind))} {place}".strip()
    if name in ("changed", "part"):
        parts = [value] if isinstance(value, str) else value
        return ", ".join(str(PARTS[part]) for part in parts if part in PARTS)
    return str(value)


def _start(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current_app.config["TIME_ZONE"]))
