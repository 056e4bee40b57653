"""The home page of each role, the pages about the programme, and the choice of the locale."""

from datetime import timedelta

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from .. import access
from ..i18n import LOCALE_COOKIE
from ..matching import Profile
from ..queries import home as homes
from ..services import locales
from .accounts import own_path

bp = Blueprint("pages", __name__)

LOCALE_REMEMBERED_FOR = timedelta(days=365)


@bp.get("/")
@access.public
def home() -> ResponseReturnValue:
    """Show what the reader's role has to do next, or to a visitor what the programme is."""
    if not current_user.is_authenticated:
        return render_template("pages/home_visitor.html", counts=homes.visitor())
    viewer = access.viewer()
    return render_template(f"pages/home_{viewer.role}.html", home=homes.of(viewer))


@bp.get("/about")
@access.public
def about() -> ResponseReturnValue:
    """Say what the programme is and how pairs are made."""
    return render_template("pages/about.html")


@bp.get("/privacy")
@access.public
def privacy() -> ResponseReturnValue:
    """Say what is stored about whom, why, how long, and who sees it."""
    return render_template("pages/privacy.html")


@bp.get("/code-of-conduct")
@access.public
def code_of_conduct() -> ResponseReturnValue:
    """Show the rules that each tutor agrees to."""
    return render_template("pages/code_of_conduct.html")


@bp.get("/how-matching-works")
@access.public
def matching() -> ResponseReturnValue:
    """Explain to a coordinator, without formulas, what a round does and what its proof means."""
    return render_template("pages/matching.html", profiles=Profile)


@bp.post("/locale")
@access.public
def choose_locale() -> ResponseReturnValue:
    """Remember the reader's locale and show the same page in it."""
    locale = request.form.get("locale")
    if locale not in current_app.config["LOCALES"]:
        abort(400)
    if current_user.is_authenticated:
        locales.choose_locale(access.viewer(), locale)
    response = redirect(page_to_return_to(request.form.get("next")))
    response.set_cookie(
        LOCALE_COOKIE,
        locale,
        max_age=LOCALE_REMEMBERED_FOR,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def page_to_return_to(target: str | None) -> str:
    """Return ``target`` when it is a page of this site that can be opened, otherwise the home page."""
    path = own_path(target)
    if path is None:
        return url_for("pages.home")
    try:
        current_app.create_url_adapter(request).match(path.partition("?")[0], method="GET")
    except MethodNotAllowed:
        return url_for("pages.home")
    except HTTPException:
        return path
    return path
