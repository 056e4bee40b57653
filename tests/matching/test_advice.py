"""Advice whom to recruit and what to change: every number is confirmed by solving again."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.matching.builders import locked, match, need, problem, pupil, tutor
from tests.matching.standings import crowded, solution_of
from tutormatch.matching import (
    Problem,
    Profile,
    Recruit,
    Solution,
    Teaching,
    WeekPart,
    WhatIf,
    WhatIfKind,
    improvable,
    recruitment_advice,
    solve,
    write_problem,
    write_solution,
)
from tutormatch.matching.population import generate
from tutormatch.matching.slots import format_slot, parse_slot

AFTERNOON, MORNING, EVENING, SUNDAY = map(parse_slot, ("mon-15", "tue-09", "fri-18", "sun-10"))


def breadth(source: Problem) -> int:
    return solve(source, time_limit=0).certificate.level("breadth").reached


def urgencies(source: Problem) -> dict[int, int]:
    return dict(solve(source, time_limit=0).certificate.level("breadth").by_priority)


def with_tutors(source: Problem, *tutors) -> Problem:
    return Problem.of([*source.tutors, *tutors], source.pupils, source.needs, source.pairs)


def with_pupils(source: Problem, change: Callable, chosen: set[str]) -> Problem:
    pupils = [change(pupil) if pupil.id in chosen else pupil for pupil in source.pupils]
    return Problem.of(source.tutors, pupils, source.needs, source.pairs)


def waiting(source: Problem, solution: Solution) -> set[str]:
    """Return the pupils with needs and without a session of their own."""
    served = {source.need[match.need_id].pupil_id for match in solution.matches if not match.joins}
    return {need.pupil_id for need in source.needs} - served


def confirm_recruits(source: Problem, line: Recruit, before: int) -> None:
    for count in range(1, len(line.serves) + 1):
        recruited = with_tutors(source, *(line.tutor(f"recruit {number}") for number in range(count)))
        assert breadth(recruited) - before == sum(line.serves[:count]), line
    assert [len(pupils) for pupils in line.pupil_ids] == list(line.serves)
    everybody = [pupil_id for pupils in line.pupil_ids for pupil_id in pupils]
    assert len(everybody) == len(set(everybody))
    needs = [need_id for needs in line.need_ids for need_id in needs]
    assert [source.need[need_id].pupil_id for need_id in needs] == everybody


def changed(source: Problem, solution: Solution, line: WhatIf) -> Problem:
    """Return the problem in which a what-if has come true."""
    who = waiting(source, solution)
    if line.kind is WhatIfKind.TUTOR_SESSION:
        tutors = [
            replace(each, sessions_per_week=each.sessions_per_week + 1, max_pupils=each.max_pupils + 1)
            if line.value in ("", each.id)
            else each
            for each in source.tutors
        ]
        return Problem.of(tutors, source.pupils, source.needs, source.pairs)
    if line.kind is WhatIfKind.LANGUAGE:
        return with_pupils(
            source, lambda pupil: replace(pupil, languages=tuple(dict.fromkeys((*pupil.languages, line.value)))), who
        )
    *school, slot = line.value.split()
    who = {pupil_id for pupil_id in who if not school or source.pupil[pupil_id].school == school[0]}
    return with_pupils(source, lambda pupil: replace(pupil, slots=pupil.slots | {parse_slot(slot)}), who)


def confirm(source: Problem, solution: Solution, limit: int) -> int:
    """Confirm every line of the advice, and return how many there are."""
    before = breadth(source)
    advice = recruitment_advice(source, solution, limit=limit)
    for line in advice.recruits:
        confirm_recruits(source, line, before)
    for line in advice.what_ifs:
        assert breadth(changed(source, solution, line)) - before == line.serves == len(line.pupil_ids), line
        assert [source.need[need_id].pupil_id for need_id in line.need_ids] == list(line.pupil_ids)
    return len(advice.recruits) + len(advice.what_ifs)


@pytest.mark.parametrize("seed", range(40))
def test_every_line_is_confirmed_by_solving_small_problems_again(seed):
    source, stands = crowded(seed)
    solution = solve(source, time_limit=0)
    assert bool(confirm(source, solution, limit=100)) == bool(waiting(source, solution))
    # A solution that serves fewer than it could is first brought to the most.
    before = breadth(source)
    for line in recruitment_advice(source, stands, limit=5).recruits:
        confirm_recruits(source, line, before)


@pytest.mark.parametrize(("size", "seed"), [("pilot", 1), ("40:16", 2), ("40:16", 3)])
def test_every_line_is_confirmed_by_solving_a_programme_again(size, seed):
    source = generate(size, seed).problem
    assert confirm(source, solve(source, time_limit=0), limit=12) > 20


@pytest.mark.parametrize("seed", range(20))
def test_whom_recruits_serve_are_the_most_urgent_who_can_be_served(seed):
    source, _ = crowded(seed)
    before = urgencies(source)
    most_urgent = {
        each.id: max((need.priority for need in source.needs if need.pupil_id == each.id), default=0)
        for each in source.pupils
    }
    for line in recruitment_advice(source, solve(source, time_limit=0), recruits=1).recruits:
        gained = dict(before)
        for pupil_id in line.pupil_ids[0]:
            gained[most_urgent[pupil_id]] += 1
        assert urgencies(with_tutors(source, line.tutor("recruit"))) == gained


@pytest.mark.parametrize("seed", range(40))
def test_changes_that_would_serve_somebody_are_not_missed(seed):
    source, _ = crowded(seed)
    solution = solve(source, time_limit=0)
    before, who = breadth(source), waiting(source, solution)
    lines = {(line.kind, line.value): line.serves for line in recruitment_advice(source, solution).what_ifs}
    for slot in sorted({slot for each in source.tutors for slot in each.slots}):
        line = WhatIf(WhatIfKind.SLOT, format_slot(slot), 0, (), ())
        assert breadth(changed(source, solution, line)) - before == lines.get((line.kind, line.value), 0)
        line = WhatIf(WhatIfKind.SCHOOL_SLOT, f"S1 {format_slot(slot)}", 0, (), ())
        assert breadth(changed(source, solution, line)) - before == lines.get((line.kind, line.value), 0)
    for value in ("", *source.tutor):
        line = WhatIf(WhatIfKind.TUTOR_SESSION, value, 0, (), ())
        assert breadth(changed(source, solution, line)) - before == lines.get((line.kind, line.value), 0)
    assert who or not lines


@pytest.mark.parametrize("seed", range(20))
def test_kinds_of_tutor_that_would_serve_somebody_are_not_missed(seed):
    source, _ = crowded(seed)
    solution = solve(source, time_limit=0)
    before = breadth(source)
    lines = recruitment_advice(source, solution, recruits=1, limit=1000).recruits
    told: Counter[tuple] = Counter()
    for each in lines:
        kind = (each.subject, each.grade_from, each.tutoring_language, each.part)
        told[kind] = max(told[kind], each.serves[0])
    for subject in ("ALG", "MATH"):
        for code in ("kk", "ru"):
            slots = frozenset({15, 16, 39, 40})
            willing = tutor(
                "recruit",
                subjects=(Teaching(subject, 5, 6),),
                languages=(code,),
                sessions_per_week=2,
                conditions=("sen",),
            )
            served = breadth(with_tutors(source, replace(willing, slots=slots))) - before
            assert served == told[subject, 5, code, WeekPart.AFTERNOONS]


def test_advice_names_the_profile_the_pupils_and_the_needs():
    source = problem(
        [tutor("T1", subjects=(Teaching("MATH", 5, 9), Teaching("KAZ2", 5, 9)))],
        [pupil("P1", languages=("ru", "kk")), pupil("P2"), pupil("P3", "sun-10")],
        [need("N1", priority=3, subject="KAZ2"), need("N2", "P2"), need("N3", "P3", grade=11)],
    )
    advice = recruitment_advice(source, solve(source), recruits=2)
    lines = {(line.subject, line.tutoring_language): line for line in advice.recruits}
    # A tutor for the pupil who is served makes room for the one who waits.
    assert lines["KAZ2", "ru"].pupil_ids == (("P2",), ())
    assert lines["KAZ2", "ru"].need_ids == (("N2",), ())
    assert lines["KAZ2", "ru"].serves == (1, 0)
    assert (lines["KAZ2", "ru"].grade_from, lines["KAZ2", "ru"].grade_to) == (5, 6)
    assert lines["KAZ2", "ru"].waiting == 0
    weekend = next(line for line in advice.recruits if line.part is WeekPart.WEEKEND)
    assert (weekend.subject, weekend.grade_from, weekend.slots, weekend.pupil_ids[0]) == (
        "MATH",
        10,
        (SUNDAY,),
        ("P3",),
    )


def test_a_condition_is_asked_for_only_where_it_serves_more():
    pupils = [pupil("P1", "mon-15"), pupil("P2", "tue-15", requires=("sen",)), pupil("P3", "sat-10", requires=("sen",))]
    needs = [need("N1"), need("N2", "P2"), need("N3", "P3", subject="ALG")]
    source = problem([], [*pupils, pupil("P4", "sat-10")], [*needs, need("N4", "P4", subject="ALG")])
    lines = recruitment_advice(source, solve(source), recruits=1).recruits
    assert {(line.subject, line.conditions, line.serves) for line in lines} == {
        ("MATH", ("sen",), (2,)),
        ("MATH", (), (1,)),
        ("ALG", (), (1,)),
    }


def test_a_recruit_serves_the_most_urgent_first_wherever_most_wait():
    source = problem(
        [],
        [pupil("P1"), pupil("P2"), pupil("P3", "tue-15"), pupil("P4", "wed-15")],
        [need("N1", priority=1), need("N2", "P2", priority=1), need("N3", "P3", priority=3), need("N4", "P4")],
    )
    (line,) = recruitment_advice(source, solve(source), recruits=2).recruits
    assert line.pupil_ids == (("P3", "P4"), ("P1", "P2"))


def test_who_may_have_no_other_tutor_waits_for_an_hour_of_the_own_one():
    source = problem(
        [
            tutor(
                slots="mon-15;tue-15",
                max_pupils=2,
                group_size=2,
                subjects=(Teaching("ALG", 1, 11), Teaching("MATH", 1, 11)),
            )
        ],
        [pupil("P0", max_tutors=1), pupil("P1", "mon-15;tue-15", max_tutors=1)],
        [need("N0", "P0", group_ok=True), need("N1", "P1", group_ok=True), need("N2", "P1", subject="ALG")],
        [locked("N0", "T1", "mon-15", "P0"), locked("N1", "T1", "mon-15", "P1")],
    )
    solution = solve(source)
    assert [match.joins for match in solution.matches] == ["", "N0"]
    advice = recruitment_advice(source, solution)
    assert advice.recruits == ()
    assert [(line.value, line.pupil_ids) for line in advice.what_ifs] == [("", ("P1",)), ("T1", ("P1",))]
    assert confirm(source, solution, limit=10) == 2


def test_parts_of_the_week():
    parts = {slot: WeekPart.of(slot) for slot in (MORNING, AFTERNOON, EVENING, SUNDAY)}
    assert list(parts.values()) == [WeekPart.MORNINGS, WeekPart.AFTERNOONS, WeekPart.EVENINGS, WeekPart.WEEKEND]


def test_shortage_and_supply_by_slot():
    source = problem(
        [tutor("T1", "mon-15;tue-15"), tutor("T2", "mon-15;tue-15", subjects=(Teaching("ALG", 1, 11),))],
        [pupil("P1", "mon-15;tue-15"), pupil("P2", "mon-15;sun-10")],
        [need("N1"), need("N2", "P2"), need("N3", "P2", subject="KAZ2")],
    )
    advice = recruitment_advice(source, solution_of(match("N1", "T1", "mon-15")))
    assert advice.shortage == {parse_slot("mon-15"): 2, SUNDAY: 2}
    assert advice.supply == {parse_slot("mon-15"): 1, parse_slot("tue-15"): 1}


def test_released_matches_could_serve_more():
    tutors = [tutor("T1", "mon-15;tue-15"), tutor("T2", "tue-15")]
    pupils, needs = [pupil("P1", "mon-15;tue-15"), pupil("P2", "mon-15")], [need("N1"), need("N2", "P2")]
    source = problem(tutors, pupils, needs, [locked("N1", "T1", "tue-15")])
    assert improvable(source, solve(source)) == 1
    assert improvable(problem(tutors, pupils, needs), solve(problem(tutors, pupils, needs))) == 0


@pytest.mark.parametrize("seed", range(40))
def test_what_releasing_could_serve_is_what_solving_without_locks_serves(seed):
    source, _ = crowded(seed)
    released = Problem.of(
        source.tutors, source.pupils, source.needs, [pair for pair in source.pairs if pair.status != "locked"]
    )
    gain = breadth(released) - breadth(source)
    for profile in Profile:
        assert improvable(source, solve(source, profile=profile, time_limit=0)) == gain


def test_another_hash_seed_gives_the_same_advice_and_suggestions(tmp_path):
    source = generate("40:16", 3).problem
    solution = solve(source, time_limit=0)
    write_problem(source, tmp_path / "problem")
    write_solution(solution, tmp_path / "solution")
    waits = solution.unmatched[0].need_id
    told = set()
    for seed in ("1", "4242"):
        for command in (["advise"], ["suggest", waits], ["explain", waits]):
            name, *rest = command
            done = subprocess.run(
                [sys.executable, "-m", "tutormatch.matching", name, tmp_path / "problem", tmp_path / "solution", *rest],
                env=os.environ | {"PYTHONHASHSEED": seed},
                check=True,
                capture_output=True,
            )
            told.add((name, done.stdout))
    assert len(told) == 3


def test_nothing_to_advise_in_an_empty_programme():
    source = problem([], [], [])
    assert recruitment_advice(source, solve(source)).to_dict() == {
        "recruits": [],
        "what_ifs": [],
        "shortage": {},
        "supply": {},
    }


def test_advice_for_another_profile_counts_breadth_all_the_same():
    source = generate("80:32", 2).problem
    solution = solve(source, profile=Profile.DEPTH_FIRST, time_limit=0)
    before = breadth(source)
    advice = recruitment_advice(source, solution, limit=3)
    for line in advice.recruits:
        confirm_recruits(source, line, before)
    json.dumps(advice.to_dict())
