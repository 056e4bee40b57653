"""The building blocks of pages: fields with hints and errors, the weekly grid, tags, pager and the like."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_babel import force_locale
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, FormField, IntegerField, RadioField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.validators import Optional

from tests.page import Page
from tutormatch.forms.base import CodesField, Form, Required, WeeklyGridField
from tutormatch.matching.slots import parse_slots
from tutormatch.models import MatchState
from tutormatch.queries.paging import Page as RowsPage

IMPORTS = """
{% from "components/forms.html" import error_summary, field, hidden, submit %}
{% from "components/weekly_grid.html" import grid_input, grid_overlap, grid_timetable %}
{% from "components/status_tag.html" import status_tag, tag %}
{% from "components/pager.html" import pager %}
{% from "components/summary_list.html" import summary_list %}
{% from "components/table.html" import sort_head %}
{% from "components/steps.html" import steps %}
"""


class NeedForm(PlainForm):
    subject = StringField("Subject", [Required()])


class ExampleForm(Form):
    name = StringField("Name", [Required()])
    note = StringField("Note", [Optional()])
    region = SelectField("Region", choices=[("n", "North"), ("s", "South")])
    shift = RadioField("Shift", [Required()], choices=[("1", "First"), ("2", "Second")])
    subjects = CodesField("Subjects", [Optional()], choices=[("ALG", "Algebra"), ("GEO", "Geometry")])
    sessions = IntegerField("Sessions a week", [Optional()])
    agreed = BooleanField("I agree", [Required()])
    slots = WeeklyGridField("When are you free?", [Required()], hours=range(8, 11), weekdays=range(5))
    needs = FieldList(FormField(NeedForm), min_entries=1)


@pytest.fixture(params=["sqlite"])
def database(request: pytest.FixtureRequest) -> str:
    """Components ask no database; one is enough."""
    return request.param


class Rendered(Page):
    """A fragment inside a page of its own."""

    def __init__(self, html: str) -> None:
        class Response:
            def get_data(self, as_text: bool) -> str:
                return f'<!doctype html><html lang="en"><title>x</title><body>{html}</body></html>'

        super().__init__(Response())  # type: ignore[arg-type]


@pytest.fixture
def render(app: Flask) -> Callable[..., Rendered]:
    def rendered(template: str, locale: str = "en", **context: Any) -> Rendered:
        with app.test_request_context("/"), force_locale(locale):
            return Rendered(render_template_string(IMPORTS + template, **context))

    return rendered


@pytest.fixture
def form(app: Flask) -> Callable[..., ExampleForm]:
    def filled(**posted: Any) -> ExampleForm:
        with app.test_request_context("/", method="POST"), force_locale("en"):
            form = ExampleForm(MultiDict(posted))
            form.validate()
            return form

    return filled


COMPLETE = {"name": "A", "region": "n", "shift": "1", "agreed": "y", "slots": "mon-08", "needs-0-subject": "ALG"}


def test_field_ties_label_hint_and_error_to_its_control(render, form) -> None:
    page = render("{{ field(form.name, hint='As in the passport.') }}", form=form())
    [control] = page.all("input")
    assert page.text(page.all("label", for_="name")[0]) == "Name"
    assert control.get("aria-describedby") == "name-hint name-error"
    assert page.text(page.all("p", id="name-hint")[0]) == "As in the passport."
    assert page.text(page.all("p", id="name-error")[0]) == "Error: Fill in this field."
    assert control.get("aria-invalid") == "true"


def test_field_without_fault_claims_none(render, form) -> None:
    [control] = render("{{ field(form.name) }}", form=form(**COMPLETE)).all("input")
    assert control.get("aria-invalid") is None
    assert control.get("aria-describedby") is None


def test_only_optional_fields_are_marked(render, form) -> None:
    page = render("{{ field(form.name) }}{{ field(form.note) }}", form=form(**COMPLETE))
    assert [page.text(label) for label in page.all("label")] == ["Name", "Note (optional)"]


def test_missing_answers_are_left_to_the_server_which_speaks_the_readers_locale(render, form) -> None:
    page = render("{{ field(form.name) }}{{ field(form.shift) }}{{ field(form.agreed) }}", form=form())
    assert [control for control in page.all("input") if control.get("required") is not None] == []


def test_choices_are_a_group_with_a_legend(render, form) -> None:
    page = render("{{ field(form.shift) }}", form=form(**COMPLETE))
    assert page.text(page.all("legend")[0]) == "Shift"
    assert [control.get("type") for control in page.all("input")] == ["radio", "radio"]
    assert [page.text(label) for label in page.all("label")] == ["First", "Second"]
    page = render("{{ field(form.subjects) }}", form=form(**COMPLETE))
    assert [control.get("type") for control in page.all("input")] == ["checkbox", "checkbox"]


def test_error_summary_links_to_every_faulty_field(render, form) -> None:
    template = """{{ error_summary(form) }}
        {% for name in ('name', 'region', 'shift', 'agreed', 'slots') %}{{ field(form[name]) }}{% endfor %}
        {% for need in form.needs %}{{ field(need.form.subject) }}{% endfor %}"""
    page = render(template, form=form(region="n"))
    assert page.all("div", role="alert")
    links = [link.removeprefix("#") for link in page.links()]
    assert links == ["name", "shift-0", "agreed", "slots-mon-08", "needs-0-subject"]
    identifiers = {element.get("id") for element in page.document.iter()}
    assert set(links) <= identifiers


def test_form_without_faults_has_no_error_summary(render, form) -> None:
    assert render("{{ error_summary(form) }}", form=form(**COMPLETE)).all("div") == []


def test_first_faulty_field_takes_the_focus(render, form) -> None:
    template = "{% for name in ('name', 'shift', 'agreed', 'slots') %}{{ field(form[name]) }}{% endfor %}"

    def focused(**posted: str) -> list[str | None]:
        page = render(template, form=form(**posted))
        return [control.get("id") for control in page.all("input") if control.get("autofocus") is not None]

    assert focused(region="n") == ["name"]
    assert focused(region="n", name="A") == ["shift-0"]
    assert focused(**{**COMPLETE, "slots": ""}) == ["slots-mon-08"]
    assert focused(**COMPLETE) == []


# The weekly grid


def test_grid_is_a_table_of_named_checkboxes(render, form) -> None:
    page = render("{{ field(form.slots) }}", form=form(**COMPLETE))
    boxes = page.all("input", type="checkbox")
    assert len(boxes) == 3 * 5
    assert boxes[0].get("aria-label") == "Monday 08:00"
    assert {box.get("name") for box in boxes} == {"slots"}
    assert [box.get("value") for box in boxes if box.get("checked") is not None] == ["mon-08"]
    assert [head.get("aria-label") for head in page.all("th", scope="col")][1:] == [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
    ]
    assert [page.text(head) for head in page.all("th", scope="row")] == ["08:00", "09:00", "10:00"]
    assert page.text(page.all("legend")[0]) == "When are you free?"
    assert page.text(page.all("p", aria_live="polite")[0]) == "Hours chosen: 1"


def test_grid_posts_what_its_field_reads(render, form) -> None:
    page = render("{{ field(form.slots) }}", form=form(**COMPLETE))
    values = [box.get("value") for box in page.all("input")]
    read = form(**{**COMPLETE, "slots": values}).slots
    assert not read.errors
    assert len(read.data) == len(values)


@pytest.mark.parametrize(("locale", "name"), [("kk", "дүйсенбі 08:00"), ("ru", "понедельник 08:00")])
def test_grid_names_its_cells_in_the_readers_locale(render, form, locale: str, name: str) -> None:
    page = render("{{ field(form.slots) }}", locale, form=form(**COMPLETE))
    assert page.all("input")[0].get("aria-label") == name


def test_timetable_shows_each_session_in_table_and_list(render) -> None:
    entries = {15: [{"title": "Данияр", "lines": ["Algebra"], "url": "/matches/1", "tone": "good"}]}
    page = render("{{ grid_timetable(entries) }}", entries=entries)
    assert page.links() == ["/matches/1", "/matches/1"]
    assert page.text(page.all("div", class_="agenda")[0]) == "Monday 15:00 Данияр Algebra"


def test_overlap_says_in_words_what_it_draws(render) -> None:
    page = render(
        "{{ grid_overlap(tutor, pupil, chosen) }}",
        tutor=parse_slots("mon-15;tue-16;wed-10"),
        pupil=parse_slots("mon-15;tue-16;thu-09"),
        chosen=[15],
    )
    assert [page.text(item) for item in page.all("li")] == [
        "Chosen: Monday 15:00",
        "Both are free: Tuesday 16:00",
        "Only the tutor is free: Wednesday 10:00",
        "Only the pupil is free: Thursday 09:00",
    ]
    assert page.all("table")[0].get("aria-hidden") == "true"
    assert [len(page.all("span", class_=f"overlap-{kind}")) for kind in ("chosen", "both", "tutor", "pupil")] == [2] * 4


def test_overlap_of_nobodys_time_is_no_table(render) -> None:
    assert render("{{ grid_overlap((), (), ()) }}").all("table") == []


# Smaller pieces


def test_status_tag_has_a_word_beside_its_colour(render) -> None:
    page = render("{{ status_tag(state) }}", state=MatchState.APPROVED)
    assert page.text(page.all("span", class_="tone-good")[0]) == "approved"


def test_pager_keeps_the_filters_of_the_list(render) -> None:
    page = render(
        "{{ pager(page, 'pages.about', {'subject': 'ALG'}) }}",
        page=RowsPage([1] * 50, number=2, rows_per_page=50, total=120),
    )
    assert page.links() == ["/about?subject=ALG&page=1", "/about?subject=ALG&page=3"]
    assert "51–100 of 120" in page.text()


def test_pager_of_one_page_only_counts(render) -> None:
    page = render("{{ pager(page, 'pages.about') }}", page=RowsPage([1], number=1, rows_per_page=50, total=1))
    assert page.links() == []
    assert "1–1 of 1" in page.text()


def test_column_head_turns_its_own_order_round(render) -> None:
    head = "{{ sort_head('Name', 'name', sort, 'pages.about', {'q': 'x'}) }}"
    orders = {"grade": None, "name": "ascending", "-name": "descending"}
    pages = {sort: render(f"<table><tr>{head}</tr></table>", sort=sort) for sort in orders}
    assert {sort: page.all("th")[0].get("aria-sort") for sort, page in pages.items()} == orders
    assert {sort: page.links()[0] for sort, page in pages.items()} == {
        "grade": "/about?q=x&sort=name",
        "name": "/about?q=x&sort=-name",
        "-name": "/about?q=x&sort=name",
    }


def test_summary_list_names_what_each_change_link_changes(render) -> None:
    page = render("{{ summary_list([('Name', '<b>', '/edit'), ('Mark', 0, none), ('Note', '', none)]) }}")
    assert page.text(page.all("a")[0]) == "Change: Name"
    assert [page.text(value) for value in page.all("dd")] == ["<b>", "Change: Name", "0", "not given"]


def test_steps_mark_the_present_one(render) -> None:
    page = render("{{ steps(['Who', 'What', 'When'], 1) }}")
    assert [page.text(item) for item in page.all("li", aria_current="step")] == ["2 What"]
    assert "Who, done" in page.text()
