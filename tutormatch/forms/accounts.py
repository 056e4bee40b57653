"""Forms of accounts; `SignUpForm` is the base of the sign-up of tutors and of teachers."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, EmailField, Field, PasswordField, RadioField, StringField
from wtforms.validators import Email, EqualTo, Optional, ValidationError

from ..errors import UnfitPassword
from ..i18n import LOCALE_NAMES
from ..services import passwords
from .base import AtMost, Form, Required

LONGEST_EMAIL = 254
LONGEST_NAME = 80

PASSWORD_FAULTS = {
    "too_short": _("Make the password at least %(count)d characters long.", count=passwords.SHORTEST),
    "too_long": _("Shorten the password to %(count)d characters at most.", count=passwords.LONGEST),
    "contains_name": _("The password must not contain your e-mail name."),
    "obvious": _("Many people use this password. Choose one that is harder to guess."),
}
WRONG_EMAIL = _("Write an e-mail address, for example name@example.kz.")


class FitPassword:
    """The password is hard to guess; the address is the field ``email`` or what `address` of the form says."""

    def __call__(self, form: Any, field: Field) -> None:
        try:
            passwords.check(field.data or "", form.address() or "")
        except UnfitPassword as error:
            raise ValidationError(PASSWORD_FAULTS[error.rule]) from error


def email_field(label: Any = None) -> EmailField:
    return EmailField(
        label or _("E-mail"),
        validators=[Required(), AtMost(LONGEST_EMAIL), Email(WRONG_EMAIL)],
    )


class NameForm(Form):
    """A person's name. Whether somebody has a patronymic is theirs to say."""

    last_name = StringField(_("Last name"), validators=[Required(), AtMost(LONGEST_NAME)])
    first_name = StringField(_("First name"), validators=[Required(), AtMost(LONGEST_NAME)])
    patronymic = StringField(_("Patronymic"), validators=[Optional(), AtMost(LONGEST_NAME)])


class SignUpForm(NameForm):
    """Name, address and password of somebody who signs up."""

    email = email_field()
    password = PasswordField(_("Password"), validators=[Required(), FitPassword()])

    def address(self) -> str:
        return self.email.data or ""


class SignInForm(Form):
    email = email_field()
    password = PasswordField(_("Password"), validators=[Required()])
    remember = BooleanField(_("Keep me signed in on this device"))


class RequestPasswordForm(Form):
    email = email_field()


class CorrectEmailForm(Form):
    email = email_field(_("Correct e-mail"))


class NewPasswordForm(Form):
    """A new password for the account whose address is given."""

    password = PasswordField(_("New password"), validators=[Required(), FitPassword()])

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        self._email = email
        super().__init__(*args, **kwargs)

    def address(self) -> str:
        return self._email


class ChangePasswordForm(NewPasswordForm):
    old_password = PasswordField(_("Present password"), validators=[Required()])
    repeated = PasswordField(
        _("New password again"),
        validators=[Required(), EqualTo("password", _("The two new passwords differ."))],
    )


class DetailsForm(NameForm):
    """The own name and the locale of pages and mails."""

    locale = RadioField(_("Language of pages and mails"), choices=list(LOCALE_NAMES.items()), validators=[Required()])


class ConfirmForm(Form):
    """Only a button: what it does is said on the page."""
