"""Forms of a nomination: who, what, when, and the check of it all."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import NumberRange, Optional, ValidationError

from .. import clock
from ..matching.problem import GRADES
from ..models import (
    ConsentForm,
    ConsentState,
    Device,
    Place,
    Priority,
    Shift,
    Subject,
    read_class_label,
    usual_free_slots,
)
from ..services.pupils import Consent, When, Who, Wish
from ..wording import LABELS, TUTORING_LANGUAGES
from .base import (
    CHOOSE_ONE,
    AtLeastOne,
    AtMost,
    CodesField,
    Form,
    Required,
    WeeklyGridField,
    number_or_none,
    numbers,
)

INSTRUCTION_LANGUAGES = ("kk", "ru", "ug", "uz", "tg")
OTHER_TUTORING_LANGUAGES = ("kk", "ru", "en")
MOST_NEEDS = 6
LONGEST_TOPICS = 500
_NAME = re.compile(r"[^\W\d_]+(?:[ \-'’ʼ]+[^\W\d_]+)*")
_MIXED_SCRIPT = re.compile(r"(?=\w*[A-Za-zƏə])(?=\w*[\u0400-\u04FF])\w+")


def labelled(codes: Iterable[Any]) -> list[SelectChoice]:
    """Return choices for these codes with their words."""
    return [SelectChoice(code.value, LABELS[code]) for code in codes]


def _languages(codes: Iterable[str]) -> list[SelectChoice]:
    return [SelectChoice(code, TUTORING_LANGUAGES[code]) for code in codes]


class PersonName:
    """Letters of one script: Latin look-alikes inside a Cyrillic word hide a pupil from every search."""

    def __call__(self, form: Any, field: StringField) -> None:
        if not _NAME.fullmatch(field.data or ""):
            raise ValidationError(_("A name has letters, spaces and hyphens only."))
        if _MIXED_SCRIPT.search(field.data):
            raise ValidationError(_("Cyrillic and Latin letters are mixed here. Type the name again on one keyboard."))


class WholeNumberField(IntegerField):
    def process_formdata(self, values: list[str]) -> None:
        try:
            super().process_formdata(values)
        except ValueError as error:
            raise ValueError(gettext("Write a whole number.")) from error


class DayField(DateField):
    def process_formdata(self, values: list[str]) -> None:
        try:
            super().process_formdata(values)
        except ValueError as error:
            raise ValueError(gettext("This is not a date. Write it as day, month and year.")) from error


class PersonForm(Form):
    """Who the pupil is, without the consent."""

    last_name = StringField(_("Last name"), validators=[Required(), AtMost(80), PersonName()])
    first_name = StringField(_("First name"), validators=[Required(), AtMost(80), PersonName()])
    grade = SelectField(
        _("Grade"),
        coerce=number_or_none,
        choices=[SelectChoice("", _("Choose")), *numbers(GRADES)],
        validators=[Required(CHOOSE_ONE)],
    )
    class_label = StringField(_("Class"), validators=[Optional(), AtMost(12)])
    instruction_language = RadioField(
        _("Language of instruction"),
        choices=_languages(INSTRUCTION_LANGUAGES),
        validators=[Required(CHOOSE_ONE)],
    )
    other_languages = CodesField(
        _("Other languages in which the pupil can be taught"),
        choices=_languages(OTHER_TUTORING_LANGUAGES),
        validators=[Optional()],
    )
    needs_briefing = BooleanField(_("The tutor must be briefed for special educational needs"))

    def validate_class_label(self, field: StringField) -> None:
        if self.grade.data is None:
            return
        try:
            field.data = read_class_label(field.data or "", self.grade.data)
        except ValueError as error:
            raise ValidationError(
                gettext(
                    "Write the class with its grade and one Cyrillic letter, for example %(example)s.",
                    example=f"{self.grade.data}Ә",
                )
            ) from error

    def part(self) -> Who:
        medium = self.instruction_language.data
        others = tuple(code for code in self.other_languages.data or () if code != medium)
        return Who(
            first_name=self.first_name.data,
            last_name=self.last_name.data,
            grade=self.grade.data,
            class_label=self.class_label.data or "",
            instruction_language=medium,
            tutoring_languages=(medium, *others),
            requires=("sen",) if self.needs_briefing.data else (),
        )


class IfReceived(Optional):
    """May be empty, unless the consent is received: so that it is not called optional."""

    def __init__(self) -> None:
        super().__init__()
        self.field_flags = {}


class ConsentFields(Form):
    """The consent of the legal representative, as far as it is known."""

    consent_state = RadioField(
        _("Consent of a parent (legal representative)"),
        choices=labelled((ConsentState.RECEIVED, ConsentState.PENDING, ConsentState.REFUSED)),
        validators=[Required(CHOOSE_ONE)],
    )
    consent_on = DayField(_("Date of the consent"), validators=[IfReceived()])
    consent_form = RadioField(_("Form of the consent"), choices=labelled(tuple(ConsentForm)), validators=[IfReceived()])

    def validate_consent_on(self, field: DayField) -> None:
        if field.data is not None and field.data > clock.today():
            raise ValidationError(_("This date is in the future."))

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        if self.consent_state.data == ConsentState.RECEIVED:
            if self.consent_on.data is None and not self.consent_on.errors:
                self.consent_on.errors = [_("Write the date on which the consent was given.")]
                is_valid = False
            if not self.consent_form.data:
                self.consent_form.errors = [_("Say in which form the consent was given.")]
                is_valid = False
        return is_valid

    def consent(self) -> Consent:
        state = ConsentState(self.consent_state.data)
        form = ConsentForm(self.consent_form.data) if self.consent_form.data else None
        return Consent(state, self.consent_on.data, form)


class WhoForm(PersonForm, ConsentFields):
    """The first step."""


class NeedForm(Form):
    """Help in one subject; part of `WhatForm`, which says which subjects there are."""

    class Meta(Form.Meta):
        csrf = False

    subject_code = SelectField(_("Subject"), validators=[Required(CHOOSE_ONE)], validate_choice=False)
    grade = SelectField(_("Grade of the gap"), coerce=number_or_none, validate_choice=False)
    priority = SelectField(
        _("Priority"),
        coerce=int,
        choices=labelled((Priority.URGENT, Priority.NORMAL, Priority.LOW)),
        default=Priority.NORMAL.value,
    )
    sessions_per_week = SelectField(_("Sessions a week"), coerce=int, choices=numbers(range(1, 6)), default=2)
    current_mark = WholeNumberField(
        _("Current mark, in percent"),
        validators=[Optional(), NumberRange(0, 100, _("Write a number from 0 to 100."))],
    )
    topics = TextAreaField(_("Topics"), validators=[Optional(), AtMost(LONGEST_TOPICS)])
    is_group_ok = BooleanField(_("A small group of pupils of one grade is fine too"))

    subjects: Mapping[str, Subject] = {}
    pupil_grade = 0

    def offer(self, subjects: Sequence[Subject], pupil_grade: int) -> None:
        """Say which subjects there are for a pupil of ``pupil_grade``."""
        self.subjects = {subject.code: subject for subject in subjects}
        self.pupil_grade = pupil_grade
        self.subject_code.choices = [
            SelectChoice("", _("Choose")),
            *(SelectChoice(subject.code, subject.name) for subject in subjects),
        ]
        self.grade.choices = numbers(range(1, pupil_grade + 1))
        if self.grade.data is None:
            self.grade.data = pupil_grade

    def validate_subject_code(self, field: SelectField) -> None:
        if field.data not in self.subjects:
            raise ValidationError(_("This subject is not taught in this grade and language. Choose another."))

    def validate_grade(self, field: SelectField) -> None:
        subject = self.subjects.get(self.subject_code.data)
        if subject is None:
            return
        highest = min(subject.grade_to, self.pupil_grade)
        if not subject.grade_from <= field.data <= highest:
            raise ValidationError(
                gettext("This subject is taught in grades %(low)d–%(high)d.", low=subject.grade_from, high=highest)
            )

    def wish(self) -> Wish:
        return Wish(
            subject_code=self.subject_code.data,
            grade=self.grade.data,
            priority=Priority(self.priority.data),
            sessions_per_week=self.sessions_per_week.data,
            is_group_ok=self.is_group_ok.data,
            current_mark=self.current_mark.data,
            topics=self.topics.data or "",
        )


class WhatForm(Form):
    """The second step: one or more needs, added and removed by buttons that post the form."""

    needs = FieldList(FormField(NeedForm), min_entries=1, max_entries=MOST_NEEDS)

    def __init__(self, *args: Any, subjects: Sequence[Subject], grade: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subjects, self._grade = subjects, grade
        self._offer()

    def _offer(self) -> None:
        for entry in self.needs:
            entry.form.offer(self._subjects, self._grade)

    @property
    def subject_names(self) -> dict[str, str]:
        """Names in the reader's locale by code."""
        return {subject.code: subject.name for subject in self._subjects}

    @property
    def can_add(self) -> bool:
        return len(self.needs) < MOST_NEEDS

    def change_rows(self, posted: Mapping[str, str]) -> bool:
        """Add or remove a need when the button for that was pressed; say whether one was."""
        if "add" in posted:
            self._add_need()
            return True
        if "remove" in posted:
            self._remove_need(posted["remove"])
            return True
        return False

    def _add_need(self) -> None:
        if self.can_add:
            self.needs.append_entry()
            self._offer()

    def _remove_need(self, position: str) -> None:
        """Remove the need at ``position``, counted from 0; in place of the last one comes an empty one."""
        if position.isascii() and position.isdecimal() and int(position) < len(self.needs):
            self.needs.pop_entry(int(position))
        if not len(self.needs):
            self._add_need()

    def validate(self, extra_validators: Any = None) -> bool:
        is_valid = super().validate(extra_validators)
        seen: set[str] = set()
        for entry in self.needs:
            subject = entry.form.subject_code
            if subject.data and subject.data in seen:
                subject.errors = [*subject.errors, _("This subject stands above already.")]
                is_valid = False
            seen.add(subject.data)
        return is_valid

    def wishes(self) -> tuple[Wish, ...]:
        return tuple(entry.form.wish() for entry in self.needs)


class WhenForm(Form):
    """The third step: the pupil's week, and where a session can take place."""

    shift = RadioField(
        _("School shift"), choices=labelled(tuple(Shift)), default=Shift.FIRST.value, validators=[Required(CHOOSE_ONE)]
    )
    place = RadioField(
        _("Where the pupil takes part"),
        choices=labelled(tuple(Place)),
        default=Place.HOME.value,
        validators=[Required(CHOOSE_ONE)],
    )
    device = RadioField(
        _("Device"), choices=labelled(tuple(Device)), default=Device.PHONE.value, validators=[Required(CHOOSE_ONE)]
    )
    slots = WeeklyGridField(
        _("Hours in which the pupil is free every week"), validators=[AtLeastOne(_("Choose at least one hour."))]
    )
    max_tutors = SelectField(
        _("Different tutors, at most"),
        choices=[SelectChoice("", _("no limit")), *numbers(range(1, 6))],
        coerce=number_or_none,
        validators=[Optional()],
    )

    def fill_from_shift(self) -> None:
        """Choose the hours that a pupil of this shift and place usually has free."""
        self.slots.data = self._usual_slots() or frozenset()

    def refill(self, posted: Mapping[str, str]) -> bool:
        """Fill the grid anew when that was asked for, or when it still is as filled for another answer above it."""
        is_wanted = bool(posted) and ("fill" in posted or self._holds_hours_of_another_shift())
        if is_wanted:
            self.fill_from_shift()
        return is_wanted

    def _holds_hours_of_another_shift(self) -> bool:
        present, usual = self.slots.data, self._usual_slots()
        if not present or usual is None or present == usual:
            return False
        return present in {usual_free_slots(shift, place) for shift in Shift for place in Place}

    def _usual_slots(self) -> frozenset[int] | None:
        """Return the usual free hours for the answers above the grid; nothing when these make no sense."""
        if self.shift.data not in set(Shift) or self.place.data not in set(Place):
            return None
        return usual_free_slots(Shift(self.shift.data), Place(self.place.data))

    def usual_hours(self) -> dict[str, str]:
        """Return the usual free hours of each shift at home as text, for the page's script."""
        return {
            shift.value: " ".join(self.slots.name_of(slot) for slot in sorted(usual_free_slots(shift, Place.HOME)))
            for shift in Shift
        }

    def part(self) -> When:
        return When(
            shift=Shift(self.shift.data),
            place=Place(self.place.data),
            device=Device(self.device.data),
            slots=self.slots.data,
            max_tutors=self.max_tutors.data,
        )


class CheckForm(Form):
    """The last step. ``seen`` is the fingerprint of the draft that the page showed."""

    seen = HiddenField()
    is_another_pupil = BooleanField(_("This is another pupil, or I want to nominate the pupil again all the same"))
