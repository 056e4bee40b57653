"""What every form does to text, and what the weekly grid takes."""

import pytest
from werkzeug.datastructures import MultiDict
from wtforms import PasswordField, StringField, TextAreaField

from tutormatch.forms.base import IIN_REFUSED, AtMost, Form, Required, WeeklyGridField
from tutormatch.matching.slots import parse_slots
from tutormatch.privacy import contains_iin, is_iin

IIN = "950101300046"


class LetterForm(Form):
    name = StringField(validators=[Required(), AtMost(20)], filters=[lambda text: text and text.replace("_", " ")])
    letter = TextAreaField()
    password = PasswordField()
    slots = WeeklyGridField(hours=range(8, 21))


@pytest.fixture
def fill(app):
    def fill(**data):
        with app.test_request_context(method="POST"):
            form = LetterForm(MultiDict(data))
            form.validate()
            return form

    return fill


def test_text_is_trimmed_line_by_line(fill):
    form = fill(name="  Айша   Қызы ", letter=" one \r\n\r\n  two  words ")
    assert form.name.data == "Айша Қызы"
    assert form.letter.data == "one\n\ntwo words"


def test_text_loses_characters_that_a_database_cannot_keep(fill):
    assert fill(name="Ай\0ша").name.data == "Айша"


def test_own_filters_of_a_field_work_in_every_form(fill):
    assert [fill(name="a_b").name.data for _ in range(2)] == ["a b", "a b"]


def test_password_is_taken_as_it_was_typed(fill):
    assert fill(name="x", password="  two  spaces ").password.data == "  two  spaces "


def test_white_space_alone_does_not_fill_a_required_field(fill):
    assert fill(name="   ").errors.keys() == {"name"}


@pytest.mark.parametrize("text", [IIN, f"see {IIN}.", "950101 300046", "950101-300046"])
def test_iin_is_refused_in_any_text(fill, text):
    assert fill(name="x", letter=text).letter.errors == [IIN_REFUSED]


@pytest.mark.parametrize("text", ["950101300045", "123456789012", "9501013000461", "77051234567", "2026-11-20"])
def test_other_numbers_are_no_iin(text):
    assert not contains_iin(text)


def test_iin_by_the_second_weights():
    # The first weights give 10 for these eleven digits, so the second ones decide.
    def first_sum(digits):
        return sum((place + 1) * int(digit) for place, digit in enumerate(digits)) % 11

    eleven = next(digits for number in range(1000) if first_sum(digits := f"9501013{number:04d}") == 10)
    assert sum(is_iin(f"{eleven}{check}") for check in range(10)) == 1


def test_grid_takes_its_own_hours(fill):
    assert fill(name="x", slots="mon-15").slots.data == parse_slots("mon-15")


@pytest.mark.parametrize("value", ["mon-03", "mon-25", "foo-15", ""])
def test_grid_refuses_what_it_does_not_show(fill, value):
    assert fill(name="x", slots=value).slots.errors
