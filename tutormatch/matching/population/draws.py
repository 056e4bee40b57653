"""Draws that every part of the population shares."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

import numpy as np

from tutormatch.matching.population import words

Value = TypeVar("Value")


def choose(rng: np.random.Generator, shares: Mapping[Value, float], count: int) -> list[Value]:
    """Draw ``count`` keys of ``shares`` with their shares as probabilities."""
    values = list(shares)
    weights = np.array(list(shares.values()), dtype=float)
    return [values[index] for index in rng.choice(len(values), count, p=weights / weights.sum()).tolist()]


def chance(rng: np.random.Generator, share: float, count: int) -> list[bool]:
    """Draw ``count`` truths, each with probability ``share``."""
    return (rng.random(count) < share).tolist()


def apportion(total: int, shares: Mapping[Value, float]) -> dict[Value, int]:
    """Divide ``total`` by largest remainders; every share above zero gets one if there are enough."""
    whole = sum(shares.values())
    exact = {value: total * share / whole for value, share in shares.items()}
    counts = {value: int(number) for value, number in exact.items()}
    by_remainder = sorted(exact, key=lambda value: counts[value] - exact[value])
    for value in by_remainder[: total - sum(counts.values())]:
        counts[value] += 1
    wanted = [value for value, share in shares.items() if share > 0]
    if total >= len(wanted):
        for value in wanted:
            if counts[value] == 0:
                counts[max(counts, key=counts.__getitem__)] -= 1
                counts[value] = 1
    return counts


def days_before(on: date, ages: Sequence[int]) -> list[date]:
    """Return the day that lies so many days before ``on``, for each age; equal days are one object."""
    day = {age: on - timedelta(days=age) for age in set(ages)}
    return [day[age] for age in ages]


def draw_names(rng: np.random.Generator, is_kazakh: Sequence[bool]) -> list[tuple[str, str]]:
    """Draw an invented first and last name for each person, from the Kazakh or the Russian lists."""
    numbers = rng.integers(0, 2**31, size=(len(is_kazakh), 3)).tolist()
    names = []
    for kazakh, (gender_number, first_number, last_number) in zip(is_kazakh, numbers, strict=True):
        gender = "fm"[gender_number % 2]
        first_names = (words.KAZAKH_FIRST_NAMES if kazakh else words.RUSSIAN_FIRST_NAMES)[gender]
        surnames = words.KAZAKH_SURNAMES if kazakh else words.RUSSIAN_SURNAMES
        names.append(
            (
                first_names[first_number % len(first_names)],
                words.last_name(surnames[last_number % len(surnames)], gender),
            )
        )
    return names
