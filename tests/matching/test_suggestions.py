"""The best tutors for one need at once, and the shortest chain that serves it."""

import json

import pytest

from tests.matching.builders import blocked, locked, match, need, problem, pupil, returning, tutor
from tests.matching.standings import crowded, seats, shortest_chain, solution_of
from tutormatch.matching import Match, Move, Suggester, Teaching, solve, suggest
from tutormatch.matching.guidance import chains
from tutormatch.matching.population import generate
from tutormatch.matching.slots import parse_slot
from tutormatch.matching.verification.verifier import broken_rules

MON, TUE, WED = (parse_slot(f"{day}-15") for day in ("mon", "tue", "wed"))


def after(solution, chain: tuple[Move, ...]) -> list[Match]:
    """Return the matches once every move of a chain is made."""
    matches = {match.need_id: match for match in solution.matches}
    for move in chain:
        before = matches.get(move.need_id)
        assert (move.from_tutor_id, move.from_slots) == ((before.tutor_id, before.slots) if before else ("", ()))
        matches[move.need_id] = Match(move.need_id, move.tutor_id, move.slots)
    return list(matches.values())


def test_free_tutors_come_first_and_then_who_would_earn_most():
    source = problem(
        [
            tutor("T1", languages=("ru",)),
            tutor("T2"),
            tutor("T3", institution="NKU"),
            tutor("T4", institution="NKU"),
            tutor("T5", "tue-15"),
        ],
        [pupil("P1", languages=("kk", "ru"), patrons=("NKU",)), pupil("P2")],
        [need("N1"), need("N2", "P2")],
    )
    suggestion = suggest(source, solution_of(match("N2", "T4")), "N1")
    assert [(option.tutor_id, option.is_free) for option in suggestion.tutors] == [
        ("T3", True),
        ("T2", True),
        ("T1", True),
        ("T4", False),
    ]
    assert suggestion.tutors[0].points == {"normal_need": 32, "first_language": 4, "patron": 2}
    assert suggestion.tutors[0].slots == (MON,)
    assert suggestion.chain == ()
    assert len(suggest(source, solution_of(), "N1", limit=2).tutors) == 2


def test_a_tutor_whom_the_pupil_has_already_earns_for_that():
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2, subjects=(Teaching("ALG", 1, 11), Teaching("MATH", 1, 11)))],
        [pupil(slots="mon-15;tue-15")],
        [need("N1"), need("N2", subject="ALG")],
        [returning()],
    )
    (option,) = suggest(source, solution_of(match("N2")), "N1").tutors
    assert option.points["same_tutor"] == 8
    assert option.points["returning"] == 12
    assert option.slots == (TUE,)


def test_a_match_moves_to_another_hour_to_make_room():
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2)],
        [pupil("P1", "mon-15"), pupil("P2", "mon-15;tue-15")],
        [need("N1"), need("N2", "P2")],
    )
    suggestion = suggest(source, solution_of(match("N2", "T1", "mon-15")), "N1")
    assert not suggestion.tutors[0].is_free
    assert suggestion.chain == (Move("N1", "T1", (MON,)), Move("N2", "T1", (TUE,), "T1", (MON,)))


def test_a_long_chain_of_tutors_is_found():
    def teaches(*numbers: int) -> tuple[Teaching, ...]:
        return tuple(Teaching(f"S{number}", 5, 5) for number in numbers)

    source = problem(
        [
            tutor("T0", subjects=teaches(0)),
            *(tutor(f"T{number}", subjects=teaches(number - 1, number)) for number in range(1, 6)),
        ],
        [pupil(f"P{number}") for number in range(6)],
        [
            *(need(f"N{number}", f"P{number}", subject=f"S{number}") for number in range(5)),
            need("N9", "P5", subject="S0"),
        ],
    )
    stands = solution_of(*(match(f"N{number}", f"T{number}") for number in range(5)))
    chain = suggest(source, stands, "N9").chain
    assert [(move.need_id, move.tutor_id) for move in chain] == [
        ("N9", "T1"),
        *((f"N{number}", f"T{number + 1}") for number in range(1, 5)),
    ]


def test_locked_matches_and_groups_stay():
    tutors = [tutor("T1", "mon-15;tue-15", sessions_per_week=2, max_pupils=3, group_size=2)]
    pupils = [pupil("P1", "mon-15"), pupil("P2", "mon-15;tue-15"), pupil("P3", "mon-15;tue-15")]
    needs = [need("N1"), need("N2", "P2", group_ok=True), need("N3", "P3", group_ok=True)]
    agreed = problem(tutors, pupils, needs, [locked("N2", "T1", "mon-15", "P2")])
    assert suggest(agreed, solution_of(match("N2")), "N1").chain == ()
    group = solution_of(match("N2"), Match("N3", "T1", (MON,), joins="N2"))
    assert suggest(problem(tutors, pupils, needs), group, "N1").chain == ()
    assert len(suggest(problem(tutors, pupils, needs), solution_of(match("N2")), "N1").chain) == 2


def test_who_moves_keeps_as_many_sessions_as_there_are():
    source = problem(
        [tutor("T1", "mon-15"), tutor("T2", "mon-15;tue-15;wed-15", sessions_per_week=3)],
        [pupil("P1", "mon-15"), pupil("P2", "mon-15;tue-15;wed-15", max_tutors=1)],
        [need("N1"), need("N2", "P2", sessions_per_week=2)],
    )
    stands = solution_of(match("N2", "T2", "mon-15;tue-15"), match("N3"))
    source = problem(
        source.tutors,
        [*source.pupils, pupil("P3")],
        [*source.needs, need("N3", "P3")],
        [locked("N3", "T1", "mon-15", "P3")],
    )
    chain = suggest(source, stands, "N1").chain
    assert chain == (Move("N1", "T2", (MON,)), Move("N2", "T2", (TUE, WED), "T2", (MON, TUE)))


def test_a_place_is_free_only_when_every_match_of_a_pupil_goes():
    both = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))
    source = problem(
        [
            tutor("T1", "mon-15;tue-15;wed-15", sessions_per_week=3, max_pupils=1, subjects=both),
            tutor("T2", subjects=both),
        ],
        [pupil("P1", "mon-15;tue-15;wed-15"), pupil("P2", "mon-15;tue-15")],
        [need("N1"), need("N2", "P2"), need("N3", "P2", subject="ALG")],
        [blocked("T2", "P1")],
    )
    assert suggest(source, solution_of(match("N2"), match("N3", slots="tue-15")), "N1").chain == ()
    assert len(suggest(source, solution_of(match("N2")), "N1").chain) == 2


def test_a_need_with_a_tutor_is_shown_whom_it_could_have_instead():
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need()])
    suggestion = suggest(source, solution_of(match()), "N1")
    assert [(option.tutor_id, option.is_free) for option in suggestion.tutors] == [("T1", True), ("T2", True)]
    assert suggestion.chain == ()


@pytest.mark.parametrize("seed", range(120))
def test_chains_keep_every_rule_and_none_is_shorter(seed):
    source, stands = crowded(seed)
    suggester = Suggester(source, stands)
    matched = {each.need_id for each in stands.matches}
    for each in source.needs:
        if each.id in matched:
            continue
        suggestion = suggester.suggest(each.id, limit=100)
        free = {(option.tutor_id, slot) for option in suggestion.tutors if option.is_free for slot in option.slots}
        fitting = [seat for seat in seats(source, each.id) if not broken_rules(source, [*stands.matches, seat])]
        assert free == {(seat.tutor_id, seat.slots[0]) for seat in fitting}
        length = shortest_chain(source, stands, each.id, 3)
        if length == 1:
            assert suggestion.chain == ()
        elif length is not None:
            assert len(suggestion.chain) == length
        else:
            assert len(suggestion.chain) not in (1, 2, 3)
        result = after(stands, suggestion.chain)
        assert broken_rules(source, result) == []
        assert len(result) == len(stands.matches) + bool(suggestion.chain)
    assert suggester.standing.match_of == {each.need_id: each for each in stands.matches}


@pytest.mark.parametrize("standings", [30, 1500])
def test_where_not_every_way_is_tried_what_is_found_still_keeps_every_rule(standings, monkeypatch):
    monkeypatch.setattr(chains, "STANDINGS", standings)
    monkeypatch.setattr(chains, "EVERY_WAY", standings + 1)
    found = 0
    for seed in range(60):
        source, stands = crowded(seed)
        suggester = Suggester(source, stands)
        for each in source.needs:
            chain = suggester.suggest(each.id).chain
            found += bool(chain)
            assert broken_rules(source, after(stands, chain)) == []
    assert found > 10


def test_chains_in_a_pilot_keep_every_rule_and_serve_one_more():
    source = generate("pilot", 2).problem
    best = solve(source, time_limit=0)
    stands = solution_of(*(each for number, each in enumerate(best.matches) if number % 5))
    suggester = Suggester(source, stands)
    matched = {each.need_id for each in stands.matches}
    chains = [suggester.suggest(each.id).chain for each in source.needs if each.id not in matched]
    assert any(chains)
    for chain in filter(None, chains):
        assert broken_rules(source, after(stands, chain)) == []
    json.dumps([suggester.suggest(each.id).to_dict() for each in source.needs])
