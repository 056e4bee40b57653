"""The home page of each role, the pages about the programme, and the choice of the locale."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from .. import access
from ..i18n import LOCALE_COOKIE

bp = Blueprint("pages", __name__)


@bp.app_template_global()
def has_endpoint(name: str) -> bool:
    return name in current_app.view_functions


@bp.get("/")
@access.public
def home() -> ResponseReturnValue:
    if not current_user.is_authenticated:
        return render_template("pages/home_visitor.html")
    role = access.viewer().role
    return render_template(f"pages/home_{role}.html")


@bp.get("/about")
@access.public
def about() -> ResponseReturnValue:
    return render_template("pages/about.html")


@bp.get("/privacy")
@access.public
def privacy() -> ResponseReturnValue:
    return render_template("pages/privacy.html")


@bp.get("/code-of-conduct")
@access.public
def code_of_conduct() -> ResponseReturnValue:
    return render_template("pages/code_of_conduct.html")


@bp.post("/locale")
@access.public
def choose_locale() -> ResponseReturnValue:
    abort(404)
