"""The needs that a round left without a tutor: why, filtered, sorted, paged."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import contains_eager

from ..database import localized_name
from ..extensions import db
from ..formatting import capitalized
from ..i18n import collation_key
from ..matching import ChangeKind, Reason
from ..models import (
    Account,
    District,
    Match,
    MatchState,
    Need,
    Priority,
    Pupil,
    Remedy,
    Round,
    School,
    Subject,
    WaitingNeed,
)
from ..wording import label
from .paging import Page, paginate
from .people import tutor_names
from .scopes import Scope

DEFAULT_SORT = "-priority"
CHANGES_ABOUT_A_TUTOR = {ChangeKind.TUTOR_SESSION, ChangeKind.UNBLOCK}
# By column, and whether its first row in ascending order holds the least: who waits least was opened last.
SORTS: dict[str, tuple[tuple[Any, bool], ...]] = {
    "priority": ((Need.priority, True), (Need.opened_on, False)),
    "pupil": ((Pupil.sort_name, True),),
    "subject": ((Subject.position, True),),
    "grade": ((Need.grade, True),),
    "waiting": ((Need.opened_on, False),),
    "reason": ((WaitingNeed.reason, True),),
}


@dataclass(frozen=True)
class WaitingFilter:
    """What the waiting list is narrowed to; an empty value does not narrow."""

    reason: Reason | None = None
    subject: str | None = None
    school: int | None = None
    name: str = ""

    def conditions(self, but: str | None = None) -> list[ColumnElement[bool]]:
        """Return the conditions on the joined rows, without that of the filter ``but``."""
        found = [
            column == getattr(self, name)
            for name, column in COLUMNS.items()
            if name != but and getattr(self, name) is not None
        ]
        if key := collation_key(self.name):
            found.append(Pupil.sort_name.contains(key, autoescape=True))
        return found

    def values(self) -> dict[str, str]:
        """Return what an address needs to say for this filter."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, "")}


COLUMNS: dict[str, Any] = {
    "reason": WaitingNeed.reason,
    "subject": Need.subject_code,
    "school": Pupil.school_id,
}


@dataclass(frozen=True)
class WaitingLine:
    """A need that a round left waiting; its pupil, school and subject are loaded.

    ``state_now`` says that a match was proposed or approved since.
    """

    waiting: WaitingNeed
    state_now: MatchState | None

    @property
    def need(self) -> Need:
        return self.waiting.need

    @property
    def pupil(self) -> Pupil:
        return self.waiting.need.pupil

    @property
    def reason(self) -> Reason:
        return Reason(self.waiting.reason)

    @property
    def priority(self) -> Priority:
        return Priority(self.waiting.need.priority)

    @property
    def funnel(self) -> list[tuple[str, int]]:
        """The rules in their order with the tutors that each left, up to the one that left nobody."""
        steps: list[tuple[str, int]] = []
        for step in self.waiting.explanation.get("funnel", ()):
            steps.append((step["rule"], step["tutors_left"]))
            if step["tutors_left"] == 0:
                break
        return steps

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The single changes that would serve the need at once, best first."""
        return self.waiting.explanation.get("changes", [])

    def changes_of(self, kind: str) -> list[str]:
        """Return the values of the changes of one kind."""
        return [change["value"] for change in self.changes if change["kind"] == kind]


class Choice(NamedTuple):
    """A value that the list can be narrowed to, in words, with the number of needs that it would leave."""

    value: Any
    words: str
    needs: int


@dataclass(frozen=True)
class WaitingList:
    """One page of the waiting list, and what it can be narrowed to."""

    page: Page[WaitingLine]
    reasons: Sequence[Choice]
    subjects: Sequence[Choice]
    schools: Sequence[Choice]
    remedies: Mapping[int, Sequence[Remedy]]
    tutors: Mapping[str, str]


def waiting_list(
    viewer: Account, round_: Round, wanted: WaitingFilter, sort: str, page: int, rows_per_page: int
) -> WaitingList:
    """Return the needs of the viewer's schools that ``round_`` left without a tutor, in seven statements."""
    # "approved" is the least of both words, so that it goes before "proposed".
    state_now = (
        select(func.min(Match.state))
        .where(Match.need_id == Need.id, Match.state.in_((MatchState.APPROVED, MatchState.PROPOSED)))
        .correlate(Need)
        .scalar_subquery()
    )
    statement = (
        _joined(viewer, round_, WaitingNeed, state_now)
        .join(School.district)
        .join(District.region)
        .where(*wanted.conditions())
        .order_by(*_order(sort))
        .options(
            contains_eager(WaitingNeed.need).options(
                contains_eager(Need.subject),
                contains_eager(Need.pupil)
                .contains_eager(Pupil.school)
                .contains_eager(School.district)
                .contains_eager(District.region),
            )
        )
    )
    found = paginate(statement, page, rows_per_page, scalars=False)
    lines = [WaitingLine(*row) for row in found.rows]
    return WaitingList(
        Page(lines, found.number, found.rows_per_page, found.total),
        _reasons(viewer, round_, wanted),
        _subjects(viewer, round_, wanted),
        _schools(viewer, round_, wanted),
        _remedies(lines),
        _tutors(viewer, lines),
    )


def _remedies(lines: Sequence[WaitingLine]) -> dict[int, list[Remedy]]:
    """Return what was done for the pupils of these lines after any round, by pupil, the latest first."""
    found: dict[int, list[Remedy]] = defaultdict(list)
    for remedy in db.session.scalars(
        select(Remedy)
        .where(Remedy.pupil_id.in_({line.pupil.id for line in lines}), Remedy.undone_at.is_(None))
        .order_by(Remedy.made_at.desc(), Remedy.id.desc())
    ):
        found[remedy.pupil_id].append(remedy)
    return found


def _tutors(viewer: Account, lines: Sequence[WaitingLine]) -> dict[str, str]:
    """Return the names of the tutors in the viewer's sight whom the changes speak of, by their code."""
    return tutor_names(
        viewer,
        {change["value"] for line in lines for change in line.changes if change["kind"] in CHANGES_ABOUT_A_TUTOR},
    )


def _joined(viewer: Account, round_: Round, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(WaitingNeed)
        .join(WaitingNeed.need)
        .join(Need.pupil)
        .join(Pupil.school)
        .join(Need.subject)
        .where(WaitingNeed.round_id == round_.id, Scope.of_coordinator(viewer).has_school())
    )


def _order(sort: str) -> list[Any]:
    is_ascending = not sort.startswith("-")
    columns = [column.asc() if grows == is_ascending else column.desc() for column, grows in SORTS[sort.lstrip("-")]]
    return [*columns, Pupil.sort_name, Need.id]


def _reasons(viewer: Account, round_: Round, wanted: WaitingFilter) -> list[Choice]:
    number = func.count()
    rows = db.session.execute(
        _joined(viewer, round_, WaitingNeed.reason, number)
        .where(*wanted.conditions(but="reason"))
        .group_by(WaitingNeed.reason)
        .order_by(number.desc(), WaitingNeed.reason)
    )
    return [Choice(reason, capitalized(label(Reason(reason))), count) for reason, count in rows]


def _subjects(viewer: Account, round_: Round, wanted: WaitingFilter) -> list[Choice]:
    rows = db.session.execute(
        _joined(viewer, round_, Subject, func.count())
        .where(*wanted.conditions(but="subject"))
        .group_by(Subject.code)
        .order_by(Subject.position)
    )
    return [Choice(subject.code, subject.name, count) for subject, count in rows]


def _schools(viewer: Account, round_: Round, wanted: WaitingFilter) -> list[Choice]:
    name = localized_name(School)
    rows = db.session.execute(
        _joined(viewer, round_, School.id, name, func.count())
        .where(*wanted.conditions(but="school"))
        .group_by(School.id)
    )
    return [
        Choice(school_id, words, count)
        for _, school_id, words, count in sorted(
            (collation_key(words), school_id, words, count) for school_id, words, count in rows
        )
    ]
