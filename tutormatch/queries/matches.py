"""Proposals and matches in a coordinator's sight: filtered, counted by filter value, sorted, paged."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, String, case, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import contains_eager, defer, joinedload, selectinload

from .. import access, clock
from ..extensions import db
from ..formatting import capitalized
from ..i18n import collation_key
from ..models import (
    Account,
    BlockedPair,
    Decision,
    District,
    Institution,
    Match,
    MatchState,
    Need,
    Priority,
    Pupil,
    School,
    Subject,
    Tutor,
    WeeklySession,
)
from ..wording import TUTORING_LANGUAGES, label
from .groups import Companion, companions
from .paging import Page, paginate
from .people import tutor_names
from .scopes import Scope

SORTS = ("pupil", "school", "subject", "priority", "slot", "tutor", "language", "state")
DEFAULT_SORT = "-priority"
EARLIER_SHOWN = 20


@dataclass(frozen=True)
class MatchFilter:
    """What a list of matches is narrowed to; an empty value does not narrow."""

    state: MatchState | None = None
    school: int | None = None
    subject: str | None = None
    tutoring_language: str | None = None
    institution: int | None = None
    priority: Priority | None = None
    name: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on the joined rows."""
        facets = [
            column == getattr(self, facet) for facet, column in FACETS.items() if getattr(self, facet) is not None
        ]
        return facets + self.name_conditions()

    def name_conditions(self) -> list[ColumnElement[bool]]:
        """Return the condition on the pupil's name, the one that is no facet."""
        key = collation_key(self.name)
        return [Pupil.sort_name.contains(key, autoescape=True)] if key else []

    def values(self) -> dict[str, str]:
        """Return what an address needs to say for this filter."""
        return {name: str(value) for name, value in asdict(self).items() if value not in (None, "")}


FACETS: Mapping[str, Any] = {
    "state": Match.state,
    "school": Pupil.school_id,
    "subject": Need.subject_code,
    "tutoring_language": Match.tutoring_language,
    "institution": Tutor.institution_id,
    "priority": Need.priority,
}


@dataclass(frozen=True)
class FacetValue:
    """One value that a filter can take, in words, with the number of matches it would leave."""

    value: str
    text: str
    count: int


@dataclass(frozen=True)
class MatchList:
    """One page of matches, the counts for each filter value, who else would fit, and who shares the sessions."""

    page: Page[Match]
    facets: Mapping[str, Sequence[FacetValue]]
    alternatives: Mapping[str, str]
    companions: Mapping[int, Sequence[Companion]]

    def count(self, state: MatchState) -> int:
        """Return how many matches of ``state`` the other filters leave."""
        return next((each.count for each in self.facets["state"] if each.value == state), 0)


Conditions = Sequence[ColumnElement[bool]]


def _matches(which: Conditions, *columns: Any) -> Select[Any]:
    return (
        select(*columns)
        .select_from(Match)
        .join(Need, Match.need_id == Need.id)
        .join(Pupil, Match.pupil_id == Pupil.id)
        .join(School, Pupil.school_id == School.id)
        .join(Tutor, Match.tutor_id == Tutor.id)
        .where(*which)
    )


def of_round(viewer: Account, round_id: int) -> Conditions:
    """Return the matches of a round whose school and tutor the viewer coordinates."""
    scope = Scope.of_coordinator(viewer)
    return Match.round_id == round_id, scope.has_school(), scope.has_tutor()


def under_way(viewer: Account) -> Conditions:
    """Return the matches that are or were under way whose school and tutor the viewer coordinates."""
    scope = Scope.of_coordinator(viewer)
    states = (MatchState.APPROVED, MatchState.ENDED)
    return Match.state.in_(states), scope.has_school(), scope.has_tutor()


def list_matches(viewer: Account, which: Conditions, narrowed: MatchFilter, sort: str, number: int) -> MatchList:
    """Return one page of matches, in seven SQL statements and one for names of alternatives."""
    facets = _facets(which, narrowed)
    schools = [int(each.value) for each in facets["school"]]
    statement = (
        _matches(which, Match)
        .join(Subject, Need.subject_code == Subject.code)
        .join(Account, Tutor.account_id == Account.id)
        .where(*narrowed.conditions())
        .order_by(*_order(sort, schools))
        .options(
            contains_eager(Match.need).contains_eager(Need.subject),
            contains_eager(Match.pupil).options(
                contains_eager(Pupil.school).joinedload(School.district).joinedload(District.region), defer(Pupil.slots)
            ),
            contains_eager(Match.tutor).options(
                contains_eager(Tutor.account), joinedload(Tutor.institution), defer(Tutor.slots)
            ),
            selectinload(Match.sessions),
        )
    )
    page = paginate(statement, number, current_app.config["ROWS_PER_PAGE"])
    return MatchList(page, facets, alternatives(viewer, page.rows), companions(page.rows))


def proposed_ids(which: Conditions, narrowed: MatchFilter) -> list[int]:
    """Return the identifiers of the proposals that the filter leaves."""
    conditions = replace(narrowed, state=MatchState.PROPOSED).conditions()
    return list(db.session.scalars(_matches(which, Match.id).where(*conditions).order_by(Match.id)))


def count_proposed(which: Conditions, narrowed: MatchFilter) -> int:
    """Return how many proposals the filter leaves."""
    conditions = replace(narrowed, state=MatchState.PROPOSED).conditions()
    return db.session.scalar(_matches(which, func.count()).where(*conditions)) or 0


def filter_in_words(narrowed: MatchFilter) -> dict[str, str]:
    """Return what the filter is set to, in the reader's locale."""
    words = {}
    for facet, kind in (("school", School), ("subject", Subject), ("institution", Institution)):
        key = getattr(narrowed, facet)
        if key is not None:
            place = db.session.get(kind, key)
            words[facet] = place.name if place else str(key)
    if narrowed.tutoring_language:
        words["tutoring_language"] = str(TUTORING_LANGUAGES.get(narrowed.tutoring_language, "?"))
    if narrowed.priority is not None:
        words["priority"] = label(narrowed.priority)
    if narrowed.name:
        words["name"] = narrowed.name
    return words


def named(which: Conditions, ids: Sequence[int]) -> list[Match]:
    """Return those of the matches ``ids`` that the viewer may see, by the pupil's name."""
    statement = (
        _matches(which, Match)
        .where(Match.id.in_(ids))
        .order_by(Pupil.sort_name, Match.id)
        .options(
            contains_eager(Match.need).joinedload(Need.subject),
            contains_eager(Match.pupil).contains_eager(Pupil.school),
            contains_eager(Match.tutor).joinedload(Tutor.account),
            joinedload(Match.decision).joinedload(Decision.decided_by),
            selectinload(Match.sessions),
        )
    )
    return list(db.session.scalars(statement).unique())


def _order(sort: str, schools: Sequence[int]) -> list[Any]:
    first_slot = select(func.min(WeeklySession.slot)).where(WeeklySession.match_id == Match.id).scalar_subquery()
    ranks = {school_id: rank for rank, school_id in enumerate(schools)}
    columns = {
        "pupil": Pupil.sort_name,
        "school": case(ranks, value=Pupil.school_id, else_=len(ranks)) if ranks else Pupil.school_id,
        "subject": Subject.position,
        "priority": Need.priority,
        "slot": first_slot,
        "tutor": Account.sort_name,
        "language": Match.tutoring_language,
        "state": Match.state,
    }
    column = columns[sort.lstrip("-")]
    return [column.desc() if sort.startswith("-") else column.asc(), Pupil.sort_name, Match.id]


def _facets(which: Conditions, narrowed: MatchFilter) -> dict[str, list[FacetValue]]:
    """Count the matches for each value of each filter, the other filters being as they are."""
    listed = (
        _matches(which, *(column.label(facet) for facet, column in FACETS.items()))
        .where(*narrowed.name_conditions())
        .cte("listed")
    )
    counts = union_all(
        *(
            select(literal(facet).label("facet"), cast(listed.c[facet], String).label("value"), func.count())
            .where(
                *(
                    listed.c[other] == getattr(narrowed, other)
                    for other in FACETS
                    if other != facet and getattr(narrowed, other) is not None
                )
            )
            .group_by(listed.c[facet])
            for facet in FACETS
        )
    )
    found: dict[str, dict[str, int]] = {facet: {} for facet in FACETS}
    for facet, value, count in db.session.execute(counts):
        found[facet][value] = count
    for state in MatchState:
        found["state"].setdefault(state.value, 0)
    for facet in FACETS:
        chosen = getattr(narrowed, facet)
        if chosen is not None:
            found[facet].setdefault(str(chosen), 0)
    schools = db.session.scalars(select(School).where(School.id.in_([int(key) for key in found["school"]]))).all()
    institutions = db.session.scalars(
        select(Institution).where(Institution.id.in_([int(key) for key in found["institution"]]))
    ).all()
    subjects = db.session.scalars(
        select(Subject).where(Subject.code.in_(found["subject"])).order_by(Subject.position)
    ).all()
    names: dict[str, list[tuple[str, str]]] = {
        "state": [(state.value, label(state)) for state in MatchState],
        "school": [(str(each.id), each.name) for each in sorted(schools, key=_by_name)],
        "subject": [(each.code, each.name) for each in subjects],
        "tutoring_language": [(code, str(name)) for code, name in TUTORING_LANGUAGES.items()],
        "institution": [(str(each.id), each.name) for each in sorted(institutions, key=_by_name)],
        "priority": [(str(each.value), label(each)) for each in sorted(Priority, reverse=True)],
    }
    return {
        facet: [
            FacetValue(value, capitalized(text), found[facet][value]) for value, text in values if value in found[facet]
        ]
        for facet, values in names.items()
    }


def _by_name(place: School | Institution) -> tuple[str, int]:
    return place.collation_key, place.id


def alternatives(viewer: Account, matches: Sequence[Match]) -> dict[str, str]:
    """Return the names of the tutors in the viewer's sight whom the explanations name, by their code."""
    return tutor_names(viewer, {code for match in matches for code in match.explanation.get("alternative_tutors", ())})


@dataclass(frozen=True)
class MatchPage:
    """One match with its history."""

    match: Match
    alternatives: Mapping[str, str]
    companions: Sequence[Companion]
    earlier: Sequence[Match]
    blocks: Sequence[tuple[int | None, Decision | None]]


def match_in_sight(viewer: Account, match_id: int) -> MatchPage | None:
    """Return a match with all that its page shows, or nothing when it is not the viewer's to see."""
    match = db.session.scalar(
        select(Match)
        .where(Match.id == match_id)
        .options(
            joinedload(Match.round),
            joinedload(Match.joins),
            joinedload(Match.need).joinedload(Need.subject),
            joinedload(Match.pupil).options(
                joinedload(Pupil.school).joinedload(School.district).joinedload(District.region),
                joinedload(Pupil.teacher),
            ),
            joinedload(Match.tutor).options(
                joinedload(Tutor.account), joinedload(Tutor.institution), joinedload(Tutor.checked_by)
            ),
            joinedload(Match.decision).joinedload(Decision.decided_by),
            selectinload(Match.sessions),
        )
    )
    if match is None or not access.can_see_match(viewer, match):
        return None
    scope = Scope.of_coordinator(viewer)
    earlier = db.session.scalars(
        select(Match)
        .join(Tutor, Match.tutor_id == Tutor.id)
        .where(
            Match.pupil_id == match.pupil_id,
            Match.id != match.id,
            Match.state.in_((MatchState.APPROVED, MatchState.REJECTED, MatchState.ENDED)),
            or_(Match.need_id == match.need_id, Match.tutor_id == match.tutor_id),
            scope.has_tutor(),
        )
        .order_by(Match.id.desc())
        .limit(EARLIER_SHOWN)
        .options(
            joinedload(Match.need).joinedload(Need.subject),
            contains_eager(Match.tutor).joinedload(Tutor.account),
            joinedload(Match.decision).joinedload(Decision.decided_by),
            selectinload(Match.sessions),
        )
    ).all()
    blocks = db.session.execute(
        select(BlockedPair.slot, Decision)
        .outerjoin(Decision, BlockedPair.decision_id == Decision.id)
        .where(BlockedPair.tutor_id == match.tutor_id, BlockedPair.pupil_id == match.pupil_id)
        .order_by(BlockedPair.id)
        .options(joinedload(Decision.decided_by))
    ).all()
    return MatchPage(
        match,
        alternatives(viewer, [match]),
        companions([match], scope).get(match.id, ()),
        earlier,
        [tuple(block) for block in blocks],
    )


@dataclass(frozen=True)
class RecentDecision:
    """A decision that can still be undone, and until when."""

    decision: Decision
    count: int
    undo_until: datetime


def undoable_decisions(viewer: Account, round_id: int | None = None) -> list[RecentDecision]:
    """Return the viewer's own decisions that can still be undone, the latest first."""
    delay = current_app.config["DECISION_MAIL_DELAY"]
    statement = (
        select(Decision, func.count(Match.id))
        .join(Match, Match.decision_id == Decision.id)
        .where(
            Decision.decided_by_id == viewer.id,
            Decision.undone_at.is_(None),
            Decision.decided_at > clock.now() - delay,
        )
        .group_by(Decision.id)
        .order_by(Decision.id.desc())
        .limit(3)
    )
    if round_id is not None:
        statement = statement.where(Decision.round_id == round_id)
    return [
        RecentDecision(decision, count, decision.decided_at + delay)
        for decision, count in db.session.execute(statement)
    ]
