"""What a coordinator says when checking tutors and admitting teachers."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, DateField, Field, HiddenField, StringField, TextAreaField
from wtforms.validators import Optional, ValidationError

from .. import clock
from ..models import Tutor
from ..wording import CONDITIONS
from .base import AtMost, CodesField, Form, Required, VersionedForm

LONGEST_NOTE = 500


class NotInFuture:
    """The day is today or was before."""

    def __call__(self, form: Any, field: Field) -> None:
        if field.data and field.data > clock.today():
            raise ValidationError(_("This day is still to come."))


def day_field(label: Any) -> DateField:
    return DateField(label, validators=[Required(_("Write the day, for example 2026-09-14.")), NotInFuture()])


class CheckForm(VersionedForm):
    """What was seen and done before a tutor is checked."""

    identity_seen = BooleanField(
        _("I have seen an identity document and it is this person"), validators=[Required(_("See the document first."))]
    )
    no_criminal_record_on = day_field(_("Day of the certificate of no criminal record"))
    parent_agreed_on = day_field(_("Day of the agreement of a parent (legal representative)"))
    briefed_on = day_field(_("Day of the tutor briefing"))
    confirmed_conditions = CodesField(
        _("Conditions that you confirm"), choices=list(CONDITIONS.items()), validators=[Optional()]
    )
    note = TextAreaField(_("Note for coordinators"), validators=[Optional(), AtMost(LONGEST_NOTE)])

    @classmethod
    def about(cls, tutor: Tutor) -> "CheckForm":
        """Return the form with the fields that this tutor's check needs."""
        form = cls(version=tutor.version, briefed_on=tutor.briefed_on)
        if tutor.is_minor:
            del form.no_criminal_record_on
        else:
            del form.parent_agreed_on
        if not tutor.conditions:
            del form.confirmed_conditions
        return form


class ReasonForm(VersionedForm):
    """Why a tutor is declined, paused or to be checked again; the tutor reads it."""

    reason = TextAreaField(_("Reason"), validators=[Required(), AtMost(LONGEST_NOTE)])


class ResumeForm(VersionedForm):
    """The end of a pause needs no reason."""

    reason = HiddenField(default="")


class DecideForm(Form):
    """A note on a decision about teachers, which they read."""

    note = StringField(_("Note to the teachers"), validators=[Optional(), AtMost(LONGEST_NOTE)])
