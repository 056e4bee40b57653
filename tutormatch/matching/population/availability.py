"""Free time: windows of the week, half-hour cells open in runs, whole clock hours as slots."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from tutormatch.matching.slots import make_slot

WORKDAYS = (0, 1, 2, 3, 4)
SATURDAY, SUNDAY = (5,), (6,)
RUN_LENGTHS = range(2, 5)


@dataclass(frozen=True, slots=True)
class Window:
    """Hours of some weekdays (``15.5`` is 15:30) and the share of their half-hour cells that is open."""

    weekdays: tuple[int, ...]
    start: float
    end: float
    share: float


# Windows follow a real bell schedule (08:00-13:15, 14:00-19:05); the shares are assumed.
TOWN_FIRST_SHIFT = (Window(WORKDAYS, 15, 20, 0.45), Window(SATURDAY, 10, 15, 0.40))
BUSED_FIRST_SHIFT = (Window(WORKDAYS, 16, 19.5, 0.40), Window(SATURDAY, 11, 15, 0.40))
SECOND_SHIFT = (Window(WORKDAYS, 8.5, 12.5, 0.45), Window(SATURDAY, 10, 13, 0.40))
TUTOR = (
    Window(WORKDAYS, 16, 21, 0.35),
    Window(WORKDAYS, 8, 13, 0.12),
    Window(SATURDAY, 9, 18, 0.45),
    Window(SUNDAY, 10, 18, 0.35),
)
SIX_DAY_SATURDAY_FROM = 14
# Assumed: hours at which a teacher opens the computer room; later ones more often, when volunteers are
# free too.
ROOM_HOURS = {"first": {14: 0.1, 15: 0.2, 16: 0.4, 17: 0.3}, "second": {10: 0.3, 11: 0.4, 12: 0.3}}
BOTH_ROOM_HOURS_SHARE = 0.5


def six_day_week(windows: Sequence[Window]) -> tuple[Window, ...]:
    """Return the windows of a pupil whose school also teaches on Saturday until 14:00."""
    return tuple(
        Window(window.weekdays, max(window.start, SIX_DAY_SATURDAY_FROM), window.end, window.share)
        if window.weekdays == SATURDAY
        else window
        for window in windows
        if window.weekdays != SATURDAY or window.end > SIX_DAY_SATURDAY_FROM
    )


def runs(cells: int) -> list[tuple[int, ...]]:
    """Return every way to open some of ``cells`` cells in runs of two to four with a gap between runs."""
    ways: list[list[tuple[int, ...]]] = [[()]]
    for count in range(1, cells + 1):
        closed_last = list(ways[count - 1])
        for length in RUN_LENGTHS:
            run = tuple(range(count - length, count))
            if length == count:
                closed_last.append(run)
            elif length < count:
                # The cell before the run is closed, so what precedes it ends one cell earlier.
                closed_last.extend((*before, *run) for before in ways[count - length - 1])
        ways.append(closed_last)
    return ways[cells]


@cache
def day_patterns(start: float, end: float, share: float) -> tuple[np.ndarray, tuple[tuple[int, ...], ...]]:
    """Return the cumulative probabilities of the day's patterns and the whole clock hours each leaves free.

    Of all distributions over the patterns of `runs` that open ``share`` of the
    cells on average, this is the one of greatest entropy: weights exponential in
    the number of open cells.
    """
    first = round(start * 2)
    cells = round(end * 2) - first
    patterns = runs(cells)
    open_cells = np.array([len(pattern) for pattern in patterns])
    low, high = -20.0, 20.0
    for _ in range(60):
        tilt = (low + high) / 2
        weights = np.exp(tilt * (open_cells - open_cells.max() * (tilt > 0)))
        probabilities = weights / weights.sum()
        if probabilities @ open_cells < share * cells:
            low = tilt
        else:
            high = tilt
    hours = tuple(
        tuple((first + cell) // 2 for cell in pattern if (first + cell) % 2 == 0 and cell + 1 in pattern)
        for pattern in patterns
    )
    return np.cumsum(probabilities), hours


def draw_slots(rng: np.random.Generator, windows: Sequence[Window], count: int) -> list[frozenset[int]]:
    """Draw the free slots of ``count`` people, at least one slot each.

    A slot is free when both halves of its hour are open. Whoever drew no whole
    hour at all draws again. People with equal slots share one set.
    """
    drawn: list[frozenset[int]] = [frozenset()] * count
    shared: dict[frozenset[int], frozenset[int]] = {}
    missing = np.arange(count)
    while missing.size:
        parts: list[list[tuple[int, ...]]] = []
        for window in windows:
            cumulative, hours = day_patterns(window.start, window.end, window.share)
            for weekday in window.weekdays:
                slots = [tuple(make_slot(weekday, hour) for hour in pattern) for pattern in hours]
                chosen = np.searchsorted(cumulative, rng.random(missing.size) * cumulative[-1], side="right")
                parts.append([slots[index] for index in chosen.tolist()])
        for person, days in zip(missing.tolist(), zip(*parts, strict=True), strict=True):
            free = frozenset().union(*days)
            drawn[person] = shared.setdefault(free, free)
        missing = np.array([person for person in missing.tolist() if not drawn[person]], dtype=int)
    return drawn


def room_timetable(rng: np.random.Generator, shift: str) -> Callable[[], frozenset[int]]:
    """Draw the two fixed hours of a school's computer room; each call gives a pupil one or both of them."""
    hours = ROOM_HOURS[shift]
    weekdays = rng.choice(len(WORKDAYS), 2, replace=False).tolist()
    chosen = rng.choice(list(hours), 2, p=list(hours.values())).tolist()
    fixed = [make_slot(weekday, hour) for weekday, hour in zip(weekdays, chosen, strict=True)]

    def draw() -> frozenset[int]:
        if rng.random() < BOTH_ROOM_HOURS_SHARE:
            return frozenset(fixed)
        return frozenset({fixed[int(rng.integers(2))]})

    return draw
