"""What an address may hold, so that no number or text in it is more than the databases can take."""

from enum import Enum
from typing import Any, TypeVar

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Map

LARGEST_NUMBER = 2**31 - 1
MOST_DIGITS = len(str(LARGEST_NUMBER))

Code = TypeVar("Code", bound=Enum)


def number_in(text: str | None) -> int | None:
    """Return the whole number that ``text`` says, or nothing when it is none that a row could have."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return None
    return number if (number := int(text)) <= LARGEST_NUMBER else None


def code_in(kind: type[Code], text: str | None) -> Code | None:
    """Return the member of ``kind`` that ``text`` names, or nothing when it is none of them."""
    return next((member for member in kind if str(member.value) == text), None)


class RowNumberConverter(IntegerConverter):
    """``<int:…>`` in the address of a view: no row has a number above `LARGEST_NUMBER`."""

    def __init__(self, url_map: Map, *args: Any, **options: Any) -> None:
        super().__init__(url_map, *args, **{"max": LARGEST_NUMBER, **options})


def init_app(app: Flask) -> None:
    """Answer 404 to numbers that no row can have, and keep out NUL characters, which PostgreSQL cannot read."""
    app.url_map.converters["int"] = RowNumberConverter

    @app.before_request
    def drop_nul() -> None:
        if "\0" in request.path:
            abort(404)
        if b"%00" in request.query_string:
            request.args = ImmutableMultiDict(
                (name, value.replace("\0", "")) for name, value in request.args.items(multi=True)
            )
