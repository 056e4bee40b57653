"""Which further tutors would serve how many more pupils."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tutormatch.matching.guidance.breadth import Breadth, Search, Side
from tutormatch.matching.problem import Teaching, Tutor
from tutormatch.matching.slots import WEEKDAYS, format_slot, hour_of, weekday_of

RECRUIT_SESSIONS, RECRUIT_PUPILS = 2, 2
GRADE_BANDS = ((1, 4), (5, 6), (7, 9), (10, 11))
FIRST_WEEKEND_DAY = WEEKDAYS.index("sat")
NOON, EVENING = 12, 17


class WeekPart(StrEnum):
    """When a recruit would have to be free."""

    MORNINGS = "weekday_mornings"
    AFTERNOONS = "weekday_afternoons"
    EVENINGS = "weekday_evenings"
    WEEKEND = "weekend"

    @classmethod
    def of(cls, slot: int) -> "WeekPart":
        """Return the part of the week that a slot lies in."""
        if weekday_of(slot) >= FIRST_WEEKEND_DAY:
            return cls.WEEKEND
        hour = hour_of(slot)
        return cls.MORNINGS if hour < NOON else cls.AFTERNOONS if hour < EVENING else cls.EVENINGS


@dataclass(frozen=True, slots=True)
class Recruit:
    """A kind of tutor, and how many more pupils the first, second, … such tutor serves.

    Attributes
    ----------
    subject : str
    grade_from, grade_to : int
    tutoring_language : str
    conditions : tuple of str
    part : WeekPart
    slots : tuple of int
        Hours of ``part`` that are enough for these numbers.
    serves : tuple of int
        Further pupils by each recruit, beside the recruits before.
    need_ids, pupil_ids : tuple of tuple of str
        For each recruit the pupils who get a tutor, the most urgent first, and for which
        need; some of them through others who move to the recruit.
    waiting : int
        How many pupils wait for such a tutor in all.
    sessions_per_week, max_pupils : int
        What each recruit is counted with.
    """

    subject: str
    grade_from: int
    grade_to: int
    tutoring_language: str
    conditions: tuple[str, ...]
    part: WeekPart
    slots: tuple[int, ...]
    serves: tuple[int, ...]
    need_ids: tuple[tuple[str, ...], ...]
    pupil_ids: tuple[tuple[str, ...], ...]
    waiting: int = 0
    sessions_per_week: int = RECRUIT_SESSIONS
    max_pupils: int = RECRUIT_PUPILS

    def tutor(self, identifier: str) -> Tutor:
        """Return such a tutor."""
        return Tutor(
            id=identifier,
            subjects=(Teaching(self.subject, self.grade_from, self.grade_to),),
            languages=frozenset({self.tutoring_language}),
            slots=frozenset(self.slots),
            sessions_per_week=self.sessions_per_week,
            max_pupils=self.max_pupils,
            conditions=frozenset(self.conditions),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return {
            "subject": self.subject,
            "grade_from": self.grade_from,
            "grade_to": self.grade_to,
            "tutoring_language": self.tutoring_language,
            "conditions": list(self.conditions),
            "part": str(self.part),
            "slots": [format_slot(slot) for slot in self.slots],
            "serves": list(self.serves),
            "need_ids": [list(each) for each in self.need_ids],
            "pupil_ids": [list(each) for each in self.pupil_ids],
            "waiting": self.waiting,
            "sessions_per_week": self.sessions_per_week,
            "max_pupils": self.max_pupils,
        }


class Recruiting:
    """Tries further tutors in a flow of breadth, which is the same again after each.

    Parameters
    ----------
    breadth : Breadth
    recruits : int
        How many tutors of each kind to look ahead.
    """

    def __init__(self, breadth: Breadth, recruits: int) -> None:
        self.breadth = breadth
        self.recruits = recruits
        self.everybody = (1 << len(breadth.pupils)) - 1
        # A seat is worth a search only to who waits, or whose own seat helps them.
        self.pool = breadth.reached()

    def lines(self, limit: int) -> tuple[Recruit, ...]:
        """Return the most helpful kinds of tutor, at most ``limit``, each with whom it serves."""
        counted = [replace(line, serves=serves) for line in self._profiles() if any(serves := self._count(line))]
        serves_of = {self._key(line): line.serves for line in counted}
        kept = [line for line in counted if not self._is_dominated(line, serves_of)]
        kept.sort(key=lambda line: (-sum(line.serves), [-each for each in line.serves], -line.waiting, self._key(line)))
        return tuple(map(self._told, kept[:limit]))

    @staticmethod
    def _key(line: Recruit) -> tuple:
        part = list(WeekPart).index(line.part)
        return line.subject, line.grade_from, line.grade_to, line.tutoring_language, part, line.conditions

    def _is_dominated(self, line: Recruit, serves_of: dict[tuple, tuple[int, ...]]) -> bool:
        """Return whether a line that asks for fewer conditions serves as many."""
        *rest, _ = self._key(line)
        return any(
            all(mine <= theirs for mine, theirs in zip(line.serves, serves, strict=True))
            for (*other, conditions), serves in serves_of.items()
            if other == rest and {*conditions} < {*line.conditions}
        )

    def _profiles(self) -> Iterator[Recruit]:
        """Yield every kind of tutor that could help anybody, not yet counted."""
        wanted: dict[tuple[str, tuple[int, int], str], set[tuple[str, ...]]] = {}
        for kind, pupils in self.breadth.of_kind.items():
            band = next(each for each in GRADE_BANDS if each[0] <= kind.grade <= each[1])
            for code in kind.languages if pupils & self.pool else ():
                wanted.setdefault((kind.subject, band, code), set()).add(tuple(sorted(kind.requires)))
        for (subject, (first, last), code), condition_sets in sorted(wanted.items()):
            for conditions in sorted(condition_sets):
                line = Recruit(subject, first, last, code, conditions, WeekPart.MORNINGS, (), (), (), ())
                suits = self._suits(line) & self.pool
                demand = {
                    slot: pupils for slot, free in sorted(self.breadth.free_at.items()) if (pupils := suits & free)
                }
                for part in WeekPart:
                    slots = tuple(slot for slot in demand if WeekPart.of(slot) is part)
                    if slots:
                        waiting = 0
                        for slot in slots:
                            waiting |= demand[slot] & self.breadth.waiting
                        yield replace(line, part=part, slots=slots, waiting=waiting.bit_count())

    def _suits(self, line: Recruit) -> int:
        suits = 0
        for kind, pupils in self.breadth.of_kind.items():
            if (
                kind.subject == line.subject
                and line.grade_from <= kind.grade <= line.grade_to
                and line.tutoring_language in kind.languages
                and kind.requires <= {*line.conditions}
            ):
                suits |= pupils
        return suits & ~self.breadth.with_enough_tutors

    def _side(self, line: Recruit, slots: list[int]) -> Side:
        capacity = min(line.sessions_per_week, line.max_pupils)
        subjects = (Teaching(line.subject, line.grade_from, line.grade_to),)
        return Side(slots, capacity, self._suits(line), subjects)

    def _by_demand(self, line: Recruit, used: set[int]) -> list[int]:
        """Return a line's slots: those that recruits use already first, then where most could come."""
        suits = self._suits(line) & self.breadth.waiting
        demand = {slot: (suits & self.breadth.free_at[slot]).bit_count() for slot in line.slots}
        return sorted(line.slots, key=lambda slot: (slot not in used, -demand[slot], slot))

    def _recruit(self, side: Side, sought: int | None = None) -> tuple[list[int], int | None]:
        """Add a tutor to the flow.

        Returns
        -------
        list of int
            The pupils who get a seat by that: of those sought the most urgent.
        int, optional
            Who of those sought may still be reached: with every seat taken it is nobody else.
        """
        breadth = self.breadth
        breadth.sides.append(side)
        tutor = len(breadth.sides) - 1
        brought = []
        while side.has_room:
            search = Search(breadth, tutor, beside=self.everybody ^ self.pool, sought=sought)
            if search.found is None:
                break
            brought.append(search.seat_found())
            if sought is not None:
                sought &= breadth.waiting & (search.seen if search.is_whole else sought)
        return sorted(brought), sought

    def _count(self, line: Recruit) -> tuple[int, ...]:
        """Return how many further pupils each of several recruits serves."""
        slots = self._by_demand(line, set())
        with self.breadth.trial():
            sides = [self._side(line, slots) for _ in range(self.recruits)]
            return tuple(len(self._recruit(side)[0]) for side in sides)

    def _told(self, line: Recruit) -> Recruit:
        """Return a counted line with whom its recruits serve, and the slots that are enough for it."""
        breadth = self.breadth
        used: set[int] = set()
        needs, pupils = [], []
        with breadth.trial():
            first = len(breadth.sides)
            sought: int | None = self.pool & breadth.waiting
            for _ in range(self.recruits):
                brought, sought = self._recruit(self._side(line, self._by_demand(line, used)), sought)
                pupils.append(tuple(breadth.pupils[pupil].id for pupil in brought))
                needs.append(tuple(breadth.need_of(pupil).id for pupil in brought))
                # Whatever each number of recruits needs, so that it holds for each of them.
                used.update(slot for side in breadth.sides[first:] for slot in side.seated)
        return replace(line, slots=tuple(sorted(used)), need_ids=tuple(needs), pupil_ids=tuple(pupils))
