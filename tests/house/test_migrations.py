"""Migrations go up and down, equal the models, and keep data. After a change of models: ``make migration``."""

import itertools

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import CheckConstraint, inspect, text

from tests.factories import Factory
from tutormatch import create_app
from tutormatch.extensions import db
from tutormatch.models import MatchState
from tutormatch.services.catalogue import load_catalogue


@pytest.fixture
def empty_app(request, database, tmp_path) -> Flask:
    """An application on a database without tables, apart from the one of the other tests."""
    if database == "sqlite":
        url = f"sqlite:///{tmp_path / 'empty.sqlite'}"
    else:
        base = request.getfixturevalue("postgresql_url")
        administration = create_app({"SQLALCHEMY_DATABASE_URI": base, "QUEUE_PATH": str(tmp_path / "q1.sqlite")})
        with administration.app_context(), db.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("DROP DATABASE IF EXISTS migrations WITH (FORCE)"))
            connection.execute(text("CREATE DATABASE migrations"))
        url = base.replace("/postgres?", "/migrations?")
    return create_app({"SQLALCHEMY_DATABASE_URI": url, "QUEUE_PATH": str(tmp_path / "q2.sqlite")})


@pytest.mark.xdist_group("migrations")
def test_migrations_lead_up_to_the_models_and_down_to_nothing(empty_app):
    with empty_app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        db.engine.dispose()


@pytest.mark.xdist_group("migrations")
def test_migrated_database_holds_the_same_checks_as_the_models(empty_app):
    with empty_app.app_context():
        upgrade()
        inspector = inspect(db.engine)
        for table in db.metadata.sorted_tables:
            migrated = {check["name"] for check in inspector.get_check_constraints(table.name)}
            modelled = {constraint.name for constraint in table.constraints if isinstance(constraint, CheckConstraint)}
            assert migrated == modelled, f"checks of {table.name} differ"
            assert {index["name"] for index in inspector.get_indexes(table.name) if not index.get("unique")} >= {
                index.name for index in table.indexes if not index.unique
            }
        db.engine.dispose()


@pytest.mark.xdist_group("migrations")
def test_agreed_matches_survive_the_way_down_to_single_sessions_and_up_to_groups_again(empty_app):
    """SQLite writes a changed table anew; what points to its rows must stay."""
    with empty_app.app_context():
        upgrade()
        load_catalogue()
        make = Factory(itertools.count(1))
        make.proposal(round=make.round(), state=MatchState.APPROVED, decision_id=None, round_id=None)
        before = agreed_sessions()
        assert len(before) == 1
        downgrade(revision="0001")
        assert agreed_sessions() == before
        upgrade()
        assert agreed_sessions() == before
        assert db.session.execute(text("SELECT profile FROM rounds")).scalars().all() == ["breadth_first"]
        db.session.remove()
        db.engine.dispose()


def agreed_sessions() -> list:
    statement = "SELECT matches.id, slot FROM matches JOIN weekly_sessions ON match_id = matches.id WHERE is_live"
    found = db.session.execute(text(statement)).all()
    db.session.rollback()
    return found
