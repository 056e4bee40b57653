"""Building of the Flask application; `tutormatch.create_app` is its door."""

import logging
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

import config

from . import ROOT, access, addresses, assets, clock, database, formatting, i18n, security_headers, wording
from .errors import DomainError, NotAllowed, NotFound
from .extensions import babel, bootstrap, compress, csrf, db, login, migrate

ERROR_PAGES = {400, 403, 404, 405, 409, 413, 500}


def create_app(overrides: Mapping[str, Any] | None = None) -> Flask:
    """Return the application.

    Parameters
    ----------
    overrides
        Settings that take the place of those from `config.settings`.
    """
    app = Flask(
        "tutormatch",
        root_path=str(ROOT / "tutormatch"),
        template_folder=str(ROOT / "templates"),
        instance_path=str(config.INSTANCE),
    )
    app.config.from_mapping(config.settings())
    app.config.from_mapping(overrides or {})
    config.INSTANCE.mkdir(exist_ok=True)
    if app.config["TRUSTED_PROXIES"]:
        proxies = app.config["TRUSTED_PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    register_extensions(app)
    register_views(app)
    register_errors(app)
    register_commands(app)
    return app


def register_extensions(app: Flask) -> None:
    """Bind the extensions; ``before_request`` hooks run in the order here, ``after_request`` in the reverse."""
    app.extensions["clock"] = clock.SystemClock()
    assets.init_app(app)
    database.init_app(app)
    addresses.init_app(app)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    csrf.init_app(app)
    login.init_app(app)
    babel.init_app(
        app,
        default_locale=app.config["DEFAULT_LOCALE"],
        default_timezone=app.config["TIME_ZONE"],
        default_translation_directories=str(ROOT / "tutormatch" / "translations"),
        locale_selector=i18n.choose_locale,
    )
    bootstrap.init_app(app)
    compress.init_app(app)
    security_headers.init_app(app)
    access.init_app(app)
    formatting.init_app(app)
    wording.init_app(app)


def register_views(app: Flask) -> None:
    """Register one blueprint per noun."""
    from . import views

    for blueprint in views.BLUEPRINTS:
        app.register_blueprint(blueprint)


def register_errors(app: Flask) -> None:
    """Turn errors into pages in the reader's language."""

    def page(status: int, **context: Any) -> ResponseReturnValue:
        return render_template(f"errors/{status}.html", **context), status

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code >= 500:
            return crash(error)
        return page(error.code if error.code in ERROR_PAGES else 400)

    @app.errorhandler(CSRFError)
    def form_expired(error: CSRFError) -> ResponseReturnValue:
        return page(400)

    @app.errorhandler(NotFound)
    def not_found(error: NotFound) -> ResponseReturnValue:
        return page(404)

    @app.errorhandler(NotAllowed)
    def not_allowed(error: NotAllowed) -> ResponseReturnValue:
        return page(403)

    @app.errorhandler(StaleDataError)
    @app.errorhandler(DomainError)
    def overtaken(error: Exception) -> ResponseReturnValue:
        return page(409, error=error)

    @app.errorhandler(Exception)
    def crash(error: Exception) -> ResponseReturnValue:
        db.session.rollback()
        reference = uuid.uuid4().hex[:8].upper()
        # The address of a mailed link is as good as a password.
        place = request.url_rule if "token" in (request.view_args or {}) else request.path
        logging.getLogger("tutormatch").error("fault %s at %s %s", reference, request.method, place, exc_info=error)
        if not hasattr(g, "_login_user"):
            # The reader could not be loaded; the page must not try again.
            g._login_user = login.anonymous_user()
        return page(500, reference=reference)


def register_commands(app: Flask) -> None:
    """Add the background jobs and the ``flask`` commands."""
    from . import cli, jobs

    jobs.init_app(app)
    cli.init_app(app)
