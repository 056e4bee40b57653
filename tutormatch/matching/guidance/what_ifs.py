"""Which one change for many at once would serve how many more pupils."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tutormatch.matching.flow.openings import to_bits
from tutormatch.matching.guidance.breadth import Breadth, Kind, Search
from tutormatch.matching.slots import format_slot


class WhatIfKind(StrEnum):
    """A change for many at once."""

    SLOT = "slot"
    SCHOOL_SLOT = "school_slot"
    LANGUAGE = "language"
    TUTOR_SESSION = "tutor_session"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A change for many at once, and how many more pupils would get a tutor.

    Attributes
    ----------
    kind : WhatIfKind
        ``slot``: every waiting pupil is free in one more slot; ``school_slot``: those of one
        school are; ``language``: every waiting pupil accepts one more language;
        ``tutor_session``: a tutor, or every tutor, gives one more session to one more pupil.
    value : str
        ``tue-17``; the school and the slot, ``S12 tue-17``; ``ru``; the tutor, or "" for all.
    serves : int
        Further pupils.
    need_ids, pupil_ids : tuple of str
        Who they could be, the most urgent first, and for which need.
    """

    kind: WhatIfKind
    value: str
    serves: int
    need_ids: tuple[str, ...]
    pupil_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the line for JSON."""
        return {
            "kind": str(self.kind),
            "value": self.value,
            "serves": self.serves,
            "need_ids": list(self.need_ids),
            "pupil_ids": list(self.pupil_ids),
        }


class WhatIfs:
    """Tries changes in a flow of breadth, which is the same again after each.

    Parameters
    ----------
    breadth : Breadth
    """

    def __init__(self, breadth: Breadth) -> None:
        self.breadth = breadth
        # Who could be served if they were free, and who is not even by their own word.
        self.helped_at = breadth.helped_at()
        self.busy_at = {
            slot: breadth.waiting
            & ~to_bits(number for number, pupil in enumerate(breadth.pupils) if slot in pupil.slots)
            for slot in self.helped_at
        }

    def lines(self, limit: int) -> tuple[WhatIf, ...]:
        """Return the changes that serve anybody, the most helpful first, at most ``limit`` of each kind."""
        order = list(WhatIfKind)
        found = [
            line
            for lines in (self._slots(), self._school_slots(limit), self._languages(), self._tutor_sessions(limit))
            for line in sorted(lines, key=lambda line: -line.serves)[:limit]
        ]
        return tuple(sorted(found, key=lambda line: (-line.serves, order.index(line.kind))))

    def _try(self, kind: WhatIfKind, value: str, change: AbstractContextManager[None]) -> list[WhatIf]:
        """Return what a change would serve; nothing if that is nobody."""
        breadth = self.breadth
        with change, breadth.trial():
            brought = breadth.maximise()
            needs = tuple(breadth.need_of(pupil).id for pupil in brought)
        pupils = tuple(breadth.pupils[pupil].id for pupil in brought)
        return [WhatIf(kind, value, len(brought), needs, pupils)] if brought else []

    def _slots(self) -> list[WhatIf]:
        lines = []
        for slot, helped in sorted(self.helped_at.items()):
            if helped & self.busy_at[slot]:
                lines += self._try(WhatIfKind.SLOT, format_slot(slot), self._free(slot, self.busy_at[slot]))
        return lines

    def _school_slots(self, limit: int) -> list[WhatIf]:
        """Return the most helpful slots for one school each; those that cannot be among them are not tried."""
        schools: dict[str, int] = defaultdict(int)
        for number, pupil in enumerate(self.breadth.pupils):
            schools[pupil.school] |= 1 << number
        most = {
            (school, slot): count
            for school, pupils in sorted(schools.items())
            for slot, helped in sorted(self.helped_at.items())
            if (count := (helped & self.busy_at[slot] & pupils).bit_count())
        }
        lines: list[WhatIf] = []
        for school, slot in sorted(most, key=lambda key: (-most[key], key)):
            if sum(line.serves >= most[school, slot] for line in lines) >= limit:
                break
            change = self._free(slot, self.busy_at[slot] & schools[school])
            lines += self._try(WhatIfKind.SCHOOL_SLOT, f"{school} {format_slot(slot)}", change)
        return lines

    @contextmanager
    def _free(self, slot: int, pupils: int) -> Iterator[None]:
        """Let some pupils be free in a slot."""
        before = self.breadth.free_at.get(slot, 0)
        self.breadth.free_at[slot] = before | pupils
        yield
        self.breadth.free_at[slot] = before

    def _languages(self) -> list[WhatIf]:
        codes = {code for tutor in self.breadth.problem.tutors for code in tutor.languages}
        return [line for code in sorted(codes) for line in self._try(WhatIfKind.LANGUAGE, code, self._accepting(code))]

    @contextmanager
    def _accepting(self, code: str) -> Iterator[None]:
        """Let who waits accept one more tutoring language."""
        breadth = self.breadth
        further = {
            Kind(kind.subject, kind.grade, (*kind.languages, code), kind.requires): pupils & breadth.waiting
            for kind, pupils in breadth.of_kind.items()
            if code not in kind.languages and pupils & breadth.waiting
        }
        suits = breadth.suiting(further)
        before = [side.suits for side in breadth.sides]
        for tutor, side in enumerate(breadth.sides):
            if breadth.standing.pupils_left[tutor] > 0:
                side.suits |= breadth.allowed(tutor, suits[tutor])
        yield
        for side, pupils in zip(breadth.sides, before, strict=True):
            side.suits = pupils

    def _tutor_sessions(self, limit: int) -> list[WhatIf]:
        """Return what one more session of every tutor would serve, and of which tutors one alone would do."""
        breadth = self.breadth
        everyone = range(len(breadth.sides))
        lines = self._try(WhatIfKind.TUTOR_SESSION, "", self._one_more(everyone))
        brought: list[tuple[int, int, WhatIf]] = []
        for tutor in everyone if lines else ():
            with self._one_more([tutor]), breadth.trial():
                search = Search(breadth, tutor)
                if search.found is not None:
                    pupil = search.seat_found()
                    need_id, pupil_id = breadth.need_of(pupil).id, breadth.pupils[pupil].id
                    line = WhatIf(
                        WhatIfKind.TUTOR_SESSION, breadth.problem.tutors[tutor].id, 1, (need_id,), (pupil_id,)
                    )
                    brought.append((pupil, tutor, line))
        brought.sort(key=lambda each: each[:2])
        return [*lines, *(line for _, _, line in brought[:limit])]

    @contextmanager
    def _one_more(self, tutors: Iterable[int]) -> Iterator[None]:
        """Let some tutors give one more session each, to one more pupil."""
        sides = [(self.breadth.sides[tutor], tutor) for tutor in tutors]
        before = [(side.capacity, side.suits) for side, _ in sides]
        for side, tutor in sides:
            side.capacity, side.suits = self.breadth.limits(tutor, more=1)
        yield
        for (side, _), (capacity, suits) in zip(sides, before, strict=True):
            side.capacity, side.suits = capacity, suits
