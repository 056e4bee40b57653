"""Which needs of pupils with several are led to which tutors who may see a pupil more than once."""

import numpy as np

from tutormatch.matching.flow.openings import WORDS, Openings

LOOKED_AT = 24
"""Of how many tutors who suit two needs of a pupil those with common time are chosen."""
ROWS_AT_ONCE = 100_000


def steered_needs(openings: Openings, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return needs and tutors to whom their pupils could come twice, beyond what is safe for the tutor.

    A flow gives a tutor no more sessions than pupils. What such a tutor could give beyond that only goes to
    pupils who come more than once, and a flow that has brought one of their needs there makes room
    for another.

    Parameters
    ----------
    openings : Openings
    most : int
        How many tutors for each two needs of a pupil; every pupil starts elsewhere in the row of tutors.

    Returns
    -------
    tuple of ndarray
        Needs and tutors, each pair once.
    """
    one, other = _mates(openings) if len(openings.roomy) else np.empty((2, 0), dtype=np.int64)
    number, count = np.array(openings.wish_number, dtype=np.int64), len(openings.wishes)
    keys, choice_of = np.unique(number[one] * count + number[other], return_inverse=True)
    wishes = ((openings.wishes[key // count], openings.wishes[key % count]) for key in keys.tolist())
    choices = [openings.suiting.suited_to_both(*pair) for pair in wishes]
    choices = [some[openings.is_roomy[some]] for some in choices]
    has_choice = np.array([len(some) > 0 for some in choices], dtype=bool)[choice_of]
    needs, choice_of = np.stack([one, other])[:, has_choice], choice_of[has_choice]
    if not needs.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    pupils = openings.pupil_numbers[needs[0]]
    rows, tutors = _with_common_time(openings, pupils, choices, choice_of, most)
    pairs = np.unique(np.concatenate([np.stack([each[rows], tutors], axis=1) for each in needs]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _mates(openings: Openings) -> tuple[np.ndarray, np.ndarray]:
    """Return every two needs of a pupil who may have one more tutor, whoever that is."""
    may = np.array(openings.tutors_left, dtype=np.int64) > 0
    may[list(openings.blocked_tutors)] = False
    needs = np.array(openings.open_needs, dtype=np.int64)
    pupils = openings.pupil_numbers[needs]
    order = np.argsort(pupils, kind="stable")
    order = order[may[pupils[order]]]
    needs, pupils = needs[order], pupils[order]
    one, other = [needs[:0]], [needs[:0]]
    # The needs of a pupil follow one another.
    for apart in range(1, len(needs)):
        first = np.flatnonzero(pupils[apart:] == pupils[:-apart])
        if not len(first):
            break
        one.append(needs[first])
        other.append(needs[first + apart])
    return np.concatenate(one), np.concatenate(other)


def _with_common_time(
    openings: Openings, pupils: np.ndarray, choices: list[np.ndarray], choice_of: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pupil up to ``most`` of the tutors to choose from with two common slots: rows and tutors."""
    counts = np.array([len(some) for some in choices], dtype=np.int64)
    count, start = counts[choice_of], (np.cumsum(counts) - counts)[choice_of]
    tutors_to_choose = np.concatenate(choices)
    rows, tutors = [], []
    for begin in range(0, len(pupils), ROWS_AT_ONCE):
        some = np.arange(begin, min(begin + ROWS_AT_ONCE, len(pupils)))
        place = np.arange(LOOKED_AT)[None, :]
        # Whoever has fewer tutors than are looked at does not meet one of them again.
        is_new = place < count[some, None]
        looked_at = tutors_to_choose[start[some, None] + (pupils[some, None] + place) % count[some, None]]
        common = np.zeros(looked_at.shape, dtype=np.int64)
        for word in range(WORDS):
            both = openings.tutor_words[looked_at, word] & openings.pupil_words[pupils[some], word][:, None]
            common += np.bitwise_count(both)
        # Who are not yet together need one slot for each meeting.
        is_chosen = is_new & (common > 1)
        is_chosen &= np.cumsum(is_chosen, axis=1) <= most
        row, column = np.nonzero(is_chosen)
        rows.append(some[row])
        tutors.append(looked_at[row, column])
    return np.concatenate(rows), np.concatenate(tutors)
