"""The steps by which a teacher nominates a pupil: who, what, when, and a check of it all."""

import hashlib
import json
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from .. import access
from ..errors import AlreadySent, ProbableDuplicate, StaleVersion
from ..forms.base import Form
from ..forms.nominations import CheckForm, WhatForm, WhenForm, WhoForm
from ..models import DraftKind, Pupil, Role
from ..queries import drafts as draft_queries
from ..queries import pupils as pupil_queries
from ..queries.subjects import subjects_for
from ..services import drafts as draft_services
from ..services import pupils as pupil_services
from ..services.pupils import Nomination

Draft = dict[str, dict[str, Any]]
WITHOUT_TOKEN = {"csrf": False}

bp = Blueprint("nominations", __name__, url_prefix="/pupils/nominate")


@bp.get("")
@access.for_roles(Role.TEACHER)
def index() -> ResponseReturnValue:
    viewer = access.viewer()
    draft = _draft()
    if access.can_nominate(viewer) and not draft:
        return redirect(url_for("nominations.who"))
    return render_template(
        "nominations/index.html",
        can_nominate=access.can_nominate(viewer),
        who=_who(draft),
        next_step=_missing_step(draft) or "check",
    )


@bp.route("/who", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def who() -> ResponseReturnValue:
    if not access.can_nominate(access.viewer()):
        return redirect(url_for("nominations.index"))
    form = WhoForm(_typed(_draft(), "who"))
    if form.validate_on_submit():
        return _save_and_go_on("who", form)
    return render_template("nominations/who.html", form=form)


@bp.route("/what", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def what() -> ResponseReturnValue:
    draft = _draft()
    who = _who(draft)
    if not access.can_nominate(access.viewer()) or who is None:
        return redirect(url_for("nominations.index"))
    form = _what_form(draft, who)
    if not form.change_rows(request.form) and form.validate_on_submit():
        return _save_and_go_on("what", form)
    return render_template("nominations/what.html", form=form, who=who)


@bp.route("/when", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def when() -> ResponseReturnValue:
    draft = _draft()
    if not access.can_nominate(access.viewer()) or _missing_step(draft) in ("who", "what"):
        return redirect(url_for("nominations.index"))
    form = WhenForm(_typed(draft, "when"))
    if request.method == "GET" and "when" not in draft:
        form.fill_from_shift()
    is_filled = form.refill(request.form)
    if not is_filled and form.validate_on_submit():
        return _save_and_go_on("when", form)
    return render_template("nominations/when.html", form=form, is_filled=is_filled)


@bp.route("/check", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def check() -> ResponseReturnValue:
    viewer = access.viewer()
    draft = _draft()
    if request.method == "POST" and not draft:
        return _sent_before()
    missing = _missing_step(draft)
    if not access.can_nominate(viewer) or missing is not None:
        return redirect(url_for(f"nominations.{missing or 'who'}"))
    nomination = _nomination(draft)
    who = nomination.who
    form = CheckForm(seen=_fingerprint(draft))
    duplicates = pupil_queries.probable_duplicates(viewer.teacher.school_id, who.grade, who.first_name, who.last_name)
    if form.validate_on_submit():
        is_accepted = form.is_another_pupil.data
        if form.seen.data != _fingerprint(draft):
            return _changed_meanwhile()
        try:
            pupil = pupil_services.nominate(viewer, nomination, draft=draft, is_duplicate_accepted=is_accepted)
        except AlreadySent:
            return _sent_before()
        except StaleVersion:
            return _changed_meanwhile()
        except ProbableDuplicate:
            form.is_another_pupil.errors = [_("Tick this box, or discard this nomination.")]
        else:
            _flash_what_happens_next(pupil)
            return redirect(url_for("pupils.show", pupil_id=pupil.id))
    return render_template(
        "nominations/check.html",
        form=form,
        nomination=nomination,
        subject_names={subject.code: subject.name for subject in subjects_for(who.grade, who.instruction_language)},
        duplicates=duplicates,
    )


@bp.post("/discard")
@access.for_roles(Role.TEACHER)
def discard() -> ResponseReturnValue:
    draft_services.discard(access.viewer(), DraftKind.NOMINATION)
    flash(_("The draft is discarded. Nothing was sent."))
    return redirect(url_for("pupils.index"))


def _draft() -> Draft:
    return draft_queries.load(access.viewer(), DraftKind.NOMINATION)


def _saved(draft: Draft, step: str) -> MultiDict | None:
    return MultiDict(draft[step]) if step in draft else None


def _typed(draft: Draft, step: str) -> MultiDict | None:
    """Return what is posted now, or what was saved of this step before."""
    return request.form if request.method == "POST" else _saved(draft, step)


def _who(draft: Draft) -> WhoForm | None:
    """Return the first step as it is saved, or nothing unless it is valid."""
    form = WhoForm(_saved(draft, "who"), meta=WITHOUT_TOKEN)
    return form if "who" in draft and form.validate() else None


def _what_form(draft: Draft, who: WhoForm, **options: Any) -> WhatForm:
    source = _saved(draft, "what") if options else _typed(draft, "what")
    part = who.part()
    return WhatForm(source, subjects=subjects_for(part.grade, part.instruction_language), grade=part.grade, **options)


def _missing_step(draft: Draft) -> str | None:
    """Return the first step that is not saved, or no longer valid."""
    who = _who(draft)
    if who is None:
        return "who"
    if "what" not in draft or not _what_form(draft, who, meta=WITHOUT_TOKEN).validate():
        return "what"
    if "when" not in draft or not WhenForm(_saved(draft, "when"), meta=WITHOUT_TOKEN).validate():
        return "when"
    return None


def _nomination(draft: Draft) -> Nomination:
    """Return what a complete draft says."""
    who = WhoForm(_saved(draft, "who"), meta=WITHOUT_TOKEN)
    who.validate()
    what = _what_form(draft, who, meta=WITHOUT_TOKEN)
    when = WhenForm(_saved(draft, "when"), meta=WITHOUT_TOKEN)
    return Nomination(who.part(), what.wishes(), when.part(), who.consent())


def _save_and_go_on(step: str, form: Form) -> ResponseReturnValue:
    """Keep what was typed in this step, and go to the first one that is still missing."""
    typed = {
        name: request.form.getlist(name)
        for name in request.form
        if name != "csrf_token" and name.partition("-")[0] in form
    }
    draft_services.save_step(access.viewer(), DraftKind.NOMINATION, step, typed)
    missing = _missing_step(_draft())
    return redirect(url_for(f"nominations.{missing or 'check'}"))


def _fingerprint(draft: Draft) -> str:
    return hashlib.sha256(json.dumps(draft, sort_keys=True).encode()).hexdigest()


def _sent_before() -> ResponseReturnValue:
    flash(_("This nomination was sent already. You find the pupil in the list."), "info")
    return redirect(url_for("pupils.index"))


def _changed_meanwhile() -> ResponseReturnValue:
    flash(_("The draft was changed in another window meanwhile. Check it again."), "warning")
    return redirect(url_for("nominations.check"))


def _flash_what_happens_next(pupil: Pupil) -> None:
    if pupil.has_consent:
        flash(_("%(name)s is nominated. The next round looks for a tutor.", name=pupil.full_name))
    else:
        flash(
            _(
                "%(name)s is nominated. A round looks for a tutor once consent is on file: add it on this page.",
                name=pupil.full_name,
            )
        )
