"""Who competes for too few sessions: a Hall violator around one need.

A need that waits points to the hours it could use; an hour that is taken points to whoever
has it, who points to other hours. Everybody on such alternating paths competes for the same
hours. Where no path ends at a tutor with a session to spare, the hours that were met are all
there is for the needs that can use no others: if these needs are more than the sessions,
some must wait whatever the matching is [1]_.

References
----------
.. [1] P. Hall, "On Representatives of Subsets", J. London Math. Soc. 10 (1935), 26-30.
.. [2] R. Tarjan, "Depth-First Search and Linear Graph Algorithms", SIAM J. Comput. 1 (1972), 146-160.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import combinations
from operator import or_
from typing import Any

from tutormatch.matching.flow.openings import to_bits, to_numbers
from tutormatch.matching.guidance.standing import Standing
from tutormatch.matching.problem import Match, Need, Problem, Solution

NAMED = 5


@dataclass(frozen=True, slots=True)
class Competition:
    """Needs that only these tutors can take, and the fewer sessions that these can give them.

    Attributes
    ----------
    needs : tuple of str
        By identifier, more than ``sessions``.
    sessions : int
        What the tutors can give these needs at most, beside what is locked.
    tutor_ids : tuple of str
    """

    needs: tuple[str, ...]
    sessions: int
    tutor_ids: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, and the first needs and tutors, for JSON."""
        return {
            "needs": len(self.needs),
            "sessions": self.sessions,
            "tutors": len(self.tutor_ids),
            "need_ids": list(self.needs[:NAMED]),
            "tutor_ids": list(self.tutor_ids[:NAMED]),
        }


def competition(problem: Problem, solution: Solution, need_id: str) -> Competition | None:
    """Return the competition that keeps an unmatched need from a tutor.

    Returns
    -------
    Competition or None
        None if no competition proves that the need must wait, or one like it: it has a
        tutor, nobody suits it, or its pupil's own time or limits are in the way.

    Raises
    ------
    KeyError
        If the problem has no such need.
    """
    return Competitions(problem, solution.matches).around(problem.need[need_id])


class Competitions:
    """Finds the competition around many needs of one solution.

    Parameters
    ----------
    problem : Problem
    matches : iterable of Match

    Notes
    -----
    Nodes of the graph are needs, tutors, hours (a tutor and a slot), and classes in a slot,
    through which needs that the same tutors suit share their arcs. Nodes on a common cycle
    reach the same hours, so these are gathered once for each strong component [2]_.
    Sets of hours are bits.
    """

    def __init__(self, problem: Problem, matches: Iterable[Match]) -> None:
        self.problem = problem
        matches = tuple(matches)
        self.now = Standing(problem, matches)
        agreed = [match for match in matches if match.need_id in self.now.locked]
        # What every matching could still use: everything but what is locked.
        self.open = Standing(problem, agreed)
        self.hours = [
            (tutor, slot)
            for tutor, bits in enumerate(self.open.tutor_free)
            if self.open.sessions_left[tutor] > 0
            for slot in to_numbers(bits)
        ]
        self.hour_index = {hour: number for number, hour in enumerate(self.hours)}
        # Group places are no sessions of their own: who has one does not compete.
        self.needs = [need for need in problem.needs if need.id not in self.open.match_of and not self._joins(need.id)]

    def _joins(self, need_id: str) -> bool:
        match = self.now.match_of.get(need_id)
        return match is not None and bool(match.joins)

    def around(self, need: Need) -> Competition | None:
        """Return the competition that keeps a need from a tutor; None if there is none."""
        if need.id in self.now.match_of:
            return None
        reached = 0
        for each in self._classes_of[need.id]:
            reached |= self._reach[each]
        if not reached or reached & self._spare:
            return None
        if reached not in self._found:
            self._found[reached] = self._competition(reached)
        found = self._found[reached]
        return found if found and need.id in found.needs else None

    @cached_property
    def _found(self) -> dict[int, Competition | None]:
        return {}

    @cached_property
    def _spare(self) -> int:
        """One bit beyond all hours: a tutor with a session to spare."""
        return 1 << len(self.hours)

    def _competition(self, reached: int) -> Competition | None:
        others = (self._spare - 1) ^ reached
        needs = [need for need in self.needs if (hours := self._hours_of[need.id]) and not hours & others]
        counts = {tutor: (reached & hours).bit_count() for tutor, hours in self._own_hours.items()}
        repeated = self._repeated(needs)
        sessions = sum(min(count, self._capacity(tutor, tutor in repeated)) for tutor, count in counts.items())
        if len(needs) <= sessions:
            return None
        tutor_ids = tuple(self.problem.tutors[tutor].id for tutor, count in counts.items() if count)
        return Competition(tuple(need.id for need in needs), sessions, tutor_ids)

    @cached_property
    def _own_hours(self) -> dict[int, int]:
        """By tutor, the tutor's hours."""
        own_hours: dict[int, int] = defaultdict(int)
        for number, (tutor, _) in enumerate(self.hours):
            own_hours[tutor] |= 1 << number
        return own_hours

    def _capacity(self, tutor: int, is_repeated: bool) -> int:
        """Return how many needs a tutor can take at most; one for each pupil, unless a pupil may come twice."""
        sessions, pupils = self.open.sessions_left[tutor], self.open.pupils_left[tutor]
        return sessions if is_repeated else min(sessions, pupils)

    def _repeated(self, needs: Iterable[Need]) -> set[int]:
        """Return the tutors who could take two of some needs of one pupil, or another of their own pupil."""
        chosen = {need.id for need in needs}
        return {tutor for one, other, tutors in self._repeats if one in chosen and other in chosen for tutor in tutors}

    @cached_property
    def _repeats(self) -> list[tuple[str, str, set[int]]]:
        """Two needs of a pupil, and tutors with more sessions than places who could take both.

        A need that stands there twice could come to a tutor whom its pupil has already.
        """
        sessions, pupils = self.open.sessions_left, self.open.pupils_left
        needs_of_pupil = Counter(need.pupil_id for need in self.needs)
        needs_of: dict[str, list[tuple[str, set[int]]]] = defaultdict(list)
        classes_of, class_hours = self._class_nodes
        for need in self.needs:
            if needs_of_pupil[need.pupil_id] > 1 or need.pupil_id in self.open.own_tutors:
                tutors = {self.hours[hour][0] for each in classes_of[need.id] for hour in class_hours[each]}
                roomy = {tutor for tutor in tutors if sessions[tutor] > pupils[tutor]}
                needs_of[need.pupil_id].append((need.id, roomy))
        repeats = []
        for pupil_id, groups in needs_of.items():
            repeats += [(one, other, tutors & others) for (one, tutors), (other, others) in combinations(groups, 2)]
            repeats += [(one, one, tutors & self.open.own_tutors.get(pupil_id, set())) for one, tutors in groups]
        return [each for each in repeats if each[2]]

    @cached_property
    def _class_nodes(self) -> tuple[dict[str, list[int]], list[list[int]]]:
        """By need the classes in slots that it points to, and for each of these its hours."""
        numbers: dict[tuple, int] = {}
        hours: list[list[int]] = []
        classes_of: dict[str, list[int]] = {}
        tutors_of: dict[tuple, int] = {}
        for need in self.needs:
            pupil, teachers = self.open.pupil_of(need), self.open.teachers(need.subject)
            is_special = pupil.id in self.open.blocked or pupil.id in self.open.own_tutors
            key = (need.subject, need.grade, pupil.languages, pupil.requires, pupil.id if is_special else "")
            if key not in tutors_of:
                tutors_of[key] = self.open.suited(need)[-1] & self.open.with_room(teachers, pupil)
            classes_of[need.id] = []
            for slot in to_numbers(self.open.pupil_free(pupil)):
                if (key, slot) not in numbers:
                    numbers[key, slot] = len(hours)
                    tutors = tutors_of[key] & self.open.meeting(teachers, pupil, teachers.free, 1 << slot)
                    hours.append([self.hour_index[tutor, slot] for tutor in teachers.numbers(tutors)])
                classes_of[need.id].append(numbers[key, slot])
        return classes_of, hours

    @property
    def _classes_of(self) -> dict[str, list[int]]:
        return self._class_nodes[0]

    @cached_property
    def _hours_of(self) -> dict[str, int]:
        """By need, the hours it could use."""
        classes_of, hours = self._class_nodes
        bits = [to_bits(numbers) for numbers in hours]
        return {need_id: reduce(or_, (bits[each] for each in classes), 0) for need_id, classes in classes_of.items()}

    @cached_property
    def _reach(self) -> list[int]:
        """By node, classes in slots first, the hours that alternating paths reach, and `_spare`."""
        classes_of, class_hours = self._class_nodes
        first_hour = len(class_hours)
        first_tutor = first_hour + len(self.hours)
        first_need = first_tutor + len(self.problem.tutors)
        taken = [
            match
            for need_id, match in sorted(self.now.match_of.items())
            if not match.joins and need_id not in self.open.match_of
        ]
        holder = {
            (self.now.tutor_index[match.tutor_id], slot): first_need + number
            for number, match in enumerate(taken)
            for slot in match.slots
        }
        taken_of: dict[int, list[int]] = defaultdict(list)
        for number, match in enumerate(taken):
            taken_of[self.now.tutor_index[match.tutor_id]].append(first_need + number)
        nodes: list[list[int]] = [[first_hour + number for number in numbers] for numbers in class_hours]
        nodes += ([holder.get(hour, first_tutor + hour[0])] for hour in self.hours)
        marks = [0] * first_hour + [1 << number for number in range(len(self.hours))]
        for tutor in range(len(self.problem.tutors)):
            has_room = self.now.sessions_left[tutor] > 0 and self.now.pupils_left[tutor] > 0
            marks.append(self._spare if has_room else 0)
            nodes.append([] if has_room else taken_of[tutor])
        nodes += (classes_of[match.need_id] for match in taken)
        marks += [0] * len(taken)
        return gathered(nodes, marks)


def gathered(successors: list[list[int]], marks: list[int]) -> list[int]:
    """Return for each node of a graph the marks of everything that it reaches, itself included.

    Parameters
    ----------
    successors : list of list of int
        By node.
    marks : list of int
        By node, as bits.

    Notes
    -----
    Tarjan's algorithm [2]_ ends with each strong component after all that it reaches.
    """
    unseen, done = -1, len(successors)
    low = [unseen] * len(successors)
    reach = list(marks)
    open_nodes: list[int] = []
    number = 0
    for root in range(len(successors)):
        if low[root] != unseen:
            continue
        path = [(root, iter(successors[root]), number)]
        low[root] = number
        number += 1
        open_nodes.append(root)
        while path:
            node, following, entered = path[-1]
            for head in following:
                if low[head] == unseen:
                    path.append((head, iter(successors[head]), number))
                    low[head] = number
                    number += 1
                    open_nodes.append(head)
                    break
                low[node] = min(low[node], low[head])
                reach[node] |= reach[head]
            else:
                path.pop()
                if low[node] == entered:
                    while True:
                        member = open_nodes.pop()
                        reach[member], low[member] = reach[node], done
                        if member == node:
                            break
                if path:
                    before = path[-1][0]
                    low[before] = min(low[before], low[node])
                    reach[before] |= reach[node]
    return reach
