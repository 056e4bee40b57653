"""Lists of pupils, and the page of one pupil with the changes that its teacher makes there."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import access
from ..errors import MatchInTheWay, NotAllowed, NotFound, SubjectNotTaught
from ..formatting import slot_names
from ..forms.matches import EndForm
from ..forms.pupils import (
    ConsentOnFileForm,
    EditWhatForm,
    EditWhenForm,
    EditWhoForm,
    PupilListAddress,
    WithdrawForm,
)
from ..models import ConsentState, Match, MatchState, Priority, Pupil, Role
from ..queries import pupils as pupil_queries
from ..queries import schools as school_queries
from ..queries import subjects as subject_queries
from ..queries.schools import Places
from ..services import matches as match_services
from ..services import pupils as pupil_services
from ..wording import label

bp = Blueprint("pupils", __name__, url_prefix="/pupils")

ROWS_OF_A_PRINT = 500


@bp.get("")
@access.for_roles(Role.TEACHER, Role.COORDINATOR)
def index() -> ResponseReturnValue:
    viewer = access.viewer()
    address = PupilListAddress.read(request.args)
    found = pupil_queries.listed(
        viewer,
        address.narrowed,
        address.sort,
        address.page,
        ROWS_OF_A_PRINT if address.for_print else current_app.config["ROWS_PER_PAGE"],
    )
    is_coordinator = viewer.role == Role.COORDINATOR
    places = school_queries.to_choose(viewer, address.narrowed.region_code) if is_coordinator else Places([], [])
    return render_template(
        "pupils/index.html",
        found=found,
        address=address,
        choices={
            "regions": [(region.code, region.name) for region in places.regions],
            "schools": places.schools,
            "subjects": [(subject.code, subject.name) for subject in subject_queries.offered()],
            "consent": [(state, label(state)) for state in ConsentState],
            "priority": [(priority, label(priority)) for priority in reversed(Priority)],
        },
        is_coordinator=is_coordinator,
        can_nominate=access.can_nominate(viewer),
    )


@bp.get("/<int:pupil_id>")
@access.for_roles(Role.TEACHER, Role.COORDINATOR)
def show(pupil_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    is_noted = viewer.role == Role.TEACHER or pupil_queries.has_seen_today(viewer, pupil_id)
    pupil = _pupil_in_sight(pupil_id) if is_noted else pupil_services.open_page(viewer, pupil_id)
    standing = pupil_queries.standings([pupil])[0]
    return render_template(
        "pupils/show.html",
        standing=standing,
        matches_in_sight={
            need.match.id for need in standing.needs if need.match and access.can_see_match(viewer, need.match)
        },
        pupil=pupil,
        can_edit=access.can_edit_pupil(viewer, pupil) and pupil.withdrawn_at is None,
        is_coordinator=viewer.role == Role.COORDINATOR,
        sightings=pupil_queries.sightings(pupil),
    )


@bp.route("/<int:pupil_id>/who", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def edit_who(pupil_id: int) -> ResponseReturnValue:
    pupil = _own_pupil(pupil_id)
    form = EditWhoForm(data=EditWhoForm.values_of(pupil))
    if form.validate_on_submit():
        try:
            pupil_services.change_who(access.viewer(), pupil_id, form.version.data, form.part())
        except SubjectNotTaught as error:
            form.grade.errors = [_not_taught(error)]
        except MatchInTheWay as error:
            form.form_errors.append(_in_the_way(error))
        else:
            return _saved(pupil_id)
    return render_template("pupils/edit_who.html", form=form, pupil=_own_pupil(pupil_id))


@bp.route("/<int:pupil_id>/what", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def edit_what(pupil_id: int) -> ResponseReturnValue:
    pupil = _own_pupil(pupil_id)
    form = EditWhatForm(
        data=EditWhatForm.values_of(pupil), subjects=subject_queries.subjects_of(pupil), grade=pupil.grade
    )
    if not form.change_rows(request.form) and form.validate_on_submit():
        try:
            pupil_services.change_needs(access.viewer(), pupil_id, form.version.data, form.wishes())
        except SubjectNotTaught as error:
            form.form_errors.append(_not_taught(error))
        except MatchInTheWay as error:
            form.form_errors.append(_in_the_way(error))
        else:
            return _saved(pupil_id)
    return render_template("pupils/edit_what.html", form=form, pupil=_own_pupil(pupil_id))


@bp.route("/<int:pupil_id>/when", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def edit_when(pupil_id: int) -> ResponseReturnValue:
    pupil = _own_pupil(pupil_id)
    form = EditWhenForm(data=EditWhenForm.values_of(pupil))
    is_filled = form.refill(request.form)
    if not is_filled and form.validate_on_submit():
        try:
            pupil_services.change_when(access.viewer(), pupil_id, form.version.data, form.part())
        except MatchInTheWay as error:
            form.slots.errors = [_in_the_way(error)]
        else:
            return _saved(pupil_id)
    return render_template("pupils/edit_when.html", form=form, pupil=_own_pupil(pupil_id), is_filled=is_filled)


@bp.route("/<int:pupil_id>/consent", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def consent(pupil_id: int) -> ResponseReturnValue:
    pupil = _own_pupil(pupil_id)
    form = ConsentOnFileForm(data=ConsentOnFileForm.values_of(pupil), before=pupil.consent_state)
    if form.validate_on_submit():
        changed = pupil_services.set_consent(access.viewer(), pupil_id, form.version.data, form.consent())
        if changed.consent_state == ConsentState.RECEIVED:
            flash(_("Consent is on file. The next round looks for a tutor."))
        elif changed.consent_state == ConsentState.PENDING:
            flash(_("Saved. Without consent no round looks for a tutor."))
        else:
            flash(_("Saved. No round looks for a tutor, and agreed sessions have ended."))
        return redirect(url_for("pupils.show", pupil_id=pupil_id))
    return render_template("pupils/consent.html", form=form, pupil=pupil, standing=pupil_queries.standings([pupil])[0])


@bp.route("/<int:pupil_id>/withdraw", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def withdraw(pupil_id: int) -> ResponseReturnValue:
    pupil = _own_pupil(pupil_id)
    form = WithdrawForm(data={"version": pupil.version})
    if form.validate_on_submit():
        pupil_services.withdraw(access.viewer(), pupil_id, form.version.data)
        flash(_("The nomination of %(name)s is withdrawn.", name=pupil.full_name))
        return redirect(url_for("pupils.index"))
    return render_template("pupils/withdraw.html", form=form, pupil=pupil, standing=pupil_queries.standings([pupil])[0])


@bp.route("/<int:pupil_id>/matches/<int:match_id>/end", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def end_match(pupil_id: int, match_id: int) -> ResponseReturnValue:
    match = _agreed_match(_own_pupil(pupil_id), match_id)
    form = EndForm()
    if form.validate_on_submit():
        match_services.end_match(access.viewer(), match, form.reason.data)
        flash(_("The match has ended. The tutor gets a mail; the need waits for a tutor again."))
        return redirect(url_for("pupils.show", pupil_id=pupil_id))
    return render_template("pupils/end_match.html", form=form, match=match, pupil=match.pupil)


def _pupil_in_sight(pupil_id: int) -> Pupil:
    pupil = pupil_queries.pupil_in_sight(access.viewer(), pupil_id)
    if pupil is None:
        raise NotFound
    return pupil


def _own_pupil(pupil_id: int) -> Pupil:
    """Return a pupil whom the viewer may change."""
    pupil = _pupil_in_sight(pupil_id)
    if not access.can_edit_pupil(access.viewer(), pupil) or pupil.withdrawn_at is not None:
        raise NotAllowed
    return pupil


def _agreed_match(pupil: Pupil, match_id: int) -> Match:
    for need in pupil_queries.standings([pupil])[0].needs:
        if need.match is not None and need.match.id == match_id and need.match.state == MatchState.APPROVED:
            return need.match
    raise NotFound


def _saved(pupil_id: int) -> ResponseReturnValue:
    flash(_("Saved."))
    return redirect(url_for("pupils.show", pupil_id=pupil_id))


def _not_taught(error: SubjectNotTaught) -> str:
    return _(
        "Not taught in this grade and language: %(subjects)s. Change the subjects first.",
        subjects=", ".join(subject_queries.names(error.codes)),
    )


def _in_the_way(error: MatchInTheWay) -> str:
    slots = [slot for match in pupil_queries.matches(error.match_ids) for slot in match.slots]
    return ngettext(
        "A session agreed with a tutor would no longer fit: %(slots)s. End that match first.",
        "Sessions agreed with a tutor would no longer fit: %(slots)s. End their matches first.",
        len(slots),
        slots=slot_names(slots),
    )
