"""`solve` against an integer program of the whole objective that nobody in the product wrote."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tests.matching.builders import blocked, locked, match, need, problem, pupil, returning, tutor
from tests.matching.instances import random_problem
from tests.matching.oracle import Oracle, worth
from tutormatch.matching import Problem, Profile, Teaching, solve, verify

THREE_DAYS = "mon-15;tue-15;wed-15"
BOTH = (Teaching("ALG", 1, 11), Teaching("MATH", 1, 11))
FIVE = ("ALG", "ENG", "HIST", "MATH", "PHYS")
ALL_FIVE = tuple(Teaching(subject, 1, 11) for subject in FIVE)

profiles = pytest.mark.parametrize("profile", Profile)


def expect_the_best(source: Problem, profile: Profile = Profile.BREADTH_FIRST) -> dict[str, tuple[int, ...]]:
    """Solve, compare every level with the oracle, and return what the levels are worth."""
    solution = solve(source, profile=profile)
    assert verify(source, solution) == []
    reached = worth(source, solution.matches, profile)
    assert reached == Oracle(source, profile).best()
    assert [level.name for level in solution.certificate.levels if not level.is_proven] == []
    return reached


@pytest.mark.parametrize("number", range(300))
def test_breadth_first_is_the_best_at_every_level(number):
    expect_the_best(random_problem(number))


@pytest.mark.parametrize("profile", [Profile.DEPTH_FIRST, Profile.LONGEST_WAIT_FIRST])
@pytest.mark.parametrize("number", range(300, 400))
def test_other_profiles_are_the_best_at_every_level(number, profile):
    expect_the_best(random_problem(number), profile)


@profiles
@pytest.mark.parametrize(
    "empty",
    [
        pytest.param(problem(), id="nothing"),
        pytest.param(problem([tutor()]), id="no pupils"),
        pytest.param(problem([], [pupil()], [need()]), id="no tutors"),
        pytest.param(problem([tutor(slots="")], [pupil()], [need()]), id="no time"),
        pytest.param(problem([tutor()], [pupil()]), id="no needs"),
    ],
)
def test_an_empty_problem(empty, profile):
    assert expect_the_best(empty, profile)["cover"] == (0, 0)


@profiles
def test_all_tutors_alike(profile):
    tutors = [tutor(f"T{number}", THREE_DAYS, sessions_per_week=3) for number in range(4)]
    pupils = [pupil(f"P{number}", THREE_DAYS) for number in range(6)]
    needs = [need(f"N{number}", f"P{number}", sessions_per_week=2) for number in range(6)]
    # Two tutors give two and one sessions, two give two: everybody has a tutor, four have all they want.
    reached = expect_the_best(problem(tutors, pupils, needs), profile)
    assert reached["depth"] == (4,)
    assert reached["balance"] == (15 + 3 + 3 + 1 + 1,)


@profiles
def test_one_bottleneck_slot(profile):
    tutors = [tutor(f"T{number}", "mon-15;tue-15", sessions_per_week=2) for number in range(2)]
    pupils = [pupil(f"P{number}", "mon-15" if number < 4 else THREE_DAYS) for number in range(6)]
    needs = [need(f"N{number}", f"P{number}", waiting_days=number) for number in range(6)]
    assert sum(expect_the_best(problem(tutors, pupils, needs), profile)["breadth"]) == 4


@profiles
@pytest.mark.parametrize("length", [3, 8])
def test_a_chain_in_which_everybody_must_move_for_the_last(length, profile):
    subjects = [f"S{number}" for number in range(length + 1)]
    tutors = [
        tutor(f"T{number}", subjects=tuple(Teaching(each, 1, 11) for each in subjects[number : number + 2]))
        for number in range(length)
    ]
    pupils = [pupil(f"P{number}") for number in range(length)]
    needs = [need(f"N{number}", f"P{number}", subject=subjects[number + 1]) for number in range(length)]
    # Each would rather have the next tutor; only the last pupil has no other.
    favoured = [returning(f"T{number + 1}", f"P{number}") for number in range(length - 1)]
    reached = expect_the_best(problem(tutors, pupils, needs, favoured), profile)
    assert sum(reached["breadth"]) == length


@profiles
def test_fewer_pupils_than_sessions(profile):
    source = problem(
        [tutor("T1", THREE_DAYS, subjects=BOTH, sessions_per_week=3, max_pupils=1), tutor("T2", "tue-15")],
        [pupil("P1", THREE_DAYS), pupil("P2", THREE_DAYS)],
        [need("N1", "P1"), need("N2", "P1", subject="ALG"), need("N3", "P2", sessions_per_week=2)],
    )
    assert expect_the_best(source, profile)["cover"][0] == (0 if profile is Profile.DEPTH_FIRST else 1)


@profiles
def test_a_pupil_who_wants_one_tutor(profile):
    source = problem(
        [tutor("T1", THREE_DAYS), tutor("T2", THREE_DAYS, subjects=(Teaching("ALG", 1, 11),))],
        [pupil(slots=THREE_DAYS, max_tutors=1)],
        [need("N1"), need("N2", subject="ALG", priority=3)],
    )
    assert expect_the_best(source, profile)["cover"][0] == 0


@profiles
def test_conditions_that_one_tutor_meets(profile):
    source = problem(
        [tutor("T1", conditions=("sen",)), tutor("T2", "mon-15;tue-15")],
        [pupil("P1", requires=("sen",)), pupil("P2", "mon-15"), pupil("P3", THREE_DAYS)],
        [need("N1", "P1", priority=1), need("N2", "P2", priority=3), need("N3", "P3")],
    )
    assert sum(expect_the_best(source, profile)["breadth"]) == 2


@profiles
def test_blocked_and_locked_pairs(profile):
    source = problem(
        [tutor("T1", THREE_DAYS, subjects=BOTH, sessions_per_week=3, max_pupils=2), tutor("T2", THREE_DAYS)],
        [pupil("P1", THREE_DAYS), pupil("P2", THREE_DAYS, max_tutors=1), pupil("P3", THREE_DAYS)],
        [
            need("N1", "P1", sessions_per_week=2),
            need("N2", "P1", subject="ALG"),
            need("N3", "P2", sessions_per_week=3),
            need("N4", "P3"),
        ],
        [locked("N1", "T1", "mon-15;wed-15"), blocked("T2", "P2", "mon-15"), blocked("T2", "P3")],
    )
    expect_the_best(source, profile)


@profiles
def test_one_pupil_with_five_needs(profile):
    source = problem(
        [
            tutor("T1", "mon-15;mon-16;tue-15;wed-15", subjects=ALL_FIVE, sessions_per_week=4),
            tutor("T2", "mon-15;tue-15;fri-10", subjects=ALL_FIVE[2:], sessions_per_week=2),
        ],
        [pupil(slots="mon-15;mon-16;tue-15;wed-15;fri-10"), pupil("P2", "mon-15;tue-15")],
        [
            *(need(f"N{number}", subject=subject, sessions_per_week=2) for number, subject in enumerate(FIVE)),
            need("N9", "P2"),
        ],
    )
    assert expect_the_best(source, profile)["cover"][0] == (3 if profile is Profile.DEPTH_FIRST else 4)


def group(size: int, *pupils, tutors: int = 1, **of_tutor) -> Problem:
    """Return a problem in which each pupil has one need, and may be met in a group unless said otherwise."""
    of_tutor.setdefault("max_pupils", 9)
    return problem(
        [tutor(f"T{number}", group_size=size, **of_tutor) for number in range(tutors)],
        [pupil(f"P{number}", **fields) for number, fields in enumerate(pupils)],
        [need(f"N{number}", f"P{number}", group_ok=True) for number in range(len(pupils))],
    )


GROUPS = {
    "a pair": (group(2, {}, {}, {}), 1),
    "a full group": (group(3, {}, {}, {}, {}), 2),
    "nobody joins a tutor who meets one": (group(1, {}, {}), 0),
    "too many pupils for the tutor": (group(3, {}, {}, {}, max_pupils=2), 1),
    "tutoring languages that do not meet": (
        group(2, {"languages": ("kk",)}, {"languages": ("ru",)}, languages=("kk", "ru")),
        0,
    ),
    "each two share a tutoring language and all three none": (
        group(
            3,
            {"languages": ("kk", "ru")},
            {"languages": ("ru", "en")},
            {"languages": ("en", "kk")},
            languages=("en", "kk", "ru"),
        ),
        1,
    ),
    "who speaks two brings together who speak one": (
        group(3, {"languages": ("kk",)}, {"languages": ("kk", "ru")}, {"languages": ("kk",)}, languages=("kk", "ru")),
        2,
    ),
}


@profiles
@pytest.mark.parametrize(("source", "joining"), GROUPS.values(), ids=GROUPS)
def test_groups(source, joining, profile):
    assert expect_the_best(source, profile)["groups"][0] == joining


@profiles
def test_who_must_be_alone_neither_joins_nor_hosts(profile):
    source = problem(
        [tutor(group_size=3, max_pupils=3)],
        [pupil("P1"), pupil("P2"), pupil("P3")],
        [need("N1", "P1", priority=3), need("N2", "P2", group_ok=True), need("N3", "P3", group_ok=True)],
    )
    assert expect_the_best(source, profile)["groups"] == (0, 0)


@profiles
def test_others_join_a_locked_group_while_there_is_room(profile):
    source = problem(
        [tutor(slots="mon-15;tue-15", sessions_per_week=2, group_size=3, max_pupils=4)],
        [pupil(f"P{number}", "mon-15;tue-15") for number in range(5)],
        [need(f"N{number}", f"P{number}", group_ok=True, sessions_per_week=2) for number in range(5)],
        [locked("N0", "T1", "mon-15;tue-15", "P0"), locked("N1", "T1", "mon-15", "P1")],
    )
    assert expect_the_best(source, profile)["groups"][0] == 3


def test_one_to_one_pairs_earn_what_linear_sum_assignment_finds():
    for number in range(40):
        random = np.random.default_rng(number)
        size = int(random.integers(3, 12))
        institutions = [f"I{index}" for index in range(size)]
        tutors = [
            tutor(f"T{index:02}", institution=institutions[index], languages=("kk", "ru")[: random.integers(1, 3)])
            for index in range(size)
        ]
        pupils = [
            pupil(
                f"P{index:02}",
                languages=[("kk",), ("ru", "kk")][random.integers(2)],
                patrons=random.choice(institutions, 2, replace=False).tolist(),
            )
            for index in range(size)
        ]
        pairs = [returning(each.id, other.id) for each in tutors for other in pupils if random.random() < 0.3]
        source = problem(tutors, pupils, [need(f"N{index:02}", f"P{index:02}") for index in range(size)], pairs)
        together = {(pair.tutor_id, pair.pupil_id) for pair in pairs}
        points = np.array(
            [
                [
                    32
                    + 12 * ((each.id, other.id) in together)
                    + 4 * (other.languages[0] in each.languages)
                    + 2 * (each.institution in other.patrons)
                    for other in pupils
                ]
                for each in tutors
            ]
        )
        rows, columns = linear_sum_assignment(points, maximize=True)
        solution = solve(source)
        assert solution.certificate.level("quality").reached == points[rows, columns].sum()
        assert solution.certificate.level("breadth").reached == size


def test_a_worse_matching_is_worth_less():
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need()], [returning("T2")])
    better, worse = (worth(source, [match(tutor_id=name)], Profile.BREADTH_FIRST) for name in ("T2", "T1"))
    assert tuple(better.values()) > tuple(worse.values())
