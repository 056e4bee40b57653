"""Which locale a reader gets, and how text is ordered in it.

Order of precedence: the locale forced by `in_locale` (mails, files), the signed-in
account's own, the visitor's cookie, the browser's ``Accept-Language``, the default.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app, has_request_context, request
from flask_babel import force_locale, get_locale
from flask_login import current_user

LOCALE_COOKIE = "locale"
LOCALE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}


def choose_locale() -> str:
    """Return the locale of the present request, or the default outside of one."""
    known = current_app.config["LOCALES"]
    default = current_app.config["DEFAULT_LOCALE"]
    if not has_request_context():
        return default
    if current_user and current_user.is_authenticated and current_user.locale in known:
        return current_user.locale
    if request.cookies.get(LOCALE_COOKIE) in known:
        return request.cookies[LOCALE_COOKIE]
    return request.accept_languages.best_match(known, default)


def best_locale() -> str:
    """Return the code of the locale in force: ``kk``, ``ru`` or ``en``."""
    locale = get_locale()
    return locale.language if locale else current_app.config["DEFAULT_LOCALE"]


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    """Write in ``locale`` whatever the request's own is."""
    with force_locale(locale):
        yield


# CLDR's order for Kazakh (kk), which contains the order for Russian.
_ALPHABET = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя"
_RANK = {letter: chr(0x4E00 + position) for position, letter in enumerate(_ALPHABET)}


def collation_key(text: str) -> str:
    """Return text whose plain code-point order is the dictionary order of ``text``.

    Letter case does not count; digits and Latin letters come before Cyrillic ones, and numbers
    of up to six digits stand in the order of their values. The key may be stored in a column, so
    that both databases page through names in the right order.

    References
    ----------
    Unicode CLDR, common/collation/kk.xml.
    """
    letters = "".join(_RANK.get(letter, letter) for letter in text.casefold().strip())
    return re.sub(r"\d+", lambda number: number[0].zfill(6), letters)
