"""The coordinator's page of people: tutors to check and teachers to admit."""

from enum import StrEnum

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import access
from ..addresses import code_in, number_in
from ..errors import AlreadyDecided, EmailNotConfirmed, FactsMissing, StaleVersion
from ..formatting import capitalized
from ..forms.people import CheckForm, DecideForm, ReasonForm, ResumeForm
from ..models import Role, TeacherState, Tutor, TutorState
from ..queries import people as known
from ..queries.people import Wanted
from ..services import people
from ..wording import label

bp = Blueprint("people", __name__, url_prefix="/people")


def wanted_people(kind: type[StrEnum], usual: StrEnum) -> Wanted:
    """Read from the address what the list is to show; without a state, those who wait."""
    asked = request.args.get("state", usual.value)
    return Wanted(
        state=code_in(kind, asked),
        text=request.args.get("q", "").strip()[:80],
        sort=request.args.get("sort", "name"),
        page=number_in(request.args.get("page")) or 1,
    )


def address_values(wanted: Wanted) -> dict[str, str]:
    """Return what keeps the list as it is when its address is built again."""
    return {"state": wanted.state or "all", "q": wanted.text, "sort": wanted.sort}


@bp.get("")
@access.for_roles(Role.COORDINATOR)
def index() -> ResponseReturnValue:
    """List the tutors of the own scope."""
    wanted = wanted_people(TutorState, TutorState.APPLIED)
    return render_template(
        "people/index.html",
        tutors=known.tutors(access.viewer(), wanted, current_app.config["ROWS_PER_PAGE"]),
        counts=known.tutors_by_state(access.viewer()),
        teachers_waiting=known.teachers_by_state(access.viewer())[TeacherState.APPLIED],
        wanted=wanted,
        values=address_values(wanted),
    )


@bp.route("/teachers", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def teachers() -> ResponseReturnValue:
    """List the teachers of the own scope; admit or decline those that are ticked."""
    wanted = wanted_people(TeacherState, TeacherState.APPLIED)
    form = DecideForm()
    ticked = request.form.getlist("teacher")
    if form.validate_on_submit() and decide(form, seen_states(ticked)):
        return redirect(url_for("people.teachers", **address_values(wanted)))
    return render_template(
        "people/teachers.html",
        teachers=known.teachers(access.viewer(), wanted, current_app.config["ROWS_PER_PAGE"]),
        counts=known.teachers_by_state(access.viewer()),
        tutors_waiting=known.tutors_by_state(access.viewer())[TutorState.APPLIED],
        wanted=wanted,
        values=address_values(wanted),
        form=form,
        ticked=ticked,
    )


def seen_states(ticked: list[str]) -> dict[int, TeacherState]:
    """Read ticks such as ``12:applied``: the teacher, and the state that was on the page."""
    seen = {}
    for tick in ticked:
        account_id, _separator, state = tick.partition(":")
        number, seen_state = number_in(account_id), code_in(TeacherState, state)
        if number is not None and seen_state is not None:
            seen[number] = seen_state
    return seen


def decide(form: DecideForm, seen: dict[int, TeacherState]) -> bool:
    """Admit or decline, and say what happened; False when something is missing."""
    is_admission = request.form.get("decision") == TeacherState.ADMITTED
    if not seen:
        flash(_("Tick at least one teacher."), "warning")
        return False
    if not is_admission and not form.note.data:
        form.note.errors = [_("Write why. The teachers read it.")]
        return False
    decision = TeacherState.ADMITTED if is_admission else TeacherState.DECLINED
    decided = people.decide_teachers(access.viewer(), seen, decision, form.note.data or "")
    if decided.changed:
        count = len(decided.changed)
        if is_admission:
            text = ngettext("%(num)d teacher is admitted.", "%(num)d teachers are admitted.", count)
        else:
            text = ngettext("%(num)d teacher is declined.", "%(num)d teachers are declined.", count)
        flash(f"{text} {_('They get a mail about it.')}", "success")
    for teacher in decided.overtaken:
        flash(
            _(
                "%(name)s was decided meanwhile: %(state)s.",
                name=teacher.account.full_name,
                state=label(teacher.state),
            ),
            "warning",
        )
    for teacher in decided.unconfirmed:
        flash(_("%(name)s has not confirmed the e-mail yet.", name=teacher.account.full_name), "warning")
    return True


@bp.route("/tutors/<int:tutor_id>", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def tutor(tutor_id: int) -> ResponseReturnValue:
    """Show a tutor, and check the tutor."""
    row = known.tutor(access.viewer(), tutor_id)
    form = CheckForm.about(row)
    if form.validate_on_submit():
        facts = people.Facts(
            identity_seen=form.identity_seen.data,
            no_criminal_record_on=form.no_criminal_record_on.data if "no_criminal_record_on" in form else None,
            parent_agreed_on=form.parent_agreed_on.data if "parent_agreed_on" in form else None,
            briefed_on=form.briefed_on.data,
            confirmed_conditions=tuple(form.confirmed_conditions.data) if "confirmed_conditions" in form else (),
            note=form.note.data or "",
        )
        try:
            people.check_tutor(access.viewer(), row.id, form.version.data, facts)
            flash(_("%(name)s is checked and enters the next round.", name=row.account.full_name), "success")
            return redirect(url_for("people.index"))
        except EmailNotConfirmed:
            flash(_("%(name)s has not confirmed the e-mail yet.", name=row.account.full_name), "warning")
        except FactsMissing:
            flash(_("The tutor has not agreed to the code of conduct yet."), "warning")
        except (AlreadyDecided, StaleVersion) as error:
            return overtaken(error, tutor_id)
    return render_template(
        "people/tutor.html",
        tutor=row,
        form=form,
        is_to_check=row.state in people.TO_CHECK,
        live_matches=known.live_matches(row),
    )


def overtaken(error: AlreadyDecided | StaleVersion, tutor_id: int) -> ResponseReturnValue:
    """Say what happened meanwhile, and show the tutor as they are now."""
    row: Tutor = known.tutor(access.viewer(), tutor_id)
    if isinstance(error, StaleVersion):
        flash(_("%(name)s has changed since you opened the page. Look again.", name=row.account.full_name), "warning")
    elif row.checked_by:
        flash(
            _(
                "%(coordinator)s was quicker. %(name)s now: %(state)s.",
                coordinator=row.checked_by.full_name,
                name=row.account.full_name,
                state=label(row.state),
            ),
            "warning",
        )
    else:
        flash(capitalized(_("%(name)s now: %(state)s.", name=row.account.full_name, state=label(row.state))), "warning")
    return redirect(url_for("people.tutor", tutor_id=tutor_id))


@bp.route("/tutors/<int:tutor_id>/<any(decline, uncheck, pause, resume):change>", methods=["GET", "POST"])
@access.for_roles(Role.COORDINATOR)
def change_tutor(tutor_id: int, change: str) -> ResponseReturnValue:
    """Decline a tutor, take back a check, or begin or end a pause."""
    row = known.tutor(access.viewer(), tutor_id)
    form = (ResumeForm if change == "resume" else ReasonForm)(version=row.version)
    if form.validate_on_submit():
        try:
            people.change_tutor(access.viewer(), tutor_id, change, form.version.data, form.reason.data or "")
        except (AlreadyDecided, StaleVersion) as error:
            return overtaken(error, tutor_id)
        flash(_("Saved. %(name)s gets a mail about it.", name=row.account.full_name), "success")
        return redirect(url_for("people.tutor", tutor_id=tutor_id))
    return render_template(
        "people/change_tutor.html", tutor=row, form=form, change=change, live_matches=known.live_matches(row)
    )
