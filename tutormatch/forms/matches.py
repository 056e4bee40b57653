"""What a coordinator types or ticks about matches."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from flask_babel import lazy_gettext as _
from wtforms import RadioField, TextAreaField

from ..addresses import code_in, number_in
from ..models import MatchState, Priority
from ..queries.matches import DEFAULT_SORT, SORTS, MatchFilter
from .base import AtMost, Form, Required, trimmed

EVERY_STATE = "all"


@dataclass(frozen=True)
class ListAddress:
    """What the address of a list of matches says: filter, order and page. What it does not know is left out."""

    narrowed: MatchFilter
    sort: str
    page: int
    default_state: MatchState

    @classmethod
    def read(cls, values: Mapping[str, str], default_state: MatchState) -> Self:
        state = None if values.get("state") == EVERY_STATE else code_in(MatchState, values.get("state"))
        if state is None and values.get("state") != EVERY_STATE:
            state = default_state
        sort = values.get("sort", "")
        return cls(
            narrowed=MatchFilter(
                state=state,
                school=number_in(values.get("school")),
                subject=values.get("subject", "")[:16] or None,
                tutoring_language=values.get("tutoring_language", "")[:2] or None,
                institution=number_in(values.get("institution")),
                priority=code_in(Priority, values.get("priority")),
                name=(trimmed(values.get("name")) or "")[:100],
            ),
            sort=sort if sort.removeprefix("-") in SORTS else DEFAULT_SORT,
            page=number_in(values.get("page")) or 1,
            default_state=default_state,
        )

    @property
    def filters(self) -> dict[str, str]:
        """The filter as an address says it."""
        values = self.narrowed.values()
        if self.narrowed.state is None:
            values["state"] = EVERY_STATE
        elif self.narrowed.state == self.default_state:
            del values["state"]
        return values

    @property
    def values(self) -> dict[str, str]:
        """Filter and order as an address says them."""
        return self.filters | ({"sort": self.sort} if self.sort != DEFAULT_SORT else {})

    @property
    def whole(self) -> dict[str, str]:
        """Filter, order and page as an address says them."""
        return self.values | ({"page": str(self.page)} if self.page > 1 else {})

    def values_with(self, **changes: Any) -> dict[str, str]:
        """Return filter and order with another value of one filter; the first page again."""
        return replace(self, narrowed=replace(self.narrowed, **changes)).values

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter beside the state is set."""
        return bool(set(self.filters) - {"state"})


def ticked(texts: Iterable[str]) -> list[int]:
    """Return the numbers of the matches that were ticked; a text may hold several, with spaces between."""
    return [number for text in texts for part in text.split() if (number := number_in(part)) is not None]


class RejectionForm(Form):
    """Why pairs are rejected, and whether for good or only at this time."""

    reason = TextAreaField(_("Reason"), [Required(), AtMost(500)])
    extent = RadioField(
        _("What should the next round avoid?"),
        [Required()],
        choices=[
            ("pair", _("This tutor for this pupil, at any time")),
            ("slot", _("Only this time; the tutor may be proposed again at another")),
        ],
        default="pair",
    )


class EndForm(Form):
    """Why a match under way ends."""

    reason = TextAreaField(_("Reason"), [Required(), AtMost(500)])
