"""The base of all forms: one language for messages, trimmed text, and no IIN in any text field."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, IntegerField, PasswordField, SelectMultipleField, StringField, widgets
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError

from ..matching.slots import format_slot, parse_slot
from ..privacy import contains_iin

CHOOSE_ONE = _("Choose one.")
IIN_REFUSED = _("Remove the IIN: it gives away the birth date and sex, and nobody needs it to find a tutor.")


def trimmed(text: str | None) -> str | None:
    """Return ``text`` without outer white space, with single spaces inside each line.

    NUL characters, which PostgreSQL cannot keep, are dropped.
    """
    if text is None:
        return None
    return "\n".join(" ".join(line.split()) for line in text.replace("\0", "").strip().splitlines())


def number_or_none(value: object) -> int | None:
    """Read the value of a choice that may be left open."""
    return None if value in ("", None) else int(str(value))


def numbers(among: Iterable[int]) -> list[SelectChoice]:
    """Return these numbers as choices."""
    return [SelectChoice(number, str(number)) for number in among]


class Required(InputRequired):
    """The field must be filled in, and not with white space alone."""

    def __init__(self, message: Any = None) -> None:
        super().__init__(message or _("Fill in this field."))

    def __call__(self, form: Any, field: Field) -> None:
        super().__call__(form, field)
        if field.data == "":
            raise StopValidation(self.message)


class AtMost(Length):
    """Text of at most ``characters`` characters."""

    def __init__(self, characters: int) -> None:
        super().__init__(max=characters, message=_("Shorten this to %(max)d characters at most."))


class AtLeastOne:
    """Something must be chosen."""

    def __init__(self, message: Any) -> None:
        self.message = message

    def __call__(self, form: Any, field: Any) -> None:
        if not field.data and not field.errors:
            raise ValidationError(self.message)


class Form(FlaskForm):
    """A form whose text is trimmed and refused when it holds an IIN."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, (HiddenField, PasswordField)):
                options = {**options, "filters": [*unbound_field.kwargs.get("filters", ()), trimmed]}
            return super().bind_field(form, unbound_field, options)

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        for field in self.text_fields():
            if isinstance(field.data, str) and contains_iin(field.data):
                # An enclosed form has said so already.
                if IIN_REFUSED not in field.errors:
                    field.errors = [*field.errors, IIN_REFUSED]
                is_valid = False
        return is_valid

    def text_fields(self) -> list[Field]:
        """Return the fields in which somebody types text, also those of enclosed forms."""

        def inside(fields: Any) -> list[Field]:
            found: list[Field] = []
            for field in fields:
                if isinstance(field, StringField) and not isinstance(field, HiddenField):
                    found.append(field)
                elif hasattr(field, "entries"):
                    found += inside(field.entries)
                elif hasattr(field, "form"):
                    found += inside(field.form)
            return found

        return inside(self)


class VersionedForm(Form):
    """A form that knows from which version of the row it was made."""

    version = IntegerField(widget=widgets.HiddenInput(), validators=[Required()])

    def renew(self, version: int) -> None:
        """Let what was typed be saved over ``version``, once somebody has looked at it again."""
        self.version.raw_data = None
        self.version.data = version


class CodesField(SelectMultipleField):
    """Several codes by checkboxes; at least one unless ``optional()`` is among the validators."""

    widget = widgets.ListWidget(prefix_label=False)
    option_widget = widgets.CheckboxInput()


class WeeklyGridField(Field):
    """A set of weekly slots, posted as repeated values such as ``mon-15``.

    ``hours`` are the rows that the grid shows, ``weekdays`` its columns; a slot outside of them is
    refused, so that nobody offers a session at night.
    """

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        hours: range = range(8, 21),
        weekdays: range = range(7),
        **options: Any,
    ) -> None:
        super().__init__(label, validators, **options)
        self.hours = hours
        self.weekdays = weekdays

    def process_data(self, value: Any) -> None:
        self.data = frozenset(value or ())

    def process_formdata(self, values: list[str]) -> None:
        chosen = set()
        for value in values:
            try:
                slot = parse_slot(value)
            except ValueError as error:
                raise ValidationError(_("This is not a time of the week.")) from error
            if slot % 24 not in self.hours or slot // 24 not in self.weekdays:
                raise ValidationError(_("This time is outside of the grid."))
            chosen.add(slot)
        self.data = frozenset(chosen)

    def name_of(self, slot: int) -> str:
        """Return the value that the checkbox of ``slot`` posts."""
        return format_slot(slot)

    def has(self, slot: int) -> bool:
        return slot in (self.data or ())
