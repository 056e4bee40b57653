"""The counts of a certificate and its bounds, recomputed for `verify`.

Nothing here is shared with the solver but the records and the table of points.

Notes
-----
What a level says of its proof decides how its bound is recomputed: ``prices`` from the
prices of the certificate, ``count`` from the records alone, ``flow`` by a maximum flow
(breadth and cover only). A bound that is called ``exact`` comes from an integer program
that cannot be recomputed; it is trusted, but only where the certificate's prices do not
show as much.
"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tutormatch.matching.objective import LEVELS, POINTS
from tutormatch.matching.problem import PRIORITIES, Certificate, Level, Profile
from tutormatch.matching.verification.count_check import POINTS_BY_PRIORITY, bounds_by_count
from tutormatch.matching.verification.lists import distinct
from tutormatch.matching.verification.market import Market
from tutormatch.matching.verification.price_check import PricedMarket, faults_of
from tutormatch.matching.verification.timetable import Timetable

if TYPE_CHECKING:
    from tutormatch.matching.verification.flow_check import FlowBounds

LESS_IS_BETTER = "balance"
PROOFS = ("prices", "count", "flow", "exact")


def check_certificate(timetable: Timetable, certificate: Certificate) -> Iterator[tuple[str, str]]:
    """Yield the name of a level and a sentence for everything that does not hold.

    Parameters
    ----------
    timetable : Timetable
        Of matches that keep every hard rule.
    certificate : Certificate
    """
    claimed = {level.name: level for level in certificate.levels}
    counts = recount(timetable)
    reached = {name: sum(counts[name].values()) for name in counts}
    names = LEVELS[certificate.profile]
    for name in names:
        if name not in claimed:
            yield name, "is missing from the certificate"
            continue
        yield from ((name, message) for message in _check_counts(claimed[name], counts[name]))
    if tuple(claimed) != names and set(claimed) >= set(names):
        yield "records", f"the levels are not {', '.join(names)} in this order"
    bounds = Bounds(timetable, certificate, reached)
    for name in names:
        if name in claimed:
            yield from ((name, message) for message in _check_bound(bounds, claimed[name]))
    if "breadth" in claimed:
        yield from (("breadth", message) for message in _check_order(bounds, claimed["breadth"]))


def _check_counts(level: Level, counts: Mapping[int, int]) -> Iterator[str]:
    count = sum(counts.values())
    if level.reached != count:
        yield f"claims {level.reached}, the matches have {count}"
    if level.name == LESS_IS_BETTER and level.bound > count:
        yield f"claims that {level.bound} is the least, the matches have {count}"
    if level.name != LESS_IS_BETTER and level.bound < count:
        yield f"claims that {level.bound} is the most, the matches have {count}"
    if 0 not in counts and dict(level.by_priority) != dict(counts):
        yield f"claims {dict(level.by_priority)} by priority, the matches have {dict(counts)}"


def _check_bound(bounds: "Bounds", level: Level) -> Iterator[str]:
    """Yield what is wrong with how a bound is proven."""
    name = level.name
    if name in bounds.prices:
        faults = list(faults_of(bounds.prices[name]))
        yield from faults
        if faults:
            return
    by_prices = bounds.by_prices(name)
    match level.proof:
        case "prices" if by_prices is None:
            yield "has no prices that prove its bound"
        case "prices" if _is_false(level, by_prices):
            yield f"claims that {level.bound} is the most, its prices show {by_prices}"
        case "count" if (counted := bounds.by_count.get(name)) is None:
            yield "has no bound that counting shows"
        case "count" if name == LESS_IS_BETTER and level.bound > counted:
            yield f"claims that {level.bound} is the least, counting only shows {counted}"
        case "count" if name != LESS_IS_BETTER and level.bound < counted:
            yield f"claims that {level.bound} is the most, counting only shows {counted}"
        case "flow" if (most := bounds.by_flow(name)) is None:
            yield "has no bound that a flow shows"
        case "flow" if _is_false(level, most):
            yield f"claims that {level.bound} is the most, a flow shows {most}"
        case "exact" if by_prices is not None and by_prices <= level.bound:
            yield "calls its bound exact, though its prices show as much"
        case "prices" | "count" | "flow" | "exact":
            return
        case _:
            yield f"calls its proof {level.proof}, expected {', '.join(PROOFS)}"


def _is_false(level: Level, shown: int) -> bool:
    """Return whether a bound is less than what is shown, or, of breadth, anything else: there it is exact."""
    return level.bound != shown if level.name == "breadth" else level.bound < shown


def _check_order(bounds: "Bounds", level: Level) -> Iterator[str]:
    """Yield where breadth that claims to be the most leaves out those who come first."""
    if bounds.profile is Profile.DEPTH_FIRST or level.gap:
        return
    if level.proof == "prices" and "breadth" in bounds.prices:
        if any(faults_of(bounds.prices["breadth"])):
            return
        most, by_priority = bounds.breadth_by_prices
        for priority, could in zip(PRIORITIES, by_priority, strict=True):
            count = bounds.new_pupils(priority)
            if count < could and bounds.profile is Profile.BREADTH_FIRST:
                yield f"{count} more pupils with a need of priority {priority} or more have a tutor, {could} could"
        if bounds.sum_of_ranks < most:
            yield f"the ranks of its pupils add up to {bounds.sum_of_ranks}, its prices only show {most}"
    elif level.proof == "flow" and bounds.profile is Profile.BREADTH_FIRST:
        yield from bounds.order_by_flow(level)


def recount(timetable: Timetable) -> dict[str, dict[int, int]]:
    """Count every level; complete, breadth, cover and groups by the pupil's most urgent need, others under 0."""
    roster, is_own = timetable.roster, ~timetable.is_joining
    pupil, sessions = timetable.pupil[is_own], timetable.sessions[is_own]
    with_own, with_all = distinct(pupil), distinct(pupil[sessions == roster.wanted[timetable.need[is_own]]])
    breadth, own = (_by_priority(roster.urgency[each]) for each in (with_own, pupil))
    return {
        "complete": _by_priority(roster.urgency[with_all]),
        "breadth": breadth,
        "cover": {priority: own[priority] - breadth[priority] for priority in PRIORITIES},
        "groups": _by_priority(roster.urgency[timetable.pupil[timetable.is_joining]]),
        "depth": {0: int(sessions.sum()) - len(pupil)},
        "quality": {0: _points(timetable)},
        "balance": {0: _unevenness(timetable)},
    }


def _by_priority(priorities: np.ndarray) -> dict[int, int]:
    return {priority: int(np.count_nonzero(priorities == priority)) for priority in PRIORITIES}


def _points(timetable: Timetable) -> int:
    roster, tutor, pupil = timetable.roster, timetable.tutor, timetable.pupil
    points = POINTS_BY_PRIORITY[roster.priority[timetable.need]].sum()
    points += POINTS["returning"] * np.isin(roster.couples(tutor, pupil), roster.returning.couples).sum()
    points += POINTS["first_language"] * roster.speaks_best(pupil, tutor).sum()
    points += POINTS["patron"] * roster.is_patron(pupil, tutor).sum()
    points += POINTS["spread"] * (timetable.days - 1)[~timetable.is_joining].sum()
    return int(points) + POINTS["same_tutor"] * (len(pupil) - len(timetable.couples[0]))


def _unevenness(timetable: Timetable) -> int:
    pupils_of_school = np.bincount(timetable.roster.school[distinct(timetable.pupil)])
    return sum(int(each @ (each - 1)) // 2 for each in (pupils_of_school, timetable.hours_of_tutor))


class Bounds:
    """The bounds of one solution, each computed when it is asked for.

    Parameters
    ----------
    timetable : Timetable
        Of the solution's matches.
    certificate : Certificate
    reached : mapping of str to int
        By level, as counted.
    """

    def __init__(self, timetable: Timetable, certificate: Certificate, reached: Mapping[str, int]) -> None:
        self.timetable = timetable
        self.roster = timetable.roster
        self.profile = certificate.profile
        self.prices = certificate.prices
        self.reached = reached

    @cached_property
    def market(self) -> Market:
        return Market(self.roster.problem, self.timetable.matches, self.profile, self.roster)

    @cached_property
    def _is_served(self) -> np.ndarray:
        """By pupil with open needs: whether the first sessions of their own are among the new matches."""
        with_own = np.zeros(len(self.roster.urgency), dtype=bool)
        with_own[self.timetable.pupil[~self.timetable.is_joining]] = True
        return self.market.is_new & with_own[self.market.pupils]

    @property
    def sum_of_ranks(self) -> int:
        return int(self.market.rank[self._is_served].sum())

    def new_pupils(self, priority: int) -> int:
        """Return how many pupils with an open need of ``priority`` or more have their first sessions."""
        return int((self._is_served & (self.market.most_urgent >= priority)).sum())

    @cached_property
    def breadth_by_prices(self) -> tuple[int, list[int]]:
        """The sum of ranks, and the number of pupils of each priority or more, that prices show."""
        market = self.market
        least_ranks = [
            int(market.rank[market.most_urgent >= priority].min(initial=market.rank.max(initial=0) + 1))
            for priority in PRIORITIES[:-1]
        ]
        return PricedMarket(market, self.prices["breadth"]).breadth_bounds([*least_ranks, 1])

    def by_prices(self, name: str) -> int | None:
        """Return the bound of a level that its prices show; None if there are none."""
        if name not in self.prices:
            return None
        if name == "breadth":
            agreed = self.reached["breadth"] - int(self._is_served.sum())
            return agreed + self.breadth_by_prices[1][-1]
        if name == "cover":
            market = self.market
            first_worth = len(market.need_pupil) + 1
            most = PricedMarket(market, self.prices["cover"]).most_needs(first_worth)
            own = self.timetable.need[~self.timetable.is_joining]
            agreed = int(np.isin(own, self.roster.locked.need).sum())
            return agreed + most - first_worth * self.sum_of_ranks - self.reached["breadth"]
        return None

    @cached_property
    def by_count(self) -> dict[str, int]:
        return bounds_by_count(self.roster, self.reached)

    def by_flow(self, name: str) -> int | None:
        """Return the bound of a level that a maximum flow shows; None if there is none for the level."""
        if name == "breadth":
            return self._flows.most_pupils(PRIORITIES[-1])
        if name == "cover":
            return self._flows.most_needs() - self.reached["breadth"]
        return None

    def order_by_flow(self, level: Level) -> Iterator[str]:
        """Yield where more pupils of a priority or above could have a tutor."""
        so_far = 0
        for priority in PRIORITIES:
            so_far += level.by_priority.get(priority, 0)
            could = self._flows.most_pupils(priority)
            if so_far < could:
                yield f"{so_far} pupils with a need of priority {priority} or more have a tutor, {could} could"

    @cached_property
    def _flows(self) -> "FlowBounds":
        # Imported here because it loads SciPy, which takes long.
        from tutormatch.matching.verification.flow_check import FlowBounds

        return FlowBounds(self.roster.problem)
