"""All settings. The only file that reads the environment.

Each setting can be given as an environment variable of the name in brackets.
"""

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

INSTANCE = Path(__file__).parent / "instance"


class MissingSetting(Exception):
    """A setting without a safe default was not given."""


def settings(environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return the Flask configuration for this environment.

    Parameters
    ----------
    environ
        ``TUTORMATCH_ENV`` is ``development`` (default) or ``production``; in production
        ``SECRET_KEY``, ``DATABASE_URL``, ``MAIL_URL`` and ``PUBLIC_URL`` must be given.

    Raises
    ------
    MissingSetting
        In production, when one of these is absent.
    """
    is_production = environ.get("TUTORMATCH_ENV", "development") == "production"

    def required(name: str, in_development: str | None) -> str | None:
        if environ.get(name):
            return environ[name]
        if is_production:
            raise MissingSetting(f"{name} must be set in production")
        return in_development

    return {
        "IS_PRODUCTION": is_production,
        "SECRET_KEY": required("SECRET_KEY", "for-development-only"),
        # sqlite:///file or postgresql+psycopg://user:password@host/name
        "SQLALCHEMY_DATABASE_URI": required("DATABASE_URL", f"sqlite:///{INSTANCE / 'tutormatch.sqlite'}"),
        # Errors of the database are logged without the values, which may be names or marks of pupils.
        "SQLALCHEMY_ENGINE_OPTIONS": {"hide_parameters": True},
        "QUEUE_PATH": environ.get("QUEUE_PATH", str(INSTANCE / "queue.sqlite")),
        # smtp://user:password@host:587 (STARTTLS), smtps://…:465, smtp+plain://host:25;
        # empty: mail stays in the outbox, where the administrator reads it.
        "MAIL_URL": required("MAIL_URL", ""),
        "MAIL_FROM": environ.get("MAIL_FROM", "tutormatch <no-reply@localhost>"),
        # The address that links in mails begin with.
        "PUBLIC_URL": required("PUBLIC_URL", f"http://127.0.0.1:{environ.get('PORT', '8000')}"),
        # How many reverse proxies stand in front; without the right number, limits on attempts by client see only them.
        "TRUSTED_PROXIES": int(environ.get("TRUSTED_PROXIES", "0")),
        "PORT": int(environ.get("PORT", "8000")),
        "HOST": environ.get("HOST", "127.0.0.1"),
        "TIME_ZONE": "Asia/Almaty",
        "LOCALES": ("kk", "ru", "en"),
        "DEFAULT_LOCALE": environ.get("DEFAULT_LOCALE", "ru"),
        "PASSWORD_HASH_METHOD": "scrypt",
        "CONFIRMATION_LINK_LIFETIME": timedelta(days=3),
        "PASSWORD_LINK_LIFETIME": timedelta(hours=2),
        "INVITATION_LIFETIME": timedelta(days=14),
        # Decisions can be undone until their mail has left.
        "DECISION_MAIL_DELAY": timedelta(minutes=2),
        # "process" runs the solver beside the worker, so that a killed solver is noticed; "inline" in it.
        "SOLVER": "process",
        "SOLVER_TIME_LIMIT": timedelta(minutes=2),
        "ROUND_SILENCE_LIMIT": timedelta(minutes=3),
        "ROWS_PER_PAGE": 50,
        "SESSION_COOKIE_SECURE": is_production,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": is_production,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=14),
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
        "MAX_CONTENT_LENGTH": 2 * 1024 * 1024,
        "MAX_FORM_PARTS": 2_000,
        "WTF_CSRF_TIME_LIMIT": None,
        "BOOTSTRAP_SERVE_LOCAL": True,
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_ALGORITHM_STREAMING": ["br", "deflate"],
        "COMPRESS_BR_LEVEL": 5,
    }
