"""Every page opens for everybody who may, in each locale, and says nothing in another."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests import programme as programmes
from tests.house.test_access import EVERYBODY, ROLES
from tests.page import HTML, Page, check_page
from tests.programme import Programme
from tests.walk import VISITOR, pages, walk
from tutormatch.models import Role

FOR_THE_UNCONFIRMED = {"accounts.correct_email"}
"""Pages of anybody whose address is not confirmed; here only the student's is not."""
BESIDE_THE_POINT = {403, 404, 409}
"""Answers where the parts of an address do not belong together: the end of an ended match, one's own disabling."""

LATIN_WORD = re.compile(r"(?<![\w.@/-])(?![A-Z]+\b)[A-Za-z]{3,}(?![\w@/])")
"""A word in Latin letters that is no code, such as ``PHYS``, and no part of an address."""
NAMES_IN_LATIN = {"tutormatch", "English", "cookie", "Cookie", "SQLite", "PostgreSQL", "Debian", "flask", "upgrade"}
SPOKEN_ATTRIBUTES = ("title", "alt", "aria-label", "placeholder")


@pytest.fixture
def programme(make, tmp_path) -> Programme:
    return programmes.build(make, tmp_path / "programme", "pilot")


def readers(endpoint: str) -> frozenset[Role | str]:
    """Return who must have seen a page; what everybody may open is meant for visitors."""
    if endpoint in FOR_THE_UNCONFIRMED:
        return frozenset({Role.TUTOR})
    return frozenset({VISITOR}) if ROLES[endpoint] == EVERYBODY else ROLES[endpoint]


def spoken(page: Page) -> Iterator[str]:
    """Yield each text that a reader sees or hears, but for those marked as English."""

    def walk(element: Any) -> Iterator[str]:
        if element.get("lang") == "en" or element.tag in {f"{HTML}script", f"{HTML}style"}:
            return
        yield from (element.get(name, "") for name in SPOKEN_ATTRIBUTES)
        if element.get("name") == "description":
            yield element.get("content", "")
        yield element.text or ""
        for child in element:
            if isinstance(child.tag, str):
                yield from walk(child)
            yield child.tail or ""

    return filter(None, map(str.strip, walk(page.document)))


def left_in_english(page: Page) -> set[str]:
    """Return the texts with words in Latin letters; all names and texts of the programme are in Cyrillic."""
    return {text for text in spoken(page) if set(LATIN_WORD.findall(text)) - NAMES_IN_LATIN}


def forms_without_token(page: Page) -> list[Any]:
    """Return the forms that post and carry no token, in a field or in the button that posts."""

    def posts(element: Any) -> bool:
        return (element.get("method") or element.get("formmethod") or "").lower() == "post"

    def has_token(element: Any) -> bool:
        return any(inner.get("name") == "csrf_token" and inner.get("value") for inner in element.iter())

    return [
        element for tag in ("form", "button") for element in page.all(tag) if posts(element) and not has_token(element)
    ]


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_every_page_opens_for_everybody_who_may_in_each_locale(app, client, programme, monkeypatch, locale):
    monkeypatch.setitem(app.config, "ROWS_PER_PAGE", 10)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    seen: set[tuple[str, str]] = set()
    english: dict[str, set[str]] = {}
    for endpoint, person, role, address in walk(app, client, programme, locale):
        response = client.get(address)
        if response.status_code == 302:
            continue
        is_expired = response.status_code == 410 and address.endswith("/expired")
        assert response.status_code in {200, *BESIDE_THE_POINT} or is_expired, (
            f"{address} answered {person} with {response.status_code}"
        )
        page = Page(response)
        check_page(page)
        assert not forms_without_token(page), f"{address} has a form that its own application would refuse"
        assert page.all("html")[0].get("lang") == locale, f"{address} is not in {locale} for {person}"
        if response.status_code == 200:
            seen.add((endpoint, role))
        if locale != "en" and (left := left_in_english(page)):
            english.setdefault(endpoint, set()).update(left)
    assert not english, f"English is left in {locale}: {english}"
    expected = {(rule.endpoint, role) for rule in pages(app) for role in readers(rule.endpoint)}
    assert expected <= seen, f"nobody saw {sorted(expected - seen)}: give `values` or the programme what they need"
