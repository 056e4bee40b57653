"""The hard rules that concern one tutor and one pupil, as plain predicates, and who forms a group."""

from collections import defaultdict
from collections.abc import Iterable

from tutormatch.matching.problem import Need, Pair, PairStatus, Pupil, Tutor


def teaches(tutor: Tutor, need: Need) -> bool:
    """Rule 1: the tutor teaches that subject code at that grade."""
    return any(teaching.covers(need.subject, need.grade) for teaching in tutor.subjects)


def tutoring_language(tutor: Tutor, pupil: Pupil) -> str | None:
    """Rule 2: return the best language of the pupil's list that the tutor speaks.

    Returns
    -------
    str or None
        A language code such as ``kk``; None if they have no language in common.
    """
    return next((code for code in pupil.languages if code in tutor.languages), None)


def meets_requirements(tutor: Tutor, pupil: Pupil) -> bool:
    """Rule 6: everything the pupil requires is among the tutor's conditions."""
    return pupil.requires <= tutor.conditions


def agreed_hosts(pairs: Iterable[Pair]) -> dict[str, str]:
    """Rule 7: return whose sessions the locked matches join that share them.

    Parameters
    ----------
    pairs : iterable of Pair
        In any order; only locked ones count.

    Returns
    -------
    dict of str to str
        From a need to its host: of the locked matches of a tutor in a slot, the one
        with the most slots, among equals the first by identifier. A match that shares
        no session is not listed.
    """
    locked_of: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if pair.status is PairStatus.LOCKED and pair.need_id is not None:
            locked_of[pair.tutor_id].append(pair)
    hosts: dict[str, str] = {}
    for locked in locked_of.values():
        host_at: dict[int, str] = {}
        for pair in sorted(locked, key=lambda pair: (-len(pair.slots), pair.need_id)):
            taken = [slot for slot in sorted(pair.slots) if slot in host_at]
            if taken:
                hosts[pair.need_id] = host_at[taken[0]]
            else:
                host_at.update(dict.fromkeys(pair.slots, pair.need_id))
    return hosts
