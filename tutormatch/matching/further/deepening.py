"""Further weekly sessions with the same tutor.

Who has which tutor stays as it is; in which slots they meet is chosen anew, all
first sessions and all further ones together: as many as the tutor's hours allow, and
on as many days as possible. Tutors have nothing in common here. Most have room for
whatever their pupils could have, which turns show that take nothing away from
anybody (`_by_turns`). Where pupils compete, one flow decides for all those tutors:

    source → need → day of the week → (tutor, slot) → tutor → sink

The first unit of a need is worth more than all further ones of a tutor together, a
further session more than all days, and a day that a match did not have yet is worth
one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from tutormatch.matching.flow.flows import SINK, SOURCE, cheapest_flow
from tutormatch.matching.flow.openings import Openings, to_bits, to_numbers
from tutormatch.matching.further.seating import most_sessions
from tutormatch.matching.problem import Match
from tutormatch.matching.slots import HOURS_PER_DAY, WEEKDAYS

DAYS = tuple((1 << HOURS_PER_DAY) - 1 << day * HOURS_PER_DAY for day in range(len(WEEKDAYS)))
"""The slots of each day of the week, as bits."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A match that may change: its sessions that stay, the slots that it may take, and how many it wants in all."""

    need: int
    stay: int
    offered: int
    wanted: int


@dataclass(frozen=True, slots=True)
class _Timetable:
    """A tutor's matches that may change, and how many sessions there are for them besides those that stay."""

    plans: tuple[_Plan, ...]
    sessions: int


def deepen(openings: Openings, matches: Collection[Match]) -> tuple[Match, ...]:
    """Give matches as many of the sessions they want as their tutors' hours allow, over different days.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
        That keep every hard rule, the locked ones among them.

    Returns
    -------
    tuple of Match
        The same needs with the same tutors, by need. Locked matches and group places,
        with the sessions that they join, are as before.

    Notes
    -----
    The sessions are the most for the given tutors, but for pupils with several tutors:
    their first sessions stay, and each of their free slots is offered to one tutor.
    """
    found = sorted(matches, key=attrgetter("need_id"))
    slots_of: dict[int, int] = {}
    contested = []
    for timetable in _timetables(openings, found):
        if (slots := _by_turns(timetable)) is None:
            contested.append(timetable)
        else:
            slots_of.update(slots)
    slots_of.update(_by_flow(contested))
    for place, match in enumerate(found):
        if bits := slots_of.get(openings.need_index[match.need_id]):
            found[place] = replace(match, slots=tuple(to_numbers(bits)))
    return tuple(found)


def _timetables(openings: Openings, matches: Sequence[Match]) -> Iterator[_Timetable]:
    """Yield what may change, leaving out tutors who could not give or with whom nobody wants a further session."""
    needs, need_index, pupil_of = openings.problem.needs, openings.need_index, openings.pupil_of
    locked = {match.need_id for match in openings.locked}
    joined: dict[str, int] = defaultdict(int)
    tutors_of: dict[int, set[str]] = defaultdict(set)
    for match in matches:
        tutors_of[pupil_of[need_index[match.need_id]]].add(match.tutor_id)
        if match.joins:
            joined[match.joins] |= to_bits(match.slots)
    by_tutor: dict[int, list[tuple[int, int]]] = defaultdict(list)
    tutor_taken: dict[int, int] = defaultdict(int)
    pupil_taken: dict[int, int] = defaultdict(int)
    for match in matches:
        if match.need_id in locked:
            continue
        need, tutor = need_index[match.need_id], openings.tutor_index[match.tutor_id]
        is_apart = len(tutors_of[pupil_of[need]]) == 1 and not match.joins
        if stay := joined.get(match.need_id, 0) if is_apart else to_bits(match.slots):
            tutor_taken[tutor] |= stay
            pupil_taken[pupil_of[need]] |= stay
        if not match.joins:
            by_tutor[tutor].append((need, stay))
    given: dict[int, int] = defaultdict(int)
    for tutor, own in by_tutor.items():
        # A session that a locked match hosts is off the tutor's limit already.
        taken = tutor_taken.get(tutor, 0) & openings.tutor_free[tutor]
        sessions = openings.sessions_left[tutor] - taken.bit_count()
        if sessions <= sum(not stay for _, stay in own) or all(needs[need].sessions_per_week == 1 for need, _ in own):
            continue
        plans = []
        for need, stay in own:
            pupil = pupil_of[need]
            offered = openings.common_slots(tutor, pupil) & ~taken & ~pupil_taken.get(pupil, 0)
            if stay:
                # A pupil with several tutors: what is offered to one is not to another.
                offered &= ~given[pupil]
                given[pupil] |= offered
            if offered and needs[need].sessions_per_week > stay.bit_count():
                plans.append(_Plan(need, stay, offered, needs[need].sessions_per_week))
        yield _Timetable(tuple(plans), sessions)


def _by_turns(timetable: _Timetable) -> dict[int, int] | None:
    """Return the slots of each need, as bits, if taking turns gives all that there could be; otherwise None.

    Each takes a slot in turn, on a new day while there is one, and rather one that nobody
    else could use; who has the fewest to choose from comes first.
    """
    plans = sorted(timetable.plans, key=lambda plan: plan.offered.bit_count())
    slots = [plan.stay for plan in plans]
    free = [plan.offered for plan in plans]
    fresh = [_on_other_days(plan.offered, plan.stay) for plan in plans]
    wanted = [plan.wanted - plan.stay.bit_count() for plan in plans]
    most = most_sessions(free, wanted, timetable.sessions)
    if most is None:
        return None
    on_new_days = min(most, sum(min(want, _days(bits)) for want, bits in zip(wanted, fresh, strict=True)))
    given = 0
    for options, enough in ((fresh, on_new_days), (free, most)):
        while given < enough:
            before = given
            for place in range(len(plans)):
                if given < enough and wanted[place] and options[place]:
                    slot = _least_sought(options[place], free[:place] + free[place + 1 :])
                    for other in range(len(plans)):
                        free[other] &= ~slot
                        fresh[other] &= ~slot
                    fresh[place] = _on_other_days(fresh[place], slot)
                    slots[place] |= slot
                    wanted[place] -= 1
                    given += 1
            if given == before:
                return None
    return {plan.need: bits for plan, bits in zip(plans, slots, strict=True)} if all(slots) else None


def _least_sought(options: int, others: Sequence[int]) -> int:
    """Return the first slot that nobody else could use, or else the first, as a bit."""
    for bits in others:
        options = options & ~bits or options
    return options & -options


def _days(bits: int) -> int:
    """Return on how many days of the week there are slots."""
    return sum(1 for day in DAYS if bits & day)


def _on_other_days(bits: int, taken: int) -> int:
    """Return the slots on days on which nothing is taken, as bits."""
    for day in DAYS:
        if taken & day:
            bits &= ~day
    return bits


def _by_flow(timetables: Collection[_Timetable]) -> dict[int, int]:
    """Return the slots of each need, as bits, by one flow."""
    if not timetables:
        return {}
    # Tutors have nothing in common here, so each weight need only outweigh those of one tutor.
    further = max(sum(plan.wanted for plan in timetable.plans) for timetable in timetables) + 1
    first = further * further
    node: dict[object, int] = {}

    def at(key: object) -> int:
        return node.setdefault(key, len(node) + 2)

    arcs: list[tuple[int, int, int, int]] = []
    seats: dict[int, tuple[int, int]] = {}
    for number, timetable in enumerate(timetables):
        for plan in timetable.plans:
            need, held = plan.need, plan.stay.bit_count()
            if not held:
                # Two arcs between the same nodes would be one in a DiGraph.
                arcs += [(SOURCE, at(("first", need)), 1, -first), (at(("first", need)), at(need), 1, 0)]
            if plan.wanted > max(held, 1):
                arcs.append((SOURCE, at(need), plan.wanted - max(held, 1), -further))
            for day, bits in enumerate(plan.offered & slots for slots in DAYS):
                if not bits:
                    continue
                if not plan.stay & DAYS[day]:
                    arcs += [(at(need), at(("new", need, day)), 1, -1), (at(("new", need, day)), at((need, day)), 1, 0)]
                arcs.append((at(need), at((need, day)), bits.bit_count(), 0))
                for slot in to_numbers(bits):
                    seats[len(arcs)] = (need, slot)
                    arcs.append((at((need, day)), at((number, slot, "hour")), 1, 0))
        for slot in sorted({slot for plan in timetable.plans for slot in to_numbers(plan.offered)}):
            arcs.append((at((number, slot, "hour")), at((number, "tutor")), 1, 0))
        arcs.append((at((number, "tutor")), SINK, timetable.sessions, 0))
    supply = sum(plan.wanted for timetable in timetables for plan in timetable.plans)
    flow = cheapest_flow(arcs, supply)
    slots_of = {plan.need: plan.stay for timetable in timetables for plan in timetable.plans}
    for arc, (need, slot) in seats.items():
        if flow[arc]:
            slots_of[need] |= 1 << slot
    return slots_of
