"""Rounds: the list, starting one, its story, its progress, and the needs that it left waiting."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import access
from ..addresses import code_in, number_in
from ..errors import AlreadyDecided, NothingToMatch, RoundUnderWay
from ..forms.rounds import WaitingAddress
from ..matching import Profile, Reason
from ..models import Priority, Role, Round
from ..queries import rounds as round_queries
from ..queries import waiting as waiting_queries
from ..queries.entrants import Entrants, entrants
from ..queries.scopes import Scope
from ..services import rounds as round_services
from ..wording import FUNNEL_RULES, label, stage_in_words

bp = Blueprint("rounds", __name__, url_prefix="/rounds")


@bp.get("")
@access.for_roles(Role.COORDINATOR)
def index() -> ResponseReturnValue:
    viewer = access.viewer()
    return render_template(
        "rounds/index.html",
        rounds=round_queries.rounds(
            viewer, number_in(request.args.get("page")) or 1, current_app.config["ROWS_PER_PAGE"]
        ),
        entrants=entrants(Scope.of_coordinator(viewer)),
        under_way=round_queries.under_way(viewer),
        profiles=Profile,
    )


@bp.post("")
@access.for_roles(Role.COORDINATOR)
def start() -> ResponseReturnValue:
    try:
        profile = code_in(Profile, request.form.get("profile")) or Profile.BREADTH_FIRST
        round_id = round_services.start(access.viewer(), profile).id
    except RoundUnderWay as error:
        flash(_("A round was under way already. Here it is."), "info")
        round_id = error.round_id
    except NothingToMatch:
        flash(_("Nothing can be matched now: no pupil waits, or no tutor is free."), "warning")
        return redirect(url_for("rounds.index"))
    return redirect(url_for("rounds.show", round_id=round_id))


@bp.get("/<int:round_id>")
@access.for_roles(Role.COORDINATOR)
def show(round_id: int) -> ResponseReturnValue:
    round_ = round_queries.get(access.viewer(), round_id)
    return render_template(
        "rounds/show.html",
        round=round_,
        entrants=Entrants.from_dict(round_.entrants) if round_.entrants else None,
        story=round_queries.story(round_),
        priorities=sorted(Priority, reverse=True),
        is_silent=round_queries.is_silent(round_),
        can_restart=round_queries.can_restart(round_),
    )


@bp.get("/<int:round_id>/progress")
@access.for_roles(Role.COORDINATOR)
def progress(round_id: int) -> ResponseReturnValue:
    """Say how far a round is, for the page that shows it."""
    round_ = round_queries.get(access.viewer(), round_id)
    return {
        "is_under_way": round_.is_under_way and not round_queries.is_silent(round_),
        "label": progress_label(round_),
        "progress": round_.progress,
    }


@bp.app_template_filter()
def progress_label(round_: Round) -> str:
    """Return what a round under way is doing, in words."""
    return stage_in_words(round_.stage) if round_.stage else label(round_.state)


@bp.post("/<int:round_id>/restart")
@access.for_roles(Role.COORDINATOR)
def restart(round_id: int) -> ResponseReturnValue:
    try:
        round_services.restart(access.viewer(), round_id)
    except RoundUnderWay as error:
        flash(_("Another round is under way. Here it is."), "info")
        round_id = error.round_id
    except AlreadyDecided:
        flash(_("This round cannot be started again; this is what became of it."), "info")
    return redirect(url_for("rounds.show", round_id=round_id))


@bp.get("/<int:round_id>/proof")
@access.for_roles(Role.COORDINATOR)
def proof(round_id: int) -> ResponseReturnValue:
    """Explain why nobody could have served more pupils, with the numbers of this round."""
    round_ = round_queries.get(access.viewer(), round_id)
    waiting = round_queries.story(round_).waiting
    competition = (round_.certificate or {}).get("competition")
    nobody_fits = sum(count for reason, count in waiting.items() if reason not in round_queries.DESPITE_A_TUTOR)
    crowded = waiting.get(Reason.TUTORS_FULL, 0)
    return render_template(
        "rounds/proof.html",
        round=round_,
        nobody_fits=nobody_fits,
        crowded=crowded,
        own_limits=sum(waiting.values()) - nobody_fits - crowded,
        subject_name=round_queries.subject_name(competition["subject"]) if competition else "",
    )


@bp.get("/<int:round_id>/waiting")
@access.for_roles(Role.COORDINATOR)
def waiting(round_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    round_ = round_queries.get(viewer, round_id)
    address = WaitingAddress.read(request.args)
    return render_template(
        "rounds/waiting.html",
        round=round_,
        address=address,
        funnel_words={rule: str(words) for rule, words in FUNNEL_RULES.items()},
        found=waiting_queries.waiting_list(
            viewer, round_, address.narrowed, address.sort, address.page, current_app.config["ROWS_PER_PAGE"]
        ),
    )
