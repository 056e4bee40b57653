"""What an address may hold, so that no number or text in it is more than the databases can take."""

from typing import Any

from flask import Flask, abort, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Map

LARGEST_NUMBER = 2**31 - 1
MOST_DIGITS = len(str(LARGEST_NUMBER))


def number_in(text: str | None) -> int | None:
    """Return the whole number that ``text`` says, or nothing when it is none that a row could have."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return None
    return number if (number := int(text)) <= LARGEST_NUMBER else None


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
