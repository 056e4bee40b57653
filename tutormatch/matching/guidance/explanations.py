"""Why this tutor, or why none: facts that anybody can check against the problem."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any

from tutormatch.matching.flow.openings import EVERY_SLOT, to_bits
from tutormatch.matching.guidance.changes import Change, Changes
from tutormatch.matching.guidance.competitions import Competition, Competitions
from tutormatch.matching.guidance.standing import Standing, Teachers
from tutormatch.matching.objective import match_items
from tutormatch.matching.problem import FunnelStep, Match, Need, Problem, Reason, Solution, Unmatched
from tutormatch.matching.rules import tutoring_language

FUNNEL = ("subject", "grade", "language", "condition", "not_blocked", "common_time", "capacity")
REASON_OF: Mapping[str, Reason] = {
    "subject": Reason.NO_TUTOR_FOR_SUBJECT,
    "grade": Reason.NO_TUTOR_FOR_GRADE,
    "language": Reason.NO_TUTOR_FOR_LANGUAGE,
    "condition": Reason.NO_TUTOR_WITH_CONDITION,
    "not_blocked": Reason.ALL_BLOCKED,
    "common_time": Reason.NO_COMMON_TIME,
}
ALTERNATIVES_NAMED = 5


@dataclass(frozen=True, slots=True)
class MatchExplanation:
    """The facts behind one match.

    ``common_slots`` are all slots in which both are free by their own word;
    ``alternatives`` counts the other tutors who keep rules 1, 2, 6 and 8 and share
    time with the pupil, and ``alternative_tutors`` names the first of them.
    """

    need_id: str
    tutor_id: str
    subject: str
    grade: int
    tutoring_language: str
    slots: tuple[int, ...]
    common_slots: tuple[int, ...]
    points: Mapping[str, int]
    is_locked: bool
    alternatives: int
    alternative_tutors: tuple[str, ...]

    @property
    def is_matched(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for JSON; slots stay numbers."""
        return {"is_matched": True, **asdict(self), "points": dict(self.points)}


@dataclass(frozen=True, slots=True)
class UnmatchedExplanation:
    """The funnel behind one unmatched need, the rule that emptied it, and what would help.

    ``changes`` are the single changes that would serve it at once, best first;
    ``competition`` is there if too few sessions are the reason.
    """

    need_id: str
    reason: Reason
    funnel: tuple[FunnelStep, ...]
    subject: str = ""
    grade: int = 0
    changes: tuple[Change, ...] = ()
    competition: Competition | None = None

    @property
    def is_matched(self) -> bool:
        return False

    def to_dict(self) -> dict[str, Any]:
        """Return the facts for JSON."""
        # Not by `asdict`, which is slow on thousands of funnels.
        return {
            "is_matched": False,
            "need_id": self.need_id,
            "reason": str(self.reason),
            "funnel": [{"rule": step.rule, "tutors_left": step.tutors_left} for step in self.funnel],
            "subject": self.subject,
            "grade": self.grade,
            "changes": [change.to_dict() for change in self.changes],
            "competition": self.competition.to_dict() if self.competition else None,
        }


Explanation = MatchExplanation | UnmatchedExplanation


def explain(problem: Problem, solution: Solution, need_id: str) -> Explanation:
    """Explain what happened to one need.

    Raises
    ------
    KeyError
        If the problem has no such need.
    """
    return _Explainer(problem, solution.matches).explain(problem.need[need_id])


def explain_all(problem: Problem, solution: Solution) -> dict[str, Explanation]:
    """Explain every need, by identifier."""
    explainer = _Explainer(problem, solution.matches)
    return {need.id: explainer.explain(need) for need in problem.needs}


def explain_unmatched(problem: Problem, matches: Iterable[Match]) -> tuple[Unmatched, ...]:
    """Return each need that has no match with its reason and funnel, by identifier."""
    explainer = _Explainer(problem, tuple(matches))
    return tuple(
        Unmatched(need.id, *explainer.reason_of(need))
        for need in problem.needs
        if need.id not in explainer.standing.match_of
    )


class _Explainer:
    def __init__(self, problem: Problem, matches: tuple[Match, ...]) -> None:
        self.problem = problem
        self.matches = matches
        self.standing = Standing(problem, matches)

    @cached_property
    def _points(self) -> dict[str, dict[str, int]]:
        return match_items(self.problem, self.matches)

    @cached_property
    def _changes(self) -> Changes:
        return Changes(self.standing)

    @cached_property
    def _competitions(self) -> Competitions:
        return Competitions(self.problem, self.matches)

    def explain(self, need: Need) -> Explanation:
        if need.id in self.standing.match_of:
            return self._explain_match(need)
        reason, funnel = self.reason_of(need)
        return UnmatchedExplanation(
            need.id,
            reason,
            funnel,
            need.subject,
            need.grade,
            changes=self._changes.of(need),
            competition=self._competitions.around(need) if reason is Reason.TUTORS_FULL else None,
        )

    def _explain_match(self, need: Need) -> MatchExplanation:
        problem, standing = self.problem, self.standing
        match, pupil = standing.match_of[need.id], standing.pupil_of(need)
        tutor, teachers = problem.tutor[match.tutor_id], standing.teachers(need.subject)
        common = standing.meeting(teachers, pupil, teachers.at, to_bits(pupil.slots)) & standing.suited(need)[-1]
        others = common & ~teachers.of([standing.tutor_index[tutor.id]])
        named = teachers.first(others, ALTERNATIVES_NAMED)
        return MatchExplanation(
            need_id=need.id,
            tutor_id=tutor.id,
            subject=need.subject,
            grade=need.grade,
            tutoring_language=tutoring_language(tutor, pupil) or "",
            slots=match.slots,
            common_slots=tuple(sorted(tutor.slots & pupil.slots)),
            points=self._points[need.id],
            is_locked=need.id in standing.locked,
            alternatives=others.bit_count(),
            alternative_tutors=tuple(problem.tutors[number].id for number in named),
        )

    def reason_of(self, need: Need) -> tuple[Reason, tuple[FunnelStep, ...]]:
        """Return the rule that emptied the funnel of a need without a match, and the funnel."""
        standing, pupil = self.standing, self.standing.pupil_of(need)
        teachers = standing.teachers(need.subject)
        by_rule = standing.suited(need)
        slots, taken = to_bits(pupil.slots), standing.pupil_taken.get(pupil.id, 0)
        is_met = by_rule[-1] & ~_blocked_wholly(standing, teachers, pupil.id)
        common = is_met and is_met & standing.meeting(teachers, pupil, teachers.at, slots)
        own_time = common & standing.meeting(teachers, pupil, teachers.at, slots & ~taken) if taken else common
        allowed = own_time and own_time & standing.within_reach(teachers, pupil, teachers.everybody)
        with_room = allowed and allowed & standing.with_room(teachers, pupil)
        if with_room:
            with_room &= standing.meeting(teachers, pupil, teachers.free, slots & ~taken)
        further = (is_met.bit_count(), common.bit_count(), with_room.bit_count())
        funnel = (*self._first_steps(teachers, by_rule), *map(_step, FUNNEL[-len(further) :], further))
        if not common:
            reason = REASON_OF[next(step.rule for step in funnel if step.tutors_left == 0)]
        elif not own_time:
            reason = Reason.PUPIL_TIME_TAKEN
        elif not allowed:
            reason = Reason.MAX_TUTORS_REACHED
        else:
            reason = Reason.TUTORS_FULL
        return reason, funnel

    def _first_steps(self, teachers: Teachers, by_rule: tuple[int, ...]) -> tuple[FunnelStep, ...]:
        """Return the steps that needs of one class share."""
        key = (teachers, by_rule)
        if key not in self._steps:
            left = (teachers.everybody, *by_rule)
            self._steps[key] = tuple(map(_step, FUNNEL, map(int.bit_count, left)))
        return self._steps[key]

    @cached_property
    def _steps(self) -> dict[tuple[Teachers, tuple[int, ...]], tuple[FunnelStep, ...]]:
        return {}


@cache
def _step(rule: str, tutors_left: int) -> FunnelStep:
    """Return a step of a funnel; hundreds of thousands of needs share a few thousand."""
    return FunnelStep(rule, tutors_left)


def _blocked_wholly(standing: Standing, teachers: Teachers, pupil_id: str) -> int:
    blocked = standing.blocked.get(pupil_id)
    return teachers.of(tutor for tutor, bits in blocked.items() if bits == EVERY_SLOT) if blocked else 0
