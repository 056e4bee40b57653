"""Words for what the catalogue and the profiles speak of: tutoring languages, conditions, subjects, periods."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext

from ..models import ScopeKind
from .labels import label

_ = lazy_gettext

TUTORING_LANGUAGES = {
    "kk": _("Kazakh"),
    "ru": _("Russian"),
    "en": _("English"),
    "ug": _("Uyghur"),
    "uz": _("Uzbek"),
    "tg": _("Tajik"),
}
TUTORING_LANGUAGES_IN = {
    "kk": _("in Kazakh"),
    "ru": _("in Russian"),
    "en": _("in English"),
    "ug": _("in Uyghur"),
    "uz": _("in Uzbek"),
    "tg": _("in Tajik"),
}
PERIOD_KINDS = {
    "quarter": _("school quarter"),
    "holiday": _("school holidays"),
    "holiday_extra": _("additional school holidays"),
    "exams": _("exams"),
}
CONDITIONS = {"sen": _("briefed for special educational needs")}

SUBJECT_FAMILIES = {
    "math": _("mathematics"),
    "informatics": _("computer science"),
    "kazakh": _("Kazakh language and literature"),
    "russian": _("Russian language and literature"),
    "mother_tongue": _("mother tongue"),
    "foreign": _("foreign languages"),
    "science": _("natural science"),
    "physics": _("physics"),
    "chemistry": _("chemistry"),
    "biology": _("biology"),
    "geography": _("geography"),
    "history": _("history"),
    "society": _("society and law"),
    "arts": _("arts and crafts"),
    "pe": _("physical education"),
    "unt": _("preparation for the UNT"),
}


def tutoring_language_names(codes: Iterable[str]) -> str:
    """Return tutoring languages in words, in the order given."""
    return ", ".join(str(TUTORING_LANGUAGES[code]) for code in codes)


def conditions_in_words(codes: Iterable[str]) -> str:
    """Return what a tutor is briefed for, in words."""
    return ", ".join(str(CONDITIONS[code]) for code in codes)


def subject_family(family: str) -> str:
    """Return what a family of subjects is called; one that the catalogue added keeps its code."""
    return str(SUBJECT_FAMILIES.get(family, family))


def scope_name(scope: Any) -> str:
    """Return what a coordinator's or round's scope is called: a region, an institution or the whole country."""
    if scope.region is not None:
        return scope.region.name
    if scope.institution is not None:
        return scope.institution.name
    return label(ScopeKind.COUNTRY)
