"""Forms of the administrator."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import RadioField, SelectField, StringField

from ..formatting import capitalized
from ..i18n import LOCALE_NAMES
from ..models import Institution, Region, ScopeKind
from ..wording import LABELS
from .accounts import LONGEST_NAME, email_field
from .base import AtMost, Form, Required

NONE = ""


class InvitationForm(Form):
    """Who is invited, and what the coordinator will see."""

    last_name = StringField(_("Last name"), validators=[Required(), AtMost(LONGEST_NAME)])
    first_name = StringField(_("First name"), validators=[Required(), AtMost(LONGEST_NAME)])
    email = email_field()
    locale = RadioField(_("Language of the invitation"), choices=list(LOCALE_NAMES.items()), validators=[Required()])
    scope_kind = RadioField(_("Scope"), validators=[Required()])
    region_code = SelectField(_("Region, if the scope is a region"))
    institution_id = SelectField(_("University, if the scope is a university"))

    def __init__(self, *args: Any, regions: list[Region], institutions: list[Institution], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope_kind.choices = [(kind.value, capitalized(LABELS[kind])) for kind in ScopeKind]
        self.region_code.choices = [(NONE, "–"), *((region.code, region.name) for region in regions)]
        self.institution_id.choices = [(NONE, "–"), *((str(row.id), row.name) for row in institutions)]

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        wanted = {ScopeKind.REGION: self.region_code, ScopeKind.INSTITUTION: self.institution_id}
        field = wanted.get(self.scope_kind.data)
        if field is not None and not field.data:
            field.errors = [*field.errors, _("Choose what the coordinator will see.")]
            return False
        return is_valid
