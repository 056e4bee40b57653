"""The levels of the objective as gains over the variables of a `Program`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tutormatch.matching.exact.program import Program
from tutormatch.matching.objective import (
    BALANCE,
    BREADTH,
    COMPLETE,
    COVER,
    DEPTH,
    GROUPS,
    LEVELS,
    POINTS,
    QUALITY,
    pair_items,
    quality,
)
from tutormatch.matching.problem import Match
from tutormatch.matching.slots import weekday_of

LARGEST_WEIGHT = 1 << 16
"""Ranks share one aim as long as the weights that keep their order add up to this at most."""

Gain = Mapping[int, int]
"""By variable."""


@dataclass(frozen=True)
class Goal:
    """One level: gains to be maximised one after the other, and what the level counts.

    Attributes
    ----------
    level : str
    aims : tuple of tuple of Gain
        In their order. Gains of one aim, counts of pupils each, can be weighed against
        each other so that they are maximised in their order at once.
    count : Gain
        The level has reached ``agreed + sign * count``.
    agreed : int
        What locked matches give.
    sign : {1, -1}
    """

    level: str
    aims: tuple[tuple[Gain, ...], ...]
    count: Gain
    agreed: int
    sign: int = 1

    def reached(self, count: int) -> int:
        """Return the number of the level for a value of its count."""
        return self.agreed + self.sign * count


def weighed(aim: Sequence[Gain]) -> Gain:
    """Return one gain that keeps the order of those of an aim: a unit of one outweighs all that follow."""
    weights = dict(aim[-1])
    for gain, following in zip(aim[-2::-1], aim[:0:-1], strict=True):
        unit = weights[next(iter(following))] * (len(following) + 1)
        weights |= dict.fromkeys(gain, unit)
    return weights


def value(gain: Gain, values: np.ndarray) -> int:
    """Return what a gain adds up to."""
    return int(sum(weight * values[variable] for variable, weight in gain.items()))


class Goals:
    """Builds the goals of a profile; variables that a level needs are added to the program as it comes.

    Parameters
    ----------
    program : Program
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.openings = openings = program.openings
        self.own_of: dict[int, list[int]] = defaultdict(list)
        for (need, _), variable in program.own.items():
            self.own_of[need].append(variable)
        self.places_of: dict[int, list[int]] = defaultdict(list)
        for variable, place in enumerate(program.places, start=len(program.seats)):
            self.places_of[place.need].append(variable)
        self.locked_own = [match for match in openings.locked if not match.joins]
        self.agreed_own = self._pupils(self.locked_own)
        self.agreed = self._pupils(openings.locked)
        self.served = self._any_of_pupil(self.agreed_own, self.own_of)
        self._meetings()

    def _pupils(self, matches: Iterable[Match]) -> set[int]:
        return {self.openings.pupil_of[self.openings.need_index[match.need_id]] for match in matches}

    def _any_of_pupil(self, without: set[int], *parts: Mapping[int, list[int]]) -> dict[int, int]:
        """Return by pupil, but those ``without``, a variable that is 1 exactly if one of the pupil's needs has any."""
        variables = {}
        for pupil, needs in sorted(self.openings.open_needs_of.items()):
            groups = [[variable for part in parts for variable in part.get(need, ())] for need in needs]
            if pupil not in without and any(groups):
                variables[pupil] = self.program.any_of([group for group in groups if group], exactly=True)
        return variables

    def _meetings(self) -> None:
        """Say that who is served meets somebody: no news, but it makes fractions of meetings count as a flow does."""
        tutors_of: dict[int, list[int]] = defaultdict(list)
        for tutor, pupil in self.program.meeting:
            tutors_of[pupil].append(tutor)
        for pupil, tutors in tutors_of.items():
            if pupil not in self.served or len(self.openings.open_needs_of[pupil]) == 1:
                continue
            meetings = [self.program.meeting[tutor, pupil] for tutor in tutors]
            others = [
                self.program.own[need, tutor]
                for need in self.openings.open_needs_of[pupil]
                for tutor in self.openings.options(need)
                if tutor not in tutors
            ]
            if self.served[pupil] not in (*meetings, *others):
                self.program.row({**dict.fromkeys((*meetings, *others), 1), self.served[pupil]: -1}, 0, np.inf)

    def of_profile(self) -> list[Goal]:
        """Return the goals in their order; without groups and further sessions only those that one session has."""
        build: Mapping[str, Callable[[], Goal]] = {
            COMPLETE: self._complete,
            BREADTH: self._breadth,
            COVER: self._cover,
            GROUPS: self._groups,
            DEPTH: self._depth,
            QUALITY: self._quality,
            BALANCE: self._balance,
        }
        levels = LEVELS[self.openings.profile] if self.program.whole else (BREADTH, COVER, QUALITY)
        return [build[level]() for level in levels]

    def _by_rank(self, level: str, variable_of: Mapping[int, int], agreed: int) -> Goal:
        """Put the pupils in order: one pupil outweighs all of lower ranks."""
        of_rank: dict[int, list[int]] = defaultdict(list)
        for pupil, variable in variable_of.items():
            of_rank[self.openings.ranks[pupil]].append(variable)
        aims: list[list[Gain]] = []
        total = LARGEST_WEIGHT
        for rank in sorted(of_rank, reverse=True):
            total *= len(of_rank[rank]) + 1
            if total > LARGEST_WEIGHT:
                aims.append([])
                total = len(of_rank[rank]) + 1
            aims[-1].append(dict.fromkeys(of_rank[rank], 1))
        return Goal(level, tuple(map(tuple, aims)), dict.fromkeys(variable_of.values(), 1), agreed)

    def _breadth(self) -> Goal:
        return self._by_rank(BREADTH, self.served, len(self.agreed_own))

    def _complete(self) -> Goal:
        program, openings = self.program, self.openings
        needs = openings.problem.needs
        agreed = self._pupils(
            match
            for match in self.locked_own
            if len(match.slots) == openings.problem.need[match.need_id].sessions_per_week
        )
        full: dict[int, list[int]] = defaultdict(list)
        for (need, tutor), seats in program.seats_of.items():
            wanted = needs[need].sessions_per_week
            if wanted == 1:
                full[need].append(program.own[need, tutor])
            elif wanted <= len(seats):
                full[need].append(program.at_least(wanted, seats))
        complete = self._any_of_pupil(agreed, full)
        return self._by_rank(COMPLETE, complete, len(agreed))

    def _cover(self) -> Goal:
        ranks, pupil_of = self.openings.ranks, self.openings.pupil_of
        count: Counter[int] = Counter()
        order: Counter[int] = Counter()
        for need, variables in self.own_of.items():
            for variable in variables:
                count[variable] += 1
                order[variable] += ranks[pupil_of[need]]
        # A variable may stand for a pupil and for the pupil's only seat.
        for pupil, variable in self.served.items():
            count[variable] -= 1
            order[variable] -= ranks[pupil]
        return Goal(COVER, ((count,), (order,)), count, len(self.locked_own) - len(self.agreed_own))

    def _groups(self) -> Goal:
        ranks, pupil_of = self.openings.ranks, self.openings.pupil_of
        top = max(ranks.values(), default=0)
        count: Counter[int] = Counter()
        order: Counter[int] = Counter()
        for need, variables in self.places_of.items():
            for variable in variables:
                count[variable] += 1
                order[variable] += ranks[pupil_of[need]]
        # The first place of a pupil without own sessions: who is helped, but not served.
        for variable in self.helped.values():
            order[variable] += top
        for pupil, variable in self.served.items():
            if pupil in self.helped or pupil in self.agreed:
                order[variable] -= top
        return Goal(GROUPS, ((count,), (order,)), count, len(self.openings.locked) - len(self.locked_own))

    @cached_property
    def helped(self) -> dict[int, int]:
        """By pupil who has no locked match, a variable that is 1 exactly if one of the needs is served or joins."""
        may_join = {self.openings.pupil_of[need] for need in self.places_of}
        others = self.served.keys() - may_join
        joining = self._any_of_pupil(self.agreed | others, self.own_of, self.places_of)
        return {pupil: variable for pupil, variable in self.served.items() if pupil in others} | joining

    def _depth(self) -> Goal:
        gain = Counter(range(len(self.program.seats)))
        gain.subtract(self.program.own.values())
        agreed = sum(len(match.slots) - 1 for match in self.locked_own)
        return Goal(DEPTH, ((gain,),), gain, agreed)

    def _quality(self) -> Goal:
        program, openings = self.program, self.openings
        problem = openings.problem
        gain: Counter[int] = Counter()
        for (tutor, pupil), of_needs in program.of_couple.items():
            is_returning = (tutor, pupil) in openings.returning
            is_together = (tutor, pupil) in openings.locked_pairs
            may_repeat = is_together or len(of_needs) > 1
            for need, variables in of_needs.items():
                items = pair_items(
                    problem.tutors[tutor], problem.pupils[pupil], problem.needs[need], is_returning=is_returning
                )
                points = sum(items.values()) + (POINTS["same_tutor"] if may_repeat else 0)
                for variable in variables:
                    gain[variable] += points
            if may_repeat and not is_together:
                gain[program.meets(tutor, pupil)] -= POINTS["same_tutor"]
        for pair, seats in program.seats_of.items() if program.whole else ():
            days = self._days(pair, seats)
            if len(days) > 1 and problem.needs[pair[0]].sessions_per_week > 1:
                gain[program.own[pair]] -= POINTS["spread"]
                for day in days:
                    gain[day] += POINTS["spread"]
        return Goal(QUALITY, ((gain,),), gain, quality(problem, openings.locked))

    def _days(self, pair: tuple[int, int], seats: list[int]) -> list[int]:
        """Return a variable for each weekday on which the two could meet, 1 only if they do."""
        of_day: dict[int, list[int]] = defaultdict(list)
        for variable in seats:
            of_day[weekday_of(self.program.seats[variable].slot)].append(variable)
        return [each[0] if len(each) == 1 else self.program.at_least(1, each) for each in of_day.values()]

    def _balance(self) -> Goal:
        problem, openings = self.openings.problem, self.openings
        of_school: dict[str, list[int]] = defaultdict(list)
        of_tutor: dict[int, list[int]] = defaultdict(list)
        for pupil, variable in self.helped.items():
            of_school[problem.pupils[pupil].school].append(variable)
        for variable, seat in enumerate(self.program.seats):
            of_tutor[seat.tutor].append(variable)
        in_school = Counter(problem.pupils[pupil].school for pupil in self.agreed)
        with_tutor = Counter(tutor for tutor, _ in self.program.agreed.at_hour)
        gain: dict[int, int] = {}
        for school, variables in of_school.items():
            self._even(gain, variables, in_school[school], len(variables))
        for tutor, variables in of_tutor.items():
            self._even(gain, variables, with_tutor[tutor], min(len(variables), openings.sessions_left[tutor]))
        agreed = sum(count * (count - 1) // 2 for count in (*in_school.values(), *with_tutor.values()))
        return Goal(BALANCE, ((gain,),), gain, agreed, sign=-1)

    def _even(self, gain: dict[int, int], variables: list[int], before: int, most: int) -> None:
        """Count how many of ``variables`` are 1, each one more at a higher cost than the one before."""
        units = [self.program.unit(count, variables) for count in range(1, most + 1)]
        self.program.row({**dict.fromkeys(variables, 1), **dict.fromkeys(units, -1)}, 0, 0)
        for cost, unit in enumerate(units, start=before):
            if cost:
                gain[unit] = -cost
