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

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from tutormatch.matching.objective import LEVELS, POINTS
from tutormatch.matching.problem import PRIORITIES, Certificate, Level, Match, PairStatus, Problem, Profile
from tutormatch.matching.verification.count_check import bounds_by_count
from tutormatch.matching.verification.market import Market
from tutormatch.matching.verification.price_check import PricedMarket, faults_of

if TYPE_CHECKING:
    from tutormatch.matching.verification.flow_check import FlowBounds

LESS_IS_BETTER = "balance"
PROOFS = ("prices", "count", "flow", "exact")


def check_certificate(
    problem: Problem, matches: Collection[Match], certificate: Certificate
) -> Iterator[tuple[str, str]]:
    """Yield the name of a level and a sentence for everything that does not hold.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule.
    certificate : Certificate
    """
    claimed = {level.name: level for level in certificate.levels}
    counts = recount(problem, matches)
    reached = {name: sum(counts[name].values()) for name in counts}
    names = LEVELS[certificate.profile]
    for name in names:
        if name not in claimed:
            yield name, "is missing from the certificate"
            continue
        yield from ((name, message) for message in _check_counts(claimed[name], counts[name]))
    if tuple(claimed) != names and set(claimed) >= set(names):
        yield "records", f"the levels are not {', '.join(names)} in this order"
    bounds = Bounds(problem, matches, certificate, reached)
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


def recount(problem: Problem, matches: Collection[Match]) -> dict[str, Counter[int]]:
    """Count every level; complete, breadth, cover and groups by the pupil's most urgent need, others under 0."""
    urgency: dict[str, int] = {}
    for need in problem.needs:
        urgency[need.pupil_id] = max(need.priority, urgency.get(need.pupil_id, 0))
    complete, breadth, cover, groups = (Counter(dict.fromkeys(PRIORITIES, 0)) for _ in range(4))
    of_pupil: Counter[str] = Counter()
    with_all: set[str] = set()
    depth = 0
    for match in matches:
        need = problem.need[match.need_id]
        if match.joins:
            groups[urgency[need.pupil_id]] += 1
            continue
        of_pupil[need.pupil_id] += 1
        depth += len(match.slots) - 1
        if len(match.slots) == need.sessions_per_week:
            with_all.add(need.pupil_id)
    for pupil_id in with_all:
        complete[urgency[pupil_id]] += 1
    for pupil_id, count in of_pupil.items():
        breadth[urgency[pupil_id]] += 1
        cover[urgency[pupil_id]] += count - 1
    return {
        "complete": complete,
        "breadth": breadth,
        "cover": cover,
        "groups": groups,
        "depth": Counter({0: depth}),
        "quality": Counter({0: _points(problem, matches)}),
        "balance": Counter({0: _unevenness(problem, matches)}),
    }


def _points(problem: Problem, matches: Collection[Match]) -> int:
    returning = {(pair.tutor_id, pair.pupil_id) for pair in problem.pairs if pair.status is PairStatus.RETURNING}
    points = 0
    for match in matches:
        need = problem.need[match.need_id]
        tutor, pupil = problem.tutor[match.tutor_id], problem.pupil[need.pupil_id]
        points += {3: POINTS["urgent_need"], 2: POINTS["normal_need"], 1: 0}[need.priority]
        points += POINTS["returning"] * ((tutor.id, pupil.id) in returning)
        points += POINTS["first_language"] * (pupil.languages[0] in tutor.languages)
        points += POINTS["patron"] * (bool(tutor.institution) and tutor.institution in pupil.patrons)
        if not match.joins:
            points += POINTS["spread"] * (len({slot // 24 for slot in match.slots}) - 1)
    couples = {(match.tutor_id, problem.need[match.need_id].pupil_id) for match in matches}
    return points + POINTS["same_tutor"] * (len(matches) - len(couples))


def _unevenness(problem: Problem, matches: Collection[Match]) -> int:
    schools: dict[str, set[str]] = defaultdict(set)
    tutors: dict[str, set[int]] = defaultdict(set)
    for match in matches:
        pupil_id = problem.need[match.need_id].pupil_id
        schools[problem.pupil[pupil_id].school].add(pupil_id)
        tutors[match.tutor_id].update(match.slots)
    return sum(len(each) * (len(each) - 1) // 2 for each in chain(schools.values(), tutors.values()))


class Bounds:
    """The bounds of one solution, each computed when it is asked for.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
    certificate : Certificate
    reached : mapping of str to int
        By level, as counted.
    """

    def __init__(
        self,
        problem: Problem,
        matches: Collection[Match],
        certificate: Certificate,
        reached: Mapping[str, int],
    ) -> None:
        self.problem = problem
        self.matches = matches
        self.profile = certificate.profile
        self.prices = certificate.prices
        self.reached = reached

    @cached_property
    def market(self) -> Market:
        return Market(self.problem, self.matches, self.profile)

    @cached_property
    def _is_served(self) -> np.ndarray:
        """By pupil with open needs: whether the first sessions of their own are among the new matches."""
        with_own = {self.problem.need[match.need_id].pupil_id for match in self.matches if not match.joins}
        return self.market.is_new & np.array([pupil_id in with_own for pupil_id in self.market.pupils], dtype=bool)

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
            agreed = sum(not match.joins and match.need_id in market.agreed for match in self.matches)
            return agreed + most - first_worth * self.sum_of_ranks - self.reached["breadth"]
        return None

    @cached_property
    def by_count(self) -> dict[str, int]:
        return bounds_by_count(self.problem, self.reached)

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

        return FlowBounds(self.problem)
