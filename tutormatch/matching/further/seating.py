"""What one tutor can give to a few needs: a small bipartite matching of sessions and slots."""

from collections.abc import Sequence

from tutormatch.matching.flow.openings import to_numbers


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
