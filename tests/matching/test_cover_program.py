"""The program of cover: who may be a couple, and how it is solved beside the search."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.matching.test_certificate import closed
from tests.matching.test_cover_by_parts import flowing
from tutormatch.matching import Pair, PairStatus, Problem, SolverFailed, solve, verify
from tutormatch.matching.exact import cover as closing_cover
from tutormatch.matching.exact import gathering
from tutormatch.matching.exact.apart import SolvedApart
from tutormatch.matching.exact.couples import find_couples, reach_of_couples
from tutormatch.matching.exact.cover_program import CoverProgram
from tutormatch.matching.exact.parts import gather_by_parts
from tutormatch.matching.flow.class_network import build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.openings import Openings, to_numbers
from tutormatch.matching.flow.pricing import breadth_prices
from tutormatch.matching.population import generate
from tutormatch.matching.slots import SLOTS_PER_WEEK
from tutormatch.matching.solver import with_locked

SIZE = "300:120"


def program_of(source: Problem) -> CoverProgram:
    openings = Openings(source)
    network = build_class_network(openings)
    return CoverProgram(openings, network, breadth_prices(openings, network, nested_cuts(network)))


def couples_one_by_one(openings: Openings) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
    """Return needs and slots of each pupil and tutor who could meet several times, where nothing has a price."""
    found = {}
    for pupil, needs in openings.open_needs_of.items():
        for tutor in range(len(openings.problem.tutors)):
            is_own = (tutor, pupil) in openings.locked_pairs
            sessions, places = openings.sessions_left[tutor], openings.pupils_left[tutor]
            is_gain = 0 < places < sessions or openings.tutors_left[pupil] < len(needs)
            suiting = [need for need in needs if openings.suits(need, tutor)]
            slots = to_numbers(openings.common_slots(tutor, pupil))
            least = 1 if is_own else 2
            is_possible = openings.may_meet(tutor, pupil) and min(len(suiting), len(slots), sessions) >= least
            if is_possible and (is_own or is_gain):
                found[tutor, pupil] = suiting, slots
    return found


def half_agreed(size: str, seed: int) -> Problem:
    """Return a programme in which some matches are locked, some pairs blocked and some pupils may have one tutor."""
    source, random = generate(size, seed).problem, Random(seed)
    source = with_locked(source, solve(source, time_limit=0).matches[::4])
    repeating = sorted({source.needs[need].pupil_id for need in Openings(source).repeating_needs})
    pairs = [(each.id, pupil_id) for pupil_id in repeating for each in random.sample(source.tutors, 12)]
    agreed = {(pair.tutor_id, pair.pupil_id) for pair in source.pairs}
    times = {each.id: (frozenset(), frozenset(sorted(each.slots)[::2])) for each in source.tutors}
    blocked = [
        Pair(tutor_id, pupil_id, PairStatus.BLOCKED, slots=random.choice(times[tutor_id]))
        for tutor_id, pupil_id in pairs
        if (tutor_id, pupil_id) not in agreed
    ]
    pupils = [replace(each, max_tutors=random.choice([1, 2, None])) for each in source.pupils]
    return Problem.of(source.tutors, pupils, source.needs, [*source.pairs, *blocked])


@pytest.mark.parametrize("seed", range(1, 5))
def test_couples_are_those_that_a_look_at_each_pupil_and_tutor_finds(seed):
    source = half_agreed(SIZE, seed)
    openings = Openings(source)
    is_free = np.array([[free >> slot & 1 for slot in range(SLOTS_PER_WEEK)] for free in openings.tutor_free]) > 0
    nothing_costs = dict.fromkeys(openings.open_needs_of, 0), np.zeros(len(source.tutors), dtype=np.int64), is_free
    couples = find_couples(openings, *nothing_costs)
    found = {}
    for couple, who in enumerate(zip(couples.tutor.tolist(), couples.pupil.tolist(), strict=True)):
        needs, slots = couples.need[couples.part == couple], couples.slot[couples.meeting == couple]
        found[who] = needs.tolist(), slots.tolist()
        assert couples.is_own[couple] == (who in openings.locked_pairs)
    assert found == couples_one_by_one(openings)
    assert couples.is_own.any()
    assert not couples.is_own.all()


def test_a_program_solved_apart_has_the_same_solution():
    program = program_of(generate(SIZE, 1).problem).linear
    with SolvedApart(program, 200) as solved:
        values, duals = solved.solution()
    here_values, here_duals = program.solve_roughly(200)
    assert (values == here_values).all()
    assert (duals == here_duals).all()


def test_who_cannot_wait_gets_no_solution_and_the_process_ends():
    program = program_of(generate("3000:1200", 1).problem).linear
    with SolvedApart(program, 1_000_000) as solved:
        assert solved.solution(seconds=0.01) is None
    assert solved._process.returncode is not None


def test_a_process_that_fails_says_why():
    program = program_of(generate(SIZE, 1).problem).linear
    with SolvedApart(program, "many") as solved, pytest.raises(SolverFailed, match="many"):
        solved.solution()


@pytest.mark.parametrize("seed", [1, 2])
def test_prices_from_beside_the_search_prove_as_much_as_verify_finds(monkeypatch, seed):
    monkeypatch.setattr(closing_cover, "MOST_TO_SHARPEN", 0)
    source = generate(SIZE, seed).problem
    solution = solve(source)
    assert verify(source, solution) == []
    level = solution.certificate.level("cover")
    assert level.proof == "prices"
    assert level.gap <= 2


def test_a_limit_that_is_over_leaves_cover_as_it_is():
    source = generate(SIZE, 1).problem
    assignment = flowing(source)
    assert gather_by_parts(assignment, effort=10, time_left=lambda: 0).seat_of == assignment.seat_of
    network = build_class_network(assignment.openings)
    breadth = breadth_prices(assignment.openings, network, nested_cuts(network))
    in_time = closed(source)[2]
    late = closing_cover.close_cover(assignment, network, breadth, effort=10, time_left=lambda: 0)
    assert len(assignment.seat_of) <= len(late.assignment.seat_of) <= len(in_time.assignment.seat_of)
    assert late.most >= in_time.most


def test_what_there_is_to_look_through_for_couples_is_counted():
    openings = Openings(generate(SIZE, 1).problem)
    roomy = set(openings.roomy.tolist())
    looked_through = sum(
        tutor in roomy
        for need in openings.repeating_needs
        for tutor in openings.suited(openings.wish_of[need]).tolist()
    )
    assert reach_of_couples(openings) == looked_through > 0


def test_whole_couples_beside_split_seats_serve_as_many_as_the_program_says(monkeypatch):
    source = generate(SIZE, 1).problem
    assignment, program = flowing(source), program_of(source)
    relaxation = program.relax(300)
    whole = gathering.gather_needs(assignment, program, relaxation)
    calls = []

    def splitting(*arguments, **options):
        found = gathering_milp(*arguments, **options)
        calls.append(options)
        if len(calls) == 1:
            found.x = np.where(options["integrality"], found.x, found.x / 2)
        return found

    gathering_milp = gathering.milp
    monkeypatch.setattr(gathering, "milp", splitting)
    split = gathering.gather_needs(assignment, program, relaxation)
    assert len(calls) == 2
    assert len(split.seat_of) == len(whole.seat_of) > len(assignment.seat_of)
