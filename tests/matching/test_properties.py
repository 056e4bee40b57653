"""What must hold on every problem, tried on small random ones."""

import json
import os
import subprocess
import sys
from itertools import combinations

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.matching.builders import reached
from tests.matching.strategies import problems
from tutormatch.matching import Problem, solve, verify, write_problem
from tutormatch.matching.population import generate

# A failing problem is small as it comes; shrinking it further would take minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

thorough = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@thorough
@given(problems())
def test_both_engines_reach_the_same_levels_and_keep_every_rule(problem):
    solutions = [solve(problem, engine=engine) for engine in ("networkx", "ortools")]
    for solution in solutions:
        assert verify(problem, solution) == []
    first, second = map(reached, solutions)
    assert (first["breadth"], first["cover"]) == (second["breadth"], second["cover"])


@thorough
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(problem, random):
    def shuffled(records):
        return random.sample(records, len(records))

    other = Problem.of(*map(shuffled, (problem.tutors, problem.pupils, problem.needs, problem.pairs)))
    first, second = solve(problem), solve(other)
    assert first.matches == second.matches
    assert first.unmatched == second.unmatched


@thorough
@given(problems())
def test_no_need_is_left_that_a_tutor_could_still_take(problem):
    for unmatched in solve(problem).unmatched:
        assert unmatched.funnel[-1].tutors_left == 0


@settings(thorough, max_examples=25)
@given(problems())
def test_the_sets_of_pupils_served_together_are_a_matroid(problem):
    """Every subset of an independent set is independent, and a larger one can extend a smaller one."""
    free = Problem.of(problem.tutors, problem.pupils, problem.needs)
    pupils = [pupil.id for pupil in free.pupils]
    independent = {
        frozenset(some)
        for size in range(len(pupils) + 1)
        for some in combinations(pupils, size)
        if reached(solve(only(free, some), time_limit=0))["breadth"] == size
    }
    for larger in independent:
        assert all(larger - {pupil} in independent for pupil in larger)
        for smaller in independent:
            if len(smaller) < len(larger):
                assert any(smaller | {pupil} in independent for pupil in larger - smaller)


def only(problem: Problem, pupils) -> Problem:
    return Problem.of(
        problem.tutors,
        [pupil for pupil in problem.pupils if pupil.id in pupils],
        [need for need in problem.needs if need.pupil_id in pupils],
    )


def test_another_hash_seed_gives_the_same_files(tmp_path):
    write_problem(generate("20:10", 3).problem, tmp_path / "problem")
    results = set()
    for seed in ("1", "4242"):
        out = tmp_path / f"solution-{seed}"
        subprocess.run(
            [sys.executable, "-m", "tutormatch.matching", "solve", tmp_path / "problem", "--out", out],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        levels = json.loads((out / "summary.json").read_text(encoding="utf-8"))["levels"]
        tables = [(out / name).read_bytes() for name in ("matches.csv", "unmatched.csv")]
        results.add((json.dumps(levels), *tables))
    assert len(results) == 1
