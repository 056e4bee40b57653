"""Static files: kept by browsers for a year, under addresses that change with the content."""

import hashlib
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, session

STATIC_ENDPOINTS = {"static", "bootstrap.static"}
VERSION_LENGTH = 10


def init_app(app: Flask) -> None:
    """Give every address of a static file the version of its content."""

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint not in STATIC_ENDPOINTS or "filename" not in values:
            return
        blueprint, _, _ = endpoint.rpartition(".")
        folder = app.blueprints[blueprint].static_folder if blueprint else app.static_folder
        file = Path(folder or "", values["filename"])
        if file.is_file():
            values["v"] = content_version(file, file.stat().st_mtime_ns)

    @app.after_request
    def belongs_to_nobody(response: Response) -> Response:
        if request.endpoint in STATIC_ENDPOINTS:
            # Flask-Login looks into the session at each request, and "Vary: Cookie" would void the browser's copy
            # whenever somebody signs in or chooses another locale.
            session.accessed = False
            if "v" in request.args and response.status_code == HTTPStatus.OK:
                response.cache_control.immutable = True
        return response


@lru_cache
def content_version(file: Path, _changed_at: int) -> str:
    """Return a short hash of the content of ``file``, read anew when the file has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:VERSION_LENGTH]
