"""The clock that everything reads, so that tests can set it."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import current_app


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def now() -> datetime:
    """Return the present moment in UTC from the application's clock."""
    return current_app.extensions["clock"].now()


def today() -> date:
    """Return today's date in programme time."""
    return now().astimezone(ZoneInfo(current_app.config["TIME_ZONE"])).date()
