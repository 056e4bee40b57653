"""Forms of the catalogue."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, DateField, Field, IntegerField, SelectField, StringField
from wtforms.validators import NumberRange, Optional, Regexp, ValidationError

from ..models import District, Region, SchoolKind
from ..wording import LABELS, PERIOD_KINDS
from .base import AtMost, Form, Required

LONGEST_NAME = 200


class NamesForm(Form):
    """A name in the three languages."""

    name_kk = StringField(_("Name in Kazakh"), validators=[Required(), AtMost(LONGEST_NAME)])
    name_ru = StringField(_("Name in Russian"), validators=[Required(), AtMost(LONGEST_NAME)])
    name_en = StringField(_("Name in English"), validators=[Required(), AtMost(LONGEST_NAME)])


class InstitutionForm(NamesForm):
    code = StringField(
        _("Code"),
        validators=[
            Required(),
            AtMost(32),
            Regexp(r"[A-Za-z0-9_-]+\Z", message=_("Use Latin letters, digits, hyphens and underscores only.")),
        ],
    )
    region_code = SelectField(_("Region"), validators=[Required()])

    def __init__(self, *args: Any, regions: list[Region], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.region_code.choices = [(region.code, region.name) for region in regions]


class SchoolForm(NamesForm):
    district_id = SelectField(_("District or city"), coerce=int, validators=[Required()])
    kind = SelectField(
        _("Kind of school"), choices=[(kind.value, LABELS[kind]) for kind in SchoolKind], validators=[Required()]
    )
    is_listed = BooleanField(_("Teachers who sign up find this school in the list"), default=True)

    def __init__(self, *args: Any, districts: dict[str, list[District]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.district_id.choices = {
            region: [(district.id, district.name) for district in rows] for region, rows in districts.items()
        }


class PeriodForm(Form):
    school_year = StringField(
        _("School year"),
        validators=[Required(), Regexp(r"20\d\d-20\d\d\Z", message=_("Write the year like 2026-2027."))],
    )
    kind = SelectField(_("Kind"), choices=list(PERIOD_KINDS.items()), validators=[Required()])
    number = IntegerField(_("Number"), validators=[Required(), NumberRange(1, 9, _("Write a number from 1 to 9."))])
    starts_on = DateField(_("First day"), validators=[Required(_("Write the day, for example 2026-09-14."))])
    ends_on = DateField(_("Last day"), validators=[Required(_("Write the day, for example 2026-09-14."))])
    is_first_grade_only = BooleanField(_("Only for grade 1"))
    note = StringField(_("Note"), validators=[Optional(), AtMost(LONGEST_NAME)])

    def validate_ends_on(self, field: Field) -> None:
        if self.starts_on.data and field.data and field.data < self.starts_on.data:
            raise ValidationError(_("The last day lies before the first."))
