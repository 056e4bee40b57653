"""Bring pupils with several needs to tutors who may see them more than once."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.candidates import with_common_time
from tutormatch.matching.flow.retiming import retime

TUTORS_PER_NEED = 8
NEEDS_AT_MOST = 20_000


def make_room_for_repeats(assignment: Assignment) -> None:
    """Exchange pupils between tutors so that one who has more needs comes to a tutor with sessions left.

    A tutor whose pupils are as many as may be can have sessions left, but only for them. For each need
    without a seat, of a pupil who has one tutor, up to `TUTORS_PER_NEED` such tutors are tried: one of their pupils
    goes to the pupil's tutor instead. The work grows with the needs; above `NEEDS_AT_MOST` of them the least urgent
    are left alone.
    """
    openings = assignment.openings
    waiting = [need for need in assignment.unserved() if assignment.seats_of_pupil(openings.pupil_of[need])]
    waiting.sort(key=lambda need: (-openings.ranks[openings.pupil_of[need]], need))
    tutors_for = _tutors_to_try(assignment, waiting[:NEEDS_AT_MOST])
    for need in waiting[:NEEDS_AT_MOST]:
        if need in tutors_for:
            _bring(assignment, need, tutors_for[need])


def _tutors_to_try(assignment: Assignment, needs: Iterable[int]) -> dict[int, list[int]]:
    """Return by need tutors with sessions left and common time who suit it and the one need of its pupil with a seat.

    Needs for which there is nobody, or whose pupils have more seats or may have no other tutor, are left out.
    """
    openings, with_sessions = assignment.openings, assignment.with_sessions()
    group_of: dict[tuple[int, int], list[int]] = defaultdict(list)
    for need in needs:
        seats = assignment.seats_of_pupil(pupil := openings.pupil_of[need])
        if len(seats) == 1 and openings.tutors_left[pupil] > 0:
            group_of[openings.wish_number[need], openings.wish_number[seats[0].need]].append(need)
    tutors_for: dict[int, list[int]] = {}
    for (one, other), group in group_of.items():
        tutors = openings.suiting.suited_to_both(openings.wishes[one], openings.wishes[other])
        tutors = tutors[with_sessions[tutors]]
        pupils = [openings.pupil_of[need] for need in group]
        for row, columns in with_common_time(openings.pupil_words[pupils], openings.tutor_words[tutors]):
            # Every pupil starts elsewhere, so that not all of them come to the same few.
            place = group[row] + np.arange(min(len(columns), TUTORS_PER_NEED))
            tutors_for[group[row]] = tutors[columns[place % len(columns)]].tolist()
    return tutors_for


def _bring(assignment: Assignment, need: int, tutors: Iterable[int]) -> None:
    """Seat a need, together with the one of its pupil that has a seat, at one of the tutors if some have sessions."""
    seats = assignment.seats_of_pupil(assignment.openings.pupil_of[need])
    if len(seats) != 1:
        return
    first = seats[0]
    for tutor in tutors:
        if tutor != first.tutor and assignment.has_sessions(tutor) and _swap(assignment, need, first.need, tutor):
            return


def _swap(assignment: Assignment, need: int, first: int, tutor: int) -> bool:
    """Bring both needs to ``tutor``; for want of a place another pupil goes to the tutor of ``first`` instead."""
    openings = assignment.openings
    pupil, former = openings.pupil_of[need], assignment.seat_of[first].tutor
    if openings.common_slots(tutor, pupil).bit_count() < 2:
        return False
    steps = len(assignment.steps)
    assignment.leave(first)
    if assignment.has_room(tutor, pupil):
        if retime(assignment, tutor, first) and retime(assignment, tutor, need):
            return True
        assignment.rewind(steps)
        return False
    for other in sorted(assignment.needs_of_tutor[tutor]):
        guest = openings.pupil_of[other]
        if not openings.common_slots(former, guest) or not openings.suits(other, former):
            continue
        before = len(assignment.steps)
        assignment.leave(other)
        if retime(assignment, tutor, first) and retime(assignment, tutor, need) and retime(assignment, former, other):
            return True
        assignment.rewind(before)
    assignment.rewind(steps)
    return False
