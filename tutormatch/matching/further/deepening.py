"""Further weekly sessions with the same tutor, by one flow over the tutors' hours.

Who has which tutor stays as it is; in which slots they meet is chosen anew, all
first sessions and all further ones together:

    source → need → day of the week → (tutor, slot) → tutor → sink

The first unit of a need is worth more than all further ones of a tutor together, a
further session more than all days, and a day that a match did not have yet is worth
one. The flow falls apart into one for each tutor.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from tutormatch.matching.flow.flows import SINK, SOURCE, cheapest_flow
from tutormatch.matching.flow.openings import EVERY_SLOT, locked_matches, to_bits, to_numbers
from tutormatch.matching.problem import Match, PairStatus, Problem
from tutormatch.matching.slots import HOURS_PER_DAY

DAY = (1 << HOURS_PER_DAY) - 1


@dataclass(frozen=True, slots=True)
class _Plan:
    """A match that may change: its sessions that stay, the slots that it may take, and how many it wants in all."""

    match: Match
    stay: int
    offered: int
    wanted: int


def deepen(problem: Problem, matches: Collection[Match]) -> tuple[Match, ...]:
    """Give matches as many of the sessions they want as their tutors' hours allow, over different days.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule.

    Returns
    -------
    tuple of Match
        The same needs with the same tutors, by need. Locked matches and group places,
        with the sessions that they join, are as before.

    Notes
    -----
    The flow is the largest for the given tutors, but for pupils with several tutors:
    their first sessions stay, and each of their free slots is offered to one tutor.
    """
    taken = _Taken(problem, matches)
    plans = _plans(problem, matches, taken)
    slots_of = _solve(problem, plans, taken)
    return tuple(
        sorted(
            replace(match, slots=tuple(to_numbers(slots_of[match.need_id]))) if match.need_id in slots_of else match
            for match in matches
        )
    )


class _Taken:
    """The slots that matches which stay take from tutors and pupils, and which matches stay whole."""

    def __init__(self, problem: Problem, matches: Collection[Match]) -> None:
        self.locked = {match.need_id for match in locked_matches(problem)}
        self.joined: dict[str, int] = defaultdict(int)
        tutors_of = defaultdict(set)
        for match in matches:
            tutors_of[problem.need[match.need_id].pupil_id].add(match.tutor_id)
            if match.joins:
                self.joined[match.joins] |= to_bits(match.slots)
        self.by_tutor: dict[str, int] = defaultdict(int)
        self.by_pupil: dict[str, int] = defaultdict(int)
        self.stay: dict[str, int] = {}
        for match in matches:
            pupil_id, bits = problem.need[match.need_id].pupil_id, to_bits(match.slots)
            if match.need_id not in self.locked and not match.joins and len(tutors_of[pupil_id]) == 1:
                bits = self.joined.get(match.need_id, 0)
            self.stay[match.need_id] = bits
            self.by_tutor[match.tutor_id] |= bits
            self.by_pupil[pupil_id] |= bits

    def is_open(self, match: Match) -> bool:
        return match.need_id not in self.locked and not match.joins


def _plans(problem: Problem, matches: Collection[Match], taken: _Taken) -> list[_Plan]:
    """Return what may change, leaving out tutors who could not give or with whom nobody wants a further session."""
    by_tutor = defaultdict(list)
    for match in sorted(matches):
        if taken.is_open(match):
            by_tutor[match.tutor_id].append(match)
    blocked: dict[tuple[str, str], int] = defaultdict(int)
    for pair in problem.pairs:
        if pair.status is PairStatus.BLOCKED:
            blocked[pair.tutor_id, pair.pupil_id] |= to_bits(pair.slots) or EVERY_SLOT
    plans = []
    given: dict[str, int] = defaultdict(int)
    for tutor_id, own in by_tutor.items():
        tutor = problem.tutor[tutor_id]
        left = tutor.sessions_per_week - taken.by_tutor[tutor_id].bit_count()
        firsts = sum(not taken.stay[match.need_id] for match in own)
        if left <= firsts or all(problem.need[match.need_id].sessions_per_week == 1 for match in own):
            continue
        free = to_bits(tutor.slots) & ~taken.by_tutor[tutor_id]
        for match in own:
            need = problem.need[match.need_id]
            offered = free & to_bits(problem.pupil[need.pupil_id].slots) & ~taken.by_pupil[need.pupil_id]
            offered &= ~blocked.get((tutor_id, need.pupil_id), 0)
            if taken.stay[match.need_id]:
                # A pupil with several tutors: what is offered to one is not to another.
                offered &= ~given[need.pupil_id]
                given[need.pupil_id] |= offered
            plans.append(_Plan(match, taken.stay[match.need_id], offered, need.sessions_per_week))
    return plans


def _solve(problem: Problem, plans: list[_Plan], taken: _Taken) -> dict[str, int]:
    """Return the slots of each plan's need, as bits."""
    if not plans:
        return {}
    # Tutors have nothing in common here, so each weight need only outweigh those of one tutor.
    wanted_of: Counter[str] = Counter()
    for plan in plans:
        wanted_of[plan.match.tutor_id] += plan.wanted
    further = max(wanted_of.values()) + 1
    first = further * further
    node: dict[object, int] = {}

    def at(key: object) -> int:
        return node.setdefault(key, len(node) + 2)

    arcs: list[tuple[int, int, int, int]] = []
    seats: dict[int, tuple[str, int]] = {}
    hours: set[tuple[str, int]] = set()
    for plan in plans:
        need, tutor_id = plan.match.need_id, plan.match.tutor_id
        held = plan.stay.bit_count()
        if not held:
            # Two arcs between the same nodes would be one in a DiGraph.
            arcs += [(SOURCE, at(("first", need)), 1, -first), (at(("first", need)), at(need), 1, 0)]
        if plan.wanted > max(held, 1):
            arcs.append((SOURCE, at(need), plan.wanted - max(held, 1), -further))
        for day, bits in _by_day(plan.offered):
            if not plan.stay & DAY << day * HOURS_PER_DAY:
                arcs += [(at(need), at(("new", need, day)), 1, -1), (at(("new", need, day)), at((need, day)), 1, 0)]
            arcs.append((at(need), at((need, day)), bits.bit_count(), 0))
            for slot in to_numbers(bits):
                seats[len(arcs)] = (need, slot)
                arcs.append((at((need, day)), at((tutor_id, slot, "hour")), 1, 0))
                hours.add((tutor_id, slot))
    for tutor_id, slot in sorted(hours):
        arcs.append((at((tutor_id, slot, "hour")), at((tutor_id, "tutor")), 1, 0))
    for tutor_id in sorted({tutor_id for tutor_id, _ in hours}):
        left = problem.tutor[tutor_id].sessions_per_week - taken.by_tutor[tutor_id].bit_count()
        arcs.append((at((tutor_id, "tutor")), SINK, left, 0))
    flow = cheapest_flow(arcs, supply=sum(plan.wanted for plan in plans))
    slots_of = {plan.match.need_id: plan.stay for plan in plans}
    for arc, (need, slot) in seats.items():
        if flow[arc]:
            slots_of[need] |= 1 << slot
    return slots_of


def _by_day(bits: int) -> Iterator[tuple[int, int]]:
    """Yield each day of the week that has slots, with them, as bits."""
    for day in range(7):
        if some := bits & DAY << day * HOURS_PER_DAY:
            yield day, some
