"""Draw a whole population from one seed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from tutormatch.matching.population import tables
from tutormatch.matching.population.cases import Cases, build_cases
from tutormatch.matching.population.pupils import draw_need_counts, draw_needs, draw_pupils
from tutormatch.matching.population.records import (
    Population,
    SyntheticNeed,
    SyntheticPupil,
    SyntheticTutor,
)
from tutormatch.matching.population.schools import draw_schools, draw_teachers, nominate
from tutormatch.matching.population.tutors import draw_tutors
from tutormatch.matching.problem import Pair, PairStatus
from tutormatch.matching.records.memory import (
    PUPILS_PER_NEED,
    ProblemSizes,
    Work,
    collection_paused,
    refuse_what_is_too_large,
)

REFERENCE_DATE = date(2026, 9, 28)
"""The day on which the population is drawn: the fourth week of a school year."""

MIN_ID_WIDTH = 4
PUPILS_PER_SCHOOL = 20
TRIES_PER_PAIR = 12

PETROPAVL, ESIL, ESIL_OF_AKMOLA = "591000000", "594200000", "114800000"


@dataclass(frozen=True, slots=True)
class Size:
    """How many schools, pupils (or needs) and tutors to draw, and where.

    ``has_cases`` adds the hard cases; ``has_excluded`` draws people who may not
    enter a round yet.
    """

    schools: int
    tutors: int
    area: tables.Area
    pupils: int | None = None
    needs: int | None = None
    districts: tuple[str, ...] = ()
    has_cases: bool = True
    has_excluded: bool = True


SIZES: Mapping[str, Size] = {
    "xs": Size(schools=3, pupils=12, tutors=8, area=tables.NORTH, has_cases=False),
    # A town, and two districts that bear the same name in two regions.
    "pilot": Size(
        schools=10,
        pupils=120,
        tutors=50,
        area=tables.NORTH,
        districts=(PETROPAVL, ESIL, ESIL, ESIL, ESIL_OF_AKMOLA),
    ),
    "university": Size(schools=60, pupils=800, tutors=250, area=tables.NORTH),
    "region": Size(schools=444, pupils=3_000, tutors=500, area=tables.NORTH),
    "nation": Size(
        schools=7_700, needs=380_000, tutors=120_000, area=tables.NATION, has_cases=False, has_excluded=False
    ),
}


def parse_size(text: str) -> Size:
    """Read a name of `SIZES`, or ``N:T`` for exactly N needs and T tutors, all of whom may enter a round.

    Raises
    ------
    ValueError
        With a sentence saying what is wrong with ``text``.
    """
    if text in SIZES:
        return SIZES[text]
    needs, colon, tutors = text.partition(":")
    numbers = [number for number in (needs, tutors) if number.isascii() and number.isdigit() and int(number)]
    if not colon or len(numbers) != 2:
        names = ", ".join(SIZES)
        raise ValueError(f"size {text!r} is none of {names}, nor NEEDS:TUTORS such as 300:120")
    return Size(
        schools=max(3, int(needs) // PUPILS_PER_SCHOOL),
        needs=int(needs),
        tutors=int(tutors),
        area=tables.NATION,
        has_cases=False,
        has_excluded=False,
    )


def generate(size: str, seed: int, on: date = REFERENCE_DATE) -> Population:
    """Draw schools, teachers, tutors, pupils and needs; the same arguments give the same population.

    Parameters
    ----------
    size
        A name of `SIZES` (North Kazakhstan, or the whole country for ``nation``),
        or ``N:T`` for N needs and T tutors drawn from the shares of the country.
    seed
        Of the one generator of random numbers.
    on
        The day to count consent, checks and waiting back from.

    Returns
    -------
    Population
        With the hard cases of `tutormatch.matching.population.cases` among the
        rows, except at the sizes ``xs``, ``nation`` and ``N:T``.

    Raises
    ------
    ValueError
        If ``size`` is not understood.
    TooLargeForMemory
        If so many people would not fit in memory.
    """
    plan = parse_size(size)
    needs = plan.needs or round((plan.pupils or 0) / PUPILS_PER_NEED)
    refuse_what_is_too_large(ProblemSizes.expected(needs, plan.tutors), Work.GENERATE)
    with collection_paused():
        return _draw(plan, size, seed, on)


def _draw(plan: Size, size: str, seed: int, on: date) -> Population:
    consent = tables.CONSENT if plan.has_excluded else {"received": 1.0}
    checked_share = tables.CHECKED_SHARE if plan.has_excluded else 1.0
    rng = np.random.default_rng(seed)
    width = max(MIN_ID_WIDTH, len(str(max(plan.pupils or plan.needs or 0, plan.tutors))))
    schools = draw_schools(rng, plan.area, plan.schools, plan.districts)
    cases = build_cases(schools, on, width) if plan.has_cases else Cases(schools, on, width)
    counts = draw_need_counts(rng, plan.pupils and plan.pupils - len(cases.pupils), plan.needs)
    schools = nominate(rng, cases.schools, len(counts))
    teachers = draw_teachers(rng, schools)
    tutors = draw_tutors(rng, plan.area, plan.tutors - len(cases.tutors), width, on, checked_share)
    pupils = draw_pupils(rng, plan.area, schools, teachers, width, on, consent)
    needs = draw_needs(rng, pupils, counts)
    pairs = _draw_pairs(rng, tutors, pupils, needs)
    return Population(
        size=size,
        seed=seed,
        on=on,
        schools=tuple(schools),
        teachers=tuple(teachers),
        tutors=(*tutors, *cases.tutors),
        pupils=(*pupils, *cases.pupils),
        needs=(*needs, *cases.needs),
        pairs=(*pairs, *cases.pairs),
        cases=cases.ids,
    )


def _draw_pairs(
    rng: np.random.Generator,
    tutors: Sequence[SyntheticTutor],
    pupils: Sequence[SyntheticPupil],
    needs: Sequence[SyntheticNeed],
) -> list[Pair]:
    # A few pupils already know a tutor of their first need: most want to go on, some must not meet again.
    teachers_of: dict[str, list[SyntheticTutor]] = defaultdict(list)
    for row in tutors:
        for teaching in row.tutor.subjects:
            teachers_of[teaching.subject].append(row)
    first_need = {row.need.pupil_id: row.need for row in reversed(needs)}
    pairs = []
    for row, lot in zip(pupils, rng.random(len(pupils)).tolist(), strict=True):
        if lot >= tables.RETURNING_SHARE + tables.BLOCKED_SHARE:
            continue
        status = PairStatus.RETURNING if lot < tables.RETURNING_SHARE else PairStatus.BLOCKED
        need = first_need[row.pupil.id]
        candidates = teachers_of[need.subject]
        for pick in rng.integers(0, len(candidates), TRIES_PER_PAIR if candidates else 0).tolist():
            tutor = candidates[pick].tutor
            if any(teaching.covers(need.subject, need.grade) for teaching in tutor.subjects) and (
                tutor.languages & set(row.pupil.languages)
            ):
                pairs.append(Pair(tutor.id, row.pupil.id, status))
                break
    return pairs
