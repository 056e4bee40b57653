"""What could be done for one waiting need, and proposing it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import access
from ..errors import NotFound, SelectionChanged
from ..models import Role
from ..queries import rounds as round_queries
from ..queries import suggestions
from ..services import suggestions as suggestion_services

bp = Blueprint("suggestions", __name__, url_prefix="/rounds/<int:round_id>/waiting/<int:need_id>")


@bp.get("/suggest")
@access.for_roles(Role.COORDINATOR)
def show(round_id: int, need_id: int) -> ResponseReturnValue:
    """Show the best tutors for a waiting need, and if none is free the shortest chain of moves."""
    viewer = access.viewer()
    round_ = round_queries.get(viewer, round_id)
    asked = suggestions.asked(viewer, round_, need_id)
    if asked is None:
        raise NotFound
    need = asked.waiting.need
    return render_template(
        "suggestions/show.html",
        round=round_,
        need=need,
        pupil=need.pupil,
        asked=asked,
        found=suggestions.page(viewer, round_, need) if asked.is_open else None,
    )


@bp.post("/propose")
@access.for_roles(Role.COORDINATOR)
def propose(round_id: int, need_id: int) -> ResponseReturnValue:
    """Propose one of the tutors, or carry out the chain."""
    try:
        count = suggestion_services.propose(
            access.viewer(), round_id, need_id, request.form.get("choice", ""), request.form.get("shown", "")
        )
    except SelectionChanged:
        flash(_("Nothing was changed: something has happened meanwhile. This is how things stand now."), "warning")
        return redirect(url_for("suggestions.show", round_id=round_id, need_id=need_id))
    flash(
        ngettext(
            "%(num)d pair is proposed. You can approve it now.",
            "%(num)d pairs are proposed anew. You can approve them now.",
            count,
        )
    )
    return redirect(url_for("matches.proposals", round_id=round_id))
