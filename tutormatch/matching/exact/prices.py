"""Prices that prove cover.

The prices of breadth can be read off a flow (`tutormatch.matching.flow.pricing`). Cover is no flow: a tutor with
more sessions than pupils must meet a pupil twice to use them. Its prices come from a linear
program of the matchings with the best breadth (`tutormatch.matching.exact.cover_program`). Any prices prove a
bound, so that approximate ones will do.
"""

from collections.abc import Mapping

from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.problem import Prices
from tutormatch.matching.slots import SLOTS_PER_WEEK

SCALE = 720_720
"""Prices of cover are in parts of a need that hold every fraction of up to fourteen parts exactly."""
MOST_CORRECTION = 50.0
"""How many needs a price of the linear program may be worth; more is a sign that it has not converged."""


def cover_prices(openings: Openings, breadth: Prices, worth: Mapping[str, Mapping[int, float]]) -> Prices:
    """Return prices that prove how many needs can be served beside the best breadth.

    Parameters
    ----------
    openings : Openings
    breadth : Prices
        That prove the best breadth.
    worth : mapping of str to mapping of int to float
        What one more ``hour``, ``sessions`` or ``places`` would add to cover, as the `CoverProgram` of these
        says, by tutor, or for hours by ``tutor * SLOTS_PER_WEEK + slot``. Empty: only the prices of breadth count.

    Notes
    -----
    A step of rank is worth one more than there are open needs, a need 1. So the prices are
    those of breadth many times over, corrected by what the linear program says of an
    hour, a session or a place more.
    """
    scale = SCALE if worth else 1
    step = (len(openings.open_needs) + 1) * scale
    ids = [tutor.id for tutor in openings.problem.tutors]
    hour = {key: price * step for key, price in breadth.hour.items()}
    of_tutor = {
        "sessions": {key: price * step for key, price in breadth.session.items()},
        "places": {key: price * step for key, price in breadth.pupil.items()},
    }
    for kind, by_key in worth.items():
        for key, value in by_key.items():
            extra = round(min(max(value, -MOST_CORRECTION), MOST_CORRECTION) * scale)
            if kind == "hour":
                tutor, slot = divmod(key, SLOTS_PER_WEEK)
                hour[ids[tutor], slot] = hour.get((ids[tutor], slot), 0) + extra
            else:
                of_tutor[kind][ids[key]] = of_tutor[kind].get(ids[key], 0) + extra
    prices = (
        {key: price for key, price in sorted(some.items()) if price > 0}
        for some in (hour, of_tutor["sessions"], of_tutor["places"])
    )
    return Prices(*prices, scale)
