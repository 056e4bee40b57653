"""Why this tutor, or why none: facts that anybody can check against the problem."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from tutormatch.matching.changes import Change
from tutormatch.matching.competition import Competition
from tutormatch.matching.objective import match_items
from tutormatch.matching.openings import EVERY_SLOT, to_bits
from tutormatch.matching.problem import (
    FunnelStep,
    Match,
    Need,
    PairStatus,
    Problem,
    Pupil,
    Reason,
    Solution,
    Tutor,
    Unmatched,
)
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
        Unmatched(each.need_id, each.reason, each.funnel)
        for need in problem.needs
        if need.id not in explainer.match_of
        for each in (explainer.explain_unmatched(need),)
    )


@dataclass
class _Explainer:
    problem: Problem
    matches: tuple[Match, ...]
    match_of: dict[str, Match] = field(init=False)

    def __post_init__(self) -> None:
        problem = self.problem
        self.match_of = {match.need_id: match for match in self.matches}
        self.sessions: Counter[str] = Counter()
        self.pupils_of: dict[str, set[str]] = defaultdict(set)
        self.tutors_of: dict[str, set[str]] = defaultdict(set)
        self.tutor_taken: dict[str, int] = defaultdict(int)
        self.pupil_taken: dict[str, int] = defaultdict(int)
        for match in self.matches:
            pupil_id, bits = problem.need[match.need_id].pupil_id, to_bits(match.slots)
            self.sessions[match.tutor_id] += len(match.slots)
            self.pupils_of[match.tutor_id].add(pupil_id)
            self.tutors_of[pupil_id].add(match.tutor_id)
            self.tutor_taken[match.tutor_id] |= bits
            self.pupil_taken[pupil_id] |= bits
        self.blocked: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.locked: set[str] = set()
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED:
                self.blocked[pair.pupil_id][pair.tutor_id] |= to_bits(pair.slots) or EVERY_SLOT
            elif pair.status is PairStatus.LOCKED and pair.need_id is not None:
                self.locked.add(pair.need_id)

    @cached_property
    def _tutor_free(self) -> dict[str, int]:
        return {tutor.id: to_bits(tutor.slots) for tutor in self.problem.tutors}

    @cached_property
    def _pupil_free(self) -> dict[str, int]:
        return {pupil.id: to_bits(pupil.slots) for pupil in self.problem.pupils}

    @cached_property
    def _points(self) -> dict[str, dict[str, int]]:
        return match_items(self.problem, self.matches)

    @cached_property
    def _teachers_of(self) -> dict[str, list[Tutor]]:
        tutors = defaultdict(list)
        for tutor in self.problem.tutors:
            for subject in {teaching.subject for teaching in tutor.subjects}:
                tutors[subject].append(tutor)
        return tutors

    @cached_property
    def _suited(self) -> dict[tuple, tuple[tuple[int, ...], list[str]]]:
        return {}

    def explain(self, need: Need) -> Explanation:
        return self._explain_match(need) if need.id in self.match_of else self.explain_unmatched(need)

    def _suited_tutors(self, need: Need, pupil: Pupil) -> tuple[tuple[int, ...], list[str]]:
        """Return how many tutors rules 1, 2 and 6 leave one after the other, and the last of them."""
        key = (need.subject, need.grade, frozenset(pupil.languages), pupil.requires)
        if key not in self._suited:
            left = self._teachers_of.get(need.subject, [])
            counts = [len(left)]
            for rule in (
                lambda tutor: any(each.covers(need.subject, need.grade) for each in tutor.subjects),
                lambda tutor: not tutor.languages.isdisjoint(pupil.languages),
                lambda tutor: pupil.requires <= tutor.conditions,
            ):
                left = [tutor for tutor in left if rule(tutor)]
                counts.append(len(left))
            self._suited[key] = tuple(counts), [tutor.id for tutor in left]
        return self._suited[key]

    def _meeting(self, need: Need) -> tuple[list[int], dict[str, int]]:
        """Return the funnel's counts up to common time, and the tutors left with the common slots."""
        pupil = self.problem.pupil[need.pupil_id]
        counts, suited = self._suited_tutors(need, pupil)
        blocked = self.blocked.get(pupil.id, {})
        allowed = {
            tutor_id: EVERY_SLOT & ~blocked.get(tutor_id, 0)
            for tutor_id in suited
            if blocked.get(tutor_id, 0) != EVERY_SLOT
        }
        free = self._pupil_free[pupil.id]
        common = {
            tutor_id: bits for tutor_id, slots in allowed.items() if (bits := slots & free & self._tutor_free[tutor_id])
        }
        return [*counts, len(allowed), len(common)], common

    def _explain_match(self, need: Need) -> MatchExplanation:
        match = self.match_of[need.id]
        tutor, pupil = self.problem.tutor[match.tutor_id], self.problem.pupil[need.pupil_id]
        _, common = self._meeting(need)
        others = [tutor_id for tutor_id in common if tutor_id != tutor.id]
        return MatchExplanation(
            need_id=need.id,
            tutor_id=tutor.id,
            subject=need.subject,
            grade=need.grade,
            tutoring_language=tutoring_language(tutor, pupil) or "",
            slots=match.slots,
            common_slots=tuple(sorted(tutor.slots & pupil.slots)),
            points=self._points[need.id],
            is_locked=need.id in self.locked,
            alternatives=len(others),
            alternative_tutors=tuple(others[:ALTERNATIVES_NAMED]),
        )

    def explain_unmatched(self, need: Need) -> UnmatchedExplanation:
        counts, common = self._meeting(need)
        pupil = self.problem.pupil[need.pupil_id]
        own_time = {
            tutor_id: bits for tutor_id, slots in common.items() if (bits := slots & ~self.pupil_taken.get(pupil.id, 0))
        }
        own = self.tutors_of.get(pupil.id, set())
        is_at_limit = pupil.max_tutors is not None and len(own) >= pupil.max_tutors
        allowed = {tutor_id: bits for tutor_id, bits in own_time.items() if not is_at_limit or tutor_id in own}
        with_room = [tutor_id for tutor_id, bits in allowed.items() if self._has_room(tutor_id, pupil, bits)]
        funnel = tuple(FunnelStep(rule, left) for rule, left in zip(FUNNEL, [*counts, len(with_room)], strict=True))
        emptied = next((step.rule for step in funnel if step.tutors_left == 0), None)
        if emptied in REASON_OF:
            reason = REASON_OF[emptied]
        elif not own_time:
            reason = Reason.PUPIL_TIME_TAKEN
        elif not allowed:
            reason = Reason.MAX_TUTORS_REACHED
        else:
            reason = Reason.TUTORS_FULL
        return UnmatchedExplanation(need.id, reason, funnel, need.subject, need.grade)

    def _has_room(self, tutor_id: str, pupil: Pupil, bits: int) -> bool:
        tutor = self.problem.tutor[tutor_id]
        pupils = self.pupils_of.get(tutor_id, set())
        return (
            bool(bits & ~self.tutor_taken.get(tutor_id, 0))
            and self.sessions[tutor_id] < tutor.sessions_per_week
            and (pupil.id in pupils or len(pupils) < tutor.max_pupils)
        )
