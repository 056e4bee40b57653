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
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from tutormatch.matching.columns import numbers_of
from tutormatch.matching.flow.flows import SINK, SOURCE, cheapest_flow
from tutormatch.matching.flow.openings import Openings, to_bits, to_numbers
from tutormatch.matching.further.seating import most_sessions
from tutormatch.matching.problem import Match
from tutormatch.matching.slots import HOURS_PER_DAY, WEEKDAYS

DAYS = tuple((1 << HOURS_PER_DAY) - 1 << day * HOURS_PER_DAY for day in range(len(WEEKDAYS)))
"""The slots of each day of the week, as bits."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A match that may change: its place among all, what stays, the slots that it may take, and how many it wants."""

    place: int
    stay: int
    offered: int
    wanted: int


@dataclass(frozen=True, slots=True)
class _Timetable:
    """A tutor's matches that may change, and how many sessions there are for them besides those that stay."""

    plans: tuple[_Plan, ...]
    sessions: int


def deepen(openings: Openings, matches: Collection[Match], since: Collection[Match] | None = None) -> tuple[Match, ...]:
    """Give matches as many of the sessions they want as their tutors' hours allow, over different days.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
        That keep every hard rule, the locked ones among them.
    since : collection of Match, optional
        Those that came since all others were deepened: for tutors whom they do not concern nothing is chosen anew.

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
    for timetable in _timetables(openings, found, since):
        if (slots := _by_turns(timetable)) is None:
            contested.append(timetable)
        else:
            slots_of.update(slots)
    slots_of.update(_by_flow(contested))
    for place, bits in slots_of.items():
        slots = tuple(to_numbers(bits))
        if slots and found[place].slots != slots:
            found[place] = Match(found[place].need_id, found[place].tutor_id, slots)
    return tuple(found)


def _timetables(openings: Openings, matches: Sequence[Match], since: Collection[Match] | None) -> Iterator[_Timetable]:
    """Yield what may change, leaving out tutors who could not give or with whom nobody wants a further session."""
    needs, tutors, pupils = openings.places(matches)
    tutor_of, pupil_of, tutor_count = tutors.tolist(), pupils.tolist(), len(openings.tutor_free)
    wishes = numbers_of(openings.problem.needs, "sessions_per_week")[needs]
    wanted = wishes.tolist()
    is_divided = _with_several_tutors(openings, pupils, tutors)
    joined: dict[str, int] = defaultdict(int)
    is_own = np.array([not match.joins for match in matches], dtype=bool)
    for place in np.flatnonzero(~is_own).tolist():
        joined[matches[place].joins] |= to_bits(matches[place].slots)
    is_agreed, is_host = (np.zeros(len(openings.problem.needs), dtype=bool) for _ in range(2))
    is_agreed[openings.places(openings.locked).need] = True
    is_host[[openings.need_index[host] for host in joined]] = True
    is_open = ~is_agreed[needs]
    is_own &= is_open
    is_bound = is_divided | ~is_own | is_host[needs]

    stay: dict[int, int] = {}
    tutor_taken: dict[int, int] = defaultdict(int)
    pupil_taken: dict[int, int] = defaultdict(int)
    for place in np.flatnonzero(is_open & is_bound).tolist():
        is_apart = is_own[place] and not is_divided[place]
        bits = joined[matches[place].need_id] if is_apart else to_bits(matches[place].slots)
        stay[place] = bits
        tutor_taken[tutor_of[place]] |= bits
        pupil_taken[pupil_of[place]] |= bits
    sessions = np.array(openings.sessions_left, dtype=np.int64)
    for tutor, bits in tutor_taken.items():
        # A session that a locked match hosts is off the tutor's limit already.
        tutor_taken[tutor] = bits & openings.tutor_free[tutor]
        sessions[tutor] -= tutor_taken[tutor].bit_count()

    has_room = sessions > np.bincount(tutors[is_own & ~is_bound], minlength=tutor_count)
    is_wishing = is_own & (wishes > 1)
    has_room &= np.bincount(tutors[is_wishing], minlength=tutor_count) > 0
    if since is not None:
        is_concerned = np.zeros(tutor_count, dtype=bool)
        is_concerned[tutors[is_divided]] = True
        is_concerned[[openings.tutor_index[match.tutor_id] for match in since]] = True
        has_room &= is_concerned
    places_of: dict[int, list[int]] = defaultdict(list)
    for place in np.flatnonzero(is_own & has_room[tutors]).tolist():
        places_of[tutor_of[place]].append(place)

    given: dict[int, int] = defaultdict(int)
    for tutor, places in places_of.items():
        taken, plans = tutor_taken.get(tutor, 0), []
        for place in places:
            pupil, held = pupil_of[place], stay.get(place, 0)
            offered = openings.common_slots(tutor, pupil) & ~(taken | pupil_taken.get(pupil, 0))
            if held:
                # A pupil with several tutors: what is offered to one is not to another.
                offered &= ~given[pupil]
                given[pupil] |= offered
            if offered and wanted[place] > held.bit_count():
                plans.append(_Plan(place, held, offered, wanted[place]))
        yield _Timetable(tuple(plans), int(sessions[tutor]))


def _with_several_tutors(openings: Openings, pupils: np.ndarray, tutors: np.ndarray) -> np.ndarray:
    """Return for each match, given by pupil and tutor, whether its pupil has several tutors."""
    pairs = np.unique(pupils * len(openings.tutor_free) + tutors)
    return np.bincount(pairs // len(openings.tutor_free), minlength=len(openings.pupil_free))[pupils] > 1


def _by_turns(timetable: _Timetable) -> dict[int, int] | None:
    """Return the slots of each match, as bits, if taking turns gives all that there could be; otherwise None.

    Each takes a slot in turn, on a new day while there is one, and rather one that nobody
    else could use; who has the fewest to choose from comes first.
    """
    plans = sorted(timetable.plans, key=lambda plan: plan.offered.bit_count())
    slots = [plan.stay for plan in plans]
    free = [plan.offered for plan in plans]
    fresh = [plan.offered & ~_whole_days(plan.stay) for plan in plans]
    wanted = [plan.wanted - plan.stay.bit_count() for plan in plans]
    most = most_sessions(free, wanted, timetable.sessions)
    if most is None:
        return None
    on_new_days = min(most, sum(min(want, _days(bits)) for want, bits in zip(wanted, fresh, strict=True)))
    given = 0
    for options, enough in ((fresh, on_new_days), (free, most)):
        while given < enough:
            before = given
            for turn in range(len(plans)):
                if given < enough and wanted[turn] and options[turn]:
                    slot = _least_sought(options[turn], free[:turn] + free[turn + 1 :])
                    for other in range(len(plans)):
                        free[other] &= ~slot
                        fresh[other] &= ~slot
                    fresh[turn] &= ~_whole_days(slot)
                    slots[turn] |= slot
                    wanted[turn] -= 1
                    given += 1
            if given == before:
                return None
    return {plan.place: bits for plan, bits in zip(plans, slots, strict=True)} if all(slots) else None


def _least_sought(options: int, others: Sequence[int]) -> int:
    """Return the first slot that nobody else could use, or else the first, as a bit."""
    for bits in others:
        options = options & ~bits or options
    return options & -options


def _days(bits: int) -> int:
    """Return on how many days of the week there are slots."""
    return sum(1 for day in DAYS if bits & day)


def _whole_days(bits: int) -> int:
    """Return all slots of the days on which there are some, as bits."""
    days = 0
    while bits:
        day = DAYS[(bits.bit_length() - 1) // HOURS_PER_DAY]
        days |= day
        bits &= ~day
    return days


def _by_flow(timetables: Collection[_Timetable]) -> dict[int, int]:
    """Return the slots of each match, as bits, by one flow."""
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
            place, held = plan.place, plan.stay.bit_count()
            if not held:
                # Two arcs between the same nodes would be one in a DiGraph.
                arcs += [(SOURCE, at(("first", place)), 1, -first), (at(("first", place)), at(place), 1, 0)]
            if plan.wanted > max(held, 1):
                arcs.append((SOURCE, at(place), plan.wanted - max(held, 1), -further))
            for day, bits in enumerate(plan.offered & slots for slots in DAYS):
                if not bits:
                    continue
                if not plan.stay & DAYS[day]:
                    arcs += [
                        (at(place), at(("new", place, day)), 1, -1),
                        (at(("new", place, day)), at((place, day)), 1, 0),
                    ]
                arcs.append((at(place), at((place, day)), bits.bit_count(), 0))
                for slot in to_numbers(bits):
                    seats[len(arcs)] = (place, slot)
                    arcs.append((at((place, day)), at((number, slot, "hour")), 1, 0))
        for slot in sorted({slot for plan in timetable.plans for slot in to_numbers(plan.offered)}):
            arcs.append((at((number, slot, "hour")), at((number, "tutor")), 1, 0))
        arcs.append((at((number, "tutor")), SINK, timetable.sessions, 0))
    supply = sum(plan.wanted for timetable in timetables for plan in timetable.plans)
    flow = cheapest_flow(arcs, supply)
    slots_of = {plan.place: plan.stay for timetable in timetables for plan in timetable.plans}
    for arc, (place, slot) in seats.items():
        if flow[arc]:
            slots_of[place] |= 1 << slot
    return slots_of
