"""Sign-up of teachers: the school, then the person; and how tutors reach them."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user

from .. import access
from ..errors import TooManyAttempts
from ..forms.teachers import ContactForm, NewSchoolTeacherForm, TeacherForm
from ..i18n import best_locale
from ..models import Role, SchoolKind
from ..queries import places
from ..services import teachers
from .accounts import client_address, too_many

bp = Blueprint("teachers", __name__, url_prefix="/teachers")


@bp.get("/sign-up")
@access.public
def sign_up() -> ResponseReturnValue:
    """First step: the region of the school."""
    return render_template("teachers/sign_up.html", regions=places.regions())


@bp.get("/sign-up/regions/<region_code>")
@access.public
def choose_district(region_code: str) -> ResponseReturnValue:
    """Second step: the district or city."""
    region = places.region(region_code)
    return render_template("teachers/choose_district.html", region=region, districts=places.districts(region))


@bp.get("/sign-up/districts/<int:district_id>")
@access.public
def choose_school(district_id: int) -> ResponseReturnValue:
    """Third step: the school."""
    district = places.district(district_id)
    return render_template("teachers/choose_school.html", district=district, schools=places.schools(district))


@bp.route("/sign-up/schools/<int:school_id>", methods=["GET", "POST"])
@access.public
def join_school(school_id: int) -> ResponseReturnValue:
    """Last step: the teacher of a school that is in the list."""
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"))
    school = places.school(school_id)
    form = TeacherForm()
    if form.validate_on_submit() and (answer := welcome(form, school.id)) is not None:
        return answer
    return render_template("teachers/join_school.html", form=form, school=school)


@bp.route("/sign-up/districts/<int:district_id>/new-school", methods=["GET", "POST"])
@access.public
def add_school(district_id: int) -> ResponseReturnValue:
    """Last step: the teacher and a school that is not in the list."""
    if current_user.is_authenticated:
        return redirect(url_for("pages.home"))
    district = places.district(district_id)
    form = NewSchoolTeacherForm()
    if form.validate_on_submit():
        school = teachers.NewSchool(district.id, form.name_kk.data, form.name_ru.data, SchoolKind(form.kind.data))
        if (answer := welcome(form, school)) is not None:
            return answer
    return render_template("teachers/add_school.html", form=form, district=district)


def welcome(form: TeacherForm, school: int | teachers.NewSchool) -> ResponseReturnValue | None:
    """Create the account and sign it in; nothing after too many attempts."""
    try:
        account = teachers.sign_up(
            school,
            form.contact.data,
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
        return None
    login_user(account)
    flash(_("Your account is ready. We have sent you a link to confirm your e-mail."), "success")
    return redirect(url_for("pages.home"))


@bp.route("/contact", methods=["GET", "POST"])
@access.for_roles(Role.TEACHER)
def contact() -> ResponseReturnValue:
    """Change how tutors reach the teacher."""
    account = access.viewer()
    form = ContactForm(obj=account.teacher)
    if form.validate_on_submit():
        teachers.change_contact(account, form.contact.data)
        flash(_("Saved."), "success")
        return redirect(url_for("accounts.profile"))
    return render_template("teachers/contact.html", form=form)
