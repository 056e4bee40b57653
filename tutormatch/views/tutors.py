"""A student signs up as a tutor in three short steps; later: profile, pupils, departure."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user

from .. import access
from ..errors import AlreadyDecided, NotFound, SessionsInTheWay, StaleVersion, StepMissing, TooManyAttempts
from ..formatting import listing, slot_name
from ..forms.base import Form, VersionedForm
from ..forms.tutors import (
    ApplyForm,
    EditFreeTimeForm,
    EditStudiesForm,
    EditTeachingForm,
    FreeTimeForm,
    LeaveForm,
    TeachingForm,
    TutorSignUpForm,
    WhoForm,
)
from ..i18n import best_locale
from ..models import DraftKind, Role, Tutor
from ..queries import drafts, subjects
from ..queries import tutors as known
from ..services import tutors
from ..services.tutor_parts import FreeTime, Studies, Teaching
from ..wording import label
from .accounts import client_address, too_many

bp = Blueprint("tutors", __name__, url_prefix="/tutors")

PAGES = {"who": "tutors.sign_up_who", "what": "tutors.sign_up_what", "when": "tutors.sign_up_when"}


@bp.route("/sign-up", methods=["GET", "POST"])
@access.public
def sign_up() -> ResponseReturnValue:
    """First step of a newcomer: the account begins here."""
    if current_user.is_authenticated:
        return redirect(url_for("tutors.resume_sign_up"))
    form = TutorSignUpForm(institutions=known.institutions_by_region())
    if form.validate_on_submit():
        try:
            account = tutors.sign_up(
                form.part(),
                email=form.email.data,
                password=form.password.data,
                first_name=form.first_name.data,
                last_name=form.last_name.data,
                patronymic=form.patronymic.data or "",
                locale=best_locale(),
                client=client_address(),
            )
        except TooManyAttempts as error:
            flash(too_many(error), "warning")
            return render_template("tutors/sign_up.html", form=form), 429
        login_user(account)
        flash(_("Your account is ready. We have sent you a link to confirm your e-mail; go on meanwhile."), "success")
        return redirect(url_for("tutors.sign_up_what"))
    return render_template("tutors/sign_up.html", form=form)


@bp.get("/sign-up/resume")
@access.for_roles(Role.TUTOR)
def resume_sign_up() -> ResponseReturnValue:
    """Go on where the student stopped."""
    return redirect(url_for("tutors.profile")) if has_applied() else next_page()


@bp.route("/sign-up/who", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def sign_up_who() -> ResponseReturnValue:
    """First step once there is an account: no password, no e-mail."""
    if has_applied():
        return already_applied()
    account = access.viewer()
    form = WhoForm(
        data={
            "first_name": account.first_name,
            "last_name": account.last_name,
            "patronymic": account.patronymic,
            **draft().get("who", {}),
        },
        institutions=known.institutions_by_region(),
    )
    if form.validate_on_submit():
        try:
            tutors.save_who(account, form.part(), form.first_name.data, form.last_name.data, form.patronymic.data or "")
        except AlreadyDecided:
            return already_applied()
        return next_page()
    return render_template("tutors/sign_up_who.html", form=form)


@bp.route("/sign-up/what", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def sign_up_what() -> ResponseReturnValue:
    """Second step: subjects, languages, briefings, groups, motivation."""
    if has_applied():
        return already_applied()
    saved = draft().get("what")
    form = TeachingForm(obj=Teaching.from_json(saved) if saved else None, offered=subjects.offered())
    if form.validate_on_submit():
        return saved_step("what", form.part())
    return render_template("tutors/sign_up_what.html", form=form)


@bp.route("/sign-up/when", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def sign_up_when() -> ResponseReturnValue:
    """Third step: free hours and capacity."""
    if has_applied():
        return already_applied()
    saved = draft().get("when")
    form = FreeTimeForm(obj=FreeTime.from_json(saved) if saved else None)
    if form.validate_on_submit():
        return saved_step("when", form.part())
    return render_template("tutors/sign_up_when.html", form=form)


@bp.route("/sign-up/check", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def sign_up_check() -> ResponseReturnValue:
    """Last step: all answers, agreement to the code of conduct, and off it goes."""
    if has_applied():
        return already_applied()
    saved = draft()
    if any(step not in saved for step in known.SIGN_UP_STEPS):
        return next_page()
    form = ApplyForm()
    if form.validate_on_submit():
        try:
            tutors.apply_as_tutor(access.viewer(), agrees_to_conduct=form.conduct.data)
        except AlreadyDecided:
            return already_applied()
        except StepMissing as error:
            flash(_("Something is missing or no longer offered. Look at this step again."), "warning")
            return redirect(url_for(PAGES[error.step]))
        flash(_("Your application is sent. A coordinator checks it; we write to you when that is done."), "success")
        return redirect(url_for("pages.home"))
    studies, teaching = Studies.from_json(saved["who"]), Teaching.from_json(saved["what"])
    names = {subject.code: subject.name for subject in subjects.offered()}
    return render_template(
        "tutors/sign_up_check.html",
        form=form,
        studies=studies,
        institution=known.institution(studies.institution_id),
        teaching=teaching,
        taught=[
            (names.get(row.subject_code, row.subject_code), row.grade_from, row.grade_to) for row in teaching.subjects
        ],
        free_time=FreeTime.from_json(saved["when"]),
    )


def next_page() -> ResponseReturnValue:
    """Go to the first step that is missing, or to the answers."""
    step = known.missing_step(access.viewer())
    return redirect(url_for(PAGES[step] if step else "tutors.sign_up_check"))


def already_applied() -> ResponseReturnValue:
    """Say what has happened to the application meanwhile."""
    flash(_("Your application has arrived already; nothing was sent twice. Change your profile here."), "info")
    return redirect(url_for("tutors.profile"))


def saved_step(step: str, part: Studies | Teaching | FreeTime) -> ResponseReturnValue:
    try:
        tutors.save_step(access.viewer(), step, part)
    except AlreadyDecided:
        return already_applied()
    return next_page()


def draft() -> dict:
    """Return what the viewer has saved so far, by step."""
    return drafts.load(access.viewer(), DraftKind.TUTOR_PROFILE)


def has_applied() -> bool:
    return known.of_account(access.viewer()) is not None


@bp.get("/profile")
@access.for_roles(Role.TUTOR)
def profile() -> ResponseReturnValue:
    """Show the own profile; before the application, go on with signing up."""
    tutor = known.of_account(access.viewer())
    if tutor is None:
        return redirect(url_for("tutors.resume_sign_up"))
    in_order = sorted(tutor.subjects, key=lambda row: row.subject.position)
    return render_template(
        "tutors/profile.html",
        tutor=tutor,
        taught=[(row.subject.name, row.grade_from, row.grade_to) for row in in_order],
        can_leave=tutor.state in tutors.ACTIVE_STATES,
    )


@bp.route("/profile/studies", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def edit_studies() -> ResponseReturnValue:
    """Change the own studies; what was checked stays."""
    tutor = own_tutor()
    is_fixed = tutor.state in tutors.STATES_AFTER_CHECK
    form = EditStudiesForm(obj=tutor, institutions=known.institutions_by_region())
    if is_fixed:
        del form.institution_id, form.is_minor
    if form.validate_on_submit():
        studies = Studies(
            institution_id=tutor.institution_id if is_fixed else form.institution_id.data,
            study_programme=form.study_programme.data,
            year_of_study=form.year_of_study.data,
            is_minor=tutor.is_minor if is_fixed else form.is_minor.data,
        )
        try:
            tutors.change_studies(access.viewer(), form.version.data, studies)
        except StaleVersion:
            return render_template("tutors/edit_studies.html", form=stale(form), tutor=own_tutor()), 409
        return saved()
    return render_template("tutors/edit_studies.html", form=form, tutor=tutor)


@bp.route("/profile/teaching", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def edit_teaching() -> ResponseReturnValue:
    """Change subjects, grades, languages, briefings and groups."""
    tutor = own_tutor()
    no_longer_offered = [row.subject for row in tutor.subjects if not row.subject.is_offered]
    form = EditTeachingForm(obj=tutor, offered=[*subjects.offered(), *no_longer_offered])
    if form.validate_on_submit():
        try:
            tutors.change_teaching(access.viewer(), form.version.data, form.part())
        except StaleVersion:
            return render_template("tutors/edit_teaching.html", form=stale(form)), 409
        except SessionsInTheWay as error:
            name_sessions(form, error)
        else:
            return saved()
    return render_template("tutors/edit_teaching.html", form=form)


@bp.route("/profile/free-time", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def edit_free_time() -> ResponseReturnValue:
    """Change free slots and capacity."""
    form = EditFreeTimeForm(obj=own_tutor())
    if form.validate_on_submit():
        try:
            tutors.change_free_time(access.viewer(), form.version.data, form.part())
        except StaleVersion:
            return render_template("tutors/edit_free_time.html", form=stale(form)), 409
        except SessionsInTheWay as error:
            name_sessions(form, error)
        else:
            return saved()
    return render_template("tutors/edit_free_time.html", form=form)


@bp.get("/pupils")
@access.for_roles(Role.TUTOR)
def pupils() -> ResponseReturnValue:
    """Show the pupils with whom the tutor has sessions under way."""
    return render_template("tutors/pupils.html", pupils=known.pupils_of(access.viewer()))


@bp.route("/leave", methods=["GET", "POST"])
@access.for_roles(Role.TUTOR)
def leave() -> ResponseReturnValue:
    """Say what leaving means, ask why, and leave."""
    tutor = own_tutor()
    form = LeaveForm()
    try:
        if tutor.state not in tutors.ACTIVE_STATES:
            raise AlreadyDecided(tutor.state)
        if form.validate_on_submit():
            tutors.leave(access.viewer(), form.reason.data)
            flash(_("You have left the programme. Thank you for the time you gave."), "success")
            return redirect(url_for("pages.home"))
    except AlreadyDecided as error:
        flash(_("Nothing was changed. Your state is: %(state)s.", state=label(error.state)), "info")
        return redirect(url_for("pages.home"))
    return render_template("tutors/leave.html", form=form, sessions=known.live_sessions(tutor.id))


def own_tutor() -> Tutor:
    """Return the viewer's tutor.

    Raises
    ------
    NotFound
        Before the application is sent.
    """
    tutor = known.of_account(access.viewer())
    if tutor is None:
        raise NotFound
    return tutor


def saved() -> ResponseReturnValue:
    flash(_("Saved."), "success")
    return redirect(url_for("tutors.profile"))


def stale(form: VersionedForm) -> VersionedForm:
    """Keep what was typed, and let it be saved over what has changed meanwhile."""
    form.renew(own_tutor().version)
    flash(
        _(
            "Your profile has changed meanwhile, perhaps in another window. What you typed is below:"
            " look at it and save again, or go back to see what is stored now."
        ),
        "warning",
    )
    return form


def name_sessions(form: Form, error: SessionsInTheWay) -> None:
    """Say at each field which sessions need what would go."""
    for name, sessions in error.sessions.items():
        form[name].errors = [
            _(
                "Your sessions need this: %(sessions)s. Ask your coordinator to end them first.",
                sessions=listing(
                    [f"{slot_name(session.slot)} {session.first_name} ({session.subject})" for session in sessions]
                ),
            )
        ]
