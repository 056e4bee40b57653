"""Faults of a problem: what a record says that cannot be, and what was expected instead.

`check` knows the rules that hold between records; `tutormatch.matching.records.files`
adds what is wrong inside one cell.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from tutormatch.matching.problem import Need, Pair, PairStatus, Problem, Pupil, Tutor
from tutormatch.matching.records.memory import collection_paused
from tutormatch.matching.rules import agreed_hosts, meets_requirements, teaches, tutoring_language
from tutormatch.matching.slots import format_slot, format_slots

TUTORS, PUPILS, NEEDS, PAIRS = "tutors.csv", "pupils.csv", "needs.csv", "pairs.csv"

Record = Tutor | Pupil | Need | Pair


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the input.

    ``row`` is the line in the file, 1 being the header; None where no file was
    read or the whole file is meant. ``rule`` is the hard rule that a locked match
    breaks.
    """

    file: str
    row: int | None
    column: str
    value: str
    expected: str
    rule: int | None = None

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}:{self.row}"
        where = f"{place}: {self.column}" if self.column else place
        rule = "" if self.rule is None else f"rule {self.rule}: "
        return f"{where}: {self.value!r}: {rule}expected {self.expected}"


class FaultyInput(ValueError):
    """The input cannot be used; ``faults`` lists everything that is wrong with it."""

    def __init__(self, faults: Collection[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


def check(
    problem: Problem,
    *,
    row_of: Callable[[Record], int | None] = lambda record: None,
    known: Mapping[str, Collection[str]] | None = None,
) -> list[Fault]:
    """Return every fault between the records of ``problem``, in order of file and row.

    Parameters
    ----------
    problem : Problem
    row_of : callable, optional
        Where a record was read; used in the faults.
    known : mapping of str to collection of str, optional
        By file, identifiers that exist although their record could not be read:
        no second fault is reported for a reference to one of them.

    Returns
    -------
    list of Fault
        Duplicate identifiers, references to missing records, and locked matches
        that break a hard rule. Empty if the problem can be solved.
    """
    with collection_paused():
        return _Check(problem, row_of, known or {}).run()


class _Check:
    def __init__(
        self,
        problem: Problem,
        row_of: Callable[[Record], int | None],
        known: Mapping[str, Collection[str]],
    ) -> None:
        self.problem = problem
        self.row_of = row_of
        self.known = known
        self.faults: list[Fault] = []

    def run(self) -> list[Fault]:
        problem = self.problem
        for file, column, records, different in (
            (TUTORS, "tutor_id", problem.tutors, problem.tutor),
            (PUPILS, "pupil_id", problem.pupils, problem.pupil),
            (NEEDS, "need_id", problem.needs, problem.need),
        ):
            if len(different) < len(records):
                self._identifiers(file, column, records)
        pupils = problem.pupil
        if not pupils.keys() >= {*map(attrgetter("pupil_id"), problem.needs)}:
            for need in problem.needs:
                self._reference(NEEDS, need, "pupil_id", need.pupil_id, PUPILS, pupils)
        sound = [pair for pair in problem.pairs if self._pair(pair)]
        self._locked([pair for pair in sound if pair.status is PairStatus.LOCKED], sound)
        return sorted(
            self.faults,
            key=lambda fault: (
                (TUTORS, PUPILS, NEEDS, PAIRS).index(fault.file),
                fault.row or 0,
                fault.column,
                fault.value,
                fault.expected,
            ),
        )

    def _add(self, file: str, record: Record, column: str, value: str, expected: str, rule: int | None = None) -> None:
        self.faults.append(Fault(file, self.row_of(record), column, value, expected, rule))

    def _also(self, *records: Record) -> str:
        rows = [str(row) for record in records if (row := self.row_of(record)) is not None]
        return f" (row{'s' * (len(rows) > 1)} {', '.join(rows)})" if rows else ""

    def _identifiers(self, file: str, column: str, records: Collection[Record]) -> None:
        first: dict[str, Record] = {}
        for record in sorted(records, key=lambda record: self.row_of(record) or 0):
            if record.id in first:
                self._add(file, record, column, record.id, f"an identifier used once{self._also(first[record.id])}")
            first.setdefault(record.id, record)

    def _reference(
        self, file: str, record: Record, column: str, value: str, target: str, records: Mapping[str, Record]
    ) -> bool:
        if value in records:
            return True
        if value not in self.known.get(target, ()):
            self._add(file, record, column, value, f"an identifier from {target}")
        return False

    def _pair(self, pair: Pair) -> bool:
        problem = self.problem
        has_tutor = self._reference(PAIRS, pair, "tutor_id", pair.tutor_id, TUTORS, problem.tutor)
        has_pupil = self._reference(PAIRS, pair, "pupil_id", pair.pupil_id, PUPILS, problem.pupil)
        if pair.need_id is None:
            if pair.status is PairStatus.LOCKED:
                self._add(PAIRS, pair, "need_id", "", "the need of the locked match")
            return has_tutor and has_pupil and pair.status is not PairStatus.LOCKED
        has_need = self._reference(PAIRS, pair, "need_id", pair.need_id, NEEDS, problem.need)
        if has_need and problem.need[pair.need_id].pupil_id != pair.pupil_id:
            self._add(PAIRS, pair, "need_id", pair.need_id, f"a need of pupil {pair.pupil_id}")
            return False
        return has_tutor and has_pupil and has_need

    def _locked(self, locked: list[Pair], pairs: list[Pair]) -> None:
        locked = sorted(locked, key=lambda pair: (self.row_of(pair) or 0, pair.need_id))
        blocked = [pair for pair in pairs if pair.status is PairStatus.BLOCKED]
        blocked_pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
        for pair in blocked:
            blocked_pairs[pair.tutor_id, pair.pupil_id].append(pair)
        for pair in locked:
            self._locked_alone(pair, blocked_pairs[pair.tutor_id, pair.pupil_id])
        self._locked_together(locked)

    def _locked_alone(self, pair: Pair, blocked: list[Pair]) -> None:
        problem = self.problem
        tutor, pupil, need = (
            problem.tutor[pair.tutor_id],
            problem.pupil[pair.pupil_id],
            problem.need[pair.need_id],
        )
        if not teaches(tutor, need):
            self._add(
                PAIRS,
                pair,
                "tutor_id",
                tutor.id,
                f"a tutor who teaches {need.subject} in grade {need.grade}",
                1,
            )
        if tutoring_language(tutor, pupil) is None:
            self._add(PAIRS, pair, "tutor_id", tutor.id, f"a tutor who speaks {' or '.join(pupil.languages)}", 2)
        if not pair.slots:
            self._add(PAIRS, pair, "slots", "", "the slots of the locked match", 3)
        for who, free in (("tutor", tutor), ("pupil", pupil)):
            if busy := pair.slots - free.slots:
                self._add(PAIRS, pair, "slots", format_slots(busy), f"slots in which {who} {free.id} is free", 3)
        if len(pair.slots) > need.sessions_per_week:
            self._add(
                PAIRS,
                pair,
                "slots",
                format_slots(pair.slots),
                f"at most {need.sessions_per_week} sessions a week for need {need.id}",
                5,
            )
        if not meets_requirements(tutor, pupil):
            self._add(
                PAIRS,
                pair,
                "tutor_id",
                tutor.id,
                f"a tutor with {' and '.join(sorted(pupil.requires - tutor.conditions))}",
                6,
            )
        for other in blocked:
            if not other.slots or other.slots & pair.slots:
                self._add(PAIRS, pair, "tutor_id", tutor.id, f"a pair that is not blocked{self._also(other)}", 8)

    def _locked_together(self, locked: list[Pair]) -> None:
        problem = self.problem
        need_taken: dict[str, Pair] = {}
        pupil_taken: dict[tuple[str, int], Pair] = {}
        session_at: dict[tuple[str, int], list[Pair]] = defaultdict(list)
        sessions: Counter[str] = Counter()
        of_tutor: dict[str, list[Pair]] = defaultdict(list)
        of_pupil: dict[str, list[Pair]] = defaultdict(list)
        for pair in locked:
            if pair.need_id in need_taken:
                first = self._also(need_taken[pair.need_id])
                self._add(PAIRS, pair, "need_id", pair.need_id, f"one locked match for each need{first}", 5)
                continue
            need_taken[pair.need_id] = pair
            for slot in sorted(pair.slots):
                first = pupil_taken.setdefault((pair.pupil_id, slot), pair)
                if first is not pair:
                    expected = f"one session of pupil {pair.pupil_id} in a slot{self._also(first)}"
                    self._add(PAIRS, pair, "slots", format_slot(slot), expected, 3)
            tutor, pupil = problem.tutor[pair.tutor_id], problem.pupil[pair.pupil_id]
            before, others = of_tutor[tutor.id], of_pupil[pupil.id]
            sessions[tutor.id] += sum((tutor.id, slot) not in session_at for slot in pair.slots)
            for slot in pair.slots:
                session_at[tutor.id, slot].append(pair)
            if sessions[tutor.id] > tutor.sessions_per_week:
                expected = f"at most {tutor.sessions_per_week} sessions a week of tutor {tutor.id}{self._also(*before)}"
                self._add(PAIRS, pair, "slots", format_slots(pair.slots), expected, 4)
            if len({pupil.id, *(other.pupil_id for other in before)}) > tutor.max_pupils:
                expected = f"at most {tutor.max_pupils} pupils of tutor {tutor.id}{self._also(*before)}"
                self._add(PAIRS, pair, "pupil_id", pupil.id, expected, 4)
            if pupil.max_tutors is not None and len({tutor.id, *(o.tutor_id for o in others)}) > pupil.max_tutors:
                expected = f"at most {pupil.max_tutors} tutors of pupil {pupil.id}{self._also(*others)}"
                self._add(PAIRS, pair, "tutor_id", tutor.id, expected, 5)
            before.append(pair)
            others.append(pair)
        shared = [pairs for pairs in session_at.values() if len(pairs) > 1]
        if shared:
            self._agreed_groups(need_taken, shared)

    def _agreed_groups(self, locked: Mapping[str, Pair], shared: Collection[list[Pair]]) -> None:
        """Rule 7: locked matches that share a session of a tutor are a group, if they may be one."""
        hosts = agreed_hosts(locked.values())
        place = {need_id: number for number, need_id in enumerate(locked)}
        for need_id in sorted(hosts, key=place.__getitem__):
            joining, host = locked[need_id], locked[hosts[need_id]]
            if not joining.slots <= host.slots:
                first, second = sorted((joining, host), key=lambda pair: place[pair.need_id])
                expected = f"slots of which one match of the group has all{self._also(first)}"
                self._add(PAIRS, second, "slots", format_slots(second.slots), expected, 7)
        groups = {tuple(place[pair.need_id] for pair in pairs): pairs for pairs in shared}
        told: set[tuple[int, str]] = set()
        for _, pairs in sorted(groups.items()):
            group = pairs[:1]
            for pair in pairs[1:]:
                faults = list(self._group_faults(group, pair))
                for column, value, expected in faults:
                    if (place[pair.need_id], expected) not in told:
                        told.add((place[pair.need_id], expected))
                        self._add(PAIRS, pair, column, value, expected + self._also(*group), 7)
                if not faults:
                    group.append(pair)

    def _group_faults(self, group: list[Pair], pair: Pair) -> Iterator[tuple[str, str, str]]:
        """Yield column, value and what was expected, if ``pair`` cannot be in the session of ``group``."""
        problem = self.problem
        need, tutor = problem.need[pair.need_id], problem.tutor[pair.tutor_id]
        others = [problem.need[other.need_id] for other in group]
        if any((other.subject, other.grade) != (need.subject, need.grade) for other in others):
            yield "need_id", need.id, f"needs of one subject and grade in a session of tutor {tutor.id}"
        if lone := [each.id for each in (need, *others) if not each.group_ok]:
            yield "need_id", need.id, f"needs that may be met in a group (group_ok 1), unlike {', '.join(lone)}"
        pupils = {pupil_id: problem.pupil[pupil_id] for pupil_id in (pair.pupil_id, *(o.pupil_id for o in group))}
        if not tutor.languages.intersection(*(pupil.languages for pupil in pupils.values())):
            yield "pupil_id", pair.pupil_id, f"a language in common in a session of tutor {tutor.id}"
        if len(pupils) > tutor.group_size:
            yield "pupil_id", pair.pupil_id, f"at most {tutor.group_size} pupils in a session of tutor {tutor.id}"
