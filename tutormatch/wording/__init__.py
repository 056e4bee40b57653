"""Words for codes: labels and tones of states and kinds, sentences for errors and for the core's reasons."""

from typing import Any

from flask import Flask, current_app
from flask_babel import gettext, ngettext

from ..i18n import LOCALE_NAMES, best_locale
from ..models import Priority
from .catalogue import (
    CONDITIONS,
    PERIOD_KINDS,
    TUTORING_LANGUAGES,
    TUTORING_LANGUAGES_IN,
    conditions_in_words,
    scope_name,
    subject_family,
    tutoring_language_names,
)
from .happened import happened
from .labels import LABELS, label, tone
from .rounds import (
    FUNNEL_RULES,
    LEVEL_NAMES,
    PROOF_NAMES,
    PROOF_SENTENCES,
    STAGES,
    changes_in_words,
    in_a_group,
    points_in_words,
    profile_sentence,
    stage_in_words,
)

__all__ = [
    "CONDITIONS",
    "FUNNEL_RULES",
    "LABELS",
    "PERIOD_KINDS",
    "STAGES",
    "TUTORING_LANGUAGES",
    "TUTORING_LANGUAGES_IN",
    "conditions_in_words",
    "in_a_group",
    "label",
    "stage_in_words",
    "tutoring_language_names",
]


def init_app(app: Flask) -> None:
    """Give templates the words."""
    for filter_function in (
        changes_in_words,
        conditions_in_words,
        happened,
        in_a_group,
        label,
        points_in_words,
        profile_sentence,
        scope_name,
        subject_family,
        tone,
        tutoring_language_names,
    ):
        app.add_template_filter(filter_function)
    app.add_template_filter(Priority, "priority")

    @app.context_processor
    def words() -> dict[str, Any]:
        return {
            "_": gettext,
            "ngettext": ngettext,
            "locale_names": LOCALE_NAMES,
            "locale": best_locale(),
            "tutoring_language_names": TUTORING_LANGUAGES,
            "tutoring_language_in": TUTORING_LANGUAGES_IN,
            "condition_names": CONDITIONS,
            "period_kinds": PERIOD_KINDS,
            "funnel_rules": FUNNEL_RULES,
            "level_names": LEVEL_NAMES,
            "proof_names": PROOF_NAMES,
            "proof_sentences": PROOF_SENTENCES,
            "is_production": current_app.config["IS_PRODUCTION"],
        }
