"""Which pupils with several needs are led to which tutors who may see them more than once."""

from itertools import combinations

import numpy as np

from tutormatch.matching.openings import Openings, Wish, to_words


def steered_pairs(openings: Openings, most: int) -> list[tuple[int, int]]:
    """Return pairs of a tutor and a pupil who could meet twice beyond what is safe for the tutor.

    A flow gives a tutor no more sessions than pupils. What such a tutor could give beyond that only goes to
    pupils who come more than once, and a flow that has brought one of their needs there makes room
    for another.

    Parameters
    ----------
    openings : Openings
    most : int
        How many tutors for each pupil; every pupil starts elsewhere in the row of tutors.
    """
    is_roomy = np.zeros(len(openings.problem.tutors), dtype=bool)
    is_roomy[openings.roomy] = True
    is_roomy[[openings.pupils_left[tutor] <= 0 for tutor in range(len(is_roomy))]] = False
    for_both: dict[tuple[Wish, Wish], np.ndarray] = {}
    pairs = []
    for pupil, needs in sorted(openings.open_needs_of.items()) if is_roomy.any() else ():
        if len(needs) < 2 or openings.tutors_left[pupil] <= 0:
            continue
        wishes = sorted({openings.wish_of[need] for need in needs}, key=lambda wish: (wish.subject, wish.grade))
        some = []
        for pair in combinations(wishes, 2) if len(wishes) > 1 else [(wishes[0], wishes[0])]:
            if pair not in for_both:
                both = np.intersect1d(openings.suited(pair[0]), openings.suited(pair[1]), assume_unique=True)
                for_both[pair] = both[is_roomy[both]]
            some.append(for_both[pair])
        tutors = some[0] if len(some) == 1 else np.unique(np.concatenate(some))
        common = openings.tutor_words[tutors] & to_words([openings.pupil_free[pupil]])
        # Who are not yet together need one slot for each meeting.
        tutors = tutors[np.bitwise_count(common).sum(axis=1) > 1]
        if len(tutors):
            pairs += [(tutor, pupil) for tutor in np.roll(tutors, -(pupil % len(tutors)))[:most].tolist()]
    return pairs
