"""Storing what a round has found: proposals, waiting needs and the certificate, in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Row, func, insert, select, update

from .. import clock
from ..database import transactional
from ..extensions import db
from ..matching import Advice, Explanation, PairStatus, Problem, Solution, UnmatchedExplanation
from ..matching import Match as Pairing
from ..models import (
    BlockedPair,
    Match,
    MatchState,
    Need,
    Pupil,
    Round,
    RoundState,
    Tutor,
    TutorState,
    WaitingNeed,
    WeeklySession,
)
from ..queries.problems import pupil_may_enter
from ..queries.scopes import Scope

Item = TypeVar("Item")

# Below the number of parameters that either database takes in one statement.
CODES_PER_STATEMENT = 10_000
# One number of our own for PostgreSQL's advisory locks: rounds store one after the other.
STORING_LOCK = 7_405_926


class RoundTakenAway(Exception):
    """The round was started again or stopped while this run was under way."""


class SetAside(StrEnum):
    """Why a pair that was found is not proposed: what changed while the round ran."""

    PUPIL_LEFT = "pupil_left"
    TUTOR_LEFT = "tutor_left"
    DECIDED_MEANWHILE = "decided_meanwhile"


@transactional
def store(
    round_id: int,
    started_at: datetime,
    problem: Problem,
    solution: Solution,
    explanations: Mapping[str, Explanation],
    advice: Advice,
) -> None:
    """Store a verified solution with the advice drawn from it, and end the round.

    Proposals of earlier rounds that touch these needs or tutors are superseded. Pairs whose people left,
    or were decided on, while the round ran are set aside and counted.

    Raises
    ------
    RoundTakenAway
        When the round is not this run's any more.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(select(func.pg_advisory_xact_lock(STORING_LOCK)))
    scope = _end_round(round_id, started_at)
    needs = {row.code: row for row in _needs([need.id for need in problem.needs])}
    tutors = {row.code: row for row in _tutors([tutor.id for tutor in problem.tutors], scope)}
    _supersede([row.id for row in needs.values()], [row.id for row in tutors.values() if row.is_own])

    locked = {pair.need_id for pair in problem.pairs if pair.status is PairStatus.LOCKED}
    found = [pairing for pairing in solution.matches if pairing.need_id not in locked]
    proposals, hosts, set_aside = _sort_out(found, needs, tutors)
    languages = group_languages(problem, solution.matches)
    _insert_matches(round_id, proposals, hosts, needs, tutors, explanations, languages)
    waiting = [
        {
            "round_id": round_id,
            "need_id": needs[each.need_id].id,
            "reason": each.reason,
            "explanation": explanations[each.need_id].to_dict(),
        }
        for each in solution.unmatched
        if each.need_id in needs and needs[each.need_id].may_enter
    ]
    if waiting:
        db.session.execute(insert(WaitingNeed), waiting)
    db.session.execute(
        update(Round)
        .where(Round.id == round_id)
        .values(
            certificate=certificate(problem, solution, explanations, len(proposals), set_aside), advice=advice.to_dict()
        )
    )


def certificate(
    problem: Problem,
    solution: Solution,
    explanations: Mapping[str, Explanation],
    proposals: int,
    set_aside: Mapping[SetAside, int],
) -> dict[str, Any]:
    """Return what the round reached and what is proven of it, for JSON.

    ``pupils`` and ``needs`` are all that entered, ``pupils_by_priority`` by the most urgent need of each.
    """
    urgency: dict[str, int] = defaultdict(int)
    for need in problem.needs:
        urgency[need.pupil_id] = max(urgency[need.pupil_id], need.priority)
    by_priority = Counter(urgency.values())
    return {
        "pupils": len(urgency),
        "pupils_by_priority": {str(priority): by_priority[priority] for priority in (3, 2, 1)},
        "needs": len(problem.needs),
        "tutors": len(problem.tutors),
        "proposals": proposals,
        "set_aside": {cause: count for cause, count in set_aside.items() if count},
        "levels": [
            {
                "name": level.name,
                "reached": level.reached,
                "bound": level.bound,
                "proof": level.proof,
                "by_priority": {str(priority): count for priority, count in level.by_priority.items()},
            }
            for level in solution.certificate.levels
        ],
        "engine": solution.engine,
        "profile": solution.certificate.profile,
        "competition": _plainest_competition(explanations),
        "improvable": solution.improvable,
        "seconds": {stage: round(seconds, 3) for stage, seconds in solution.seconds.items()},
    }


def _plainest_competition(explanations: Mapping[str, Explanation]) -> dict[str, Any] | None:
    """Return a small crowd of needs for too few sessions, as an example that can be counted by hand."""
    crowds = [
        (len(each.competition.needs), each.need_id, each.competition, each.subject)
        for each in explanations.values()
        if isinstance(each, UnmatchedExplanation) and each.competition is not None
    ]
    if not crowds:
        return None
    # One need too many for one session is true, but hardly a crowd.
    needs, _need_id, crowd, subject = min(crowds, key=lambda found: (found[2].sessions < 2, *found[:2]))
    return {"needs": needs, "sessions": crowd.sessions, "tutors": len(crowd.tutor_ids), "subject": subject}


def _end_round(round_id: int, started_at: datetime) -> Scope:
    ended = db.session.execute(
        update(Round)
        .where(Round.id == round_id, Round.state == RoundState.RUNNING, Round.started_at == started_at)
        .values(state=RoundState.DONE, stage="done", progress=1000, heard_at=clock.now(), finished_at=clock.now())
        .returning(Round.scope_kind, Round.region_code, Round.institution_id)
    ).one_or_none()
    if ended is None:
        raise RoundTakenAway
    return Scope(*ended)


def _portions(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CODES_PER_STATEMENT):
        yield items[start : start + CODES_PER_STATEMENT]


def _needs(codes: Sequence[str]) -> Iterator[Row[Any]]:
    for some in _portions(codes):
        yield from db.session.execute(
            select(
                Need.id,
                Need.code,
                Need.pupil_id,
                (pupil_may_enter() & Need.closed_at.is_(None)).label("may_enter"),
            )
            .join(Pupil, Need.pupil_id == Pupil.id)
            .where(Need.code.in_(some))
        )


def _tutors(codes: Sequence[str], scope: Scope) -> Iterator[Row[Any]]:
    for some in _portions(codes):
        yield from db.session.execute(
            select(Tutor.id, Tutor.code, Tutor.state, scope.has_tutor().label("is_own")).where(Tutor.code.in_(some))
        )


def _supersede(need_ids: Sequence[int], tutor_ids: Sequence[int]) -> None:
    """Withdraw the proposals of these needs and tutors: proposed → superseded."""
    found: set[int] = set()
    for column, row_ids in ((Match.need_id, need_ids), (Match.tutor_id, tutor_ids)):
        for some in _portions(row_ids):
            found.update(
                db.session.scalars(select(Match.id).where(Match.state == MatchState.PROPOSED, column.in_(some)))
            )
    for some in _portions(sorted(found)):
        still_proposed = (Match.id.in_(some), Match.state == MatchState.PROPOSED)
        # Whoever decides about several proposals locks them in this order too, so that both never wait for each other.
        db.session.execute(select(Match.id).where(*still_proposed).order_by(Match.id).with_for_update()).all()
        db.session.execute(
            update(Match)
            .where(*still_proposed)
            .values(state=MatchState.SUPERSEDED, version=Match.version + 1)
            .execution_options(synchronize_session=False)
        )


def _sort_out(
    found: Iterable[Pairing], needs: Mapping[str, Row[Any]], tutors: Mapping[str, Row[Any]]
) -> tuple[list[Pairing], dict[str, int], dict[SetAside, int]]:
    """Divide the pairs into those to propose and, counted, those that are out of date.

    Returns
    -------
    tuple
        The proposals, hosts before those who join them; the approved match that each proposal joins which joins
        an agreed one, by need; and how many were set aside.
    """
    decided = _Decided()
    proposals: list[Pairing] = []
    proposed: set[str] = set()
    agreed_hosts: dict[str, int] = {}
    set_aside = dict.fromkeys(SetAside, 0)
    for pairing in sorted(found, key=lambda pairing: (bool(pairing.joins), pairing.need_id)):
        need, tutor = needs.get(pairing.need_id), tutors.get(pairing.tutor_id)
        host = needs.get(pairing.joins)
        host_id = decided.host_of(host.id, tutor.id, pairing.slots) if host and tutor else None
        if need is None or not need.may_enter:
            set_aside[SetAside.PUPIL_LEFT] += 1
        elif tutor is None or tutor.state != TutorState.CHECKED:
            set_aside[SetAside.TUTOR_LEFT] += 1
        elif decided.concerns(need.id, need.pupil_id, tutor.id, pairing.slots, joins_agreed=host_id is not None):
            set_aside[SetAside.DECIDED_MEANWHILE] += 1
        elif pairing.joins and host_id is None and pairing.joins not in proposed:
            # The session that it joins is not proposed any more.
            set_aside[SetAside.DECIDED_MEANWHILE] += 1
        else:
            proposals.append(pairing)
            proposed.add(pairing.need_id)
            if host_id is not None:
                agreed_hosts[pairing.need_id] = host_id
    return proposals, agreed_hosts, set_aside


class _Decided:
    """What is approved and rejected at the moment of storing."""

    def __init__(self) -> None:
        self.needs = dict(
            db.session.execute(select(Match.need_id, Match.id).where(Match.state == MatchState.APPROVED)).all()
        )
        self.taken: set[tuple[str, int, int]] = set()
        self.hosted: set[tuple[int, int, int]] = set()
        for match_id, tutor_id, pupil_id, slot in db.session.execute(
            select(WeeklySession.match_id, WeeklySession.tutor_id, WeeklySession.pupil_id, WeeklySession.slot).where(
                WeeklySession.is_live
            )
        ):
            self.taken |= {("tutor", tutor_id, slot), ("pupil", pupil_id, slot)}
            self.hosted.add((match_id, tutor_id, slot))
        self.blocked = {
            tuple(row)
            for row in db.session.execute(select(BlockedPair.tutor_id, BlockedPair.pupil_id, BlockedPair.slot))
        }

    def host_of(self, need_id: int, tutor_id: int, slots: Iterable[int]) -> int | None:
        """Return the approved match of a need if its tutor holds sessions in these slots."""
        match_id = self.needs.get(need_id)
        if match_id is None or any((match_id, tutor_id, slot) not in self.hosted for slot in slots):
            return None
        return match_id

    def concerns(self, need_id: int, pupil_id: int, tutor_id: int, slots: Iterable[int], *, joins_agreed: bool) -> bool:
        return need_id in self.needs or any(
            (("tutor", tutor_id, slot) in self.taken and not joins_agreed)
            or ("pupil", pupil_id, slot) in self.taken
            or (tutor_id, pupil_id, slot) in self.blocked
            or (tutor_id, pupil_id, None) in self.blocked
            for slot in slots
        )


def group_languages(problem: Problem, pairings: Iterable[Pairing]) -> dict[str, str]:
    """Return the language of each group by its needs: the host's best that the tutor and all others speak."""
    of_host: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pairing in pairings:
        if pairing.joins:
            of_host[pairing.joins, pairing.tutor_id].append(pairing.need_id)

    def accepted(need_id: str) -> tuple[str, ...]:
        return problem.pupil[problem.need[need_id].pupil_id].languages

    found: dict[str, str] = {}
    for (host, tutor_id), joining in of_host.items():
        spoken = [code for code in accepted(host) if code in problem.tutor[tutor_id].languages]
        common = [code for code in spoken if all(code in accepted(need_id) for need_id in joining)]
        if common:
            found |= dict.fromkeys([host, *joining], common[0])
        else:
            # They meet in different sessions, each in a language of its own.
            found |= {need_id: code for need_id in joining for code in reversed(spoken) if code in accepted(need_id)}
    return found


def _insert_matches(
    round_id: int,
    proposals: Sequence[Pairing],
    agreed_hosts: Mapping[str, int],
    needs: Mapping[str, Row[Any]],
    tutors: Mapping[str, Row[Any]],
    explanations: Mapping[str, Explanation],
    languages: Mapping[str, str],
) -> None:
    rows = []
    for pairing in proposals:
        explanation = explanations[pairing.need_id].to_dict()
        language = languages.get(pairing.need_id, explanation["tutoring_language"])
        rows.append(
            {
                "round_id": round_id,
                "need_id": needs[pairing.need_id].id,
                "pupil_id": needs[pairing.need_id].pupil_id,
                "tutor_id": tutors[pairing.tutor_id].id,
                "joins_id": agreed_hosts.get(pairing.need_id),
                "state": MatchState.PROPOSED,
                "tutoring_language": language,
                "explanation": {**explanation, "tutoring_language": language},
                "version": 1,
            }
        )
    if not rows:
        return
    # Hosts first, because those who join them name them.
    number_of_hosts = sum(not pairing.joins for pairing in proposals)
    match_of: dict[int, int] = {}
    for pairings, some in (
        (proposals[:number_of_hosts], rows[:number_of_hosts]),
        (proposals[number_of_hosts:], rows[number_of_hosts:]),
    ):
        for pairing, row in zip(pairings, some, strict=True):
            if pairing.joins and row["joins_id"] is None:
                row["joins_id"] = match_of[needs[pairing.joins].id]
        if some:
            match_of |= dict(db.session.execute(insert(Match).returning(Match.need_id, Match.id), some).all())
    db.session.execute(
        insert(WeeklySession),
        [
            {
                "match_id": match_of[row["need_id"]],
                "tutor_id": row["tutor_id"],
                "pupil_id": row["pupil_id"],
                "slot": slot,
                "is_live": False,
            }
            for row, pairing in zip(rows, proposals, strict=True)
            for slot in pairing.slots
        ],
    )
