"""The smallest change that would serve a need, and who competes for too few sessions."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.matching.builders import blocked, locked, match, need, problem, pupil, tutor
from tests.matching.standings import crowded, seats, solution_of
from tutormatch.matching import (
    Change,
    ChangeKind,
    Match,
    Need,
    Pair,
    PairStatus,
    Problem,
    Reason,
    Solution,
    Teaching,
    competition,
    explain,
    explain_all,
    smallest_changes,
    solve,
)
from tutormatch.matching.flow.openings import locked_matches
from tutormatch.matching.population import generate
from tutormatch.matching.slots import parse_slot
from tutormatch.matching.verification.verifier import broken_rules

SLOTS = (15, 16, 39, 40)


def with_record(source: Problem, old, new) -> Problem:
    """Return the problem with another record in place of one."""
    records = [
        [new if each is old else each for each in group] for group in (source.tutors, source.pupils, source.needs)
    ]
    return Problem.of(*records, source.pairs)


def changed(source: Problem, wish: Need, kind: ChangeKind, value: str, tutor_id: str) -> Problem:
    """Return the problem after a change; where tutors would have to change, after that of one of them."""
    pupil, tutor = source.pupil[wish.pupil_id], source.tutor[tutor_id]
    match kind:
        case ChangeKind.SLOT:
            return with_record(source, pupil, replace(pupil, slots=pupil.slots | {parse_slot(value)}))
        case ChangeKind.LANGUAGE:
            return with_record(source, pupil, replace(pupil, languages=(*pupil.languages, value)))
        case ChangeKind.MAX_TUTORS:
            return with_record(source, pupil, replace(pupil, max_tutors=int(value)))
        case ChangeKind.CONDITION:
            return with_record(source, tutor, replace(tutor, conditions=tutor.conditions | {value}))
        case ChangeKind.TUTOR_SESSION:
            sessions, pupils = tutor.sessions_per_week + 1, tutor.max_pupils + 1
            return with_record(source, tutor, replace(tutor, sessions_per_week=sessions, max_pupils=pupils))
        case ChangeKind.GROUP:
            return with_record(source, wish, replace(wish, group_ok=True))
        case ChangeKind.GROUP_SIZE:
            return with_record(source, tutor, replace(tutor, group_size=tutor.group_size + 1))
        case ChangeKind.UNBLOCK:
            pairs = [
                pair
                for pair in source.pairs
                if (pair.status, pair.tutor_id, pair.pupil_id) != (PairStatus.BLOCKED, value, wish.pupil_id)
            ]
            return Problem.of(source.tutors, source.pupils, source.needs, pairs)


def takers(source: Problem, stands: Solution, need_id: str) -> set[Match]:
    """Return every session of its own that a need could have as things are."""
    return {seat for seat in seats(source, need_id) if not broken_rules(source, [*stands.matches, seat])}


def joins(source: Problem, stands: Solution, need_id: str) -> set[Match]:
    """Return every group place that a need could have as things are."""
    places = (
        Match(need_id, host.tutor_id, (slot,), joins=host.need_id)
        for host in stands.matches
        if not host.joins
        for slot in host.slots
    )
    return {place for place in places if not broken_rules(source, [*stands.matches, place])}


def possible_changes(source: Problem, wish: Need) -> Iterator[tuple[ChangeKind, str]]:
    pupil = source.pupil[wish.pupil_id]
    yield from (
        (ChangeKind.SLOT, f"{'mon' if slot < 24 else 'tue'}-{slot % 24}") for slot in SLOTS if slot not in pupil.slots
    )
    yield from ((ChangeKind.LANGUAGE, code) for code in ("kk", "ru") if code not in pupil.languages)
    yield from ((ChangeKind.CONDITION, tag) for tag in sorted(pupil.requires))
    yield from ((ChangeKind.UNBLOCK, tutor_id) for tutor_id in sorted(source.tutor))
    if pupil.max_tutors is not None:
        yield ChangeKind.MAX_TUTORS, str(pupil.max_tutors + 1)
    yield ChangeKind.TUTOR_SESSION, ""
    yield ChangeKind.GROUP, ""
    yield ChangeKind.GROUP_SIZE, ""


def helped_by(source: Problem, stands: Solution, wish: Need, kind: ChangeKind, value: str) -> set[str]:
    """Return the tutors who could take a need at once after a change, by trying."""
    find = joins if kind in (ChangeKind.GROUP, ChangeKind.GROUP_SIZE) else takers
    before = find(source, stands, wish.id)
    if kind is ChangeKind.GROUP and before:
        return {each.tutor_id for each in before}
    found = set()
    for tutor_id in source.tutor:
        after = find(changed(source, wish, kind, value, tutor_id), stands, wish.id)
        found |= {each.tutor_id for each in after - before if each.tutor_id == tutor_id}
    return found


@pytest.mark.parametrize("seed", range(80))
def test_every_change_serves_and_none_is_missed(seed):
    source, stands = crowded(seed)
    matched = {each.need_id for each in stands.matches}
    for wish in source.needs:
        told = {
            (each.kind, each.value if each.kind.value not in ("tutor_session", "group", "group_size") else ""): each
            for each in smallest_changes(source, stands, wish.id)
        }
        if wish.id in matched:
            assert not told
            continue
        expected = {}
        for kind, value in possible_changes(source, wish):
            if tutors := helped_by(source, stands, wish, kind, value):
                expected[kind, value] = tuple(sorted(tutors))
        if takers(source, stands, wish.id):
            # Who has a free tutor needs none of them; a tutor counts only for a slot that is new.
            expected = {key: tutors for key, tutors in expected.items() if key in told}
        slots = sorted((len(tutors) for (kind, _), tutors in expected.items() if kind is ChangeKind.SLOT), reverse=True)
        assert [each.tutors for each in told.values() if each.kind is ChangeKind.SLOT] == slots[:3]
        others = {key: tutors for key, tutors in expected.items() if key[0] is not ChangeKind.SLOT or key in told}
        assert {key: each.tutor_ids for key, each in told.items()} == others
        assert all(each.tutors == len(each.tutor_ids) for each in told.values())


@pytest.mark.parametrize("seed", range(30))
def test_solving_after_a_change_serves_the_need_beside_all_matches(seed):
    source, _ = crowded(seed)
    solution = solve(source, time_limit=0)
    agreed = {each.need_id for each in locked_matches(source)}
    pairs = [
        Pair(each.tutor_id, source.need[each.need_id].pupil_id, PairStatus.LOCKED, each.need_id, frozenset(each.slots))
        for each in solution.matches
        if each.need_id not in agreed
    ]
    for unmatched in solution.unmatched:
        for each in smallest_changes(source, solution, unmatched.need_id):
            wish = source.need[unmatched.need_id]
            after = changed(source, wish, each.kind, each.value, each.tutor_ids[0])
            # Another need that waits might take the same hour.
            matched = {found.need_id for found in solution.matches} | {wish.id}
            needs = [each for each in after.needs if each.id in matched]
            alone = Problem.of(after.tutors, after.pupils, needs, [*after.pairs, *pairs])
            assert unmatched.need_id in {found.need_id for found in solve(alone).matches}


def test_the_change_that_brings_most_tutors_comes_first():
    source = problem(
        [
            tutor("T1", "tue-17"),
            tutor("T2", "tue-17;wed-17"),
            tutor("T3", languages=("ru",)),
            tutor("T4", "fri-17"),
        ],
        [pupil()],
        [need()],
    )
    changes = smallest_changes(source, solve(source), "N1")
    assert [(each.kind, each.value, each.tutor_ids) for each in changes] == [
        ("slot", "tue-17", ("T1", "T2")),
        ("slot", "fri-17", ("T4",)),
        ("slot", "wed-17", ("T2",)),
        ("language", "ru", ("T3",)),
    ]


def test_only_five_tutors_are_named():
    source = problem([tutor(f"T{number}", "tue-17") for number in range(7)], [pupil()], [need()])
    (change,) = smallest_changes(source, solve(source), "N1")
    assert change == Change(ChangeKind.SLOT, "tue-17", 7, ("T0", "T1", "T2", "T3", "T4"))


def test_a_group_place_is_named_by_its_host():
    def source(group_ok: bool, group_size: int) -> Problem:
        return problem(
            [tutor(group_size=group_size, max_pupils=2)],
            [pupil("P1"), pupil("P2")],
            [need("N1", group_ok=group_ok), need("N2", "P2", group_ok=True)],
        )

    stands = solution_of(match("N2"))
    assert Change(ChangeKind.GROUP, "N2", 1, ("T1",)) in smallest_changes(source(False, 2), stands, "N1")
    assert Change(ChangeKind.GROUP_SIZE, "N2", 1, ("T1",)) in smallest_changes(source(True, 1), stands, "N1")
    assert smallest_changes(source(False, 1), stands, "N1") == ()


def test_a_blocked_pair_is_named_by_its_tutor():
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need()], [blocked("T1"), blocked("T2", slots="mon-15")])
    changes = smallest_changes(source, solve(source), "N1")
    assert [(each.kind, each.value, each.tutors) for each in changes] == [("unblock", "T1", 1), ("unblock", "T2", 1)]


def most_served(source: Problem, needs: set[str]) -> int:
    """Return how many of some needs get sessions of their own if nobody else wants any but those who are locked."""
    agreed = {each.need_id for each in locked_matches(source)}
    alone = Problem.of(
        source.tutors, source.pupils, [each for each in source.needs if each.id in needs | agreed], source.pairs
    )
    return sum(each.need_id in needs and not each.joins for each in solve(alone).matches)


@pytest.mark.parametrize("seed", range(120))
def test_a_competition_has_more_needs_than_sessions(seed):
    source, _ = crowded(seed)
    solution = solve(source, time_limit=0)
    for unmatched in solution.unmatched:
        found = competition(source, solution, unmatched.need_id)
        if found is None:
            continue
        assert unmatched.need_id in found.needs
        assert len(found.needs) > found.sessions
        assert most_served(source, set(found.needs)) <= found.sessions
        # Nobody else could take one of them.
        suited = {
            seat.tutor_id
            for need_id in found.needs
            for seat in seats(source, need_id)
            if not broken_rules(source, [*locked_matches(source), seat])
        }
        assert suited <= set(found.tutor_ids)


def test_competitions_explain_most_full_tutors_in_a_pilot():
    source = generate("pilot", 1).problem
    solution = solve(source, time_limit=0)
    full = [each for each in solution.unmatched if each.reason is Reason.TUTORS_FULL]
    explained = [competition(source, solution, each.need_id) for each in full]
    assert len(full) > 10
    assert sum(found is not None for found in explained) > 0.9 * len(full)
    for found in set(filter(None, explained)):
        assert most_served(source, set(found.needs)) <= found.sessions < len(found.needs)


def test_a_competition_ends_where_the_tutors_end():
    math, history = (Teaching("MATH", 5, 5),), (Teaching("HIST", 5, 5),)
    source = problem(
        [
            tutor("T1", "mon-15;tue-15", sessions_per_week=2, subjects=math),
            tutor("T2", "mon-15", subjects=math),
            tutor("T3", subjects=history),
        ],
        [pupil(f"P{number}", "mon-15;tue-15") for number in range(7)],
        [
            *(need(f"N{number}", f"P{number}") for number in range(4)),
            need("N4", "P4", subject="HIST"),
            need("N5", "P5", subject="HIST"),
        ],
    )
    solution = solve(source)
    waiting = [each.need_id for each in solution.unmatched]
    found = competition(source, solution, waiting[0])
    assert (found.needs, found.sessions, found.tutor_ids) == (("N0", "N1", "N2", "N3"), 3, ("T1", "T2"))
    found = competition(source, solution, waiting[1])
    assert (found.needs, found.sessions, found.tutor_ids) == (("N4", "N5"), 1, ("T3",))
    assert competition(source, solution, solution.matches[0].need_id) is None


def test_sessions_that_are_locked_are_not_competed_for():
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2)],
        [pupil(f"P{number}", "mon-15;tue-15") for number in range(3)],
        [need(f"N{number}", f"P{number}") for number in range(3)],
        [locked("N0", "T1", "mon-15", "P0")],
    )
    solution = solve(source)
    found = competition(source, solution, solution.unmatched[0].need_id)
    assert (found.needs, found.sessions) == (("N1", "N2"), 1)


def test_no_competition_without_tutors_or_with_a_tutor_to_spare():
    alone = problem([tutor("T1", "tue-15")], [pupil()], [need()])
    assert competition(alone, solve(alone), "N1") is None
    spare = problem([tutor()], [pupil()], [need()])
    assert competition(spare, solution_of(), "N1") is None


def test_explanations_carry_changes_and_competition():
    source = generate("pilot", 1).problem
    solution = solve(source, time_limit=0)
    explanations = explain_all(source, solution)
    for each in solution.unmatched:
        explanation = explanations[each.need_id]
        assert explanation == explain(source, solution, each.need_id)
        assert explanation.changes == smallest_changes(source, solution, each.need_id)
        if explanation.reason is not Reason.TUTORS_FULL:
            assert explanation.competition is None
    facts = [explanations[each.need_id].to_dict() for each in solution.unmatched]
    assert json.loads(json.dumps(facts)) == facts
    assert any(each["competition"] for each in facts)
    assert any(each["changes"] for each in facts)
