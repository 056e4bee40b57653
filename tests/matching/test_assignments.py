"""A matching under construction: who could still come, what is left beside matches, who comes to a tutor again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.matching.builders import locked, match, need, problem, pupil, tutor
from tests.matching.strategies import problems
from tests.matching.test_properties import thorough
from tutormatch.matching import Profile, Teaching, solve
from tutormatch.matching.columns import numbered
from tutormatch.matching.flow import repair
from tutormatch.matching.flow.assignment import Assignment, Seat
from tutormatch.matching.flow.candidates import candidates
from tutormatch.matching.flow.openings import Openings, from_words, to_numbers, to_words, without
from tutormatch.matching.further.moves import Moves
from tutormatch.matching.objective import pupil_ranks, urgency_of
from tutormatch.matching.slots import parse_slot
from tutormatch.matching.solver import with_locked


@st.composite
def assignments(draw) -> Assignment:
    """Draw seats that fit, one after the other."""
    assignment = Assignment(Openings(draw(problems())))
    openings = assignment.openings
    for need_ in openings.open_needs:
        seats = [
            Seat(need_, number, slot) for number, bits in openings.options(need_).items() for slot in to_numbers(bits)
        ]
        fitting = [seat for seat in seats if assignment.fits(seat)] if draw(st.booleans()) else []
        if fitting:
            assignment.take(draw(st.sampled_from(fitting)))
    return assignment


@thorough
@given(assignments())
def test_candidates_are_the_tutors_who_suit_and_have_room_and_time(assignment):
    openings = assignment.openings
    waiting = assignment.unserved()
    expected = {
        each: {
            number
            for number in range(len(openings.problem.tutors))
            if openings.suits(each, number)
            and assignment.has_room(number, openings.pupil_of[each])
            and assignment.free_slots(number, openings.pupil_of[each])
        }
        for each in waiting
    }
    found = candidates(assignment, waiting)
    # Whoever is blocked in some slots is looked at again when a seat is taken.
    for each, tutors in found.items():
        pupil_ = openings.pupil_of[each]
        assert expected[each] <= set(tutors)
        assert all((number, pupil_) in openings.blocked for number in set(tutors) - expected[each])
    assert all(each in found for each in waiting if expected[each])


@thorough
@given(assignments())
def test_gathering_passes_over_nobody_who_could_come_again(assignment):
    copy = Assignment.of(assignment.openings, assignment.seat_of.values())
    repair.gather(assignment)
    everybody = np.arange(len(copy.openings.pupil_free))
    look_at_few = repair.couples_with_sessions
    repair.couples_with_sessions = lambda _: (everybody, everybody)
    try:
        repair.gather(copy)
    finally:
        repair.couples_with_sessions = look_at_few
    assert copy.seat_of == assignment.seat_of


@thorough
@given(problems(), st.sampled_from(Profile))
def test_holding_matches_leaves_what_agreeing_on_them_leaves(problem_, profile):
    matches = solve(problem_, profile=profile, time_limit=0).matches
    held = Openings(problem_, profile).holding(matches)
    agreed = Openings(with_locked(problem_, matches), profile)
    for name in ("tutor_free", "pupil_free", "sessions_left", "pupils_left", "tutors_left", "open_needs"):
        assert getattr(held, name) == getattr(agreed, name), name
    assert held.served_pupils == agreed.served_pupils
    assert dict(held.locked_pairs) == dict(agreed.locked_pairs)
    assert from_words(held.tutor_words) == held.tutor_free
    assert from_words(held.pupil_words) == held.pupil_free


@given(st.lists(st.integers(0, 2**168 - 1), min_size=1, max_size=4), st.data())
def test_words_hold_sets_of_slots(sets, data):
    words = to_words(sets)
    assert from_words(words) == sets
    hours = data.draw(st.lists(st.tuples(st.integers(0, len(sets) - 1), st.integers(0, 167)), min_size=1))
    expected = sets.copy()
    for row, slot in hours:
        expected[row] &= ~(1 << slot)
    assert from_words(without(words, *np.array(hours).T)) == expected
    assert from_words(words) == sets


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3), st.integers(0, 3)), max_size=12), st.sampled_from(Profile)
)
def test_pupils_are_ranked_by_the_first_of_their_needs(rows, profile):
    needs = [
        need(f"N{place}", str(pupil_), priority=priority, waiting_days=days)
        for place, (pupil_, priority, days) in enumerate(rows)
    ]
    ranks = pupil_ranks(np.array([pupil_ for pupil_, *_ in rows], dtype=np.int64), urgency_of(needs, profile))
    turned = -1 if profile is Profile.LONGEST_WAIT_FIRST else 1
    place_of = {pupil_: max(row[1:][::turned] for row in rows if row[0] == pupil_) for pupil_, *_ in rows}
    order = sorted(set(place_of.values()))
    assert ranks == {pupil_: order.index(place) + 1 for pupil_, place in place_of.items()}


def test_equal_values_have_one_number_whichever_objects_they_are():
    one, same, other = ("a", 1), (*"a", 1), ("b", 2)
    assert same is not one
    assert numbered([other, one, same, other]) == ([0, 1, 1, 0], [other, one])
    assert numbered([]) == ([], [])


def test_hours_that_change_hands_free_nobody():
    week = "mon-15;tue-15;wed-15"
    openings = Openings(
        problem(
            [tutor(slots=week, sessions_per_week=3)],
            [pupil(slots=week), pupil("P2", week)],
            [need(), need("N2"), need("N3", "P2")],
        )
    )
    before = [match(slots="mon-15"), match("N2", slots="tue-15"), match("N3", slots="wed-15")]
    exchanged = [match(slots="tue-15"), match("N2", slots="mon-15"), before[2]]
    moves = Moves.between(openings, before, exchanged)
    assert (moves.matches, moves.free_tutors, moves.free_pupils) == (tuple(exchanged[:2]), frozenset(), frozenset())
    # The tutor's hours are the same, those of the pupils are not.
    moves = Moves.between(openings, before, [match(slots="wed-15"), before[1], match("N3", slots="mon-15")])
    assert (moves.free_tutors, moves.free_pupils) == (frozenset(), {"P1", "P2"})
    moves = Moves.between(openings, before[:1], [match(slots="tue-15")])
    assert (moves.free_tutors, moves.free_pupils) == ({"T1"}, {"P1"})


ANYTHING = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))


def seated(openings: Openings, *seats: tuple[str, str, str]) -> Assignment:
    assignment = Assignment(openings)
    for need_id, tutor_id, slot in seats:
        assignment.take(Seat(openings.need_index[need_id], openings.tutor_index[tutor_id], parse_slot(slot)))
    return assignment


def found_for(assignment: Assignment, need_id: str) -> dict[int, list[int]]:
    return candidates(assignment, [assignment.openings.need_index[need_id]])


def test_a_pupil_who_has_enough_tutors_gets_no_other():
    tutors, needs = [tutor(), tutor("T2", "tue-15")], [need(), need("N2")]
    for limit, expected in ((1, {}), (2, {1: [1]})):
        openings = Openings(problem(tutors, [pupil(slots="mon-15;tue-15", max_tutors=limit)], needs))
        assert found_for(seated(openings, ("N1", "T1", "mon-15")), "N2") == expected


def test_a_tutor_whom_a_pupil_has_left_is_no_longer_the_pupil_s_own():
    tutors = [tutor(slots="mon-15;tue-15", sessions_per_week=2, max_pupils=1)]
    source = problem(
        tutors, [pupil(slots="mon-15;tue-15"), pupil("P2", "tue-15")], [need(), need("N2"), need("N3", "P2")]
    )
    assignment = seated(Openings(source), ("N1", "T1", "mon-15"))
    assert found_for(assignment, "N2") == {1: [0]}
    assignment.leave(0)
    assignment.take(Seat(2, 0, parse_slot("tue-15")))
    assert found_for(assignment, "N2") == {}


@pytest.mark.parametrize("is_agreed", [False, True])
def test_who_leaves_a_second_tutor_makes_room_for_the_tutor_s_other_pupils(is_agreed):
    tutors = [
        tutor("T1", "mon-15;tue-15", subjects=ANYTHING, sessions_per_week=2),
        tutor("T2", "wed-15;thu-15", subjects=ANYTHING, sessions_per_week=2),
    ]
    pupils = [pupil("P1", "mon-15;tue-15;wed-15"), pupil("P2", "wed-15;thu-15")]
    needs = [need("N1"), need("N2", subject="ALG"), need("N3", "P2"), need("N4", "P2", subject="ALG")]
    pairs = [locked("N3", "T2", "thu-15", "P2")] if is_agreed else []
    openings = Openings(problem(tutors, pupils, needs, pairs))
    seats = [("N1", "T1", "mon-15"), ("N2", "T2", "wed-15"), ("N3", "T2", "thu-15")]
    assignment = seated(openings, *seats[: 2 if is_agreed else 3])
    repair.gather(assignment)
    assert assignment.seat_of[1].tutor == 0
    assert assignment.seat_of[3].tutor == 1


def test_groups_of_matches_take_an_hour_of_their_tutor_once():
    source = problem(
        [tutor(slots="mon-15;tue-15", sessions_per_week=2, group_size=2)],
        [pupil(), pupil("P2")],
        [need(group_ok=True), need("N2", "P2", group_ok=True)],
    )
    assert Openings(source).holding([match(), match("N2", joins="N1")]).sessions_left == [1]
