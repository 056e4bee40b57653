"""Why this tutor, or why none: facts that anybody can check against the problem."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from tutormatch.matching.flow.openings import to_bits
from tutormatch.matching.guidance.changes import Change, Changes
from tutormatch.matching.guidance.competitions import Competition, Competitions
from tutormatch.matching.guidance.funnels import reasons_of
from tutormatch.matching.guidance.standing import Standing
from tutormatch.matching.objective import match_items
from tutormatch.matching.problem import FunnelStep, Match, Need, Problem, Reason, Solution, Unmatched
from tutormatch.matching.rules import tutoring_language

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
    need = problem.need[need_id]
    return _Explainer(problem, solution.matches, [need]).explain(need)


def explain_all(problem: Problem, solution: Solution) -> dict[str, Explanation]:
    """Explain every need, by identifier."""
    explainer = _Explainer(problem, solution.matches, problem.needs)
    return {need.id: explainer.explain(need) for need in problem.needs}


def explain_unmatched(problem: Problem, matches: Iterable[Match]) -> tuple[Unmatched, ...]:
    """Return each need that has no match with its reason and funnel, by identifier."""
    matches = tuple(matches)
    served = {match.need_id for match in matches}
    return reasons_of(problem, matches, [need for need in problem.needs if need.id not in served])


class _Explainer:
    """Explains some needs of a problem."""

    def __init__(self, problem: Problem, matches: tuple[Match, ...], needs: Sequence[Need]) -> None:
        self.problem = problem
        self.matches = matches
        self.needs = needs
        self.standing = Standing(problem, matches)

    @cached_property
    def _unmatched(self) -> dict[str, Unmatched]:
        waiting = [need for need in self.needs if need.id not in self.standing.match_of]
        return {each.need_id: each for each in reasons_of(self.problem, self.matches, waiting)}

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
        unmatched = self._unmatched[need.id]
        return UnmatchedExplanation(
            need.id,
            unmatched.reason,
            unmatched.funnel,
            need.subject,
            need.grade,
            changes=self._changes.of(need),
            competition=self._competitions.around(need) if unmatched.reason is Reason.TUTORS_FULL else None,
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
