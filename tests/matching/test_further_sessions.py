"""Further sessions, group places, exchanges and whole wishes: what comes after the class network."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matching.builders import locked, match, need, problem, pupil, reached, served, tutor
from tests.matching.strategies import problems
from tests.matching.test_properties import thorough
from tutormatch.matching import Profile, Teaching, solve, verify
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.further.deepening import deepen
from tutormatch.matching.further.exchange import exchange
from tutormatch.matching.further.grouping import join_groups
from tutormatch.matching.further.latecomers import serve_too
from tutormatch.matching.further.moves import Moves
from tutormatch.matching.further.seating import most_sessions, seat_sessions
from tutormatch.matching.levels import measure
from tutormatch.matching.slots import format_slots
from tutormatch.matching.verification.verifier import broken_rules

WEEK = "mon-15;tue-15;wed-15"
ANYTHING = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))


def sessions(solution) -> dict[str, str]:
    """Return the slots of every match."""
    return {each.need_id: format_slots(each.slots) for each in solution.matches}


def totals(source, matches, profile=Profile.BREADTH_FIRST) -> dict[str, int]:
    return {name: level.total for name, level in measure(source, matches, profile).items()}


def test_a_need_gets_the_sessions_it_wants_with_one_tutor():
    source = problem(
        [tutor(slots=WEEK, sessions_per_week=3), tutor("T2", WEEK, sessions_per_week=3)],
        [pupil(slots=WEEK)],
        [need(sessions_per_week=2)],
    )
    solution = solve(source)
    assert [len(each.slots) for each in solution.matches] == [2]
    assert reached(solution)["depth"] == 1
    assert verify(source, solution) == []


def test_sessions_spread_over_days():
    slots = "mon-15;mon-16;mon-17;thu-15"
    source = problem([tutor(slots=slots, sessions_per_week=2)], [pupil(slots=slots)], [need(sessions_per_week=2)])
    (slots_of,) = sessions(solve(source)).values()
    assert slots_of.endswith("thu-15")


def test_another_pupil_comes_before_a_second_session():
    source = problem(
        [tutor(slots=WEEK, sessions_per_week=2)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [need("N1", "P1", sessions_per_week=2, priority=3), need("N2", "P2", priority=1)],
    )
    assert {each: len(slots) for each, slots in sessions(solve(source)).items()} == {"N1": 6, "N2": 6}


def test_depth_first_gives_the_urgent_pupil_all_sessions():
    source = problem(
        [tutor(slots=WEEK, sessions_per_week=2)],
        [pupil("P1", WEEK), pupil("P2", WEEK)],
        [need("N1", "P1", sessions_per_week=2, priority=3), need("N2", "P2", priority=1)],
    )
    solution = solve(source, profile=Profile.DEPTH_FIRST)
    assert sessions(solution) == {"N1": "mon-15;tue-15"}
    assert reached(solution)["complete"] == 1
    assert solution.certificate.profile is Profile.DEPTH_FIRST


def test_depth_first_moves_a_whole_wish_to_another_tutor_to_make_room_for_a_second():
    """P1 could go to either tutor and P2 to the first only, which has room for one of them."""
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2), tutor("T2", "wed-15;thu-15;fri-15", sessions_per_week=3)],
        [pupil("P1", "mon-15;tue-15;wed-15;thu-15"), pupil("P2", "mon-15;tue-15")],
        [need("N1", "P1", sessions_per_week=2, priority=3), need("N2", "P2", sessions_per_week=2)],
    )
    assert reached(solve(source, profile=Profile.DEPTH_FIRST))["complete"] == 2


def test_longest_wait_first_puts_waiting_before_urgency():
    source = problem(
        [tutor()],
        [pupil("P1"), pupil("P2")],
        [need("N1", "P1", waiting_days=9, priority=1), need("N2", "P2", priority=3)],
    )
    assert served(solve(source)) == {"N2": "T1"}
    assert served(solve(source, profile=Profile.LONGEST_WAIT_FIRST)) == {"N1": "T1"}


def test_a_locked_match_gets_no_further_session():
    source = problem(
        [tutor(slots=WEEK, sessions_per_week=3)],
        [pupil(slots=WEEK)],
        [need(sessions_per_week=2)],
        [locked("N1", "T1", "tue-15")],
    )
    assert sessions(solve(source)) == {"N1": "tue-15"}


def group_of(*pupils, **tutor_fields):
    """Return a problem of one tutor with one hour and these pupils, all in the same subject and grade."""
    return problem(
        [tutor(max_pupils=3, group_size=3, **tutor_fields)],
        pupils,
        [need(f"N{each.id}", each.id, group_ok=True) for each in pupils],
    )


def test_who_would_stay_unserved_joins_a_group():
    solution = solve(group_of(pupil("P1"), pupil("P2")))
    host, guest = sorted(solution.matches, key=lambda each: each.joins)
    assert (host.joins, guest.joins) == ("", host.need_id)
    assert host.slots == guest.slots
    assert (reached(solution)["breadth"], reached(solution)["groups"]) == (1, 1)


def test_a_group_has_one_language_that_all_share():
    first = pupil("P1", languages=("kk", "ru"))
    source = group_of(first, pupil("P2", languages=("kk",)), pupil("P3", languages=("ru",)), languages=("kk", "ru"))
    matches = join_groups(Openings(source), [match("NP1")])
    assert len(matches) == 2
    assert broken_rules(source, matches) == []


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            problem([tutor(group_size=2)], [pupil("P1"), pupil("P2")], [need("N1", group_ok=True), need("N2", "P2")]),
            id="one pupil may not be in a group",
        ),
        pytest.param(
            problem(
                [tutor(max_pupils=2)],
                [pupil("P1"), pupil("P2")],
                [need("N1", group_ok=True), need("N2", "P2", group_ok=True)],
            ),
            id="the tutor takes no groups",
        ),
        pytest.param(
            problem(
                [tutor(group_size=2)],
                [pupil("P1"), pupil("P2")],
                [need("N1", group_ok=True), need("N2", "P2", group_ok=True)],
            ),
            id="the tutor has room for one pupil",
        ),
        pytest.param(
            problem(
                [tutor(group_size=2, max_pupils=2)],
                [pupil("P1"), pupil("P2")],
                [need("N1", group_ok=True), need("N2", "P2", grade=6, group_ok=True)],
            ),
            id="the grades differ",
        ),
    ],
)
def test_a_group_that_breaks_a_rule_is_not_formed(source):
    assert len(solve(source).matches) == 1


def test_an_exchange_brings_a_wish_to_a_tutor_who_has_the_time():
    """P1 could meet T2 twice and T1 once; P2 the other way round: they change places."""
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2), tutor("T2", "wed-15;thu-15", sessions_per_week=2)],
        [pupil("P1", "mon-15;wed-15;thu-15"), pupil("P2", "mon-15;tue-15;wed-15")],
        [need("N1", "P1", sessions_per_week=2), need("N2", "P2", sessions_per_week=2)],
    )
    before = [match("N1", "T1", "mon-15"), match("N2", "T2", "wed-15")]
    openings = Openings(source)
    assert totals(source, deepen(openings, before))["depth"] == 0
    assert totals(source, deepen(openings, exchange(openings, before)))["depth"] == 2


@st.composite
def seatings(draw):
    free = draw(st.lists(st.integers(0, 31), max_size=3))
    return free, [draw(st.integers(1, 3)) for _ in free], draw(st.integers(0, 4))


@thorough
@given(seatings())
def test_the_sessions_of_a_tutor_are_as_many_as_trying_all_ways_finds(seating):
    free, wanted, limit = seating
    owners = [[None, *(need for need, bits in enumerate(free) if bits >> slot & 1)] for slot in range(5)]
    best = None
    for way in product(*owners):
        count = Counter(owner for owner in way if owner is not None)
        if count.total() <= limit and all(1 <= count[need] <= most for need, most in enumerate(wanted)):
            best = max(best or 0, count.total())
    found = seat_sessions(free, wanted, limit)
    assert (None if found is None else sum(map(len, found))) == best
    assert most_sessions(free, wanted, limit) == best
    for need_, slots in enumerate(found or ()):
        assert all(free[need_] >> slot & 1 for slot in slots)


@thorough
@given(problems(), st.sampled_from(Profile))
def test_what_comes_after_the_flow_keeps_rules_and_the_levels_above(problem_, profile):
    before = solve(problem_, profile=profile, time_limit=0).matches
    if profile is not Profile.DEPTH_FIRST:
        assert all(len(each.slots) == 1 for each in before if not is_locked(problem_, each))
    openings = Openings(problem_, profile)
    found = exchange(openings, before)
    for after in (found, deepen(openings, found), join_groups(openings, found)):
        assert broken_rules(problem_, after) == []
        assert by_rank(problem_, after, profile) == by_rank(problem_, before, profile)
        assert totals(problem_, after)["cover"] == totals(problem_, before)["cover"]
        assert totals(problem_, after)["depth"] >= totals(problem_, before)["depth"]


@thorough
@given(problems(), st.sampled_from(Profile))
def test_a_second_look_where_something_changed_finds_what_a_look_everywhere_finds(problem_, profile):
    openings = Openings(problem_, profile)
    known = deepen(openings, openings.locked)
    # Everybody comes late, so that much changes between the two looks.
    found = join_groups(openings, [*known, *serve_too(openings, known)])
    since = [each for each in found if each not in known]
    again = deepen(openings, found, since)
    assert broken_rules(problem_, again) == []
    assert totals(problem_, again) == totals(problem_, deepen(openings, found))
    moves = Moves.between(openings, found, again)
    assert serve_too(openings, again, moves) == serve_too(openings, again)
    assert join_groups(openings, again, moves) == join_groups(openings, again)


def test_who_waits_finds_the_hour_that_a_moved_session_left():
    source = problem(
        [tutor(slots=WEEK, sessions_per_week=2)], [pupil("P1", WEEK), pupil("P2")], [need(), need("N2", "P2")]
    )
    openings = Openings(source)
    before, after = [match()], [match(slots="tue-15")]
    assert serve_too(openings, after, Moves.between(openings, before, after)) == (match("N2"),)
    assert serve_too(openings, before, Moves.between(openings, before, before)) == ()


def test_who_waits_finds_a_tutor_at_the_hour_that_the_pupil_s_own_session_left():
    tutors = [tutor(slots=WEEK, sessions_per_week=2), tutor("T2", subjects=(Teaching("ALG", 1, 11),))]
    needs = [need(), need("N2", "P2"), need("N3", subject="ALG")]
    openings = Openings(problem(tutors, [pupil(slots=WEEK), pupil("P2", WEEK)], needs))
    before = [match(), match("N2", slots="tue-15")]
    after = [match(slots="tue-15"), match("N2")]
    assert serve_too(openings, before) == ()
    assert serve_too(openings, after, Moves.between(openings, before, after)) == (match("N3", "T2"),)


def test_who_waits_joins_a_session_that_has_changed_places_with_another_of_the_same_pupil():
    tutors = [tutor(slots=WEEK, subjects=ANYTHING, sessions_per_week=2, group_size=2)]
    needs = [need(group_ok=True), need("N2", "P2", group_ok=True), need("N3", subject="ALG")]
    openings = Openings(problem(tutors, [pupil(slots=WEEK), pupil("P2", "tue-15")], needs))
    before = [match(), match("N3", slots="tue-15")]
    after = [match(slots="tue-15"), match("N3")]
    assert join_groups(openings, before) == tuple(before)
    found = join_groups(openings, after, Moves.between(openings, before, after))
    assert found == (after[0], match("N2", slots="tue-15", joins="N1"), after[1])


def test_who_waits_joins_a_session_once_the_pupil_s_own_has_moved():
    tutors = [tutor(group_size=2, max_pupils=2), tutor("T2", WEEK, subjects=(Teaching("ALG", 1, 11),))]
    needs = [need(group_ok=True), need("N2", "P2", group_ok=True), need("N3", "P2", subject="ALG")]
    openings = Openings(problem(tutors, [pupil(), pupil("P2", WEEK)], needs))
    before, after = ([match(), match("N3", "T2", slots=slot)] for slot in ("mon-15", "tue-15"))
    assert join_groups(openings, before) == tuple(before)
    found = join_groups(openings, after, Moves.between(openings, before, after))
    assert found == (after[0], match("N2", joins="N1"), after[1])


def is_locked(problem_, each) -> bool:
    return any(pair.need_id == each.need_id for pair in problem_.pairs)


def by_rank(problem_, matches, profile) -> Counter:
    """Return how many pupils with sessions of their own there are at each place of the order."""
    places = {}
    for each in problem_.needs:
        place = (each.priority, each.waiting_days)
        if profile is Profile.LONGEST_WAIT_FIRST:
            place = place[::-1]
        places[each.pupil_id] = max(place, places.get(each.pupil_id, place))
    pupils = {problem_.need[each.need_id].pupil_id for each in matches if not each.joins}
    return Counter(places[pupil_id] for pupil_id in pupils)
