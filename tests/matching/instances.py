"""Numbered small problems, full of ties, conflicts, limits, groups and agreements."""

from random import Random

from tutormatch.matching import Need, Pair, PairStatus, Problem, Pupil, Teaching, Tutor, check

SLOTS = (15, 16, 39, 40, 63)
SUBJECTS = ("ALG", "MATH")


def random_problem(number: int) -> Problem:
    """Return the problem of that number; of its agreements those that contradict others are left out."""
    random = Random(number)

    def some(choices, least: int, most: int | None = None) -> list:
        return random.sample(choices, random.randint(least, len(choices) if most is None else most))

    # In every second problem many pupils of one class seek few tutors, so that groups form.
    is_crowded = number % 2 == 1
    slots = SLOTS[:3] if is_crowded else SLOTS
    subjects = SUBJECTS[number % 4 == 1 :]
    languages = ("kk", "ru", "en", "kk", "kk") if is_crowded else ("kk", "ru", "en")

    def accepted() -> tuple[str, ...]:
        return tuple(dict.fromkeys(some(languages, 1, 2)))

    tutors = [
        Tutor(
            f"T{index}",
            tuple(Teaching(subject, 5, random.choice((5, 5, 6))) for subject in sorted(some(subjects, 1))),
            frozenset(accepted()),
            frozenset(some(slots, 0 if random.random() < 0.1 else 2)),
            sessions_per_week=random.randint(1, 2 if is_crowded else 4),
            max_pupils=random.randint(1, 5 if is_crowded else 3),
            conditions=frozenset(random.choice(((), ("sen",)))),
            institution=random.choice(("", "NKU", "KU")),
            group_size=random.choice((1, 2, 3, 3) if is_crowded else (1, 1, 2)),
        )
        for index in range(random.randint(1, 2 if is_crowded else 4))
    ]
    pupils = [
        Pupil(
            f"P{index}",
            random.choice(("S1", "S2")),
            accepted(),
            frozenset(some(slots, 1)),
            max_tutors=random.choice((None, None, 1, 2)),
            requires=frozenset(random.choice(((), (), (), (), (), ("sen",)))),
            patrons=frozenset(random.choice(((), ("NKU",)))),
        )
        for index in range(random.randint(3, 6) if is_crowded else random.randint(2, 5))
    ]
    needs = []
    for pupil in pupils:
        grade = 5 if is_crowded else random.choice((5, 5, 6))
        for subject in random.choices(subjects, k=random.choice((1, 1, 2) if is_crowded else (1, 1, 2, 3))):
            needs.append(
                Need(
                    f"N{len(needs)}",
                    pupil.id,
                    subject,
                    grade,
                    priority=random.randint(1, 3),
                    waiting_days=random.choice((0, 0, 7)),
                    sessions_per_week=random.randint(1, 3),
                    group_ok=random.random() < 0.8,
                )
            )
    pairs: list[Pair] = []
    for _ in range(random.choice((0, 0, 2, 4))):
        need, tutor = random.choice(needs), random.choice(tutors)
        status = random.choice((*PairStatus, PairStatus.LOCKED))
        agreed = frozenset(some(slots, 1, 2)) if status is not PairStatus.RETURNING else frozenset()
        if status is PairStatus.BLOCKED and random.random() < 0.5:
            agreed = frozenset()
        pair = Pair(tutor.id, need.pupil_id, status, need.id if status is PairStatus.LOCKED else None, agreed)
        if not check(Problem.of(tutors, pupils, needs, [*pairs, pair])):
            pairs.append(pair)
    return Problem.of(tutors, pupils, needs, pairs)
