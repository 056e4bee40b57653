"""Which needs of pupils with several are led to which tutors who may see a pupil more than once."""

from itertools import combinations

import numpy as np

from tutormatch.matching.flow.openings import WORDS, Openings, Wish, to_words

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
    roomy_for: dict[Wish, np.ndarray] = {}
    number_of: dict[tuple[Wish, Wish], int] = {}
    choices: list[np.ndarray] = []
    one, other, choice_of = [], [], []
    for pupil, needs in sorted(openings.open_needs_of.items()) if len(openings.roomy) else ():
        if len(needs) < 2 or openings.tutors_left[pupil] <= 0 or pupil in openings.blocked_tutors:
            continue
        for first, second in combinations(needs, 2):
            pair = openings.wish_of[first], openings.wish_of[second]
            if pair not in number_of:
                for wish in pair:
                    if wish not in roomy_for:
                        suited = openings.suited(wish)
                        roomy_for[wish] = suited[openings.is_roomy[suited]]
                number_of[pair] = len(choices)
                choices.append(np.intersect1d(roomy_for[pair[0]], roomy_for[pair[1]], assume_unique=True))
            if len(choices[number_of[pair]]):
                one.append(first)
                other.append(second)
                choice_of.append(number_of[pair])
    if not one:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    needs = np.array([one, other], dtype=np.int64)
    pupils = np.array([openings.pupil_of[need] for need in one], dtype=np.int64)
    rows, tutors = _with_common_time(openings, pupils, choices, np.array(choice_of), most)
    pairs = np.unique(np.concatenate([np.stack([each[rows], tutors], axis=1) for each in needs]), axis=0)
    return pairs[:, 0], pairs[:, 1]


def _with_common_time(
    openings: Openings, pupils: np.ndarray, choices: list[np.ndarray], choice_of: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pupil up to ``most`` of the tutors to choose from with two common slots: rows and tutors."""
    counts = np.array([len(some) for some in choices], dtype=np.int64)
    count, start = counts[choice_of], (np.cumsum(counts) - counts)[choice_of]
    tutors_to_choose = np.concatenate(choices)
    pupil_words = to_words(openings.pupil_free)
    rows, tutors = [], []
    for begin in range(0, len(pupils), ROWS_AT_ONCE):
        some = np.arange(begin, min(begin + ROWS_AT_ONCE, len(pupils)))
        place = np.arange(LOOKED_AT)[None, :]
        # Whoever has fewer tutors than are looked at does not meet one of them again.
        is_new = place < count[some, None]
        looked_at = tutors_to_choose[start[some, None] + (pupils[some, None] + place) % count[some, None]]
        common = np.zeros(looked_at.shape, dtype=np.int64)
        for word in range(WORDS):
            both = openings.tutor_words[looked_at, word] & pupil_words[pupils[some], word][:, None]
            common += np.bitwise_count(both)
        # Who are not yet together need one slot for each meeting.
        is_chosen = is_new & (common > 1)
        is_chosen &= np.cumsum(is_chosen, axis=1) <= most
        row, column = np.nonzero(is_chosen)
        rows.append(some[row])
        tutors.append(looked_at[row, column])
    return np.concatenate(rows), np.concatenate(tutors)
