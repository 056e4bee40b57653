"""A test client that checks every page it gets: status, heading, title, identifiers, valid HTML."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask import g
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from tutormatch.extensions import db

HTML = "{http://www.w3.org/1999/xhtml}"


class Page:
    """One HTML page, parsed."""

    def __init__(self, response: TestResponse) -> None:
        self.response = response
        self.html = response.get_data(as_text=True)
        parser = html5lib.HTMLParser(strict=True)
        self.document: Element = parser.parse(self.html)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of ``tag`` that have these attributes (``class_`` asks for one class)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}

        def fits(element: Element) -> bool:
            return all(
                value in element.get("class", "").split() if name == "class" else element.get(name) == value
                for name, value in wanted.items()
            )

        return [element for element in self.document.iter(f"{HTML}{tag}") if fits(element)]

    def text(self, element: Element | None = None) -> str:
        """Return the visible text of ``element`` or of the page's body, white space folded."""
        root = element if element is not None else self.all("body")[0]
        return " ".join("".join(root.itertext()).split())

    @property
    def heading(self) -> str:
        return self.text(self.all("h1")[0])

    @property
    def title(self) -> str:
        return self.text(self.all("title")[0])

    def links(self) -> list[str]:
        return [element.get("href", "") for element in self.all("a")]


def check_page(page: Page) -> None:
    """Fail when a page breaks a rule that holds for every page."""
    headings = page.all("h1")
    assert len(headings) == 1, f"a page needs exactly one h1, this has {len(headings)}"
    assert page.title.startswith(page.heading), f"the title {page.title!r} must open with the h1 {page.heading!r}"
    seen = [element.get("id") for element in page.document.iter() if element.get("id")]
    twice = {identifier for identifier in seen if seen.count(identifier) > 1}
    assert not twice, f"these ids stand more than once: {sorted(twice)}"
    assert page.all("html")[0].get("lang") in {"kk", "ru", "en"}, "the html element must say its lang"
    known = set(seen)
    for label in page.all("label"):
        if label.get("for"):
            assert label.get("for") in known, f"label for {label.get('for')!r} has no field"


@contextmanager
def nothing_left_uncommitted() -> Iterator[None]:
    """Fail when the enclosed request writes rows, or would write them, without a commit."""
    written: list[object] = []

    def note(session: Session, _flush: object) -> None:
        written.extend([*session.new, *session.dirty, *session.deleted])

    def forget(_session: Session) -> None:
        written.clear()

    listeners = {"after_flush": note, "after_commit": forget, "after_rollback": forget}
    for name, listener in listeners.items():
        event.listen(db.session, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners.items():
            event.remove(db.session, name, listener)
    session = db.session()
    left = [*written, *session.new, *(row for row in session.dirty if session.is_modified(row)), *session.deleted]
    assert not left, f"changed outside of a transactional service: {left}"


class PageClient(FlaskClient):
    """A visitor's browser. `page` opens an address and returns the checked page."""

    def open(self, *args: Any, **options: Any) -> TestResponse:
        """Send a request. Nothing of the last one is left: whose it was, or its locale.

        Extensions keep both in `g`, which belongs to the application context that the whole test is in.
        """
        for name in list(g):
            g.pop(name)
        with nothing_left_uncommitted():
            return super().open(*args, **options)

    def sign_in(self, account: Any) -> "PageClient":
        """Become ``account``, without a password."""
        with self.session_transaction() as session:
            session["_user_id"] = account.get_id()
            session["_fresh"] = True
        return self

    def in_locale(self, locale: str) -> "PageClient":
        """Choose ``locale`` as a visitor does."""
        self.set_cookie("locale", locale)
        return self

    def page(self, address: str, status: int = 200, **options: Any) -> Page:
        """Open ``address``, follow redirects, check the page and return it."""
        response = self.get(address, follow_redirects=True, **options)
        return self._checked(response, status)

    def submit(self, address: str, data: Any = None, status: int = 200, **options: Any) -> Page:
        """Post a form, follow redirects, check the page and return it."""
        response = self.post(address, data=data or {}, follow_redirects=True, **options)
        return self._checked(response, status)

    def _checked(self, response: TestResponse, status: int) -> Page:
        assert response.status_code == status, f"{response.request.path} answered {response.status_code}, not {status}"
        page = Page(response)
        check_page(page)
        return page
