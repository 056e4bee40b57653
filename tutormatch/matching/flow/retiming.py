"""New slots for the sessions of one tutor, so that one more finds room."""

from tutormatch.matching.flow.assignment import Assignment, Seat


def retime(assignment: Assignment, tutor: int, need: int) -> bool:
    """Seat a need with a tutor who suits, moving the tutor's sessions to other slots.

    Augmenting paths (Kuhn): whoever has a session with the tutor keeps one, maybe at another slot.

    Returns
    -------
    bool
        Whether ``need`` has a seat now; otherwise the assignment is as before.
    """
    pupil = assignment.openings.pupil_of[need]
    if not assignment.has_room(tutor, pupil):
        return False
    path: list[Seat] = []
    _augment(assignment, tutor, need, 0, path)
    if not path:
        return False
    steps = len(assignment.steps)
    for moving, _, _ in path:
        if moving in assignment.seat_of:
            assignment.leave(moving)
    for seat in path:
        if not assignment.fits(seat):
            # Two needs of one pupil came to one slot.
            assignment.rewind(steps)
            return False
        assignment.take(seat)
    return True


def _augment(assignment: Assignment, tutor: int, need: int, tried: int, path: list[Seat]) -> int:
    """Find a slot for ``need``, and for who held it; return the slots tried so far.

    The seats of a path that was found are appended to ``path``.
    """
    openings = assignment.openings
    pupil = openings.pupil_of[need]
    taken = assignment.pupil_taken[pupil]
    if own := assignment.seat_of.get(need):
        taken &= ~(1 << own.slot)
    while slots := openings.common_slots(tutor, pupil) & ~taken & ~tried:
        # Slots that nobody holds come first.
        low = (slots & ~assignment.tutor_taken[tutor] or slots) & -(slots & ~assignment.tutor_taken[tutor] or slots)
        slot = low.bit_length() - 1
        tried |= low
        if low & assignment.tutor_taken[tutor]:
            tried = _augment(assignment, tutor, assignment.at_hour[tutor, slot], tried, path)
            if not path:
                continue
        path.append(Seat(need, tutor, slot))
        return tried
    return tried
