"""tutormatch pairs pupils who ask for help with volunteer tutors, and shows why."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

ROOT = Path(__file__).parent.parent


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Return the application, see `tutormatch.application.create_app`.

    What it needs is imported when it is called, so that the matching core and its command line
    start without the web and the database.
    """
    from . import application

    return application.create_app(overrides)
