"""Kazakh and Russian are complete: mend a failure with ``make strings`` and a translation."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LOCALES = ("kk", "ru")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "lazy_pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
MIXED_SCRIPT = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[А-Яа-яЁёӘәҒғҚқҢңӨөҰұҮүҺһІі])[^\W\d_]+\b")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


@cache
def source() -> Catalog:
    """Return every string of the source."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalog = Catalog()
    for filename, line, message, comments, context in extract_from_dir(
        ROOT, methods, options, KEYWORDS, ("Translators:",)
    ):
        catalog.add(message, None, [(filename, line)], auto_comments=comments, context=context)
    return catalog


@cache
def translation(locale: str) -> Catalog:
    with (ROOT / f"tutormatch/translations/{locale}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale)


def messages(catalog: Catalog) -> Iterator:
    return (message for message in catalog if message.id)


def forms(message) -> list[str]:
    return list(message.string) if isinstance(message.string, tuple) else [message.string]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_string_is_translated(locale):
    catalog = translation(locale)
    missing = [
        (message.id, message.locations[0])
        for message in messages(source())
        if (found := catalog.get(message.id, message.context)) is None or not all(forms(found))
    ]
    assert not missing, f"{len(missing)} strings without a translation: {missing[:20]}"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_translation_is_fuzzy(locale):
    fuzzy = [message.id for message in messages(translation(locale)) if message.fuzzy]
    assert not fuzzy, f"look at these translations again and remove the fuzzy mark: {fuzzy}"


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_are_those_of_the_source(locale):
    wrong = []
    for message in messages(translation(locale)):
        singular = message.id if isinstance(message.id, str) else message.id[1]
        wanted = set(PLACEHOLDER.findall(singular))
        for form in forms(message):
            found = set(PLACEHOLDER.findall(form))
            # The form for one may leave out the number.
            if found != wanted and not (isinstance(message.id, tuple) and found == wanted - {"%(num)d", "%(num)s"}):
                wrong.append((message.id, form))
    assert not wrong, f"placeholders differ: {wrong}"


@pytest.mark.parametrize("locale", LOCALES)
def test_plural_forms_are_those_of_cldr(locale):
    catalog = translation(locale)
    counts = {"kk": 2, "ru": 3}
    assert catalog.num_plurals == counts[locale]
    short = [
        message.id
        for message in messages(catalog)
        if isinstance(message.id, tuple) and len(message.string) != counts[locale]
    ]
    assert not short


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_mixes_scripts(locale):
    mixed = [
        (word, message.id)
        for message in messages(translation(locale))
        for form in forms(message)
        for word in MIXED_SCRIPT.findall(PLACEHOLDER.sub(" ", form))
    ]
    assert not mixed, f"Latin look-alikes inside Cyrillic words: {mixed}"


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_translated_that_the_source_no_longer_says(locale):
    known = source()
    stale = [message.id for message in messages(translation(locale)) if known.get(message.id, message.context) is None]
    assert not stale, f"run `make strings`: {stale}"
