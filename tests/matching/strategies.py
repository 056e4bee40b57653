"""Small random problems full of ties, conflicts, limits and agreements."""

from hypothesis import strategies as st

from tests.matching.builders import problem
from tutormatch.matching import Need, Pair, PairStatus, Problem, Pupil, Teaching, Tutor, check

SLOTS = (15, 16, 39, 40)
SUBJECTS = ("ALG", "KAZ2", "MATH")

slot_sets = st.frozensets(st.sampled_from(SLOTS), max_size=4)
tags = st.sampled_from([frozenset(), frozenset(), frozenset(), frozenset({"sen"})])
institutions = st.sampled_from(["", "NKU", "KU"])


@st.composite
def tutors(draw, identifier: str) -> Tutor:
    subjects = draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=3, unique=True))
    return Tutor(
        id=identifier,
        subjects=tuple(Teaching(subject, 5, draw(st.sampled_from([5, 6]))) for subject in sorted(subjects)),
        languages=draw(st.sampled_from([frozenset({"kk"}), frozenset({"ru"}), frozenset({"kk", "ru"})])),
        slots=draw(slot_sets),
        sessions_per_week=draw(st.integers(1, 3)),
        max_pupils=draw(st.integers(1, 3)),
        conditions=draw(tags),
        institution=draw(institutions),
        group_size=draw(st.sampled_from([1, 1, 2, 3])),
    )


@st.composite
def pupils(draw, identifier: str) -> Pupil:
    return Pupil(
        id=identifier,
        school=draw(st.sampled_from(["S1", "S2"])),
        languages=draw(st.sampled_from([("kk",), ("ru",), ("kk", "ru"), ("ru", "kk")])),
        slots=draw(slot_sets),
        max_tutors=draw(st.sampled_from([None, None, 1, 2])),
        requires=draw(tags),
        patrons=draw(st.sampled_from([frozenset(), frozenset({"NKU"})])),
    )


@st.composite
def problems(draw) -> Problem:
    """Draw a problem without faults; of the drawn agreements those that contradict others are left out."""
    some_tutors = [draw(tutors(f"T{number}")) for number in range(draw(st.integers(0, 4)))]
    some_pupils = [draw(pupils(f"P{number}")) for number in range(draw(st.integers(0, 5)))]
    needs = []
    for pupil in some_pupils:
        for subject in draw(st.lists(st.sampled_from(SUBJECTS), min_size=1, max_size=3, unique=True)):
            needs.append(
                Need(
                    id=f"N{len(needs)}",
                    pupil_id=pupil.id,
                    subject=subject,
                    grade=draw(st.sampled_from([5, 6])),
                    priority=draw(st.integers(1, 3)),
                    waiting_days=draw(st.integers(0, 2)),
                    sessions_per_week=draw(st.integers(1, 3)),
                    group_ok=draw(st.booleans()),
                )
            )
    pairs: list[Pair] = []
    if some_tutors and needs:
        for _ in range(draw(st.integers(0, 4))):
            need = draw(st.sampled_from(needs))
            tutor = draw(st.sampled_from(some_tutors))
            status = draw(st.sampled_from(PairStatus))
            is_locked = status is PairStatus.LOCKED
            slots = draw(slot_sets) if status is not PairStatus.RETURNING else frozenset()
            pair = Pair(tutor.id, need.pupil_id, status, need.id if is_locked else None, slots)
            if not check(problem(some_tutors, some_pupils, needs, [*pairs, pair])):
                pairs.append(pair)
    return problem(some_tutors, some_pupils, needs, pairs)
