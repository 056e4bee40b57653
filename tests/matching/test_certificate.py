"""Prices prove bounds: any prices do, the solver's are tight, and `verify` finds what they do not show."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.builders import blocked, locked, need, problem, pupil, tutor
from tests.matching.oracle import Oracle
from tests.matching.strategies import problems
from tests.matching.test_properties import thorough
from tutormatch.matching import Certificate, Prices, Problem, Teaching, solve, verify
from tutormatch.matching.exact.cover import Cover, close_cover
from tutormatch.matching.exact.cover_program import CoverProgram
from tutormatch.matching.exact.gathering import settle
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.decoding import decode
from tutormatch.matching.flow.faces import flow_on_face
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.pricing import breadth_prices
from tutormatch.matching.population import generate
from tutormatch.matching.problem import Profile
from tutormatch.matching.verification import best_response
from tutormatch.matching.verification.market import Market
from tutormatch.matching.verification.price_check import LARGEST_PRICE, PricedMarket
from tutormatch.matching.verification.recount import Bounds
from tutormatch.matching.verification.roster import Roster
from tutormatch.matching.verification.timetable import Timetable
from tutormatch.matching.verification.verifier import broken_rules

WEEK = "mon-15;tue-15;wed-15"
BOTH = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))


def closed(source: Problem) -> tuple[Assignment, Prices, Cover]:
    """Return the assignment of the best flow, the prices of its breadth, and its cover closed."""
    openings = Openings(source)
    network = build_class_network(openings)
    depths = nested_cuts(network)
    assignment = Assignment.of(openings, decode(network, flow_on_face(network, depths)))
    breadth = breadth_prices(openings, network, depths)
    return assignment, breadth, close_cover(assignment, network, breadth, effort=10)


def with_prices(source: Problem, **prices: Prices):
    """Return a solution whose certificate claims what these prices show."""
    solution = solve(source)
    certificate = replace(solution.certificate, prices={**solution.certificate.prices, **prices})
    reached = {level.name: level.reached for level in certificate.levels}
    bounds = Bounds(Timetable(Roster(source), solution.matches), certificate, reached)
    levels = tuple(
        replace(level, bound=bounds.by_prices(level.name), proof="prices") if level.name in prices else level
        for level in certificate.levels
    )
    return replace(solution, certificate=replace(certificate, levels=levels))


def proven(source: Problem):
    _, breadth, cover = closed(source)
    return with_prices(source, breadth=breadth, cover=cover.prices)


def changed(solution, level: str, **fields):
    levels = tuple(replace(each, **fields) if each.name == level else each for each in solution.certificate.levels)
    return replace(solution, certificate=replace(solution.certificate, levels=levels))


def repriced(solution, level: str, prices: Prices):
    prices_of = {**solution.certificate.prices, level: prices}
    return replace(solution, certificate=replace(solution.certificate, prices=prices_of))


def complaints(source: Problem, solution, level: str) -> list[str]:
    return [each.message for each in verify(source, solution) if each.rule == level]


def optimum(source: Problem) -> tuple[int, int, int]:
    """Return the largest sum of ranks of newly served pupils, their number, and the open needs served beside it."""
    oracle = Oracle(source)
    best = oracle.best()
    rank = oracle.terms.rank
    agreed = [rank.get(pupil_id, 0) for pupil_id in oracle.agreed_own]
    ranks = sum(each * count for each, count in zip(oracle.terms.ranks, best["breadth"], strict=False)) - sum(agreed)
    pupils = sum(best["breadth"]) - len(agreed)
    own_locked = sum(not joins for *_, joins in oracle.terms.locked)
    return ranks, pupils, sum(best["breadth"]) + best["cover"][0] - own_locked


def priced_market(source: Problem, prices: Prices) -> PricedMarket:
    openings = Openings(source)
    return PricedMarket(Market(source, openings.locked, Profile.BREADTH_FIRST), prices)


@st.composite
def priced_problems(draw) -> tuple[Problem, Prices]:
    source = draw(problems())
    some = st.integers(0, 5)
    hours = {(each.id, slot): draw(some) for each in source.tutors for slot in sorted(each.slots)}
    session, of_pupil = ({each.id: draw(some) for each in source.tutors} for _ in range(2))
    return source, Prices(hours, session, of_pupil, draw(st.integers(1, 3)))


@thorough
@given(priced_problems())
def test_whatever_the_prices_nothing_exceeds_their_bounds(case):
    source, prices = case
    ranks, pupils, needs = optimum(source)
    market = priced_market(source, prices)
    most_ranks, (most_pupils,) = market.breadth_bounds([1])
    assert ranks <= most_ranks
    assert pupils <= most_pupils
    for first_worth in (0, 1, len(source.needs) + 1):
        assert first_worth * ranks + needs <= market.most_needs(first_worth)


@thorough
@given(problems())
def test_the_prices_of_a_flow_prove_its_breadth_and_cover_lies_below_theirs(source):
    ranks, pupils, needs = optimum(source)
    _, breadth, cover = closed(source)
    assert priced_market(source, breadth).breadth_bounds([1]) == (ranks, [pupils])
    assert needs <= cover.most
    assert cover.exact is None or needs <= cover.exact


def settled(source: Problem) -> tuple[Assignment, int] | None:
    """Return what the search of the whole program of cover finds; nothing if the program is empty."""
    assignment, breadth, _ = closed(source)
    program = CoverProgram(assignment.openings, build_class_network(assignment.openings), breadth)
    return settle(assignment, program, program.sharpen(effort=10)) if program.size else None


@thorough
@given(problems())
def test_searching_the_whole_program_shows_no_less_than_can_be_served(source):
    _, _, needs = optimum(source)
    if found := settled(source):
        assignment, most = found
        assert len(assignment.seat_of) <= needs <= most


@pytest.mark.parametrize(("size", "seed"), [("pilot", 1), ("60:25", 2), ("100:40", 3), ("200:120", 4)])
def test_searching_the_whole_program_of_a_programme_proves_its_cover(size, seed):
    source = generate(size, seed).problem
    assignment, most = settled(source)
    assert broken_rules(source, assignment.matches()) == []
    assert len(assignment.seat_of) == most


@thorough
@given(problems())
def test_closing_cover_keeps_breadth_and_every_rule_and_loses_no_need(source):
    assignment, _, cover = closed(source)
    ranks, _, needs = optimum(source)
    found, openings = cover.assignment, assignment.openings
    assert broken_rules(source, found.matches()) == []
    new = found.served_pupils() - openings.served_pupils
    assert sum(openings.ranks[each] for each in new) == ranks
    assert len(assignment.seat_of) <= len(found.seat_of) <= needs


@settings(thorough, max_examples=40)
@given(problems())
def test_verify_accepts_what_prices_show(source):
    assert verify(source, proven(source)) == []


@pytest.mark.parametrize(("size", "seed"), [("pilot", 1), ("60:25", 2), ("100:40", 3)])
def test_cover_of_a_small_programme_is_proven_by_prices_or_within_one(size, seed):
    source = generate(size, seed).problem
    _, _, cover = closed(source)
    assert broken_rules(source, cover.assignment.matches()) == []
    assert cover.most - len(cover.assignment.seat_of) <= 1
    assert verify(source, proven(source)) == []


@pytest.mark.parametrize("seed", [4, 6, 8])
def test_prices_prove_the_order_of_pupils_where_tutors_are_few(seed):
    source = generate("300:60", seed).problem
    assert verify(source, solve(source)) == []


@pytest.mark.parametrize("seed", range(6))
def test_no_matching_of_a_programme_exceeds_the_bound_of_any_prices(seed):
    source = generate("200:120", seed).problem
    _, _, cover = closed(source)
    openings = cover.assignment.openings
    random = Random(seed)
    session, of_pupil = ({each.id: random.choice((0, 0, 1, 2)) for each in source.tutors} for _ in range(2))
    hours = {(each.id, slot): random.choice((0, 0, 0, 1)) for each in source.tutors for slot in sorted(each.slots)}
    market = priced_market(source, Prices(hours, session, of_pupil, 2))
    ranks = sum(openings.ranks[each] for each in cover.assignment.served_pupils())
    assert len(cover.assignment.seat_of) + 2 * ranks <= market.most_needs(2)
    assert ranks <= market.breadth_bounds([1])[0]


def meeting_twice() -> Problem:
    """Return a problem in which only a pupil with two needs uses both sessions of the one tutor."""
    return problem(
        [tutor("T1", WEEK, subjects=BOTH, sessions_per_week=2, max_pupils=1)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [need("N1", "P1"), need("N2", "P2"), need("N3", "P2", subject="ALG")],
    )


def test_of_equal_pupils_the_one_who_uses_more_sessions_is_served():
    _, _, cover = closed(meeting_twice())
    assert cover.is_proven
    assert {match.need_id for match in cover.assignment.matches()} == {"N2", "N3"}


def test_a_pupil_place_is_paid_once_for_all_needs_with_a_tutor():
    prices = Prices(pupil={"T1": 3})
    # One place is sold for 3. With a first session worth 4, P2 gains 4 + 2 - 3 and P1 4 + 1 - 3.
    assert priced_market(meeting_twice(), prices).most_needs(4) == 3 + 3 + 2


@pytest.mark.parametrize("alone", ["N1", "N2", "N3"])
def test_some_needs_may_share_a_tutor_while_another_has_one_alone(alone):
    subjects = {"N1": "ALG", "N2": "MATH", "N3": "PHYS"}
    shared = tuple(Teaching(subject, 1, 11) for need_id, subject in subjects.items() if need_id != alone)
    source = problem(
        [
            tutor("T1", WEEK, subjects=shared, sessions_per_week=3, max_pupils=2),
            tutor("T2", WEEK, subjects=(Teaching(subjects[alone], 1, 11),)),
        ],
        [pupil("P1", WEEK)],
        [need(need_id, subject=subject) for need_id, subject in subjects.items()],
    )
    # All three are served, for one place with T1 of two that are sold.
    assert priced_market(source, Prices(pupil={"T1": 1})).most_needs(0) == 3 - 1 + 2


def test_needs_that_share_a_tutor_take_different_hours():
    one_hour = problem(
        [tutor("T1", "mon-15", subjects=BOTH, sessions_per_week=2, max_pupils=1)],
        [pupil("P1", WEEK)],
        [need("N1"), need("N2", subject="ALG")],
    )
    assert priced_market(one_hour, Prices()).most_needs(0) == 1


def test_needs_with_tutors_of_their_own_take_different_slots():
    one_slot = problem(
        [tutor("T1", "mon-15", subjects=BOTH), tutor("T2", "mon-15", subjects=BOTH)],
        [pupil("P1", "mon-15")],
        [need("N1"), need("N2", subject="ALG")],
    )
    assert priced_market(one_slot, Prices()).most_needs(0) == 1


def test_a_pupil_with_one_tutor_left_gains_no_more_than_one_tutor_gives():
    two_tutors = [tutor("T1", WEEK), tutor("T2", WEEK, subjects=(Teaching("ALG", 1, 11),))]
    needs = [need("N1"), need("N2", subject="ALG")]
    free = problem(two_tutors, [pupil("P1", WEEK)], needs)
    limited = problem(two_tutors, [pupil("P1", WEEK, max_tutors=1)], needs)
    assert priced_market(free, Prices()).most_needs(0) == 2
    assert priced_market(limited, Prices()).most_needs(0) == 1


def test_a_pupil_with_one_tutor_left_may_bring_all_needs_to_one_without_a_price():
    source = problem(
        [tutor("T1", WEEK, subjects=BOTH, sessions_per_week=2)],
        [pupil("P1", WEEK, max_tutors=1)],
        [need("N1"), need("N2", subject="ALG")],
    )
    assert priced_market(source, Prices()).most_needs(0) == 2


def test_a_bound_for_very_many_needs_is_a_bound(monkeypatch):
    source = generate("60:25", 2).problem
    _, _, cover = closed(source)
    exact = priced_market(source, cover.prices).most_needs(len(source.needs) + 1)
    monkeypatch.setattr(best_response, "MOST_CANDIDATES", 0)
    assert priced_market(source, cover.prices).most_needs(len(source.needs) + 1) >= exact


def test_a_pupils_own_tutor_costs_no_place():
    source = problem(
        [tutor("T1", WEEK, subjects=BOTH, sessions_per_week=2, max_pupils=1)],
        [pupil("P1", WEEK)],
        [need("N1"), need("N2", subject="ALG")],
        [locked("N1", "T1", "mon-15")],
    )
    assert priced_market(source, Prices(pupil={"T1": 9})).most_needs(0) == 1


def test_a_blocked_tutor_offers_nothing():
    source = problem([tutor()], [pupil()], [need()], [blocked()])
    assert priced_market(source, Prices()).breadth_bounds([1]) == (0, [0])


def test_many_needs_of_one_pupil_still_have_a_bound():
    subjects = tuple(Teaching(f"S{number}", 1, 11) for number in range(8))
    many = problem(
        [tutor("T1", WEEK, subjects=subjects, sessions_per_week=3)],
        [pupil("P1", WEEK)],
        [need(f"N{number}", subject=f"S{number}") for number in range(8)],
    )
    assert 3 <= priced_market(many, Prices(session={"T1": 1})).most_needs(0) <= 8


def competing() -> Problem:
    """Return a problem with more pupils than places."""
    return problem(
        [tutor("T1", WEEK, subjects=BOTH, sessions_per_week=2, max_pupils=1), tutor("T2", "mon-15")],
        [pupil("P1", WEEK), pupil("P2", WEEK), pupil("P3", WEEK)],
        [need("N1", "P1", priority=3), need("N2", "P2"), need("N3", "P3"), need("N4", "P1", subject="ALG")],
    )


@pytest.mark.parametrize("level", ["breadth", "cover"])
def test_verify_finds_a_negative_price(level):
    solution = proven(competing())
    prices = replace(solution.certificate.prices[level], pupil={"T1": -1})
    assert any("negative" in each for each in complaints(competing(), repriced(solution, level, prices), level))


@pytest.mark.parametrize("level", ["breadth", "cover"])
def test_verify_finds_what_is_too_large_to_be_added_up(level):
    solution = proven(competing())
    prices = solution.certificate.prices[level]
    for wrong in (replace(prices, hour={("T1", 15): 1 << 62}), replace(prices, session={"T1": 10**18})):
        assert any("too large" in each for each in complaints(competing(), repriced(solution, level, wrong), level))
    wrong = replace(prices, scale=1 << 40)
    assert any("scale" in each for each in complaints(competing(), repriced(solution, level, wrong), level))


def test_the_sum_of_the_largest_prices_is_exact():
    source = problem([tutor(f"T{number:03}", WEEK) for number in range(200)], [pupil()], [need()])
    prices = Prices({(each.id, slot): LARGEST_PRICE for each in source.tutors for slot in each.slots})
    assert priced_market(source, prices).most_needs(0) == 3 * 200 * LARGEST_PRICE


@pytest.mark.parametrize("level", ["breadth", "cover"])
def test_verify_finds_that_prices_are_missing(level):
    solution = proven(competing())
    assert any("show" in each for each in complaints(competing(), repriced(solution, level, Prices()), level))


def test_verify_finds_a_proof_without_prices():
    solution = changed(solve(competing()), "cover", proof="prices")
    bare = replace(solution, certificate=replace(solution.certificate, prices={}))
    assert any("no prices" in each for each in complaints(competing(), bare, "cover"))


def test_verify_finds_a_bound_below_what_prices_show():
    source = competing()
    solution = with_prices(source, cover=Prices())
    lower = changed(solution, "cover", bound=solution.certificate.level("cover").bound - 1)
    assert verify(source, solution) == []
    assert any("its prices show" in each for each in complaints(source, lower, "cover"))


def test_verify_finds_a_breadth_that_leaves_out_the_more_urgent():
    source = problem(
        [tutor("T1")], [pupil("P1"), pupil("P2")], [need("N1", "P1", priority=3), need("N2", "P2", priority=1)]
    )
    solution = proven(source)
    unserved = solve(problem((), source.pupils, source.needs[:1])).unmatched
    wrong = replace(solution, matches=(replace(solution.matches[0], need_id="N2"),), unmatched=unserved)
    wrong = changed(wrong, "breadth", by_priority={3: 0, 2: 0, 1: 1})
    assert any("could" in each for each in complaints(source, wrong, "breadth"))
    assert any("ranks" in each for each in complaints(source, wrong, "breadth"))


def test_verify_wants_prices_named_where_they_show_as_much():
    solution = changed(proven(competing()), "cover", proof="exact")
    assert any("exact" in each for each in complaints(competing(), solution, "cover"))


def test_verify_finds_an_unknown_proof():
    solution = changed(solve(competing()), "depth", proof="belief")
    assert any("belief" in each for each in complaints(competing(), solution, "depth"))


@pytest.mark.parametrize("level", ["groups", "depth", "quality", "balance"])
def test_verify_finds_a_bound_that_counting_does_not_show(level):
    source = competing()
    solution = solve(source)
    claimed = solution.certificate.level(level)
    beyond = claimed.bound + 1 if level == "balance" else claimed.bound - 1
    wrong = changed(solution, level, reached=beyond, bound=beyond, proof="count")
    assert any("counting" in each for each in complaints(source, wrong, level))


def test_the_certificate_names_its_levels_in_order():
    solution = solve(competing())
    levels = solution.certificate.levels
    shuffled = replace(solution, certificate=Certificate((levels[1], levels[0], *levels[2:])))
    assert any("in this order" in each.message for each in verify(competing(), shuffled))
