"""How times of the week, days, moments and lists are written in the reader's locale."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from flask import Flask
from flask_babel import format_date, format_datetime, get_locale

from . import clock
from .matching.slots import hour_of, make_slot, parse_slots, weekday_of


def weekday_name(weekday: int, width: str = "wide") -> str:
    """Return a weekday's name (0 = Monday) as CLDR has it; ``width`` ``wide`` or ``abbreviated``."""
    return get_locale().days["stand-alone"][width][weekday]


def current_weekday() -> int:
    """Return today's weekday in programme time, 0 = Monday."""
    return clock.today().weekday()


def slot_name(slot: int) -> str:
    """Return a slot in words, for example ``Monday 15:00``."""
    return f"{weekday_name(weekday_of(slot))} {hour_of(slot):02d}:00"


def slot_names(slots: Iterable[int]) -> str:
    """Return slots in words, in order of the week."""
    return ", ".join(slot_name(slot) for slot in sorted(slots))


def slots_in_words(text: str) -> str:
    """Return slots that are kept as ``mon-15;tue-16`` in words."""
    return slot_names(parse_slots(text))


def free_hours(slots: Iterable[int]) -> str:
    """Return free time in words, day by day: ``Monday 15:00–18:00, 19:00–20:00; Tuesday 15:00–16:00``."""
    hours_of_day: dict[int, list[int]] = {}
    for slot in sorted(slots):
        hours_of_day.setdefault(weekday_of(slot), []).append(hour_of(slot))
    lines = []
    for weekday, hours in hours_of_day.items():
        starts = [hour for hour in hours if hour - 1 not in hours]
        ends = [hour + 1 for hour in hours if hour + 1 not in hours]
        spans = ", ".join(f"{start:02d}:00–{end:02d}:00" for start, end in zip(starts, ends, strict=True))
        lines.append(f"{weekday_name(weekday)} {spans}")
    return "; ".join(lines)


def capitalized(text: object) -> str:
    """Return ``text`` with its first letter in upper case, the rest as it is."""
    words = str(text)
    return words[:1].upper() + words[1:]


def day(value: date, width: str = "long") -> str:
    """Return a date as the reader's locale writes it."""
    return format_date(value, width)


def moment(value: datetime) -> str:
    """Return a moment in programme time as the reader's locale writes it."""
    return f"{format_date(value, 'long')}, {format_datetime(value, 'HH:mm')}"


def clock_time(value: datetime) -> str:
    """Return the time of day of a moment in programme time, for example ``15:04``."""
    return format_datetime(value, "HH:mm")


def listing(items: Sequence[object]) -> str:
    """Return items joined by commas."""
    return ", ".join(str(item) for item in items)


def init_app(app: Flask) -> None:
    """Give templates these ways of writing."""
    for filter_function in (
        capitalized,
        clock_time,
        day,
        free_hours,
        hour_of,
        listing,
        moment,
        slot_name,
        slot_names,
        slots_in_words,
    ):
        app.add_template_filter(filter_function)
    # Macros see these, because they are globals and not part of one page's context.
    for template_global in (weekday_name, make_slot, current_weekday):
        app.add_template_global(template_global)
