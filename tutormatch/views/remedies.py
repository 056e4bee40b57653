"""Steps that help a waiting pupil: asking the teacher for free hours, accepting one more language."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import access
from ..errors import AlreadyDecided, AlreadySent, MatchInTheWay, NotAllowed
from ..models import Role
from ..services import remedies
from ..wording import TUTORING_LANGUAGES_IN
from .accounts import own_path

bp = Blueprint("remedies", __name__)


@bp.post("/rounds/<int:round_id>/waiting/<int:need_id>/ask")
@access.for_roles(Role.COORDINATOR)
def ask_for_free_time(round_id: int, need_id: int) -> ResponseReturnValue:
    try:
        remedies.ask_for_free_time(access.viewer(), round_id, need_id)
    except AlreadySent:
        flash(_("The teacher was asked already."), "info")
    except NotAllowed:
        flash(_("Nothing was sent: this pupil has no teacher who can be written to."), "warning")
    else:
        flash(_("The teacher gets a mail with these hours and a link to the pupil's free time."))
    return _back(round_id, need_id)


@bp.post("/rounds/<int:round_id>/waiting/<int:need_id>/accept-language")
@access.for_roles(Role.COORDINATOR)
def accept_language(round_id: int, need_id: int) -> ResponseReturnValue:
    code = request.form.get("tutoring_language", "")
    try:
        remedies.accept_language(access.viewer(), round_id, need_id, code)
    except AlreadyDecided:
        flash(_("This language is accepted already."), "info")
    else:
        flash(
            _(
                "The pupil can now also be taught %(in_language)s. The next round counts on it. "
                "A teacher who looks after the pupil gets a mail.",
                in_language=TUTORING_LANGUAGES_IN[code],
            )
        )
    return _back(round_id, need_id)


@bp.post("/remedies/<int:remedy_id>/take-back")
@access.for_roles(Role.COORDINATOR)
def take_back_language(remedy_id: int) -> ResponseReturnValue:
    try:
        remedy = remedies.take_back_language(access.viewer(), remedy_id)
    except AlreadyDecided:
        flash(_("This was taken back already."), "info")
    except MatchInTheWay:
        flash(
            _("Nothing was changed: an agreed pair of this pupil is in that language. End that pair first."), "warning"
        )
    else:
        flash(_("The language is no longer accepted for this pupil. A teacher who was told of it gets a mail."))
        return redirect(own_path(request.form.get("next")) or url_for("rounds.waiting", round_id=remedy.round_id))
    return redirect(own_path(request.form.get("next")) or url_for("rounds.index"))


def _back(round_id: int, need_id: int) -> ResponseReturnValue:
    page = own_path(request.form.get("next")) or url_for("rounds.waiting", round_id=round_id)
    return redirect(f"{page.partition('#')[0]}#need-{need_id}")
