"""Signing in and out, confirming the address, passwords, own details."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_user, logout_user

from .. import access
from ..errors import LinkExpired, TooManyAttempts
from ..forms.accounts import (
    ChangePasswordForm,
    ConfirmForm,
    CorrectEmailForm,
    DetailsForm,
    NewPasswordForm,
    RequestPasswordForm,
    SignInForm,
)
from ..i18n import best_locale
from ..services import accounts, invitations, links
from ..services.links import Purpose

bp = Blueprint("accounts", __name__)

REMEMBERED_FOR = timedelta(days=30)


def client_address() -> str:
    """Return where the request comes from, for the limits on attempts."""
    return request.remote_addr or "unknown"


def too_many(error: TooManyAttempts) -> str:
    """Say how long to wait."""
    return ngettext(
        "Too many attempts. Wait %(num)d minute and try again.",
        "Too many attempts. Wait %(num)d minutes and try again.",
        error.minutes,
    )


def own_path(target: str | None) -> str | None:
    """Return ``target`` when it is a page of this site, so that no link leads elsewhere after signing in."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    return target if target.isprintable() else None


@bp.route("/sign-in", methods=["GET", "POST"])
@access.public
def sign_in() -> ResponseReturnValue:
    """Sign in with address and password."""
    target = own_path(request.args.get("next")) or url_for("pages.home")
    if current_user.is_authenticated:
        return redirect(target)
    form = SignInForm()
    if form.validate_on_submit():
        try:
            account = accounts.sign_in(form.email.data, form.password.data, client_address())
        except TooManyAttempts as error:
            flash(too_many(error), "warning")
            return render_template("accounts/sign_in.html", form=form), 429
        if account is not None:
            login_user(account, remember=form.remember.data, duration=REMEMBERED_FOR)
            return redirect(target)
        form.password.errors = [_("The e-mail or the password is not right.")]
    return render_template("accounts/sign_in.html", form=form)


@bp.post("/sign-out")
@access.public
def sign_out() -> ResponseReturnValue:
    """Sign out; pressed twice it does no harm."""
    logout_user()
    for key in [key for key in session if not key.startswith("_")]:
        session.pop(key)
    flash(_("You are signed out."), "success")
    return redirect(url_for("pages.home"))


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@access.public
def confirm(token: str) -> ResponseReturnValue:
    """Confirm the address; opening the link shows a button, so that a mail scanner confirms nothing."""
    form = ConfirmForm()
    try:
        if form.validate_on_submit():
            accounts.confirm_email(token)
            flash(_("Your e-mail is confirmed."), "success")
            return redirect(url_for("pages.home" if current_user.is_authenticated else "accounts.sign_in"))
        account = links.read(Purpose.CONFIRM_EMAIL, token)
    except LinkExpired:
        return expired(
            _("Sign in and press “Send the link again” at the top of the page."),
            url_for("accounts.sign_in"),
            _("Sign in"),
        )
    return render_template("accounts/confirm.html", form=form, email=account.email, account=account)


def expired(advice: str, url: str, action: str) -> ResponseReturnValue:
    return render_template("accounts/link_expired.html", advice=advice, url=url, action=action), 410


@bp.post("/confirm")
@access.signed_in
def resend_confirmation() -> ResponseReturnValue:
    """Mail the link that confirms the address once more."""
    form = ConfirmForm()
    if form.validate_on_submit():
        try:
            accounts.resend_confirmation(access.viewer())
            flash(_("We have sent the link again. It may take some minutes; look into the spam folder too."), "success")
        except TooManyAttempts as error:
            flash(too_many(error), "warning")
    return redirect(url_for("pages.home"))


@bp.route("/password", methods=["GET", "POST"])
@access.public
def request_password() -> ResponseReturnValue:
    """Ask for a link to choose a new password; the answer is the same for every address."""
    form = RequestPasswordForm()
    if form.validate_on_submit():
        try:
            accounts.request_password(form.email.data, client_address())
        except TooManyAttempts as error:
            flash(too_many(error), "warning")
            return render_template("accounts/request_password.html", form=form), 429
        return redirect(url_for("accounts.password_requested"))
    return render_template("accounts/request_password.html", form=form)


@bp.get("/password/requested")
@access.public
def password_requested() -> ResponseReturnValue:
    """Say what happens next."""
    return render_template("accounts/password_requested.html")


@bp.route("/password/<token>", methods=["GET", "POST"])
@access.public
def reset_password(token: str) -> ResponseReturnValue:
    """Choose a new password by a mailed link."""
    try:
        account = links.read(Purpose.RESET_PASSWORD, token)
        form = NewPasswordForm(email=account.email or "")
        if form.validate_on_submit():
            account = accounts.reset_password(token, form.password.data)
            login_user(account)
            flash(_("Your new password is set, and you are signed in."), "success")
            return redirect(url_for("pages.home"))
    except LinkExpired:
        return expired(
            _("Ask for a new link; the newest mail has the one that works."),
            url_for("accounts.request_password"),
            _("Ask for a new link"),
        )
    return render_template("accounts/reset_password.html", form=form, email=account.email)


@bp.route("/invitation/<token>", methods=["GET", "POST"])
@access.public
def accept_invitation(token: str) -> ResponseReturnValue:
    """Accept an invitation by choosing a password."""
    try:
        account = invitations.read(token)
        form = NewPasswordForm(email=account.email or "")
        if form.validate_on_submit():
            account = invitations.accept(token, form.password.data, best_locale())
            login_user(account)
            flash(_("Welcome. Your account is ready, and you are signed in."), "success")
            return redirect(url_for("pages.home"))
    except LinkExpired:
        return expired(
            _("Ask the administrator who invited you for a new invitation. If you have a password, sign in."),
            url_for("accounts.sign_in"),
            _("Sign in"),
        )
    return render_template("accounts/accept_invitation.html", form=form, account=account)


@bp.route("/account", methods=["GET", "POST"])
@access.signed_in
def profile() -> ResponseReturnValue:
    """Show and change the own name and locale."""
    account = access.viewer()
    form = DetailsForm(obj=account)
    if form.validate_on_submit():
        accounts.change_details(
            account, form.first_name.data, form.last_name.data, form.patronymic.data or "", form.locale.data
        )
        flash(_("Saved."), "success")
        return redirect(url_for("accounts.profile"))
    return render_template("accounts/profile.html", form=form, account=account)


@bp.route("/account/password", methods=["GET", "POST"])
@access.signed_in
def change_password() -> ResponseReturnValue:
    """Change the own password; the account is signed out everywhere else."""
    account = access.viewer()
    form = ChangePasswordForm(email=account.email or "")
    if form.validate_on_submit():
        try:
            is_changed = accounts.change_password(account, form.old_password.data, form.password.data)
        except TooManyAttempts as error:
            flash(too_many(error), "warning")
            return render_template("accounts/change_password.html", form=form), 429
        if is_changed:
            login_user(account)
            flash(_("Your password is changed. Everywhere else you are signed out."), "success")
            return redirect(url_for("accounts.profile"))
        form.old_password.errors = [_("This is not your present password.")]
    return render_template("accounts/change_password.html", form=form)


@bp.route("/account/email", methods=["GET", "POST"])
@access.signed_in
def correct_email() -> ResponseReturnValue:
    """Correct an address that is not confirmed yet."""
    account = access.viewer()
    if account.is_email_confirmed:
        return redirect(url_for("accounts.profile"))
    form = CorrectEmailForm(obj=account)
    if form.validate_on_submit():
        accounts.correct_email(account, form.email.data)
        flash(_("We have sent a link to %(email)s.", email=account.email), "success")
        return redirect(url_for("accounts.profile"))
    return render_template("accounts/correct_email.html", form=form)
