"""What a round does in the cases that people ask about."""

import pytest

from tests.matching.builders import (
    blocked,
    locked,
    match,
    need,
    problem,
    pupil,
    reached,
    returning,
    served,
    tutor,
)
from tutormatch.matching import FaultyInput, Problem, Profile, Teaching, improvable, solve, solver, verify
from tutormatch.matching.exact.cover import close_cover
from tutormatch.matching.population import generate
from tutormatch.matching.solver import STAGES, Cancelled, with_locked

WEEK = "mon-15;tue-15;wed-15"
BOTH = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))

engines = pytest.mark.parametrize("engine", ["networkx", "ortools"])


@engines
@pytest.mark.parametrize(
    "empty",
    [
        problem(),
        problem([tutor()]),
        problem([], [pupil()], [need()]),
        problem([tutor(slots="")], [pupil()], [need()]),
        problem([tutor()], [pupil()]),
    ],
)
def test_a_problem_without_a_possible_match_is_solved(engine, empty):
    solution = solve(empty, engine=engine)
    assert solution.matches == ()
    assert len(solution.unmatched) == len(empty.needs)
    assert all(level.is_proven for level in solution.certificate.levels)
    assert verify(empty, solution) == []


@engines
def test_the_urgent_pupil_comes_before_the_one_who_waits_longer(engine):
    source = problem(
        [tutor()],
        [pupil("P1"), pupil("P2")],
        [need("N1", "P1", waiting_days=99), need("N2", "P2", priority=3)],
    )
    assert served(solve(source, engine=engine)) == {"N2": "T1"}


@engines
def test_among_equals_the_longer_wait_comes_first(engine):
    source = problem([tutor()], [pupil("P1"), pupil("P2")], [need("N1", "P1"), need("N2", "P2", waiting_days=1)])
    assert served(solve(source, engine=engine)) == {"N2": "T1"}


@engines
def test_serving_the_urgent_first_never_costs_the_total(engine):
    """Greedy by urgency would give T1 to P1; a chain serves all three."""
    source = problem(
        [tutor("T1"), tutor("T2", "tue-15"), tutor("T3", "wed-15")],
        [pupil("P1", "mon-15;tue-15"), pupil("P2", "mon-15"), pupil("P3", "tue-15;wed-15")],
        [need("N1", "P1", priority=3), need("N2", "P2", priority=1), need("N3", "P3", priority=2)],
    )
    assert reached(solve(source, engine=engine))["breadth"] == 3


@engines
def test_another_pupil_comes_before_a_second_need(engine):
    source = problem(
        [tutor(slots=WEEK, subjects=BOTH, sessions_per_week=2)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [
            need("N1", "P1", priority=3),
            need("N2", "P1", priority=3, subject="ALG"),
            need("N3", "P2", priority=1),
        ],
    )
    solution = solve(source, engine=engine)
    assert reached(solution)["breadth"] == 2
    assert "N3" in served(solution)


@engines
def test_the_urgent_need_of_a_pupil_comes_before_the_low_one(engine):
    source = problem([tutor(subjects=BOTH)], [pupil()], [need("N1", priority=1), need("N2", priority=3)])
    assert served(solve(source, engine=engine)) == {"N2": "T1"}


@engines
def test_two_needs_of_a_pupil_take_two_slots(engine):
    source = problem(
        [tutor("T1", WEEK), tutor("T2", "mon-15", subjects=(Teaching("ALG", 1, 11),))],
        [pupil(slots="mon-15;tue-15")],
        [need("N1"), need("N2", subject="ALG")],
    )
    solution = solve(source, engine=engine)
    assert reached(solution)["cover"] == 1
    assert verify(source, solution) == []


@engines
def test_a_tutor_with_one_pupil_may_take_both_needs(engine):
    source = problem(
        [tutor(slots=WEEK, subjects=BOTH, sessions_per_week=2, max_pupils=1)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [need("N1", "P1", priority=3), need("N2", "P1", subject="ALG"), need("N3", "P2")],
    )
    solution = solve(source, engine=engine)
    assert served(solution) == {"N1": "T1", "N2": "T1"}
    assert all(level.is_proven for level in solution.certificate.levels)


@engines
def test_two_who_share_one_slot_are_not_expected_to_meet_twice(engine):
    source = problem(
        [tutor(slots=WEEK, subjects=BOTH, sessions_per_week=2, max_pupils=1)],
        [pupil(slots="mon-15")],
        [need("N1"), need("N2", subject="ALG")],
    )
    solution = solve(source, engine=engine, time_limit=0)
    assert solution.certificate.level("cover").bound == 0
    assert verify(source, solution) == []


@engines
def test_the_further_need_of_the_urgent_pupil_comes_before_a_better_pair(engine):
    source = problem(
        [tutor(slots=WEEK, subjects=BOTH, sessions_per_week=3, max_pupils=2)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [
            need("N1", "P1"),
            need("N2", "P1", subject="ALG"),
            need("N3", "P2", priority=3),
            need("N4", "P2", subject="ALG", priority=1),
        ],
        [returning("T1", "P1")],
    )
    assert {"N3", "N4"} <= set(served(solve(source, engine=engine)))


@engines
def test_one_tutor_takes_several_needs_of_a_pupil(engine):
    tutors = [tutor(name, WEEK, subjects=BOTH, sessions_per_week=2) for name in ("T1", "T2", "T3")]
    source = problem(tutors, [pupil(slots=WEEK)], [need("N1"), need("N2", subject="ALG")])
    assert len(set(served(solve(source, engine=engine)).values())) == 1


@engines
def test_a_pair_that_worked_together_is_preferred(engine):
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need()], [returning("T2")])
    assert served(solve(source, engine=engine)) == {"N1": "T2"}


@engines
def test_the_first_language_and_the_patron_are_preferred(engine):
    languages = problem(
        [tutor("T1", languages=("kk",)), tutor("T2", languages=("ru",))],
        [pupil(languages=("ru", "kk"))],
        [need()],
    )
    assert served(solve(languages, engine=engine)) == {"N1": "T2"}
    patrons = problem([tutor("T1"), tutor("T2", institution="NKU")], [pupil(patrons=("NKU",))], [need()])
    assert served(solve(patrons, engine=engine)) == {"N1": "T2"}


@engines
def test_a_blocked_tutor_is_never_proposed(engine):
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need()], [blocked("T1"), returning("T1")])
    assert served(solve(source, engine=engine)) == {"N1": "T2"}


@engines
def test_a_locked_match_stays_and_uses_up_what_it_uses(engine):
    source = problem(
        [tutor("T1", WEEK, sessions_per_week=3, max_pupils=2)],
        [pupil("P1", WEEK), pupil("P2", WEEK), pupil("P3", WEEK)],
        [need("N1", "P1", sessions_per_week=2, priority=1), need("N2", "P2"), need("N3", "P3", priority=3)],
        [locked("N1", "T1", "mon-15;wed-15")],
    )
    solution = solve(source, engine=engine)
    assert match("N1", "T1", "mon-15;wed-15") in solution.matches
    assert match("N3", "T1", "tue-15") in solution.matches
    assert reached(solution)["breadth"] == 2
    assert verify(source, solution) == []


@engines
def test_a_pupil_at_the_limit_gets_only_the_own_tutor(engine):
    source = problem(
        [tutor("T1", WEEK, sessions_per_week=2, max_pupils=1), tutor("T2", WEEK)],
        [pupil(slots=WEEK, max_tutors=1)],
        [need("N1"), need("N2", grade=6)],
        [locked("N1", "T1", "mon-15")],
    )
    assert served(solve(source, engine=engine)) == {"N1": "T1", "N2": "T1"}


def test_contradicting_records_are_refused_before_anything_is_solved():
    with pytest.raises(FaultyInput, match="rule 2"):
        solve(problem([tutor(languages=("ru",))], [pupil()], [need()], [locked("N1", "T1", "mon-15")]))


def test_an_unknown_engine_is_refused():
    with pytest.raises(ValueError, match="unknown engine"):
        solve(problem(), engine="abacus")


def test_progress_names_the_stages_and_ends_at_one():
    reports = []
    solve(
        problem([tutor()], [pupil()], [need()]),
        progress=lambda stage, fraction: reports.append((stage, fraction)),
    )
    assert [stage for stage, _ in reports] == [*STAGES, "done"]
    assert [fraction for _, fraction in reports] == sorted(fraction for _, fraction in reports)
    assert reports[-1][1] == 1


def test_a_run_stops_between_stages_when_it_is_asked_to():
    asked = []

    def should_stop() -> bool:
        asked.append(True)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        solve(problem([tutor()], [pupil()], [need()]), should_stop=should_stop)
    assert len(asked) == 3


@pytest.mark.parametrize("profile", Profile)
def test_a_run_without_time_still_ends_in_a_sound_solution(profile):
    source = generate("pilot", 2).problem
    hurried, thorough = (solve(source, profile=profile, time_limit=limit) for limit in (0, None))
    assert verify(source, hurried) == []
    assert reached(hurried)["depth"] < reached(thorough)["depth"]
    if profile is not Profile.DEPTH_FIRST:
        assert reached(hurried)["breadth"] == reached(thorough)["breadth"]


def test_further_sessions_follow_when_cover_took_all_the_time(monkeypatch):
    source = generate("pilot", 1).problem
    clock, behind = solver.time.perf_counter, [0]
    monkeypatch.setattr(solver.time, "perf_counter", lambda: clock() + behind[0])

    def slow(*given):
        behind[0] = 3600
        return close_cover(*given)

    monkeypatch.setattr(solver, "close_cover", slow)
    late = solve(source, time_limit=600)
    assert reached(late)["depth"] > reached(solve(source, time_limit=0))["depth"]


def test_when_a_tutor_leaves_no_other_agreed_match_changes():
    source = generate("pilot", 3).problem
    agreed = solve(source).matches
    leaver = agreed[0].tutor_id
    staying = [each for each in agreed if each.tutor_id != leaver]
    rest = with_locked(
        Problem.of([each for each in source.tutors if each.id != leaver], source.pupils, source.needs), staying
    )
    again = solve(rest)
    assert verify(rest, again) == []
    assert {(each.need_id, each.tutor_id, each.slots) for each in staying} <= {
        (each.need_id, each.tutor_id, each.slots) for each in again.matches
    }
    released = solve(Problem.of(rest.tutors, rest.pupils, rest.needs))
    assert improvable(rest, again) == reached(released)["breadth"] - reached(again)["breadth"]
