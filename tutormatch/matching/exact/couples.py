"""Couples: pupils and tutors who could meet several times, for one of the tutor's places."""

from dataclasses import dataclass

import numpy as np

from tutormatch.matching.flow.layers import SlotLists
from tutormatch.matching.flow.openings import WORDS, Openings, to_words


def is_short_of_pupils(openings: Openings) -> np.ndarray:
    """Return by tutor whether there are more sessions left than new pupils: breadth prices the pupils then."""
    sessions, pupils = np.array(openings.sessions_left), np.array(openings.pupils_left)
    return (pupils > 0) & (pupils < sessions)


@dataclass(frozen=True)
class Couples:
    """Who could meet, by number, with the needs and the slots for it.

    Attributes
    ----------
    tutor, pupil : ndarray
        By couple.
    is_own : ndarray of bool
        Whether they share a locked match.
    part, need : ndarray
        Couple and need, for each need that the tutor suits.
    meeting, slot : ndarray
        Couple and slot, for each slot they could use.
    """

    tutor: np.ndarray
    pupil: np.ndarray
    is_own: np.ndarray
    part: np.ndarray
    need: np.ndarray
    meeting: np.ndarray
    slot: np.ndarray

    def __len__(self) -> int:
        return len(self.tutor)


def reach_of_couples(openings: Openings) -> int:
    """Return how many needs and tutors there are to look through for couples, at most."""
    suiting: dict = {}
    reach = 0
    for need in openings.repeating_needs:
        wish = openings.wish_of[need]
        if wish not in suiting:
            suiting[wish] = int(np.count_nonzero(openings.is_roomy[openings.suited(wish)]))
        reach += suiting[wish]
    return reach


def find_couples(
    openings: Openings, price_of_first: dict[int, int], place_price: np.ndarray, is_free_of_charge: np.ndarray
) -> Couples:
    """Find the couples that a matching with the best breadth can have.

    Parameters
    ----------
    openings : Openings
    price_of_first : dict of int to int
        By pupil who may be served, the least price of breadth of a first session.
    place_price : ndarray
        By tutor, the price of breadth of a session or a place.
    is_free_of_charge : ndarray of bool
        By tutor and slot, whether the hour can be used and breadth has no price for it.
    """
    key, need = _suiting(openings, price_of_first)
    order = np.lexsort((need, key))
    key, need = key[order], need[order]
    key, first, suiting = np.unique(key, return_index=True, return_counts=True)
    tutor_count = len(openings.problem.tutors)
    pupil, tutor = np.divmod(key, tutor_count)
    locked = [pupil * tutor_count + tutor for tutor, pupil in openings.locked_pairs]
    is_own = np.isin(key, np.array(locked, dtype=np.int64))
    sessions, places = np.array(openings.sessions_left), np.array(openings.pupils_left)
    tutors_left = np.array(openings.tutors_left)[pupil]
    may = (sessions[tutor] > 0) & (is_own | ((suiting > 1) & (places[tutor] > 0) & (tutors_left > 0)))
    # The price of a tutor who is short of pupils is paid once, any other for each session.
    is_short = is_short_of_pupils(openings)[tutor]
    once, each = np.where(is_short, place_price[tutor], 0), np.where(is_short, 0, place_price[tutor])
    least, count = (np.zeros(len(openings.problem.pupils), dtype=np.int64) for _ in range(2))
    for each_pupil, price in price_of_first.items():
        least[each_pupil], count[each_pupil] = price, len(openings.open_needs_of[each_pupil])
    is_limited = tutors_left < count[pupil]
    may &= (each == 0) & (is_own | ((once == least[pupil]) & (is_short | is_limited)))
    chosen = np.flatnonzero(may)
    words = _common_slots(openings, tutor[chosen], pupil[chosen], is_free_of_charge)
    meetings = np.minimum(np.bitwise_count(words).sum(axis=1, dtype=np.int64), suiting[chosen])
    enough = np.minimum(meetings, sessions[tutor[chosen]]) >= np.where(is_own[chosen], 1, 2)
    chosen, words = chosen[enough], words[enough]
    part = np.repeat(np.arange(len(chosen)), suiting[chosen])
    place = np.arange(len(part)) - np.searchsorted(part, part)
    meeting, slot = SlotLists.of(words).expand(np.arange(len(chosen)))
    return Couples(tutor[chosen], pupil[chosen], is_own[chosen], part, need[first[chosen][part] + place], meeting, slot)


def _suiting(openings: Openings, price_of_first: dict[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return tutors for the needs of pupils who could meet one several times: keys of pupil and tutor, needs."""
    roomy_for: dict = {}
    pupils, needs, tutors = [], [], []
    for pupil in price_of_first:
        open_needs = openings.open_needs_of[pupil]
        has_own = pupil in openings.tutors_of_pupil
        if len(open_needs) < 2 and not has_own:
            continue
        everybody = has_own or openings.tutors_left[pupil] < len(open_needs)
        for need in open_needs:
            wish = openings.wish_of[need]
            if wish not in roomy_for:
                suited = openings.suited(wish)
                roomy_for[wish] = suited[openings.is_roomy[suited]]
            pupils.append(pupil)
            needs.append(need)
            tutors.append(openings.suited(wish) if everybody else roomy_for[wish])
    count = np.array([len(some) for some in tutors], dtype=np.int64)
    pupil, need = (np.repeat(np.array(column, dtype=np.int64), count) for column in (pupils, needs))
    tutor = np.concatenate([*tutors, np.zeros(0, dtype=np.int64)])
    return pupil * len(openings.problem.tutors) + tutor, need


def _common_slots(
    openings: Openings, tutor: np.ndarray, pupil: np.ndarray, is_free_of_charge: np.ndarray
) -> np.ndarray:
    """Return the slots in which tutors and pupils could meet, as rows of words."""
    bits = np.zeros((len(is_free_of_charge), WORDS * 64), dtype=np.uint8)
    bits[:, : is_free_of_charge.shape[1]] = is_free_of_charge
    usable = np.packbits(bits, axis=1, bitorder="little").view("<u8")
    words = usable[tutor] & to_words(openings.pupil_free)[pupil]
    if openings.blocked:
        barred = [openings.blocked.get(each, 0) for each in zip(tutor.tolist(), pupil.tolist(), strict=True)]
        words &= ~to_words(barred)
    return words
