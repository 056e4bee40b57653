"""`verify` with each rule broken on purpose: every case must name its rule."""

from dataclasses import replace

import pytest

from tests.matching.builders import (
    blocked,
    locked,
    match,
    need,
    problem,
    pupil,
    tutor,
    with_matches,
)
from tutormatch.matching import Certificate, Match, Teaching, solve, verify
from tutormatch.matching.verification.verifier import broken_rules

WEEK = "mon-15;tue-15;wed-15"


def two_needs(**fields):
    return [need("N1"), need("N2", subject="ALG", **fields)]


def two_pupils():
    return [pupil("P1", WEEK), pupil("P2", WEEK)]


BOTH = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))

BROKEN = {
    "another subject": (
        "rule 1",
        problem([tutor(subjects=(Teaching("ALG", 1, 11),))], [pupil()], [need()]),
        [match()],
    ),
    "another grade": (
        "rule 1",
        problem([tutor(subjects=(Teaching("MATH", 1, 4),))], [pupil()], [need()]),
        [match()],
    ),
    "no common language": ("rule 2", problem([tutor(languages=("ru",))], [pupil()], [need()]), [match()]),
    "tutor busy": ("rule 3", problem([tutor(slots="tue-15")], [pupil()], [need()]), [match()]),
    "pupil busy": ("rule 3", problem([tutor()], [pupil(slots="tue-15")], [need()]), [match()]),
    "no slot": ("rule 3", problem([tutor()], [pupil()], [need()]), [match(slots="")]),
    "tutor in two sessions": (
        "rule 3",
        problem([tutor(sessions_per_week=2)], two_pupils(), [need("N1", "P1"), need("N2", "P2")]),
        [match("N1"), match("N2")],
    ),
    "pupil in two sessions": (
        "rule 3",
        problem([tutor("T1", subjects=BOTH), tutor("T2", subjects=BOTH)], [pupil()], two_needs()),
        [match("N1", "T1"), match("N2", "T2")],
    ),
    "too many sessions": (
        "rule 4",
        problem([tutor(slots=WEEK, max_pupils=2)], two_pupils(), [need("N1", "P1"), need("N2", "P2")]),
        [match("N1"), match("N2", slots="tue-15")],
    ),
    "too many pupils": (
        "rule 4",
        problem(
            [tutor(slots=WEEK, sessions_per_week=2, max_pupils=1)],
            two_pupils(),
            [need("N1", "P1"), need("N2", "P2")],
        ),
        [match("N1"), match("N2", slots="tue-15")],
    ),
    "too many tutors": (
        "rule 5",
        problem(
            [tutor("T1", WEEK, subjects=BOTH), tutor("T2", WEEK, subjects=BOTH)],
            [pupil(slots=WEEK, max_tutors=1)],
            two_needs(),
        ),
        [match("N1", "T1"), match("N2", "T2", "tue-15")],
    ),
    "more sessions than wanted": (
        "rule 5",
        problem([tutor(slots=WEEK, sessions_per_week=2)], [pupil(slots=WEEK)], [need()]),
        [match(slots="mon-15;tue-15")],
    ),
    "two tutors for one need": (
        "rule 5",
        problem([tutor("T1", WEEK), tutor("T2", WEEK)], [pupil(slots=WEEK)], [need()]),
        [match("N1", "T1"), match("N1", "T2", "tue-15")],
    ),
    "condition missing": ("rule 6", problem([tutor()], [pupil(requires=("sen",))], [need()]), [match()]),
    "blocked": ("rule 8", problem([tutor()], [pupil()], [need()], [blocked()]), [match()]),
    "blocked in this slot": (
        "rule 8",
        problem([tutor(slots=WEEK)], [pupil(slots=WEEK)], [need()], [blocked(slots="tue-15")]),
        [match(slots="tue-15")],
    ),
    "locked match moved": (
        "rule 8",
        problem([tutor(slots=WEEK)], [pupil(slots=WEEK)], [need()], [locked("N1", "T1", "mon-15")]),
        [match(slots="tue-15")],
    ),
    "need forgotten": (
        "records",
        problem([tutor(slots="")], [pupil()], [need("N1"), need("N2")]),
        [match("N1")],
    ),
    "unknown tutor": ("records", problem([tutor()], [pupil()], [need()]), [match(tutor_id="T9")]),
    "unknown need": ("records", problem([tutor()], [pupil()], [need()]), [match(), match("N9")]),
}


def group(tutors=None, pupils=None, **fields):
    """Return a problem whose three needs could share the sessions of one tutor."""
    return problem(
        tutors or [tutor("T1", WEEK, sessions_per_week=2, max_pupils=3, group_size=3)],
        pupils or [pupil(f"P{number}", WEEK) for number in (1, 2, 3)],
        [need(f"N{number}", f"P{number}", **{"group_ok": True, **fields}) for number in (1, 2, 3)],
    )


JOINED = [match("N1"), match("N2", joins="N1"), match("N3", joins="N1")]


def changed(source, need_id, **fields):
    needs = [replace(each, **fields) if each.id == need_id else each for each in source.needs]
    return problem(source.tutors, source.pupils, needs, source.pairs)


BROKEN |= {
    "together without joining": ("rule 3", group(), [match("N1"), match("N2")]),
    "pupil joins and meets at once": (
        "rule 3",
        problem(
            [tutor("T1", group_size=2, max_pupils=2), tutor("T2", subjects=BOTH)],
            [pupil("P1"), pupil("P2")],
            [need("N1", group_ok=True), need("N2", "P2", group_ok=True), need("N3", "P2", subject="ALG")],
        ),
        [match("N1"), match("N2", joins="N1"), match("N3", "T2")],
    ),
    "two needs of one pupil in a session": (
        "rule 3",
        problem([tutor(group_size=2)], [pupil()], [need("N1", group_ok=True), need("N2", group_ok=True)]),
        [match("N1"), match("N2", joins="N1")],
    ),
    "group beyond the pupils of a tutor": (
        "rule 4",
        group([tutor("T1", WEEK, sessions_per_week=2, max_pupils=2, group_size=3)]),
        JOINED,
    ),
    "group beyond the tutors of a pupil": (
        "rule 5",
        problem(
            [tutor("T1", WEEK, group_size=2, max_pupils=2), tutor("T2", WEEK, subjects=BOTH)],
            [pupil("P1", WEEK), pupil("P2", WEEK, max_tutors=1)],
            [need("N1", group_ok=True), need("N2", "P2", group_ok=True), need("N3", "P2", subject="ALG")],
        ),
        [match("N1"), match("N2", joins="N1"), match("N3", "T2", "tue-15")],
    ),
    "group of two subjects": ("rule 7", changed(group(), "N2", subject="ALG"), JOINED),
    "group of two grades": ("rule 7", changed(group(), "N2", grade=6), JOINED),
    "group with a host who wants none": ("rule 7", changed(group(), "N1", group_ok=False), JOINED),
    "group with a pupil who wants none": ("rule 7", changed(group(), "N3", group_ok=False), JOINED),
    "group too large": (
        "rule 7",
        group([tutor("T1", WEEK, sessions_per_week=2, max_pupils=3, group_size=2)]),
        JOINED,
    ),
    "group with a language for each two but none for all": (
        "rule 7",
        group(
            [tutor("T1", WEEK, languages=("en", "kk", "ru"), max_pupils=3, group_size=3)],
            [
                pupil("P1", WEEK, languages=("kk", "ru")),
                pupil("P2", WEEK, languages=("kk", "en")),
                pupil("P3", WEEK, languages=("ru", "en")),
            ],
        ),
        JOINED,
    ),
    "joining a session that is not there": (
        "rule 7",
        group(),
        [match("N1"), match("N2", slots="mon-15;tue-15", joins="N1")],
    ),
    "joining who joins": ("rule 7", group(), [match("N1"), match("N2", joins="N1"), match("N3", joins="N2")]),
    "joining oneself": ("rule 7", group(), [match("N1", joins="N1")]),
    "joining a need without a tutor": ("rule 7", group(), [match("N2", joins="N1")]),
    "joining another tutor's session": (
        "rule 7",
        group([tutor("T1", WEEK, group_size=3), tutor("T2", WEEK, group_size=3)]),
        [match("N1"), match("N2", "T2", joins="N1")],
    ),
    "locked match joins what was not agreed": (
        "rule 8",
        problem(
            [tutor("T1", WEEK, sessions_per_week=1, max_pupils=2, group_size=2)],
            two_pupils(),
            [need("N1", "P1", group_ok=True), need("N2", "P2", group_ok=True)],
            [locked("N1", "T1", "mon-15")],
        ),
        [match("N1", joins="N2"), match("N2")],
    ),
}


def test_no_slot_lies_before_the_week():
    source = problem([tutor(slots="sun-23")], [pupil(slots="sun-23")], [need()])
    assert [each.rule for each in broken_rules(source, [Match("N1", "T1", (-1,))])] == ["rule 3", "rule 3"]


def test_a_group_session_keeps_every_rule_and_counts_once():
    source = group([tutor("T1", WEEK, sessions_per_week=1, max_pupils=3, group_size=3)])
    assert broken_rules(source, JOINED) == []


def test_who_joins_may_come_to_some_of_the_sessions():
    source = group(sessions_per_week=2)
    assert broken_rules(source, [match("N1", slots="mon-15;tue-15"), match("N2", slots="tue-15", joins="N1")]) == []


def test_an_agreed_group_stays_whichever_of_it_is_the_host():
    source = group()
    pairs = [locked(f"N{number}", "T1", "mon-15", f"P{number}") for number in (1, 2, 3)]
    source = problem(source.tutors, source.pupils, source.needs, pairs)
    assert broken_rules(source, JOINED) == []
    assert broken_rules(source, [match("N1", joins="N2"), match("N2"), match("N3", joins="N2")]) == []


@pytest.mark.parametrize("case", BROKEN)
def test_verify_names_the_broken_rule(case):
    rule, broken, matches = BROKEN[case]
    solution = solve(broken)
    assert verify(broken, solution) == []
    dirty = with_matches(solution, *matches)
    if case == "need forgotten":
        dirty = replace(dirty, unmatched=())
    assert rule in {violation.rule for violation in verify(broken, dirty)}


def small_problem():
    return problem(
        [tutor("T1", WEEK, sessions_per_week=2), tutor("T2", WEEK)],
        [*two_pupils(), pupil("P3", WEEK)],
        [need("N1", "P1", priority=3), need("N2", "P2"), need("N3", "P3"), need("N4", "P1", grade=6)],
    )


def with_level(solution, name, **changes):
    levels = tuple(replace(level, **changes) if level.name == name else level for level in solution.certificate.levels)
    return replace(solution, certificate=replace(solution.certificate, levels=levels))


@pytest.mark.parametrize(
    ("level", "changes"),
    [
        ("breadth", {"reached": 4}),
        ("breadth", {"bound": 2}),
        ("breadth", {"bound": 4}),
        ("breadth", {"by_priority": {3: 3, 2: 0, 1: 0}}),
        ("cover", {"reached": 1}),
        ("cover", {"bound": -1}),
        ("quality", {"reached": 1}),
        ("quality", {"bound": 1}),
    ],
)
def test_verify_finds_a_false_claim(level, changes):
    solution = solve(small_problem())
    assert verify(small_problem(), solution) == []
    assert level in {each.rule for each in verify(small_problem(), with_level(solution, level, **changes))}


def test_verify_finds_a_flow_bound_that_no_flow_shows():
    roomy = problem([tutor("T1", WEEK, subjects=BOTH, sessions_per_week=2)], [pupil(slots=WEEK)], two_needs())
    solution = solve(roomy)
    worse = with_matches(solution, match("N1"))
    worse = replace(worse, unmatched=(replace_unmatched(roomy, "N2"),))
    worse = with_level(worse, "cover", reached=0, bound=0, proof="flow", by_priority={3: 0, 2: 0, 1: 0})
    assert "cover" in {violation.rule for violation in verify(roomy, worse)}


def replace_unmatched(source, need_id):
    alone = problem((), source.pupils, [each for each in source.needs if each.id == need_id])
    return solve(alone).unmatched[0]


def test_verify_finds_a_matching_that_is_not_the_broadest():
    solution = solve(small_problem())
    fewer = solution.matches[:-1]
    dropped = replace_unmatched(small_problem(), solution.matches[-1].need_id)
    worse = replace(solution, matches=fewer, unmatched=(*solution.unmatched, dropped))
    counts = {3: 1, 2: 1, 1: 0}
    worse = with_level(worse, "breadth", reached=2, bound=2, by_priority=counts)
    assert any("could" in violation.message for violation in verify(small_problem(), worse))


def test_verify_finds_a_missing_level():
    solution = solve(small_problem())
    missing = replace(solution, certificate=Certificate(solution.certificate.levels[:-1]))
    assert solution.certificate.levels[-1].name in {violation.rule for violation in verify(small_problem(), missing)}
