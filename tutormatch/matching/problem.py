"""What the core works on: tutors, pupils, needs, pairs; and what it gives back.

All records are immutable. Identifiers are text and are compared as text; a
`Problem` keeps its records sorted by identifier, so that no result can depend
on the order of rows in a file or a database.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from operator import attrgetter

GRADES = range(1, 12)
PRIORITIES = (3, 2, 1)


class PairStatus(StrEnum):
    """What is known of one tutor and one pupil before the round."""

    LOCKED = "locked"
    BLOCKED = "blocked"
    RETURNING = "returning"


class Profile(StrEnum):
    """Which levels of the objective come first; `tutormatch.matching.objective` writes each order out."""

    BREADTH_FIRST = "breadth_first"
    DEPTH_FIRST = "depth_first"
    LONGEST_WAIT_FIRST = "longest_wait_first"


class Reason(StrEnum):
    """Why a need got no tutor: the rule that emptied the funnel, in its order."""

    NO_TUTOR_FOR_SUBJECT = "no_tutor_for_subject"
    NO_TUTOR_FOR_GRADE = "no_tutor_for_grade"
    NO_TUTOR_FOR_LANGUAGE = "no_tutor_for_language"
    NO_TUTOR_WITH_CONDITION = "no_tutor_with_condition"
    ALL_BLOCKED = "all_blocked"
    NO_COMMON_TIME = "no_common_time"
    PUPIL_TIME_TAKEN = "pupil_time_taken"
    MAX_TUTORS_REACHED = "max_tutors_reached"
    TUTORS_FULL = "tutors_full"


@dataclass(frozen=True, slots=True, order=True)
class Teaching:
    """A subject that a tutor teaches, from ``grade_from`` to ``grade_to`` inclusive."""

    subject: str
    grade_from: int
    grade_to: int

    @property
    def grades(self) -> range:
        return range(self.grade_from, self.grade_to + 1)

    def covers(self, subject: str, grade: int) -> bool:
        return self.subject == subject and self.grade_from <= grade <= self.grade_to


@dataclass(frozen=True, slots=True)
class Tutor:
    """A volunteer. ``sessions_per_week`` and ``max_pupils`` are upper limits."""

    id: str
    subjects: tuple[Teaching, ...]
    languages: frozenset[str]
    slots: frozenset[int]
    sessions_per_week: int
    max_pupils: int
    conditions: frozenset[str] = frozenset()
    institution: str = ""
    group_size: int = 1


@dataclass(frozen=True, slots=True)
class Pupil:
    """A pupil. ``languages`` are the accepted ones, best first; ``max_tutors`` None is no limit."""

    id: str
    school: str
    languages: tuple[str, ...]
    slots: frozenset[int]
    max_tutors: int | None = None
    requires: frozenset[str] = frozenset()
    patrons: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """One pupil's wish for help in one subject; priority 3 is urgent, 1 is low."""

    id: str
    pupil_id: str
    subject: str
    grade: int
    priority: int = 2
    waiting_days: int = 0
    sessions_per_week: int = 1
    group_ok: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of ``pairs.csv``.

    ``locked`` names a need and its slots. ``blocked`` and ``returning`` hold for
    the tutor and the pupil whatever the need; a ``blocked`` pair that carries
    slots is blocked in those slots only.
    """

    tutor_id: str
    pupil_id: str
    status: PairStatus
    need_id: str | None = None
    slots: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Problem:
    """Everything that one round needs to know, sorted by identifier.

    Build it with `Problem.of`, which sorts. Use `tutormatch.matching.records.files` or
    `tutormatch.matching.records.faults.check` to be told every fault in the records.
    """

    tutors: tuple[Tutor, ...]
    pupils: tuple[Pupil, ...]
    needs: tuple[Need, ...]
    pairs: tuple[Pair, ...] = ()

    @classmethod
    def of(
        cls,
        tutors: Iterable[Tutor],
        pupils: Iterable[Pupil],
        needs: Iterable[Need],
        pairs: Iterable[Pair] = (),
    ) -> "Problem":
        """Return a problem with every kind of record sorted by identifier."""
        return cls(
            tuple(sorted(tutors, key=attrgetter("id"))),
            tuple(sorted(pupils, key=attrgetter("id"))),
            tuple(sorted(needs, key=attrgetter("id"))),
            tuple(
                sorted(
                    pairs,
                    key=lambda pair: (
                        pair.tutor_id,
                        pair.pupil_id,
                        pair.need_id or "",
                        pair.status,
                        sorted(pair.slots),
                    ),
                )
            ),
        )

    @cached_property
    def tutor(self) -> Mapping[str, Tutor]:
        return {tutor.id: tutor for tutor in self.tutors}

    @cached_property
    def pupil(self) -> Mapping[str, Pupil]:
        return {pupil.id: pupil for pupil in self.pupils}

    @cached_property
    def need(self) -> Mapping[str, Need]:
        return {need.id: need for need in self.needs}


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """A need, its tutor and the weekly slots of their sessions, in order of the week.

    ``joins`` names the need whose sessions this one joins as a group place (rule 7);
    it is empty for a match with sessions of its own.
    """

    need_id: str
    tutor_id: str
    slots: tuple[int, ...]
    joins: str = ""


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """How many tutors are left after one rule (``subject``, ``grade``, ``language``, …)."""

    rule: str
    tutors_left: int


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A need without a tutor, the rule that stopped it and the funnel behind it."""

    need_id: str
    reason: Reason
    funnel: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the objective: what was reached and what nothing could exceed.

    ``reached`` and ``bound`` count pupils (breadth, complete), needs (cover, groups),
    sessions (depth), points (quality) or, the less the better, unevenness (balance).
    ``by_priority`` splits counts of pupils and needs by the priority of the pupil's
    most urgent need, 3 first. ``proof`` says where the bound comes from: ``flow`` (the
    maximum of a network flow), ``prices`` (recomputed from the prices of the
    certificate), ``count`` (from the records alone) or ``exact`` (an integer program).
    """

    name: str
    reached: int
    bound: int
    by_priority: Mapping[int, int] = field(default_factory=dict)
    proof: str = "flow"

    @property
    def gap(self) -> int:
        return abs(self.bound - self.reached)

    @property
    def is_proven(self) -> bool:
        return self.gap == 0


@dataclass(frozen=True)
class Prices:
    """What tutors' time is worth: any prices prove an upper bound, the right ones the best.

    Suppose each session of a tutor had a price, in ``1 / scale`` of what is being
    counted: for the hour itself, for one of the tutor's sessions, and once for each
    pupil who is new to the tutor. Whatever matching there is, no pupil can gain more
    than with the cheapest seats, and all hours, sessions and pupil places together
    bring in no more than all of them sold: the sum of both is a bound.

    Attributes
    ----------
    hour : mapping of (str, int) to int
        By tutor and slot; 0 where there is none.
    session, pupil : mapping of str to int
        By tutor: for each session and for each new pupil.
    scale : int
        How many units of price make one of the value.
    """

    hour: Mapping[tuple[str, int], int] = field(default_factory=dict)
    session: Mapping[str, int] = field(default_factory=dict)
    pupil: Mapping[str, int] = field(default_factory=dict)
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Certificate:
    """The levels in the order in which they count, each with its bound.

    ``prices`` proves bounds, under the name of the level.
    """

    levels: tuple[Level, ...]
    profile: Profile = Profile.BREADTH_FIRST
    prices: Mapping[str, Prices] = field(default_factory=dict)

    def level(self, name: str) -> Level:
        return next(level for level in self.levels if level.name == name)


@dataclass(frozen=True, slots=True)
class Solution:
    """What `solve` gives back; ``seconds`` by stage and ``peak_memory_mib`` are measurements.

    ``improvable`` counts how many more pupils could have a tutor if agreed matches were released.
    """

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]
    certificate: Certificate
    engine: str
    seconds: Mapping[str, float] = field(default_factory=dict)
    peak_memory_mib: int = 0
    seed: int = 1
    improvable: int = 0
