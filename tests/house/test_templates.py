"""Rules that hold for all templates and style sheets; each failure says how to mend it."""

import re

import pytest
from jinja2 import nodes

from tutormatch import ROOT, create_app

TEMPLATES = ROOT / "templates"
STATIC = ROOT / "tutormatch" / "static"
PAGES = sorted(
    path.relative_to(TEMPLATES).as_posix()
    for path in TEMPLATES.rglob("*.html")
    if path.parent.name not in {"components", "layouts", "emails"} and not path.name.startswith("_")
)
ALL = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
STYLE_SHEETS = sorted(path.name for path in STATIC.glob("*.css"))
SCRIPTS = sorted(path.name for path in STATIC.glob("*.js"))

NAMED_COLOURS = "white|black|red|green|blue|gr[ae]y|silver|yellow|orange|purple|pink|teal|gold|navy|brown"


@pytest.fixture(scope="module")
def environment():
    return create_app({"SQLALCHEMY_DATABASE_URI": "sqlite://"}).jinja_env


def source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}|/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("name", PAGES)
def test_page_extends_a_layout_and_names_its_heading(environment, name: str) -> None:
    tree = environment.parse(source(name))
    layouts = [node.template.value for node in tree.find_all(nodes.Extends)]
    assert len(layouts) == 1, f"{name} must extend one layout"
    assert layouts[0].startswith("layouts/"), f"{name} extends {layouts[0]}, which is no layout"
    named = {node.target.name for node in tree.find_all(nodes.Assign) if isinstance(node.target, nodes.Name)}
    assert "heading" in named, f"{name} must set heading: the layout makes the h1 and the title of it"


@pytest.mark.parametrize("name", ALL)
def test_template_holds_no_inline_script_style_or_handler(name: str) -> None:
    text = without_comments(source(name))
    advice = "the Content-Security-Policy blocks it; put it into tutormatch/static/"
    assert not re.search(r"<style\b", text), f"{name} has a style element: {advice}"
    assert not re.search(r"<script\b(?![^>]*\bsrc=)", text), f"{name} has a script without src: {advice}"
    assert not re.search(r"<[^>]*\sstyle=", text), f"{name} has a style attribute: {advice}"
    assert not re.search(r"<[^>]*\son[a-z]+=", text), f"{name} has an event handler attribute: {advice}"
    assert "javascript:" not in text, f"{name} has a javascript: address: {advice}"


@pytest.mark.parametrize("name", ALL)
def test_template_loads_nothing_from_other_sites(name: str) -> None:
    foreign = re.findall(r"(?:src|href|action)=[\"']?(?:https?:)?//[^\"'\s>]+", without_comments(source(name)))
    assert not foreign, f"{name} leads away: {foreign}"


@pytest.mark.parametrize("name", ALL)
def test_own_addresses_come_from_url_for(name: str) -> None:
    written = re.findall(r"(?:src|href|action)=[\"']/[^\"']*", without_comments(source(name)))
    assert not written, f"{name} writes an address by hand, use url_for: {written}"


@pytest.mark.parametrize("name", ALL)
def test_template_marks_nothing_as_safe(name: str) -> None:
    assert not re.search(r"\|\s*safe\b|autoescape\s+false", source(name)), f"{name} switches escaping off"


@pytest.mark.parametrize("name", PAGES)
def test_form_that_changes_something_carries_a_token(name: str) -> None:
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", without_comments(source(name)), re.DOTALL | re.I):
        has_token = "csrf_token" in form or "hidden(" in form or "hidden_tag" in form
        assert has_token, f"{name} has a form without a CSRF token: {form[:80]}"


@pytest.mark.parametrize("name", ALL)
def test_columns_say_their_scope(name: str) -> None:
    bare = re.findall(r"<th(?![^>]*\bscope=)[\s>]", without_comments(source(name)))
    assert not bare, f"{name} has a th without scope"


@pytest.mark.parametrize("name", [name for name in STYLE_SHEETS if name != "tokens.css"])
def test_colours_are_named_in_the_tokens_only(name: str) -> None:
    text = without_comments((STATIC / name).read_text(encoding="utf-8"))
    values = re.findall(r":\s*([^;{}]+)[;}]", text)
    found = [
        value
        for value in values
        if re.search(rf"#[0-9a-f]{{3,8}}\b|\b(?:rgb|hsl|oklch)a?\(|(?<![-\w])(?:{NAMED_COLOURS})(?![-\w])", value, re.I)
    ]
    assert not found, f"{name} names a colour itself: {found}; add it to tokens.css and use var(--…)"


@pytest.mark.parametrize("name", STYLE_SHEETS)
def test_style_sheet_uses_only_variables_that_exist(name: str) -> None:
    text = without_comments((STATIC / name).read_text(encoding="utf-8"))
    known = set(re.findall(r"(--[\w-]+)\s*:", (STATIC / "tokens.css").read_text(encoding="utf-8")))
    used = {variable for variable in re.findall(r"var\((--[\w-]+)", text) if not variable.startswith("--bs-")}
    assert used <= known, f"{name} uses unknown variables: {sorted(used - known)}"


@pytest.mark.parametrize("name", STYLE_SHEETS)
def test_movement_is_brief(name: str) -> None:
    text = without_comments((STATIC / name).read_text(encoding="utf-8"))
    assert not re.search(r"@keyframes", text), f"{name} animates: change state by a transition instead"
    durations = re.findall(r"(?<![\w.])(\d*\.?\d+)(ms|s)\b", text)
    milliseconds = [float(number) * (1 if unit == "ms" else 1000) for number, unit in durations]
    assert all(duration <= 150 for duration in milliseconds), f"{name} moves for longer than 150 ms"


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_asks_nothing_through_dialogs_and_loads_nothing_foreign(name: str) -> None:
    text = (STATIC / name).read_text(encoding="utf-8")
    assert not re.search(r"\b(?:confirm|alert|prompt)\(", text), f"{name}: use a confirmation page"
    assert not re.search(r"https?://", text), f"{name} names another site"
    assert "innerHTML" not in text, f"{name}: use textContent or append, which cannot inject"


def test_every_static_file_is_used() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    files = {path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file()}
    unused = {name for name in files if name not in used}
    assert not unused, f"remove or use: {sorted(unused)}"
