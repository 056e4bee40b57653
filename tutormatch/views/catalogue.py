"""The catalogue: institutions, schools, the school year, subjects."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import access
from ..addresses import number_in
from ..errors import CodeTaken
from ..forms.catalogue import InstitutionForm, NamesForm, PeriodForm, SchoolForm
from ..models import Role, SchoolKind, SchoolPeriod
from ..queries import places as known
from ..services import places

bp = Blueprint("catalogue", __name__, url_prefix="/administration/catalogue")


@bp.get("")
@access.for_roles(Role.ADMINISTRATOR)
def index() -> ResponseReturnValue:
    """Show what the catalogue holds."""
    return render_template("catalogue/index.html", counts=known.counts())


def names_of(form: NamesForm) -> places.Names:
    return places.Names(kk=form.name_kk.data, ru=form.name_ru.data, en=form.name_en.data)


@bp.get("/institutions")
@access.for_roles(Role.ADMINISTRATOR)
def institutions() -> ResponseReturnValue:
    """List universities and colleges."""
    return render_template("catalogue/institutions.html", institutions=known.institutions())


@bp.route("/institutions/new", methods=["GET", "POST"], defaults={"institution_id": None})
@bp.route("/institutions/<int:institution_id>", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def institution(institution_id: int | None) -> ResponseReturnValue:
    """Add or change an institution."""
    row = known.institution(institution_id) if institution_id is not None else None
    form = InstitutionForm(obj=row, regions=known.regions())
    if form.validate_on_submit():
        try:
            places.save_institution(
                access.viewer(), institution_id, form.code.data, names_of(form), form.region_code.data
            )
            flash(_("Saved."), "success")
            return redirect(url_for("catalogue.institutions"))
        except CodeTaken:
            form.code.errors = [_("Another institution has this code.")]
    return render_template("catalogue/institution.html", form=form, is_new=institution_id is None)


@bp.get("/schools")
@access.for_roles(Role.ADMINISTRATOR)
def schools() -> ResponseReturnValue:
    """List and search schools; those that teachers have added come first."""
    text = request.args.get("q", "").strip()[:80]
    region_code = request.args.get("region", "")
    return render_template(
        "catalogue/schools.html",
        schools=known.all_schools(
            text, region_code, number_in(request.args.get("page")) or 1, current_app.config["ROWS_PER_PAGE"]
        ),
        regions=known.regions(),
        text=text,
        region_code=region_code,
    )


@bp.route("/schools/new", methods=["GET", "POST"], defaults={"school_id": None})
@bp.route("/schools/<int:school_id>", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def school(school_id: int | None) -> ResponseReturnValue:
    """Add or change a school."""
    row = known.any_school(school_id) if school_id is not None else None
    form = SchoolForm(obj=row, districts=known.districts_by_region())
    if form.validate_on_submit():
        places.save_school(
            access.viewer(),
            school_id,
            names_of(form),
            form.district_id.data,
            SchoolKind(form.kind.data),
            form.is_listed.data,
        )
        flash(_("Saved."), "success")
        return redirect(url_for("catalogue.schools"))
    return render_template("catalogue/school.html", form=form, is_new=school_id is None)


@bp.get("/periods")
@access.for_roles(Role.ADMINISTRATOR)
def periods() -> ResponseReturnValue:
    """List quarters, holidays and exams."""
    return render_template("catalogue/periods.html", periods=known.periods())


@bp.route("/periods/new", methods=["GET", "POST"], defaults={"period_id": None})
@bp.route("/periods/<int:period_id>", methods=["GET", "POST"])
@access.for_roles(Role.ADMINISTRATOR)
def period(period_id: int | None) -> ResponseReturnValue:
    """Add or change a period of the school year."""
    row = known.period(period_id) if period_id is not None else None
    form = PeriodForm(obj=row, is_first_grade_only=row is not None and is_for_first_grade(row))
    if form.validate_on_submit():
        try:
            places.save_period(access.viewer(), period_id, period_of(form))
            flash(_("Saved."), "success")
            return redirect(url_for("catalogue.periods"))
        except CodeTaken:
            form.number.errors = [_("This school year has such a period with this number and first day already.")]
    return render_template("catalogue/period.html", form=form, period=row)


def is_for_first_grade(period: SchoolPeriod) -> bool:
    return period.grades == ("1",)


def period_of(form: PeriodForm) -> places.Period:
    return places.Period(
        school_year=form.school_year.data,
        kind=form.kind.data,
        number=form.number.data,
        starts_on=form.starts_on.data,
        ends_on=form.ends_on.data,
        grades=("1",) if form.is_first_grade_only.data else (),
        note=form.note.data or "",
    )


@bp.post("/periods/<int:period_id>/delete")
@access.for_roles(Role.ADMINISTRATOR)
def delete_period(period_id: int) -> ResponseReturnValue:
    """Delete a period of the school year."""
    places.delete_period(access.viewer(), period_id)
    flash(_("The period is deleted."), "success")
    return redirect(url_for("catalogue.periods"))


@bp.get("/subjects")
@access.for_roles(Role.ADMINISTRATOR)
def subjects() -> ResponseReturnValue:
    """List subjects, and in which of them tutoring is offered."""
    return render_template("catalogue/subjects.html", subjects=known.subjects())


@bp.post("/subjects/<subject_code>/<any(offer, withhold):change>")
@access.for_roles(Role.ADMINISTRATOR)
def set_offered(subject_code: str, change: str) -> ResponseReturnValue:
    """Offer tutoring in a subject, or no longer."""
    row = places.set_offered(access.viewer(), subject_code, change == "offer")
    if row.is_offered:
        flash(_("Tutoring in %(subject)s is offered now.", subject=row.name), "success")
    else:
        flash(_("Tutoring in %(subject)s is no longer offered.", subject=row.name), "success")
    return redirect(url_for("catalogue.subjects"))
