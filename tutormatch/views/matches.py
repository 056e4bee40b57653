"""Proposals to decide, the page of one match, and matches under way."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import access
from ..errors import AlreadyDecided, GroupInTheWay, NotFound, PairsOvertaken, SelectionChanged, SlotTaken, UndoTooLate
from ..forms.matches import EndForm, ListAddress, RejectionForm, ticked
from ..models import DecisionKind, MatchState, Role
from ..queries import matches as match_queries
from ..queries import rounds as round_queries
from ..services import matches as match_services

bp = Blueprint("matches", __name__)


def _address(default_state: MatchState = MatchState.PROPOSED) -> ListAddress:
    return ListAddress.read(request.args, default_state)


@bp.get("/rounds/<int:round_id>/proposals")
@access.for_roles(Role.COORDINATOR)
def proposals(round_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    round_ = round_queries.get(viewer, round_id)
    address = _address()
    which = match_queries.of_round(viewer, round_id)
    return render_template(
        "matches/proposals.html",
        round=round_,
        address=address,
        found=match_queries.list_matches(viewer, which, address.narrowed, address.sort, address.page),
        recent=match_queries.undoable_decisions(viewer, round_id),
    )


@bp.post("/rounds/<int:round_id>/approve")
@access.for_roles(Role.COORDINATOR)
def approve(round_id: int) -> ResponseReturnValue:
    ids = ticked(request.form.getlist("match_ids"))
    if not ids:
        return _nothing_ticked(round_id)
    try:
        match_services.approve(access.viewer(), round_id, ids)
    except PairsOvertaken as overtaken:
        return _overtaken_page(DecisionKind.APPROVE, round_id, overtaken)
    except SlotTaken:
        return _slot_taken(round_id)
    _flash_approved(len(set(ids)))
    return redirect(_proposals_url(round_id))


@bp.route("/rounds/<int:round_id>/approve-all", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def approve_all(round_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    round_ = round_queries.get(viewer, round_id)
    address = _address()
    shown = None
    if request.method == "POST":
        shown = request.form.get("count", default=0, type=int)
        try:
            match_services.approve_filtered(viewer, round_id, address.narrowed, shown)
        except PairsOvertaken as overtaken:
            return _overtaken_page(DecisionKind.APPROVE, round_id, overtaken)
        except SlotTaken:
            return _slot_taken(round_id)
        except SelectionChanged as changed:
            count = changed.count
        else:
            _flash_approved(shown)
            return redirect(_proposals_url(round_id))
    else:
        count = match_queries.count_proposed(match_queries.of_round(viewer, round_id), address.narrowed)
    words = match_queries.filter_in_words(address.narrowed)
    page = render_template(
        "matches/approve_all.html", round=round_, address=address, words=words, count=count, shown=shown
    )
    return page, 200 if shown is None else 409


@bp.route("/rounds/<int:round_id>/reject", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def reject(round_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    round_ = round_queries.get(viewer, round_id)
    ids = ticked(request.values.getlist("match_ids"))
    pairs = match_queries.named(match_queries.of_round(viewer, round_id), ids)
    if not pairs:
        return _nothing_ticked(round_id)
    form = RejectionForm()
    if form.validate_on_submit():
        try:
            match_services.reject(viewer, round_id, ids, form.reason.data, only_slot=form.extent.data == "slot")
        except PairsOvertaken as overtaken:
            return _overtaken_page(DecisionKind.REJECT, round_id, overtaken, form)
        flash(
            ngettext("%(num)d pair rejected.", "%(num)d pairs rejected.", len(pairs))
            + " "
            + _("The next round will not propose it like this again.")
        )
        return redirect(_proposals_url(round_id))
    return render_template("matches/reject.html", round=round_, address=_address(), pairs=pairs, form=form)


@bp.post("/decisions/<int:decision_id>/undo")
@access.for_roles(Role.COORDINATOR)
def undo(decision_id: int) -> ResponseReturnValue:
    try:
        decision = match_services.undo(access.viewer(), decision_id)
    except (UndoTooLate, AlreadyDecided, GroupInTheWay) as error:
        page = render_template(
            "matches/undo.html",
            was_undone=isinstance(error, AlreadyDecided),
            is_joined=isinstance(error, GroupInTheWay),
        )
        return page, 409
    flash(_("The decision is taken back. Its pairs are proposed again, and no mail leaves."))
    return redirect(_proposals_url(decision.round_id))


@bp.get("/matches")
@access.for_roles(Role.COORDINATOR)
def index() -> ResponseReturnValue:
    viewer = access.viewer()
    address = _address(MatchState.APPROVED)
    which = match_queries.under_way(viewer)
    return render_template(
        "matches/index.html",
        address=address,
        found=match_queries.list_matches(viewer, which, address.narrowed, address.sort, address.page),
    )


@bp.get("/matches/<int:match_id>")
@access.for_roles(Role.COORDINATOR)
def show(match_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    shown = match_queries.match_in_sight(viewer, match_id)
    if shown is None:
        raise NotFound
    return render_template(
        "matches/show.html",
        shown=shown,
        match=shown.match,
        can_decide=shown.match.state == MatchState.PROPOSED and access.can_decide_match(viewer, shown.match),
        address=_address(),
    )


@bp.route("/matches/<int:match_id>/end", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def end(match_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    shown = match_queries.match_in_sight(viewer, match_id)
    if shown is None:
        raise NotFound
    form = EndForm()
    if shown.match.state != MatchState.APPROVED:
        return render_template("matches/end.html", match=shown.match, form=None), 409
    if form.validate_on_submit():
        match_services.end_match(viewer, shown.match, form.reason.data)
        flash(_("The match has ended. Tutor and teacher get a mail, and the time of both is free again."))
        return redirect(url_for("matches.show", match_id=match_id))
    return render_template("matches/end.html", match=shown.match, form=form)


def _proposals_url(round_id: int) -> str:
    return url_for("matches.proposals", round_id=round_id, **_address().whole)


def _nothing_ticked(round_id: int) -> ResponseReturnValue:
    flash(_("Nothing was changed: tick at least one pair first."), "warning")
    return redirect(_proposals_url(round_id))


def _flash_approved(count: int) -> None:
    flash(ngettext("%(num)d pair approved.", "%(num)d pairs approved.", count))


def _slot_taken(round_id: int) -> ResponseReturnValue:
    flash(
        _("Nothing was changed: meanwhile a tutor or a pupil has another session at one of these times."),
        "warning",
    )
    return redirect(_proposals_url(round_id))


def _overtaken_page(
    kind: DecisionKind, round_id: int, overtaken: PairsOvertaken, form: RejectionForm | None = None
) -> ResponseReturnValue:
    viewer = access.viewer()
    pairs = match_queries.named(match_queries.of_round(viewer, round_id), list(overtaken.obstacles))
    page = render_template(
        "matches/overtaken.html",
        kind=kind,
        round_id=round_id,
        pairs=[(pair, overtaken.obstacles[pair.id]) for pair in pairs],
        rest=overtaken.rest,
        form=form,
        address=_address(),
    )
    return page, 409
