"""What one tutor can give to a few needs: a small bipartite matching of sessions and slots.

References
----------
.. [1] P. Hall, "On representatives of subsets", J. London Math. Soc. 10 (1935), 26-30;
   with several sessions for each need, O. Ore, "Graphs and matching theorems",
   Duke Math. J. 22 (1955), 625-639.
"""

from collections.abc import Sequence

from tutormatch.matching.flow.openings import to_numbers

NEEDS_FOR_SUBSETS = 6


def most_sessions(free_of: Sequence[int], wanted: Sequence[int], sessions: int) -> int | None:
    """Return how many sessions `seat_sessions` would seat, without seating them; None if not one of each need.

    Notes
    -----
    The most is the least, over all subsets of the needs, of the slots that any of a
    subset could use and the sessions that the others want (Ore [1]_). Each has one if no
    subset is larger than its slots (Hall). Many needs are seated instead: their
    subsets would be too many.
    """
    if len(free_of) > NEEDS_FOR_SUBSETS:
        seats = seat_sessions(free_of, wanted, sessions)
        return None if seats is None else sum(map(len, seats))
    if len(free_of) > sessions:
        return None
    if len(free_of) == 1:
        return min(free_of[0].bit_count(), wanted[0], sessions) or None
    total = most = sum(wanted)
    # Of each subset: the slots that any of them could use, how many needs they are, what they want.
    subsets = [(0, 0, 0)]
    for bits, want in zip(free_of, wanted, strict=True):
        for slots, size, sought in subsets.copy():
            slots |= bits
            count = slots.bit_count()
            if count <= size:
                return None
            subsets.append((slots, size + 1, sought + want))
            most = min(most, total - sought - want + count)
    return min(most, sessions)


def seat_sessions(free_of: Sequence[int], wanted: Sequence[int], sessions: int) -> list[list[int]] | None:
    """Seat one session of each need, then as many further ones as there is room for.

    Parameters
    ----------
    free_of : sequence of int
        By need, the slots that it could use, as bits.
    wanted : sequence of int
        By need, the sessions that it wants.
    sessions : int
        How many there are to give.

    Returns
    -------
    list of list of int, or None
        The slots of each need; None if not every need finds one.

    Notes
    -----
    Augmenting paths (Kuhn): a path never takes a session from a need that has it, so first
    sessions stay first.
    """
    if len(free_of) > sessions or not all(free_of):
        return None
    firsts = [bits & -bits for bits in free_of]
    if max(wanted, default=0) == 1 and len(set(firsts)) == len(firsts):
        # Nobody is in another's way.
        return [to_numbers(slot) for slot in firsts]
    usable = [to_numbers(bits) for bits in free_of]
    if len(usable) == 1:
        return [usable[0][: min(wanted[0], sessions)]]
    holder: dict[int, int] = {}

    def seat(need: int, tried: set[int]) -> bool:
        for slot in usable[need]:
            if slot not in tried and holder.get(slot) != need:
                tried.add(slot)
                if slot not in holder or seat(holder[slot], tried):
                    holder[slot] = need
                    return True
        return False

    if not all(seat(need, set()) for need in range(len(usable))):
        return None
    for turn in range(1, max(wanted, default=0)):
        for need, count in enumerate(wanted):
            if turn < count and len(holder) < sessions:
                seat(need, set())
    slots: list[list[int]] = [[] for _ in free_of]
    for slot, need in sorted(holder.items()):
        slots[need].append(slot)
    return slots
