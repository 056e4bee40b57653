"""The weekly time grid: one slot is one clock hour of the week in programme time.

A slot is an ``int`` from 0 (Monday 00:00) to 167 (Sunday 23:00) and is written
``mon-15`` for Monday 15:00-16:00.
"""

from collections.abc import Iterable

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_PER_DAY = 24
SLOTS_PER_WEEK = len(WEEKDAYS) * HOURS_PER_DAY
_NAMES = tuple(f"{weekday}-{hour:02d}" for weekday in WEEKDAYS for hour in range(HOURS_PER_DAY))
SLOT_NAMED = {name: slot for slot, name in enumerate(_NAMES)}
"""The slot of every text that is one."""


def make_slot(weekday: int, hour: int) -> int:
    """Return the slot of ``weekday`` (0 = Monday) at ``hour`` (0-23).

    Raises
    ------
    ValueError
        If either number is out of range.
    """
    if not 0 <= weekday < len(WEEKDAYS):
        raise ValueError(f"weekday {weekday} is not 0-6")
    if not 0 <= hour < HOURS_PER_DAY:
        raise ValueError(f"hour {hour} is not 0-23")
    return weekday * HOURS_PER_DAY + hour


def weekday_of(slot: int) -> int:
    """Return the weekday of ``slot``, 0 = Monday."""
    return slot // HOURS_PER_DAY


def hour_of(slot: int) -> int:
    """Return the starting hour of ``slot``, 0-23."""
    return slot % HOURS_PER_DAY


def format_slot(slot: int) -> str:
    """Return ``slot`` as text, for example ``mon-15``."""
    return _NAMES[slot]


def parse_slot(text: str) -> int:
    """Read a slot such as ``mon-15``; exactly two digits, no spaces.

    Raises
    ------
    ValueError
        With a sentence saying what is wrong with ``text``.
    """
    if text in SLOT_NAMED:
        return SLOT_NAMED[text]
    weekday, dash, hour = text.partition("-")
    if weekday not in WEEKDAYS:
        raise ValueError(f"unknown weekday {weekday!r}")
    if not dash or len(hour) != 2 or not (hour.isascii() and hour.isdigit()):
        raise ValueError(f"hour {hour!r} is not two digits")
    raise ValueError(f"hour {hour} is not 00-23")


def format_slots(slots: Iterable[int]) -> str:
    """Return slots in order of the week, separated by ``;``."""
    return ";".join([_NAMES[slot] for slot in sorted(slots)])


def parse_slots(text: str) -> frozenset[int]:
    """Read slots separated by ``;``; blank text is the empty set.

    Raises
    ------
    ValueError
        At the first part that is not a slot.
    """
    return frozenset(parse_slot(part.strip()) for part in text.split(";") if part.strip())
