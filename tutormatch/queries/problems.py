"""The problem of a round, collected from the database in a fixed number of statements.

Identifiers in the problem are the rows' codes. Only checked tutors and pupils with consent enter.
What is agreed already stays: see `tutormatch.queries.agreed`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, literal, null, or_, select, true, union_all

from .. import clock
from ..extensions import db
from ..matching import Need as ProblemNeed
from ..matching import Pair, PairStatus, Problem, Teaching
from ..matching import Pupil as ProblemPupil
from ..matching import Tutor as ProblemTutor
from ..models import (
    Account,
    BlockedPair,
    ConsentState,
    Institution,
    Match,
    MatchState,
    Need,
    Pupil,
    School,
    Tutor,
    TutorState,
    TutorSubject,
)
from ..models.catalogue import school_patrons
from .agreed import Agreements, agreed_matches
from .scopes import Scope


def is_reachable() -> ColumnElement[bool]:
    """Return the condition that an `Account` is in use; one without an address (imported) needs no confirmation."""
    return and_(
        Account.disabled_at.is_(None),
        or_(Account.email.is_(None), Account.email_confirmed_at.is_not(None)),
    )


def tutor_may_enter() -> ColumnElement[bool]:
    """Return the condition that a `Tutor` joined with their `Account` may enter a round."""
    return and_(Tutor.state == TutorState.CHECKED, is_reachable())


def pupil_may_enter() -> ColumnElement[bool]:
    """Return the condition that a `Pupil` may enter a round with the needs that are open."""
    return and_(Pupil.consent_state == ConsentState.RECEIVED, Pupil.withdrawn_at.is_(None))


@dataclass(frozen=True)
class Collected:
    """A round's problem; ``agreed`` counts its locked matches."""

    problem: Problem
    agreed: int


def collect(
    scope: Scope, held: ColumnElement[bool] | None = None, wanted: ColumnElement[bool] | None = None
) -> Collected:
    """Return the problem of ``scope`` as it is now, in six statements.

    Parameters
    ----------
    held
        Which proposals are to stay as they are, like agreed matches; a round leaves all of them aside.
    wanted
        Which open needs are asked about; a round asks about all of them.
    """
    tutors = dict(_tutors(scope))
    is_wanted = and_(Need.closed_at.is_(None), true() if wanted is None else wanted)
    pupils = dict(_pupils(scope, is_wanted))
    needs = dict(_needs(scope, is_wanted))
    agreements = Agreements(tutors, pupils, needs)
    for match in agreed_matches(scope, held):
        agreements.add(match)
    entering = {need.pupil_id for need in needs.values()}
    pairs = [*agreements.locked, *_known_pairs(tutors, pupils, agreements)]
    problem = Problem.of(
        [*agreements.tutors(), *agreements.stand_ins()],
        [pupil for pupil in agreements.pupils() if pupil.id in entering],
        agreements.needs(),
        [pair for pair in pairs if pair.pupil_id in entering],
    )
    return Collected(problem, len(agreements.locked))


def _tutors(scope: Scope) -> Iterator[tuple[int, ProblemTutor]]:
    rows = db.session.execute(
        select(
            Tutor.id,
            Tutor.code,
            Tutor.tutoring_languages,
            Tutor.slots,
            Tutor.sessions_per_week,
            Tutor.max_pupils,
            Tutor.confirmed_conditions,
            Tutor.group_size,
            Institution.code.label("institution"),
            TutorSubject.subject_code,
            TutorSubject.grade_from,
            TutorSubject.grade_to,
        )
        .join(Account, Tutor.account_id == Account.id)
        .join(Institution)
        .join(TutorSubject, TutorSubject.tutor_id == Tutor.id)
        .where(tutor_may_enter(), scope.has_tutor())
        .order_by(Tutor.id)
    )
    for tutor_id, of_tutor in groupby(rows, key=lambda row: row.id):
        row, *others = of_tutor
        yield (
            tutor_id,
            ProblemTutor(
                id=row.code,
                subjects=tuple(
                    sorted(Teaching(each.subject_code, each.grade_from, each.grade_to) for each in (row, *others))
                ),
                languages=frozenset(row.tutoring_languages),
                slots=row.slots,
                sessions_per_week=row.sessions_per_week,
                max_pupils=row.max_pupils,
                conditions=frozenset(row.confirmed_conditions),
                institution=row.institution,
                group_size=row.group_size,
            ),
        )


def _of_entering_pupils(statement: Select[Any], scope: Scope) -> Select[Any]:
    return statement.join(School, Pupil.school_id == School.id).where(pupil_may_enter(), scope.has_school())


def _pupils(scope: Scope, is_wanted: ColumnElement[bool]) -> Iterator[tuple[int, ProblemPupil]]:
    patrons: dict[int, set[str]] = defaultdict(set)
    for school_id, institution in db.session.execute(
        select(school_patrons.c.school_id, Institution.code).join(
            Institution, school_patrons.c.institution_id == Institution.id
        )
    ):
        patrons[school_id].add(institution)
    for row in db.session.execute(
        _of_entering_pupils(
            select(
                Pupil.id,
                Pupil.code,
                Pupil.school_id,
                Pupil.tutoring_languages,
                Pupil.slots,
                Pupil.max_tutors,
                Pupil.requires,
                School.code.label("school"),
            ),
            scope,
        ).where(Pupil.id.in_(select(Need.pupil_id).where(is_wanted)))
    ):
        yield (
            row.id,
            ProblemPupil(
                id=row.code,
                school=row.school,
                languages=row.tutoring_languages,
                slots=row.slots,
                max_tutors=row.max_tutors,
                requires=frozenset(row.requires),
                patrons=frozenset(patrons[row.school_id]),
            ),
        )


def _needs(scope: Scope, is_wanted: ColumnElement[bool]) -> Iterator[tuple[int, ProblemNeed]]:
    today = clock.today()
    for row in db.session.execute(
        _of_entering_pupils(
            select(
                Need.id,
                Need.code,
                Need.subject_code,
                Need.grade,
                Need.priority,
                Need.opened_on,
                Need.sessions_per_week,
                Need.is_group_ok,
                Pupil.code.label("pupil"),
            ).join(Pupil, Need.pupil_id == Pupil.id),
            scope,
        ).where(is_wanted)
    ):
        yield (
            row.id,
            ProblemNeed(
                id=row.code,
                pupil_id=row.pupil,
                subject=row.subject_code,
                grade=row.grade,
                priority=row.priority,
                waiting_days=_days_between(row.opened_on, today),
                sessions_per_week=row.sessions_per_week,
                group_ok=row.is_group_ok,
            ),
        )


def _days_between(start: date, end: date) -> int:
    return max(0, (end - start).days)


def _known_pairs(
    tutors: Mapping[int, ProblemTutor], pupils: Mapping[int, ProblemPupil], agreements: Agreements
) -> Iterator[Pair]:
    """Yield the pairs that were rejected, and those that worked together before."""
    rejected: dict[tuple[str, str], set[int | None]] = defaultdict(set)
    ended: set[tuple[int, int]] = set()
    for kind, tutor_id, pupil_id, slot in db.session.execute(
        union_all(
            select(literal("blocked"), BlockedPair.tutor_id, BlockedPair.pupil_id, BlockedPair.slot),
            select(literal("ended"), Match.tutor_id, Match.pupil_id, null()).where(Match.state == MatchState.ENDED),
        )
    ):
        if tutor_id not in tutors or pupil_id not in pupils:
            continue
        if kind == "ended":
            ended.add((tutor_id, pupil_id))
        else:
            rejected[tutors[tutor_id].id, pupils[pupil_id].id].add(slot)
    for (tutor, pupil), slots in rejected.items():
        block = agreements.block(tutor, pupil, frozenset(slot for slot in slots if slot is not None), None in slots)
        if block is not None:
            yield block
    for tutor_id, pupil_id in sorted(ended):
        pair = (tutors[tutor_id].id, pupils[pupil_id].id)
        if None not in rejected.get(pair, ()):
            yield Pair(*pair, PairStatus.RETURNING)
