"""Runs the migrations on the application's own engine (``flask db upgrade``)."""

import logging
from logging.config import fileConfig
from typing import Any, Literal

from alembic import context
from flask import current_app
from sqlalchemy import TypeDecorator

config = context.config
if config.config_file_name and not logging.getLogger().handlers:
    fileConfig(config.config_file_name, disable_existing_loggers=False)

extension = current_app.extensions["migrate"]


def render_item(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own column types as what they are in the database, so that migrations stand alone."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run_migrations() -> None:
    options = {**extension.configure_args, "render_item": render_item}
    if context.is_offline_mode():
        url = extension.db.engine.url.render_as_string(hide_password=False)
        context.configure(url=url, target_metadata=extension.db.metadata, literal_binds=True, **options)
        with context.begin_transaction():
            context.run_migrations()
        return
    with extension.db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A changed table is written anew, and dropping the old one must not take along what points to it.
            # Said to the driver itself, because within a transaction SQLite does not listen.
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys = OFF")
        context.configure(connection=connection, target_metadata=extension.db.metadata, **options)
        with context.begin_transaction():
            context.run_migrations()


run_migrations()
