"""Each reason code, reached by a case built for it; and the facts behind a match."""

import json

import pytest

from tests.matching.builders import blocked, locked, match, need, problem, pupil, returning, tutor
from tests.matching.instances import random_problem
from tests.matching.standings import crowded, seats
from tutormatch.matching import Need, PairStatus, Problem, Reason, Solution, Teaching, explain, explain_all, solve
from tutormatch.matching.guidance.explanations import explain_unmatched
from tutormatch.matching.rules import meets_requirements, teaches, tutoring_language
from tutormatch.matching.verification.verifier import broken_rules

WEEK = "mon-15;tue-15;wed-15"
BOTH = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))

CASES = {
    Reason.NO_TUTOR_FOR_SUBJECT: problem(
        [tutor(subjects=(Teaching("KAZ1", 1, 11),))], [pupil()], [need("N1", subject="KAZ2")]
    ),
    Reason.NO_TUTOR_FOR_GRADE: problem([tutor(subjects=(Teaching("MATH", 1, 4),))], [pupil()], [need("N1", grade=5)]),
    Reason.NO_TUTOR_FOR_LANGUAGE: problem([tutor(languages=("ru",))], [pupil()], [need("N1")]),
    Reason.NO_TUTOR_WITH_CONDITION: problem([tutor()], [pupil(requires=("sen",))], [need("N1")]),
    Reason.ALL_BLOCKED: problem([tutor()], [pupil()], [need("N1")], [blocked()]),
    Reason.NO_COMMON_TIME: problem([tutor(slots="tue-15")], [pupil()], [need("N1")]),
    Reason.PUPIL_TIME_TAKEN: problem(
        [tutor("T1"), tutor("T2", subjects=BOTH)],
        [pupil()],
        [need("N0", subject="ALG", priority=3), need("N1")],
    ),
    Reason.MAX_TUTORS_REACHED: problem(
        [tutor("T1", WEEK), tutor("T2", WEEK, subjects=(Teaching("ALG", 1, 11),))],
        [pupil(slots=WEEK, max_tutors=1)],
        [need("N0", subject="ALG", priority=3), need("N1")],
    ),
    Reason.TUTORS_FULL: problem(
        [tutor("T1", WEEK)],
        [pupil("P0", WEEK), pupil("P1", WEEK)],
        [need("N0", "P0", priority=3), need("N1")],
    ),
}


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_is_given_where_it_applies(reason):
    solution = solve(CASES[reason])
    (unmatched,) = (each for each in solution.unmatched if each.need_id == "N1")
    assert unmatched.reason is reason
    assert unmatched.funnel[-1].tutors_left == 0
    counts = [step.tutors_left for step in unmatched.funnel]
    assert counts == sorted(counts, reverse=True)


def counted_one_by_one(problem: Problem, solution: Solution, need: Need) -> list[int]:
    """Return the funnel of a need by looking at each tutor, and at each seat with all rules."""
    person, blocks = problem.pupil[need.pupil_id], {}
    for pair in problem.pairs:
        if pair.status is PairStatus.BLOCKED and pair.pupil_id == person.id:
            blocks[pair.tutor_id] = pair.slots
    rules = (
        lambda each: any(teaching.subject == need.subject for teaching in each.subjects),
        lambda each: teaches(each, need),
        lambda each: tutoring_language(each, person),
        lambda each: meets_requirements(each, person),
        lambda each: blocks.get(each.id, True),
        lambda each: (each.slots & person.slots) - blocks.get(each.id, frozenset()),
        lambda each: any(
            not broken_rules(problem, [*solution.matches, seat])
            for seat in seats(problem, need.id)
            if seat.tutor_id == each.id
        ),
    )
    left, counts = list(problem.tutors), []
    for rule in rules:
        left = [each for each in left if rule(each)]
        counts.append(len(left))
    return counts


@pytest.mark.parametrize("seed", range(60))
def test_a_funnel_counts_whom_each_rule_leaves(seed):
    source, solution = crowded(seed)
    for unmatched in explain_unmatched(source, solution.matches):
        counts = [step.tutors_left for step in unmatched.funnel]
        assert counts == counted_one_by_one(source, solution, source.need[unmatched.need_id])


def test_a_slot_block_leaves_the_other_slots():
    both_free = [tutor(slots="mon-15;tue-15")], [pupil(slots="mon-15;tue-15")], [need()]
    solution = solve(problem(*both_free, [blocked(slots="mon-15")]))
    assert [match.slots for match in solution.matches] == [(24 + 15,)]
    assert solve(problem(*both_free, [blocked(slots="mon-15;tue-15")])).unmatched[0].reason is (Reason.NO_COMMON_TIME)


def test_a_session_of_a_group_takes_one_hour_and_a_place_for_each():
    pupils = [pupil("P1"), pupil("P2"), pupil("P3", "tue-15")]
    needs = [need("N1", "P1"), need("N2", "P2"), need("N3", "P3")]
    stands = [match("N1"), match("N2", joins="N1")]
    roomy = problem([tutor(slots="mon-15;tue-15", sessions_per_week=2, max_pupils=3)], pupils, needs)
    (unmatched,) = explain_unmatched(roomy, stands)
    assert unmatched.funnel[-1].tutors_left == 1
    without_place = problem([tutor(slots="mon-15;tue-15", sessions_per_week=2, max_pupils=2)], pupils, needs)
    (unmatched,) = explain_unmatched(without_place, stands)
    assert (unmatched.funnel[-1].tutors_left, unmatched.reason) == (0, Reason.TUTORS_FULL)


def test_a_match_tells_its_facts():
    source = problem(
        [
            tutor("T1", WEEK, languages=("kk", "ru"), institution="NKU", sessions_per_week=2),
            tutor("T2", WEEK),
            tutor("T3", "sun-10"),
        ],
        [pupil(slots=WEEK, languages=("ru", "kk"), patrons=("NKU",))],
        [need(priority=3)],
        [returning("T1", "P1")],
    )
    explanation = explain(source, solve(source), "N1")
    assert explanation.tutor_id == "T1"
    assert explanation.tutoring_language == "ru"
    assert explanation.common_slots == (15, 39, 63)
    assert set(explanation.points) == {"urgent_need", "returning", "first_language", "patron"}
    assert (explanation.alternatives, explanation.alternative_tutors) == (1, ("T2",))
    assert not explanation.is_locked


@pytest.mark.parametrize("number", range(40))
def test_the_points_that_are_told_add_up_to_the_quality_of_the_certificate(number):
    source = random_problem(number)
    solution = solve(source)
    told = explain_all(source, solution).values()
    points = sum(sum(each.points.values()) for each in told if each.is_matched)
    assert points == solution.certificate.level("quality").reached


def test_every_explanation_is_json():
    for source in [
        *CASES.values(),
        problem([tutor()], [pupil()], [need()], [locked("N1", "T1", "mon-15")]),
    ]:
        explanations = explain_all(source, solve(source))
        assert set(explanations) == set(source.need)
        json.dumps([explanation.to_dict() for explanation in explanations.values()])
