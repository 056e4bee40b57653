"""The administrator's pages: accounts, invitations, activity log, outbox."""

from datetime import date
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from .. import access, clock
from ..addresses import code_in, number_in
from ..errors import AlreadyDecided, EmailTaken, NotAllowed
from ..forms.accounts import ConfirmForm
from ..forms.administration import InvitationForm
from ..i18n import best_locale
from ..models import AccountState, AuditKind, MailState, Role, ScopeKind
from ..queries import accounts as known
from ..queries import activity as log
from ..queries import outbox as mails
from ..queries import places
from ..services import accounts as account_changes
from ..services import invitations as inviting
from ..services import links
from ..services import outbox as mail_changes
from ..services.links import Purpose

bp = Blueprint("administration", __name__, url_prefix="/administration")

YEARS = range(2000, 2101)


def asked_text(name: str) -> str:
    return request.args.get(name, "").strip()[:80]


def asked_day(name: str) -> date | None:
    """Read a day from the address; nothing when it is none, or none on which the programme can have run."""
    try:
        day = date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None
    return day if day.year in YEARS else None


def asked_page() -> int:
    return number_in(request.args.get("page")) or 1


def rows_per_page() -> int:
    return current_app.config["ROWS_PER_PAGE"]


@bp.get("/accounts")
@access.for_roles(Role.ADMINISTRATOR)
def accounts() -> ResponseReturnValue:
    """List and search all accounts."""
    wanted = known.WantedAccounts(
        role=code_in(Role, request.args.get("role")),
        state=code_in(AccountState, request.args.get("state")),
        text=asked_text("q"),
        sort=request.args.get("sort", "name"),
        page=asked_page(),
    )
    return render_template(
        "administration/accounts.html",
        accounts=known.accounts(wanted, rows_per_page()),
        wanted=wanted,
        roles=list(Role),
        states=list(AccountState),
        values={"role": wanted.role or "", "state": wanted.state or "", "q": wanted.text, "sort": wanted.sort},
    )


@bp.get("/accounts/<int:account_id>")
@access.for_roles(Role.ADMINISTRATOR)
def account(account_id: int) -> ResponseReturnValue:
    """Show one account."""
    row = known.account(account_id)
    return render_template("administration/account.html", account=row, is_own=row.id == access.viewer().id)


@bp.route("/accounts/<int:account_id>/<any(disable, enable):change>", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def set_disabled(account_id: int, change: str) -> ResponseReturnValue:
    """Ask, then disable or enable an account."""
    row = known.account(account_id)
    if row.id == access.viewer().id:
        raise NotAllowed
    form = ConfirmForm()
    if form.validate_on_submit():
        account_changes.set_disabled(access.viewer(), account_id, change == "disable")
        if change == "disable":
            flash(_("%(name)s can no longer sign in.", name=row.full_name), "success")
        else:
            flash(_("%(name)s can sign in again.", name=row.full_name), "success")
        return redirect(url_for("administration.account", account_id=account_id))
    return render_template("administration/set_disabled.html", account=row, form=form, change=change)


@bp.get("/invitations")
@access.for_roles(Role.ADMINISTRATOR)
def invitations() -> ResponseReturnValue:
    """List the invitations that are not accepted yet."""
    return render_template(
        "administration/invitations.html",
        invitations=known.invitations(),
        lifetime=links.lifetime(Purpose.ACCEPT_INVITATION),
        now=clock.now(),
    )


@bp.route("/invitations/new", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def invite() -> ResponseReturnValue:
    """Invite a coordinator."""
    form = InvitationForm(regions=places.regions(), institutions=places.institutions(), locale=best_locale())
    if form.validate_on_submit():
        try:
            inviting.invite(
                access.viewer(),
                form.email.data,
                form.first_name.data,
                form.last_name.data,
                form.locale.data,
                ScopeKind(form.scope_kind.data),
                region_code=form.region_code.data or None,
                institution_id=int(form.institution_id.data) if form.institution_id.data else None,
            )
            flash(_("The invitation to %(email)s is on its way.", email=form.email.data), "success")
            return redirect(url_for("administration.invitations"))
        except EmailTaken:
            form.email.errors = [_("There is an account or an open invitation with this e-mail.")]
    return render_template("administration/invite.html", form=form)


@bp.post("/invitations/<int:account_id>/renew")
@access.for_roles(Role.ADMINISTRATOR)
def renew_invitation(account_id: int) -> ResponseReturnValue:
    """Send an invitation again."""
    try:
        row = inviting.renew(access.viewer(), account_id)
        flash(_("The invitation to %(email)s is on its way again.", email=row.email), "success")
    except AlreadyDecided:
        flash(_("The invitation was accepted meanwhile."), "warning")
    return redirect(url_for("administration.invitations"))


@bp.route("/invitations/<int:account_id>/withdraw", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def withdraw_invitation(account_id: int) -> ResponseReturnValue:
    """Ask, then withdraw an invitation."""
    form = ConfirmForm()
    try:
        if form.validate_on_submit():
            inviting.withdraw(access.viewer(), account_id)
            flash(_("The invitation is withdrawn; its link no longer works."), "success")
            return redirect(url_for("administration.invitations"))
    except AlreadyDecided:
        flash(_("The invitation was accepted meanwhile."), "warning")
        return redirect(url_for("administration.invitations"))
    return render_template("administration/withdraw_invitation.html", account=known.invitation(account_id), form=form)


@bp.get("/activity")
@access.for_roles(Role.ADMINISTRATOR)
def activity() -> ResponseReturnValue:
    """Show who did what and when."""
    wanted = log.WantedEvents(
        kind=code_in(AuditKind, request.args.get("kind")),
        person=asked_text("person"),
        first_day=asked_day("from"),
        last_day=asked_day("to"),
        page=asked_page(),
    )
    values: dict[str, Any] = {
        "kind": wanted.kind or "",
        "person": wanted.person,
        "from": wanted.first_day or "",
        "to": wanted.last_day or "",
    }
    return render_template(
        "administration/activity.html",
        events=log.events(wanted, rows_per_page()),
        wanted=wanted,
        kinds=list(AuditKind),
        values=values,
        record_in_words=log.record_in_words,
    )


@bp.get("/outbox")
@access.for_roles(Role.ADMINISTRATOR)
def outbox() -> ResponseReturnValue:
    """List mail by state; its text can be read only while no mail is being sent."""
    state, address = code_in(MailState, request.args.get("state")), asked_text("q")
    return render_template(
        "administration/outbox.html",
        messages=mails.messages(state, address, asked_page(), rows_per_page()),
        counts=mails.counts(),
        state=state,
        address=address,
        now=clock.now(),
        is_readable=mails.is_readable(),
        values={"state": state or "", "q": address},
    )


@bp.get("/outbox/<int:message_id>")
@access.for_roles(Role.ADMINISTRATOR)
def mail(message_id: int) -> ResponseReturnValue:
    """Show one mail with its links, in development."""
    return render_template("administration/mail.html", message=mails.message(message_id))


@bp.post("/outbox/retry")
@access.for_roles(Role.ADMINISTRATOR)
def retry_mail() -> ResponseReturnValue:
    """Try all failed mail again."""
    count = mail_changes.retry_failed(access.viewer())
    flash(ngettext("%(num)d mail is tried again.", "%(num)d mails are tried again.", count), "success")
    return redirect(url_for("administration.outbox"))
