"""Sign-up of teachers."""

from flask_babel import lazy_gettext as _
from wtforms import RadioField, StringField

from ..models import SchoolKind
from ..wording import LABELS
from .accounts import SignUpForm
from .base import AtMost, Form, Required

LONGEST_SCHOOL_NAME = 160


def contact_field() -> StringField:
    return StringField(_("How tutors may reach you"), validators=[Required(), AtMost(200)])


class TeacherForm(SignUpForm):
    """A teacher of a school that is in the list."""

    contact = contact_field()


class NewSchoolTeacherForm(TeacherForm):
    """A teacher and the school, which is not in the list yet."""

    name_kk = StringField(_("Name of the school in Kazakh"), validators=[Required(), AtMost(LONGEST_SCHOOL_NAME)])
    name_ru = StringField(_("Name of the school in Russian"), validators=[Required(), AtMost(LONGEST_SCHOOL_NAME)])
    kind = RadioField(
        _("Kind of school"),
        choices=[(kind.value, LABELS[kind]) for kind in SchoolKind],
        validators=[Required()],
    )


class ContactForm(Form):
    """How tutors reach the teacher."""

    contact = contact_field()
