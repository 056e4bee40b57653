"""Forms of a pupil's page: changes of each part, consent, withdrawal; and the address of a list."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..addresses import code_in, number_in
from ..models import ConsentState, Priority, Pupil, PupilState
from ..queries.pupils import DEFAULT_SORT, PupilFilter
from .base import VersionedForm, trimmed
from .nominations import ConsentFields, PersonForm, WhatForm, WhenForm, labelled


class EditWhoForm(VersionedForm, PersonForm):
    @staticmethod
    def values_of(pupil: Pupil) -> dict[str, Any]:
        return {
            "last_name": pupil.last_name,
            "first_name": pupil.first_name,
            "grade": pupil.grade,
            "class_label": pupil.class_label,
            "instruction_language": pupil.instruction_language,
            "other_languages": [code for code in pupil.tutoring_languages if code != pupil.instruction_language],
            "needs_briefing": "sen" in pupil.requires,
            "version": pupil.version,
        }


class EditWhatForm(VersionedForm, WhatForm):
    @staticmethod
    def values_of(pupil: Pupil) -> dict[str, Any]:
        return {
            "needs": [
                {
                    "subject_code": need.subject_code,
                    "grade": need.grade,
                    "priority": need.priority,
                    "sessions_per_week": need.sessions_per_week,
                    "current_mark": need.current_mark,
                    "topics": need.topics,
                    "is_group_ok": need.is_group_ok,
                }
                for need in pupil.open_needs
            ],
            "version": pupil.version,
        }


class EditWhenForm(VersionedForm, WhenForm):
    @staticmethod
    def values_of(pupil: Pupil) -> dict[str, Any]:
        return {
            "shift": pupil.shift.value,
            "place": pupil.place.value,
            "device": pupil.device.value,
            "slots": pupil.slots,
            "max_tutors": pupil.max_tutors,
            "version": pupil.version,
        }


class ConsentOnFileForm(VersionedForm, ConsentFields):
    """Consent once the pupil is nominated: what was given can be withdrawn, but not forgotten."""

    def __init__(self, *args: Any, before: ConsentState, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if before == ConsentState.RECEIVED or before == ConsentState.WITHDRAWN:
            possible = (ConsentState.RECEIVED, ConsentState.WITHDRAWN)
        else:
            possible = (ConsentState.RECEIVED, ConsentState.PENDING, ConsentState.REFUSED)
        self.consent_state.choices = labelled(possible)

    @staticmethod
    def values_of(pupil: Pupil) -> dict[str, Any]:
        return {
            "consent_state": pupil.consent_state.value,
            "consent_on": pupil.consent_on,
            "consent_form": pupil.consent_form.value if pupil.consent_form else None,
            "version": pupil.version,
        }


class WithdrawForm(VersionedForm):
    """Confirms that a nomination is to be withdrawn."""


@dataclass(frozen=True)
class PupilListAddress:
    """What the address of a list of pupils says; what makes no sense there is passed over."""

    narrowed: PupilFilter
    sort: str = DEFAULT_SORT
    page: int = 1
    for_print: bool = False

    @classmethod
    def read(cls, arguments: Mapping[str, str]) -> Self:
        narrowed = PupilFilter(
            state=code_in(PupilState, arguments.get("state")),
            search=(trimmed(arguments.get("search")) or "")[:100],
            region_code=(arguments.get("region") or "")[:8],
            school_id=number_in(arguments.get("school")),
            subject_code=(arguments.get("subject") or "")[:16],
            consent=code_in(ConsentState, arguments.get("consent")),
            priority=code_in(Priority, arguments.get("priority")),
        )
        return cls(
            narrowed,
            arguments.get("sort") or DEFAULT_SORT,
            number_in(arguments.get("page")) or 1,
            arguments.get("print") == "1",
        )

    @property
    def values(self) -> dict[str, str]:
        """What an address needs to say for the same list, the page aside."""
        narrowed = self.narrowed
        values = {
            "state": narrowed.state.value if narrowed.state else "",
            "search": narrowed.search,
            "region": narrowed.region_code,
            "school": narrowed.school_id or "",
            "subject": narrowed.subject_code,
            "consent": narrowed.consent.value if narrowed.consent else "",
            "priority": narrowed.priority.value if narrowed.priority else "",
            "sort": "" if self.sort == DEFAULT_SORT else self.sort,
        }
        return {name: str(value) for name, value in values.items() if value}

    @property
    def is_narrowed(self) -> bool:
        return bool(self.values.keys() - {"sort", "state"})
