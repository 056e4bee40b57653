"""The integer program of the whole problem, against another one that shares nothing with it."""

import pytest

from tests.matching.instances import random_problem
from tests.matching.oracle import Oracle, worth
from tutormatch.matching import LEVELS, Match, Profile, solve, verify
from tutormatch.matching.exact.closing import close
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.levels import measure
from tutormatch.matching.population import generate
from tutormatch.matching.verification.verifier import broken_rules

profiles = pytest.mark.parametrize("profile", Profile)


@profiles
@pytest.mark.parametrize("number", range(1000, 1020))
def test_from_locked_matches_alone_every_level_becomes_the_best_there_is(number, profile):
    problem = random_problem(number)
    openings = Openings(problem, profile)
    closed = close(openings, openings.locked, effort=10)
    assert broken_rules(problem, closed.matches) == []
    assert worth(problem, closed.matches, profile) == Oracle(problem, profile).best()
    assert closed.bounds == {name: level.total for name, level in measure(problem, closed.matches, profile).items()}


@profiles
def test_the_smallest_effort_never_makes_matches_worse(profile):
    problem = generate("30:12", 2).problem
    start = solve(problem, profile=profile, time_limit=0).matches
    closed = close(Openings(problem, profile), start, effort=0)
    before, after = worth(problem, start, profile), worth(problem, closed.matches, profile)
    assert tuple(after.values()) >= tuple(before.values())
    assert broken_rules(problem, closed.matches) == []


def test_matches_that_are_the_best_come_back_as_they_are():
    problem = random_problem(1)
    openings = Openings(problem)
    best = close(openings, openings.locked, effort=10).matches
    assert close(openings, best, effort=10).matches == best


def test_levels_that_are_proven_are_held_without_a_run():
    problem = random_problem(1)
    openings = Openings(problem)
    best = close(openings, openings.locked, effort=10)
    held = close(openings, best.matches, effort=0, proven=LEVELS[Profile.BREADTH_FIRST])
    assert (held.matches, held.bounds, held.is_complete, held.better_at) == (best.matches, best.bounds, True, "")


def test_the_pilot_is_closed_at_every_level_with_effort_of_a_second():
    problem = generate("pilot", 1).problem
    start: tuple[Match, ...] = solve(problem, time_limit=0).matches
    closed = close(Openings(problem), start, effort=1, proven=["breadth"])
    reached = {name: level.total for name, level in measure(problem, closed.matches, Profile.BREADTH_FIRST).items()}
    assert closed.bounds == reached


@pytest.mark.parametrize("number", range(1020, 1040))
def test_with_one_session_each_cover_becomes_the_best_there_is(number):
    problem = random_problem(number)
    openings = Openings(problem)
    closed = close(openings, openings.locked, effort=10, whole=False)
    assert broken_rules(problem, closed.matches) == []
    best, found = Oracle(problem).best(), worth(problem, closed.matches, Profile.BREADTH_FIRST)
    assert (found["breadth"], found["cover"]) == (best["breadth"], best["cover"])
    assert (closed.bounds["breadth"], closed.bounds["cover"]) == (sum(best["breadth"]), best["cover"][0])


def test_a_problem_too_large_for_every_level_has_its_cover_closed():
    problem = generate("300:120", 1).problem
    solution = solve(problem, time_limit=5)
    assert solution.certificate.level("cover").is_proven
    assert verify(problem, solution) == []
