"""An exact integer program of the whole objective, written apart from the product.

It shares the records with the product and nothing else, and it is built another way:
a variable stands for a need with a tutor and a *whole set* of slots, or for a *whole
group* in one slot, so that every set and every group is looked at by itself in plain
Python before the program sees it. Only what fits into a small problem is possible so.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tutormatch.matching import Match, Need, Pair, PairStatus, Problem, Profile, Pupil, Tutor

LEVELS = {
    Profile.BREADTH_FIRST: ("breadth", "cover", "groups", "depth", "quality", "balance"),
    Profile.DEPTH_FIRST: ("complete", "breadth", "cover", "groups", "depth", "quality", "balance"),
    Profile.LONGEST_WAIT_FIRST: ("breadth", "cover", "groups", "depth", "quality", "balance"),
}


class Terms:
    """What the levels of one problem count, told from its records."""

    def __init__(self, problem: Problem, profile: Profile) -> None:
        self.problem = problem
        self.agreed = {pair.need_id: pair for pair in problem.pairs if pair.status is PairStatus.LOCKED}
        self.returning = {
            (pair.tutor_id, pair.pupil_id) for pair in problem.pairs if pair.status is PairStatus.RETURNING
        }
        self.open = [need for need in problem.needs if need.id not in self.agreed]
        places: dict[str, tuple[int, int]] = {}
        for need in self.open:
            place = (need.priority, need.waiting_days)
            if profile is Profile.LONGEST_WAIT_FIRST:
                place = (need.waiting_days, need.priority)
            places[need.pupil_id] = max(place, places.get(need.pupil_id, place))
        order = sorted(set(places.values()))
        self.rank = {pupil_id: order.index(place) + 1 for pupil_id, place in places.items()}
        self.ranks = range(len(order), 0, -1)
        self.locked = list(self._locked())

    def _locked(self) -> Iterator[tuple[Need, Tutor, frozenset[int], bool]]:
        """Yield need, tutor and slots of the locked matches, and whether it joins another's sessions."""
        hosts: list[Pair] = []
        for pair in sorted(self.agreed.values(), key=lambda pair: (-len(pair.slots), pair.need_id)):
            joins = any(host.tutor_id == pair.tutor_id and host.slots & pair.slots for host in hosts)
            if not joins:
                hosts.append(pair)
            yield self.problem.need[pair.need_id], self.problem.tutor[pair.tutor_id], pair.slots, joins

    def pair_points(self, need: Need, tutor: Tutor) -> int:
        pupil = self.problem.pupil[need.pupil_id]
        return (
            {3: 64, 2: 32, 1: 0}[need.priority]
            + (12 if (tutor.id, pupil.id) in self.returning else 0)
            + (4 if pupil.languages[0] in tutor.languages else 0)
            + (2 if tutor.institution and tutor.institution in pupil.patrons else 0)
        )


def days(slots: Iterable[int]) -> int:
    return len({slot // 24 for slot in slots})


def worth(problem: Problem, matches: Iterable[Match], profile: Profile) -> dict[str, tuple[int, ...]]:
    """Return what a matching is worth at each level, as `Oracle.best` gives it."""
    terms = Terms(problem, profile)
    matches = list(matches)
    own, joined = [each for each in matches if not each.joins], [each for each in matches if each.joins]

    def pupil_of(match: Match) -> str:
        return problem.need[match.need_id].pupil_id

    served, helped = {pupil_of(match) for match in own}, {pupil_of(match) for match in matches}
    full = {pupil_of(each) for each in own if len(each.slots) == problem.need[each.need_id].sessions_per_week}

    def by_rank(pupils: set[str]) -> tuple[int, ...]:
        count = Counter(terms.rank.get(pupil, 0) for pupil in pupils)
        return tuple(count[rank] for rank in (*terms.ranks, 0))

    rank = defaultdict(int, terms.rank)
    joined_order = sum(rank[pupil_of(each)] for each in joined)
    joined_order += sum(len(terms.ranks) for pupil in helped - served if pupil in terms.rank)
    couples = {(match.tutor_id, pupil_of(match)) for match in matches}
    points = 8 * (len(matches) - len(couples))
    for match in matches:
        points += terms.pair_points(problem.need[match.need_id], problem.tutor[match.tutor_id])
        points += 0 if match.joins else days(match.slots) - 1
    hours = {(match.tutor_id, slot) for match in matches for slot in match.slots}
    loads = [*Counter(problem.pupil[each].school for each in helped).values(), *Counter(t for t, _ in hours).values()]
    values = {
        "complete": by_rank(full),
        "breadth": by_rank(served),
        "cover": (len(own) - len(served), sum(rank[pupil_of(each)] for each in own) - sum(rank[p] for p in served)),
        "groups": (len(joined), joined_order),
        "depth": (sum(len(match.slots) - 1 for match in own),),
        "quality": (points,),
        "balance": (sum(load * (load - 1) // 2 for load in loads),),
    }
    return {level: values[level] for level in LEVELS[profile]}


class Oracle:
    """One program; its levels are closed one after the other, each held from then on.

    Parameters
    ----------
    problem : Problem
    profile : Profile
    """

    def __init__(self, problem: Problem, profile: Profile = Profile.BREADTH_FIRST) -> None:
        self.problem = problem
        self.profile = profile
        self.terms = Terms(problem, profile)
        self.size = 0
        self.rows: list[tuple[dict[int, float], float, float]] = []
        self.hosts_at = defaultdict(list)
        for need, tutor, slots, _ in sorted(self.terms.locked, key=lambda each: each[3]):
            for slot in slots:
                self.hosts_at[tutor.id, slot].append(need)
        self.own = {self._new(): each for each in self._own()}
        self.groups = {self._new(): each for each in self._possible_groups()}
        self._rules()

    def _new(self) -> int:
        self.size += 1
        return self.size - 1

    def _suits(self, need: Need, tutor: Tutor) -> bool:
        pupil = self.problem.pupil[need.pupil_id]
        return (
            any(t.subject == need.subject and t.grade_from <= need.grade <= t.grade_to for t in tutor.subjects)
            and any(code in tutor.languages for code in pupil.languages)
            and all(tag in tutor.conditions for tag in pupil.requires)
        )

    def _meetable(self, need: Need, tutor: Tutor) -> set[int]:
        """Return the slots in which pupil and tutor may meet; the tutor may have a locked session then."""
        pupil = self.problem.pupil[need.pupil_id]
        slots = set(tutor.slots & pupil.slots)
        for pair in self.problem.pairs:
            if pair.status is PairStatus.LOCKED and pair.pupil_id == pupil.id:
                slots -= pair.slots
            if pair.status is PairStatus.BLOCKED and (pair.tutor_id, pair.pupil_id) == (tutor.id, pupil.id):
                slots -= pair.slots or slots
        return slots

    def _own(self) -> Iterator[tuple[Need, Tutor, tuple[int, ...]]]:
        for need in self.terms.open:
            for tutor in self.problem.tutors:
                if self._suits(need, tutor):
                    free = [slot for slot in self._meetable(need, tutor) if (tutor.id, slot) not in self.hosts_at]
                    for count in range(1, need.sessions_per_week + 1):
                        for slots in combinations(sorted(free), count):
                            yield need, tutor, slots

    def _possible_groups(self) -> Iterator[tuple[Tutor, int, tuple[Need, ...], tuple[Need, ...]]]:
        """Yield tutor, slot, who is there with a session of their own or locked, and who joins."""
        for tutor in self.problem.tutors:
            if tutor.group_size < 2:
                continue
            for slot in sorted(tutor.slots):
                able = [n for n in self.terms.open if self._suits(n, tutor) and slot in self._meetable(n, tutor)]
                locked = self.hosts_at.get((tutor.id, slot))
                present = [tuple(locked)] if locked else [(need,) for need in able]
                for there in present:
                    for count in range(1, tutor.group_size - len(there) + 1):
                        for joining in combinations(able, count):
                            if self._is_group(tutor, (*there, *joining)):
                                yield tutor, slot, there, joining

    def _is_group(self, tutor: Tutor, needs: tuple[Need, ...]) -> bool:
        pupils: list[Pupil] = [self.problem.pupil[need.pupil_id] for need in needs]
        return (
            all(need.group_ok for need in needs)
            and len({(need.subject, need.grade) for need in needs}) == 1
            and len({pupil.id for pupil in pupils}) == len(pupils) <= tutor.group_size
            and any(all(code in pupil.languages for pupil in pupils) for code in tutor.languages)
        )

    def _row(self, weights: dict[int, float], least: float, most: float) -> None:
        self.rows.append((weights, least, most))

    def _any(self, variables: Iterable[int], is_agreed: bool = False) -> int:
        """Return a variable that is 1 exactly if one of ``variables`` is, or if it is agreed."""
        result = self._new()
        if is_agreed:
            self._row({result: 1}, 1, 1)
            return result
        total = dict.fromkeys(variables, -1.0)
        self._row(total | {result: 1}, -np.inf, 0)
        for variable in total:
            self._row({variable: 1, result: -1}, -np.inf, 0)
        return result

    def _rules(self) -> None:
        problem, locked = self.problem, self.terms.locked
        groups: dict[tuple, list[int]] = defaultdict(list)
        hosting = defaultdict(list)
        for variable, (need, tutor, slots) in self.own.items():
            groups["need", need.id].append(variable)
            groups["couple", tutor.id, need.pupil_id].append(variable)
            for slot in slots:
                groups["tutor at", tutor.id, slot].append(variable)
                groups["pupil at", need.pupil_id, slot].append(variable)
                hosting[need.id, tutor.id, slot].append(variable)
        self.joining = defaultdict(list)
        for variable, (tutor, slot, there, joining) in self.groups.items():
            groups["group at", tutor.id, slot].append(variable)
            if there[0].id not in self.terms.agreed:
                # The host of the group has its session there.
                has_session = dict.fromkeys(hosting[there[0].id, tutor.id, slot], -1.0)
                self._row({variable: 1, **has_session}, -np.inf, 0)
            for need in joining:
                self.joining[need.id].append(variable)
                groups["need", need.id].append(variable)
                groups["couple", tutor.id, need.pupil_id].append(variable)
                groups["pupil at", need.pupil_id, slot].append(variable)
        for key, variables in groups.items():
            if key[0] != "couple":
                self._row(dict.fromkeys(variables, 1), -np.inf, 1)
        together = {(tutor.id, need.pupil_id) for need, tutor, _, _ in locked}
        keys = {key[1:] for key in groups if key[0] == "couple"} | together
        self.couples = {key: self._any(dict.fromkeys(groups["couple", *key]), key in together) for key in sorted(keys)}
        for tutor in problem.tutors:
            mine = {variable: len(own[2]) for variable, own in self.own.items() if own[1].id == tutor.id}
            given = sum(tutor_id == tutor.id for tutor_id, _ in self.hosts_at)
            self._row(mine, -np.inf, tutor.sessions_per_week - given)
            pupils = [variable for (tutor_id, _), variable in self.couples.items() if tutor_id == tutor.id]
            self._row(dict.fromkeys(pupils, 1), -np.inf, tutor.max_pupils)
        for pupil in problem.pupils:
            tutors = [variable for (_, pupil_id), variable in self.couples.items() if pupil_id == pupil.id]
            if pupil.max_tutors is not None:
                self._row(dict.fromkeys(tutors, 1), -np.inf, pupil.max_tutors)

    def _most(self, weights: dict[int, float]) -> int:
        """Return the largest value, and keep it from now on."""
        weights = {variable: weight for variable, weight in weights.items() if weight}
        if not weights:
            return 0
        gain = np.zeros(self.size)
        for variable, weight in weights.items():
            gain[variable] = weight
        rows = [row for row in self.rows if row[0]]
        matrix = np.zeros((len(rows), self.size))
        for number, (row, _, _) in enumerate(rows):
            matrix[number, list(row)] = list(row.values())
        result = milp(
            -gain,
            integrality=np.ones(self.size),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, [row[1] for row in rows], [row[2] for row in rows]),
            options={"mip_rel_gap": 0},
        )
        assert result.status == 0, result.message
        best = round(-result.fun)
        self._row(weights, best, np.inf)
        return best

    def best(self) -> dict[str, tuple[int, ...]]:
        """Return the best there is at each level, given the levels before it."""
        locked = self.terms.locked
        pupils = sorted({need.pupil_id for need in self.problem.needs})
        self.agreed_own = {need.pupil_id for need, _, _, joins in locked if not joins}
        self.agreed_any = {need.pupil_id for need, _, _, _ in locked}
        own, anything = defaultdict(list), defaultdict(dict)
        for variable, (need, _, _) in self.own.items():
            own[need.pupil_id].append(variable)
            anything[need.pupil_id][variable] = None
        for need in self.terms.open:
            anything[need.pupil_id] |= dict.fromkeys(self.joining[need.id])
        self.served = {pupil: self._any(own[pupil], pupil in self.agreed_own) for pupil in pupils}
        self.helped = {pupil: self._any(anything[pupil], pupil in self.agreed_any) for pupil in pupils}
        return {level: getattr(self, f"_{level}")() for level in LEVELS[self.profile]}

    def _by_rank(self, variable_of: dict[str, int]) -> tuple[int, ...]:
        rank = defaultdict(int, self.terms.rank)
        return tuple(
            self._most({variable: 1 for pupil, variable in variable_of.items() if rank[pupil] == each})
            for each in (*self.terms.ranks, 0)
        )

    def _breadth(self) -> tuple[int, ...]:
        return self._by_rank(self.served)

    def _complete(self) -> tuple[int, ...]:
        agreed = {
            n.pupil_id for n, _, slots, joins in self.terms.locked if len(slots) == n.sessions_per_week and not joins
        }
        full = defaultdict(list)
        for variable, (need, _, slots) in self.own.items():
            if len(slots) == need.sessions_per_week:
                full[need.pupil_id].append(variable)
        return self._by_rank({pupil: self._any(full[pupil], pupil in agreed) for pupil in self.served})

    def _cover(self) -> tuple[int, int]:
        rank = defaultdict(int, self.terms.rank)
        count = dict.fromkeys(self.own, 1.0) | dict.fromkeys(self.served.values(), -1.0)
        order = {variable: float(rank[need.pupil_id]) for variable, (need, _, _) in self.own.items()}
        order |= {variable: -float(rank[pupil]) for pupil, variable in self.served.items()}
        locked_own = [need for need, _, _, joins in self.terms.locked if not joins]
        return self._most(count) + len(locked_own), self._most(order) + sum(rank[n.pupil_id] for n in locked_own)

    def _groups(self) -> tuple[int, int]:
        rank, top = defaultdict(int, self.terms.rank), len(self.terms.ranks)
        locked_joins = [need for need, _, _, joins in self.terms.locked if joins]
        count = {variable: float(len(joining)) for variable, (_, _, _, joining) in self.groups.items()}
        order = {
            variable: float(sum(rank[need.pupil_id] for need in joining))
            for variable, (_, _, _, joining) in self.groups.items()
        }
        for pupil in self.terms.rank:
            order[self.helped[pupil]], order[self.served[pupil]] = float(top), -float(top)
        return self._most(count) + len(locked_joins), self._most(order) + sum(rank[n.pupil_id] for n in locked_joins)

    def _depth(self) -> tuple[int]:
        agreed = sum(len(slots) - 1 for _, _, slots, joins in self.terms.locked if not joins)
        return (self._most({variable: len(slots) - 1.0 for variable, (_, _, slots) in self.own.items()}) + agreed,)

    def _quality(self) -> tuple[int]:
        points = {
            variable: 8.0 + self.terms.pair_points(need, tutor) + days(slots) - 1
            for variable, (need, tutor, slots) in self.own.items()
        }
        for variable, (tutor, _, _, joining) in self.groups.items():
            points[variable] = sum(8.0 + self.terms.pair_points(need, tutor) for need in joining)
        points |= dict.fromkeys(self.couples.values(), -8.0)
        agreed = sum(
            8 + self.terms.pair_points(need, tutor) + (0 if joins else days(slots) - 1)
            for need, tutor, slots, joins in self.terms.locked
        )
        return (self._most(points) + agreed,)

    def _balance(self) -> tuple[int]:
        loads: dict[object, dict[int, float]] = defaultdict(dict)
        given = Counter(("tutor", tutor_id) for tutor_id, _ in self.hosts_at)
        for variable, (_, tutor, slots) in self.own.items():
            loads["tutor", tutor.id][variable] = len(slots)
        for pupil, variable in self.helped.items():
            loads["school", self.problem.pupil[pupil].school][variable] = 1
        cost: dict[int, float] = {}
        for key, variables in loads.items():
            most = given[key] + int(sum(variables.values()))
            if key[0] == "tutor":
                most = self.problem.tutor[key[1]].sessions_per_week
            units = [self._new() for _ in range(most)]
            self._row(variables | dict.fromkeys(units, -1.0), -given[key], -given[key])
            cost |= {unit: -float(number) for number, unit in enumerate(units)}
        alone = sum(count * (count - 1) // 2 for key, count in given.items() if key not in loads)
        return (alone - self._most(cost),)
