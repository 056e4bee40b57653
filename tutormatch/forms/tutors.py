"""Forms of a tutor's profile: its three parts, for the sign-up and for later changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import Optional, ValidationError

from ..models import Subject
from ..services.tutor_parts import FreeTime, Studies, Teaching
from ..wording import TUTORING_LANGUAGES
from .accounts import NameForm, SignUpForm
from .base import (
    CHOOSE_ONE,
    AtLeastOne,
    AtMost,
    CodesField,
    Form,
    Required,
    VersionedForm,
    WeeklyGridField,
    number_or_none,
    numbers,
)
from .subjects import SubjectsField

CONDITION_STATEMENTS = {"sen": _("I have been briefed for pupils with special educational needs")}
LONGEST_MOTIVATION = 600


def _yes(value: object) -> bool:
    if value in ("yes", True):
        return True
    if value in ("no", False):
        return False
    raise ValueError(value)


class StudiesForm(Form):
    """Where the student studies; adult or minor, never a birth date."""

    institution_id = SelectField(_("University or college"), coerce=number_or_none, validators=[Required(CHOOSE_ONE)])
    study_programme = StringField(_("Study programme"), validators=[Required(), AtMost(120)])
    year_of_study = SelectField(
        _("Year of study"),
        coerce=number_or_none,
        choices=[SelectChoice("", _("Choose")), *numbers(range(1, 8))],
        validators=[Required(CHOOSE_ONE)],
    )
    is_minor = RadioField(
        _("Your age"),
        coerce=_yes,
        choices=[SelectChoice("no", _("18 or older")), SelectChoice("yes", _("Younger than 18"))],
        validators=[Required(CHOOSE_ONE)],
    )

    def __init__(self, *args: Any, institutions: Mapping[str, Sequence[tuple[int, str]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "institution_id" in self:
            self.institution_id.choices = [
                SelectChoice("", str(_("Choose"))),
                *(
                    SelectChoice(institution_id, name, optgroup=region)
                    for region, own in institutions.items()
                    for institution_id, name in own
                ),
            ]

    def part(self) -> Studies:
        return Studies(
            institution_id=self.institution_id.data,
            study_programme=self.study_programme.data,
            year_of_study=self.year_of_study.data,
            is_minor=self.is_minor.data,
        )


class TutorSignUpForm(SignUpForm, StudiesForm):
    """The first step, with which the account begins."""


class WhoForm(NameForm, StudiesForm):
    """The first step once there is an account."""


class TeachingForm(Form):
    """What the tutor teaches, in which languages, whom, and why."""

    subjects = SubjectsField(_("Subjects"))
    tutoring_languages = CodesField(
        _("Languages in which you teach"),
        choices=[SelectChoice(code, name) for code, name in TUTORING_LANGUAGES.items()],
        validators=[AtLeastOne(_("Choose at least one language."))],
    )
    group_size = RadioField(
        _("How many pupils at once?"),
        coerce=int,
        choices=[
            SelectChoice(1, _("One at a time")),
            SelectChoice(2, _("One, or a group of two")),
            SelectChoice(3, _("One, or a group of two or three")),
        ],
        default=1,
    )
    conditions = CodesField(
        _("Briefings"),
        choices=[SelectChoice(code, text) for code, text in CONDITION_STATEMENTS.items()],
        validators=[Optional()],
    )
    motivation = TextAreaField(_("Why would you like to tutor?"), validators=[Optional(), AtMost(LONGEST_MOTIVATION)])

    def __init__(self, *args: Any, offered: Sequence[Subject], **kwargs: Any) -> None:
        self._offered = offered
        super().__init__(*args, **kwargs)

    def process(self, *args: Any, **kwargs: Any) -> None:
        self.subjects.offered = self._offered
        super().process(*args, **kwargs)

    def part(self) -> Teaching:
        return Teaching(
            subjects=self.subjects.data,
            tutoring_languages=tuple(self.tutoring_languages.data),
            conditions=tuple(self.conditions.data or ()),
            group_size=self.group_size.data,
            motivation=self.motivation.data or "",
        )


class FreeTimeForm(Form):
    """When the tutor is free, and how much of that time is for tutoring."""

    slots = WeeklyGridField(
        _("Hours in which you are free every week"), validators=[AtLeastOne(_("Choose at least one hour."))]
    )
    sessions_per_week = SelectField(
        _("Sessions a week, at most"),
        coerce=int,
        choices=numbers(range(1, 21)),
        default=2,
        validators=[Required(CHOOSE_ONE)],
    )
    max_pupils = SelectField(
        _("Pupils, at most"),
        coerce=int,
        choices=numbers(range(1, 21)),
        default=2,
        validators=[Required(CHOOSE_ONE)],
    )

    def validate_max_pupils(self, field: SelectField) -> None:
        if field.data and self.sessions_per_week.data and field.data > self.sessions_per_week.data:
            raise ValidationError(_("Each pupil needs a session a week: choose no more pupils than sessions."))

    def part(self) -> FreeTime:
        return FreeTime(self.slots.data, self.sessions_per_week.data, self.max_pupils.data)


class ApplyForm(Form):
    """The last step: agreement, and off it goes."""

    conduct = BooleanField(
        _("I have read the code of conduct and will keep to it"),
        validators=[Required(_("Without your agreement you cannot become a tutor."))],
    )


class EditStudiesForm(VersionedForm, StudiesForm):
    pass


class EditTeachingForm(VersionedForm, TeachingForm):
    pass


class EditFreeTimeForm(VersionedForm, FreeTimeForm):
    pass


class LeaveForm(Form):
    """Why a tutor leaves; only coordinators read it."""

    reason = TextAreaField(_("Why do you leave?"), validators=[Required(), AtMost(500)])
