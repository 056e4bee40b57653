"""The field in which a tutor ticks subjects and says the grades of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import Field
from wtforms.validators import ValidationError

from ..models import Subject
from ..services.tutor_parts import TaughtSubject

# One heading for the families that belong together, so that the list is short on a phone.
HEADINGS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "mathematics": (_("Mathematics and computer science"), ("math", "informatics")),
    "kazakh": (_("Kazakh"), ("kazakh",)),
    "russian": (_("Russian"), ("russian",)),
    "languages": (_("Other languages"), ("foreign", "mother_tongue")),
    "science": (_("Natural sciences and geography"), ("science", "physics", "chemistry", "biology", "geography")),
    "society": (_("History and society"), ("history", "society")),
    "unt": (_("Preparation for the UNT"), ("unt",)),
}
OTHER = _("Other subjects")
MEDIUM = {"kk": _("Kazakh-medium classes"), "ru": _("Russian-medium classes")}


class _Values(Protocol):
    def get(self, name: str, default: str = ...) -> Any: ...


@dataclass(frozen=True)
class Row:
    """One subject as the page shows it."""

    subject: Subject
    is_chosen: bool
    grade_from: int
    grade_to: int
    error: str

    @property
    def grades(self) -> range:
        return range(self.subject.grade_from, self.subject.grade_to + 1)

    @property
    def medium(self) -> Any:
        return MEDIUM.get(self.subject.track, "")


class SubjectsField(Field):
    """Subjects with their grades, posted as ``subjects=ALG``, ``subjects-ALG-from=7``, ``subjects-ALG-to=9``.

    The form sets ``offered`` before it processes what was posted. Grades of a subject that is not
    ticked do not count.
    """

    offered: Sequence[Subject] = ()

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        self._posted: _Values = formdata or {}
        super().process(formdata, *args, **kwargs)

    def process_data(self, value: Any) -> None:
        self.data = tuple(TaughtSubject(row.subject_code, row.grade_from, row.grade_to) for row in value or ())

    def process_formdata(self, codes: list[str]) -> None:
        ticked = set(codes)
        self.data = tuple(
            TaughtSubject(
                subject.code,
                self._grade(subject, "from", subject.grade_from),
                self._grade(subject, "to", subject.grade_to),
            )
            for subject in self.offered
            if subject.code in ticked
        )
        if ticked - {subject.code for subject in self.offered}:
            raise ValidationError(gettext("A subject is no longer offered. Look at your choice and save again."))

    def _grade(self, subject: Subject, end: str, default: int) -> int:
        text = self._posted.get(f"{self.name}-{subject.code}-{end}", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 2 else default

    def pre_validate(self, form: Any) -> None:
        if not self.data and not self.process_errors:
            raise ValidationError(gettext("Choose at least one subject."))
        names = [row.subject.name for row in self._rows() if row.error]
        if names:
            raise ValidationError(gettext("Look at the grades of: %(subjects)s.", subjects=", ".join(names)))

    def _fault(self, subject: Subject, chosen: TaughtSubject) -> str:
        if chosen.grade_from > chosen.grade_to:
            return gettext("The lowest grade must not be above the highest.")
        if chosen.grade_from < subject.grade_from or chosen.grade_to > subject.grade_to:
            return gettext(
                "This subject is taught in grades %(low)d–%(high)d.", low=subject.grade_from, high=subject.grade_to
            )
        return ""

    def _rows(self) -> Iterator[Row]:
        chosen = {subject.subject_code: subject for subject in self.data or ()}
        for subject in self.offered:
            own = chosen.get(subject.code)
            if own is None:
                yield Row(subject, False, subject.grade_from, subject.grade_to, "")
            else:
                yield Row(subject, True, own.grade_from, own.grade_to, self._fault(subject, own))

    def groups(self) -> list[tuple[Any, list[Row]]]:
        """Return the rows under their headings."""
        heading_of = {family: heading for heading, families in HEADINGS.values() for family in families}
        groups: dict[str, tuple[Any, list[Row]]] = {str(heading): (heading, []) for heading, _f in HEADINGS.values()}
        groups[str(OTHER)] = (OTHER, [])
        for row in self._rows():
            groups[str(heading_of.get(row.subject.family, OTHER))][1].append(row)
        return [group for group in groups.values() if group[1]]
