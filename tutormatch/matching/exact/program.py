"""One integer program of every hard rule and every level, over what is open in a problem.

All variables are 0 or 1. Whoever solves it maximises the gain of one level after
the other and holds each; `tutormatch.matching.exact.closing` does so.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from tutormatch.matching.flow.assignment import Seat
from tutormatch.matching.flow.openings import Openings, to_numbers
from tutormatch.matching.problem import Match


@dataclass(frozen=True, slots=True)
class Row:
    """``least <= weights @ variables <= most``."""

    variables: tuple[int, ...]
    weights: tuple[int, ...]
    least: float
    most: float


class Program:
    """Variables and rows for the sessions that are still open.

    Parameters
    ----------
    openings : Openings
    whole : bool
        Whether needs may have several sessions and join groups; otherwise one
        session each, which is enough for breadth and cover.

    Attributes
    ----------
    seats, places : list of Seat
        Sessions of a need's own, and places in the session of another need.
    rows : list of Row
    size : int
        How many variables there are; the first are seats, the next places.
    """

    def __init__(self, openings: Openings, *, whole: bool = True) -> None:
        self.openings = openings
        self.whole = whole
        self.seats = [
            Seat(need, tutor, slot)
            for need in openings.open_needs
            for tutor, bits in openings.options(need).items()
            for slot in to_numbers(bits)
        ]
        self.agreed = _Agreed(openings)
        self.places = self._find_places() if whole else []
        self.size = len(self.seats) + len(self.places)
        self.rows: list[Row] = []
        self.derived: list[tuple[int, Callable[[np.ndarray], bool]]] = []
        self.seats_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        for variable, seat in enumerate(self.seats):
            self.seats_of[seat.need, seat.tutor].append(variable)
        self.own = {pair: self._own(pair, variables) for pair, variables in self.seats_of.items()}
        self.of_couple: dict[tuple[int, int], dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for (need, tutor), variable in self.own.items():
            self.of_couple[tutor, openings.pupil_of[need]][need].append(variable)
        for variable, place in enumerate(self.places, start=len(self.seats)):
            self.of_couple[place.tutor, openings.pupil_of[place.need]][place.need].append(variable)
        self.meeting: dict[tuple[int, int], int] = {}
        self._times()
        self._limits()
        self._groups()

    # Variables and rows

    def variable(self, value: Callable[[np.ndarray], bool]) -> int:
        """Add a variable; ``value`` says what it is once those before it are known."""
        self.derived.append((self.size, value))
        self.size += 1
        return self.size - 1

    def row(self, weights: Mapping[int, int] | Iterable[int], least: float, most: float) -> None:
        """Add a row; variables without weights count 1."""
        if not isinstance(weights, Mapping):
            weights = dict.fromkeys(weights, 1)
        self.rows.append(Row(tuple(weights), tuple(weights.values()), least, most))

    def any_of(self, groups: Collection[Collection[int]], *, exactly: bool = False) -> int:
        """Return a variable that is at least the sum of each group, and not 1 for nothing if ``exactly``."""
        everything = np.array([variable for group in groups for variable in group])
        if len(everything) == 1:
            return int(everything[0])
        result = self.variable(lambda values: bool(values[everything].any()))
        for group in groups:
            self.row({**dict.fromkeys(group, 1), result: -1}, -np.inf, 0)
        if exactly:
            self.row({**dict.fromkeys(everything.tolist(), 1), result: -1}, 0, np.inf)
        return result

    def at_least(self, count: int, variables: Collection[int]) -> int:
        """Return a variable that is 1 only if ``count`` of the variables are."""
        result = self.unit(count, variables)
        self.row({**dict.fromkeys(variables, 1), result: -count}, 0, np.inf)
        return result

    def unit(self, count: int, variables: Collection[int]) -> int:
        """Return a variable that is 1 in `values` if at least ``count`` of the variables are; rows are the caller's."""
        array = np.array(variables)
        return self.variable(lambda values: bool(values[array].sum() >= count))

    # Rules

    def _own(self, pair: tuple[int, int], seats: list[int]) -> int:
        """Return a variable that is 1 exactly if the need has sessions of its own with the tutor."""
        sessions = self.openings.problem.needs[pair[0]].sessions_per_week if self.whole else 1
        result = self.any_of([seats] if sessions == 1 else [[seat] for seat in seats], exactly=True)
        if 1 < sessions < len(seats):
            self.row({**dict.fromkeys(seats, 1), result: -sessions}, -np.inf, 0)
        return result

    def meets(self, tutor: int, pupil: int) -> int:
        """Return a variable that is 1 at least if the two, who are not together yet, get together."""
        if (tutor, pupil) not in self.meeting:
            of_needs = list(self.of_couple[tutor, pupil].values())
            self.meeting[tutor, pupil] = self.any_of(of_needs, exactly=True)
            # They have one session in a slot, whatever the need: no news, but it leaves less room for fractions.
            of_slot: dict[int, list[int]] = defaultdict(list)
            for need in self.of_couple[tutor, pupil]:
                for variable in self.seats_of.get((need, tutor), ()):
                    of_slot[self.seats[variable].slot].append(variable)
            for seats in of_slot.values():
                if len(seats) > 1:
                    self.row({**dict.fromkeys(seats, 1), self.meeting[tutor, pupil]: -1}, -np.inf, 0)
        return self.meeting[tutor, pupil]

    def _times(self) -> None:
        """Rules 3 and 5: a need has one tutor; nobody is in two sessions at once."""
        openings = self.openings
        of_need, of_pupil, of_hour = defaultdict(list), defaultdict(list), defaultdict(list)
        for (need, _), variable in self.own.items():
            of_need[need].append(variable)
        for variable, seat in enumerate(self.seats + self.places):
            of_pupil[openings.pupil_of[seat.need], seat.slot].append(variable)
            if variable < len(self.seats):
                of_hour[seat.tutor, seat.slot].append(variable)
            else:
                of_need[seat.need].append(variable)
        for together in (of_need, of_pupil, of_hour):
            for variables in together.values():
                if len(variables) > 1:
                    self.row(variables, -np.inf, 1)

    def _limits(self) -> None:
        """Rules 4 and 5: sessions and pupils of a tutor, tutors of a pupil."""
        openings = self.openings
        of_tutor, pupils_of, tutors_of = defaultdict(list), defaultdict(list), defaultdict(list)
        for variable, seat in enumerate(self.seats):
            of_tutor[seat.tutor].append(variable)
        for tutor, variables in of_tutor.items():
            if openings.sessions_left[tutor] < len(variables):
                self.row(variables, -np.inf, openings.sessions_left[tutor])
        for tutor, pupil in self.of_couple:
            if (tutor, pupil) not in openings.locked_pairs:
                pupils_of[tutor].append(pupil)
                tutors_of[pupil].append(tutor)
        with_places = {place.tutor for place in self.places}
        for tutor, pupils in pupils_of.items():
            most = len(pupils) if tutor in with_places else min(len(pupils), openings.sessions_left[tutor])
            if openings.pupils_left[tutor] < most:
                self.row([self.meets(tutor, pupil) for pupil in pupils], -np.inf, openings.pupils_left[tutor])
        for pupil, tutors in tutors_of.items():
            if openings.tutors_left[pupil] < min(len(tutors), len(openings.open_needs_of[pupil])):
                self.row([self.meets(tutor, pupil) for tutor in tutors], -np.inf, openings.tutors_left[pupil])

    # Groups

    def _find_places(self) -> list[Seat]:
        """Return where needs could join a session, by rules 1, 2, 6, 7 and 8."""
        openings = self.openings
        problem = openings.problem
        hosts: dict[tuple[str, int], set[tuple[int, int]]] = defaultdict(set)
        for seat in self.seats:
            record = problem.needs[seat.need]
            if record.group_ok and problem.tutors[seat.tutor].group_size > 1:
                hosts[record.subject, record.grade].add((seat.tutor, seat.slot))
        for hour, needs in self.agreed.at_hour.items():
            record = problem.needs[needs[0]]
            if self.agreed.places_left(hour) > 0:
                hosts[record.subject, record.grade].add(hour)
        places = []
        for need in openings.open_needs:
            record, pupil = problem.needs[need], openings.pupil_of[need]
            if not record.group_ok:
                continue
            person = problem.pupils[pupil]
            suited = openings.suited_tutors(record.subject, record.grade, person.languages, person.requires)
            for tutor, slot in sorted(hosts[record.subject, record.grade]):
                has_room = (tutor, pupil) in openings.locked_pairs or (
                    openings.pupils_left[tutor] > 0 and openings.tutors_left[pupil] > 0
                )
                free = openings.pupil_free[pupil] & ~openings.blocked.get((tutor, pupil), 0)
                if suited >> tutor & 1 and has_room and free >> slot & 1:
                    places.append(Seat(need, tutor, slot))
        return places

    def _groups(self) -> None:
        """Rule 7: who joins finds a host of the same subject and grade, a place, and a shared language."""
        needs = self.openings.problem.needs
        joining: dict[tuple[int, int], list[int]] = defaultdict(list)
        hosting: dict[tuple[int, int], list[int]] = defaultdict(list)
        for variable, place in enumerate(self.places, start=len(self.seats)):
            joining[place.tutor, place.slot].append(variable)
        for variable, seat in enumerate(self.seats):
            if (seat.tutor, seat.slot) in joining and needs[seat.need].group_ok:
                hosting[seat.tutor, seat.slot].append(variable)
        for hour, variables in joining.items():
            if hour in self.agreed.at_hour:
                self.row(variables, -np.inf, self.agreed.places_left(hour))
            else:
                self._places_with_hosts(hour, variables, hosting[hour])
            self._shared_language(hour, variables, hosting[hour])

    def _kind(self, variable: int) -> tuple[str, int]:
        need = self.openings.problem.needs[self.seat(variable).need]
        return need.subject, need.grade

    def seat(self, variable: int) -> Seat:
        """Return the seat or the place that a variable stands for."""
        return self.seats[variable] if variable < len(self.seats) else self.places[variable - len(self.seats)]

    def _places_with_hosts(self, hour: tuple[int, int], joining: list[int], hosting: list[int]) -> None:
        places = self.openings.problem.tutors[hour[0]].group_size - 1
        of_kind = defaultdict(list)
        for variable in joining:
            of_kind[self._kind(variable)].append(variable)
        for kind, variables in of_kind.items():
            hosts = [variable for variable in hosting if self._kind(variable) == kind]
            self.row({**dict.fromkeys(variables, 1), **dict.fromkeys(hosts, -places)}, -np.inf, 0)
            for variable in variables:
                self.row({variable: 1, **dict.fromkeys(hosts, -1)}, -np.inf, 0)

    def _shared_language(self, hour: tuple[int, int], joining: list[int], hosting: list[int]) -> None:
        """Choose one tutoring language for the hour, unless all who could be there share one anyway."""
        openings = self.openings
        pupils = openings.problem.pupils
        codes_of = {
            variable: frozenset(pupils[openings.pupil_of[self.seat(variable).need]].languages)
            for variable in (*joining, *hosting)
        }
        codes = openings.problem.tutors[hour[0]].languages.intersection(*self.agreed.languages(hour))
        if codes.intersection(*codes_of.values()):
            return
        place_or_seat = {code: np.array([each for each in codes_of if code not in codes_of[each]]) for code in codes}
        chosen: dict[str, int] = {}
        for code in sorted(codes):
            before = tuple(chosen.values())
            chosen[code] = self.variable(_is_first_shared(np.array(joining), place_or_seat[code], before))
        self.row(chosen.values(), -np.inf, 1)
        for variable in joining:
            spoken = [chosen[code] for code in sorted(codes & codes_of[variable])]
            self.row({variable: 1, **dict.fromkeys(spoken, -1)}, -np.inf, 0)
        for variable in hosting:
            for code in sorted(codes - codes_of[variable]):
                self.row([variable, chosen[code]], -np.inf, 1)

    # Between matches and variables

    def values(self, matches: Iterable[Match]) -> np.ndarray:
        """Return what every variable is in a matching of the same problem."""
        openings = self.openings
        number = {seat: variable for variable, seat in enumerate(self.seats)}
        place = {seat: variable for variable, seat in enumerate(self.places, start=len(self.seats))}
        values = np.zeros(self.size, dtype=np.int64)
        opened = set(openings.open_needs)
        for match in matches:
            need, tutor = openings.need_index[match.need_id], openings.tutor_index[match.tutor_id]
            if need not in opened:
                continue
            if match.joins and not self.whole:
                continue
            if match.joins:
                values[place[Seat(need, tutor, match.slots[0])]] = 1
            else:
                for slot in match.slots[: None if self.whole else 1]:
                    values[number[Seat(need, tutor, slot)]] = 1
        for variable, value in self.derived:
            values[variable] = value(values)
        return values

    def matches(self, values: np.ndarray) -> tuple[Match, ...]:
        """Return the matching, locked matches included, that ``values`` stand for."""
        openings = self.openings
        problem = openings.problem
        slots_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        host: dict[tuple[int, int], str] = {
            hour: problem.needs[needs[0]].id for hour, needs in self.agreed.at_hour.items()
        }
        for variable in np.flatnonzero(values[: len(self.seats)]).tolist():
            seat = self.seats[variable]
            slots_of[seat.need, seat.tutor].append(seat.slot)
            host[seat.tutor, seat.slot] = problem.needs[seat.need].id
        found = [
            Match(problem.needs[need].id, problem.tutors[tutor].id, tuple(sorted(slots)))
            for (need, tutor), slots in slots_of.items()
        ]
        for variable in np.flatnonzero(values[len(self.seats) : len(self.seats) + len(self.places)]).tolist():
            place = self.places[variable]
            joins = host[place.tutor, place.slot]
            found.append(Match(problem.needs[place.need].id, problem.tutors[place.tutor].id, (place.slot,), joins))
        return tuple(sorted([*openings.locked, *found]))

    def matrix(self) -> csr_array:
        """Return the weights of all rows."""
        lengths = [len(row.variables) for row in self.rows]
        empty: list[int] = []
        return csr_array(
            (
                np.array([weight for row in self.rows for weight in row.weights] or empty, dtype=float),
                np.array([variable for row in self.rows for variable in row.variables] or empty, dtype=np.int64),
                np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
            ),
            shape=(len(self.rows), self.size),
        )


def _is_first_shared(joining: np.ndarray, without: np.ndarray, before: tuple[int, ...]) -> Callable[[np.ndarray], bool]:
    """Say whether somebody joins, nobody there lacks the tutoring language, and none before it was chosen."""
    return lambda values: bool(
        values[joining].any()
        and not (len(without) and values[without].any())
        and not any(values[variable] for variable in before)
    )


class _Agreed:
    """The hours of locked matches: who is there, and whether somebody may join."""

    def __init__(self, openings: Openings) -> None:
        self.openings = openings
        self.at_hour: dict[tuple[int, int], list[int]] = defaultdict(list)
        for match in sorted(openings.locked, key=lambda match: (match.joins != "", match.need_id)):
            for slot in match.slots:
                hour = openings.tutor_index[match.tutor_id], slot
                self.at_hour[hour].append(openings.need_index[match.need_id])

    def places_left(self, hour: tuple[int, int]) -> int:
        """Return how many may join the locked session; ``hour`` is a tutor and a slot."""
        problem, needs = self.openings.problem, self.at_hour[hour]
        if not all(problem.needs[need].group_ok for need in needs):
            return 0
        return max(0, problem.tutors[hour[0]].group_size - len(needs))

    def languages(self, hour: tuple[int, int]) -> list[frozenset[str]]:
        """Return what each pupil of the locked session accepts; none for another hour."""
        pupils, pupil_of = self.openings.problem.pupils, self.openings.pupil_of
        return [frozenset(pupils[pupil_of[need]].languages) for need in self.at_hour.get(hour, ())]
