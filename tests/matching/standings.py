"""Matchings that keep every rule but are not the best, and chains through them, by trying everything."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from tutormatch.matching import Certificate, Match, Need, Pair, PairStatus, Problem, Pupil, Solution, Teaching, Tutor
from tutormatch.matching.flow.openings import locked_matches
from tutormatch.matching.verification.verifier import broken_rules


def solution_of(*matches: Match) -> Solution:
    """Return a solution of which only the matches matter."""
    return Solution(tuple(sorted(matches)), (), Certificate(()), "none")


def seats(problem: Problem, need_id: str) -> list[Match]:
    """Return every match of one session that a need could have by everybody's own word."""
    pupil = problem.pupil[problem.need[need_id].pupil_id]
    return [Match(need_id, tutor.id, (slot,)) for tutor in problem.tutors for slot in sorted(tutor.slots & pupil.slots)]


def crowded(seed: int) -> tuple[Problem, Solution]:
    """Return a small problem with few hours for many, and matches that keep every rule, taken as they come."""
    random = Random(seed)
    slots, subjects = (15, 16, 39, 40), ("ALG", "MATH")

    def some(choices, least: int) -> list:
        return random.sample(choices, random.randint(least, len(choices)))

    tutors = [
        Tutor(
            f"T{number}",
            tuple(Teaching(subject, 5, random.choice((5, 5, 6))) for subject in sorted(some(subjects, 1))),
            frozenset(some(("kk", "ru"), 1)),
            frozenset(some(slots, 2)),
            sessions_per_week=random.randint(1, 3),
            max_pupils=random.randint(1, 3),
            conditions=frozenset(random.choice(((), (), ("sen",)))),
            group_size=random.randint(1, 2),
        )
        for number in range(random.randint(2, 5))
    ]
    pupils = [
        Pupil(
            f"P{number}",
            "S1",
            tuple(some(("kk", "ru"), 1)),
            frozenset(some(slots, 1)),
            max_tutors=random.choice((None, None, 1)),
            requires=frozenset(random.choice(((), (), (), ("sen",)))),
        )
        for number in range(random.randint(3, 6))
    ]
    needs = [
        Need(
            f"N{number}{subject}",
            pupil.id,
            subject,
            random.choice((5, 5, 6)),
            priority=random.randint(1, 3),
            sessions_per_week=random.randint(1, 2),
            group_ok=random.random() < 0.6,
        )
        for number, pupil in enumerate(pupils)
        for subject in some(subjects, 1)
    ]
    pairs = []
    if random.random() < 0.4:
        blocked = frozenset(random.sample(slots, random.randint(0, 2)))
        pairs.append(Pair(random.choice(tutors).id, random.choice(pupils).id, PairStatus.BLOCKED, None, blocked))
    problem = Problem.of(tutors, pupils, needs, pairs)
    matches: list[Match] = []
    for need in random.sample(needs, len(needs)):
        options = [seat for seat in seats(problem, need.id) if not broken_rules(problem, [*matches, seat])]
        if options and random.random() < 0.8:
            matches.append(random.choice(options))
            both = tuple(sorted(problem.tutor[matches[-1].tutor_id].slots & problem.pupil[need.pupil_id].slots))[:2]
            longer = replace(matches[-1], slots=both)
            if not broken_rules(problem, [*matches[:-1], longer]):
                matches[-1] = longer
        elif joins := [
            each for each in _group_places(problem, matches, need) if not broken_rules(problem, [*matches, each])
        ]:
            matches.append(joins[0])
    if matches and random.random() < 0.5:
        agreed = random.choice([match for match in matches if not match.joins])
        if all(match.joins != agreed.need_id for match in matches):
            pupil_id = problem.need[agreed.need_id].pupil_id
            slots = frozenset(agreed.slots)
            pairs.append(Pair(agreed.tutor_id, pupil_id, PairStatus.LOCKED, agreed.need_id, slots))
    return Problem.of(tutors, pupils, needs, pairs), solution_of(*matches)


def _group_places(problem: Problem, matches: list[Match], need: Need) -> list[Match]:
    return [
        Match(need.id, host.tutor_id, (slot,), joins=host.need_id)
        for host in matches
        if not host.joins
        for slot in host.slots
    ]


def shortest_chain(problem: Problem, solution: Solution, need_id: str, longest: int) -> int | None:
    """Return how many moves the shortest chain takes that serves a need, by trying all; None if more than ``longest``.

    Each move gives a need one session; a match that is in the way goes, and needs the next move.
    """
    locked = {match.need_id for match in locked_matches(problem)}
    hosts = {match.joins for match in solution.matches}
    fixed = locked | hosts | {match.need_id for match in solution.matches if match.joins}
    level = [({match.need_id: match for match in solution.matches}, need_id, frozenset({need_id}))]
    for moves in range(1, longest + 1):
        following = []
        for matches, homeless, moved in level:
            for seat in seats(problem, homeless):
                if not broken_rules(problem, [*matches.values(), seat]):
                    return moves
                following += _without_one(problem, matches, seat, moved | fixed, moved)
        level = following
    return None


def _without_one(problem: Problem, matches: dict[str, Match], seat: Match, stay, moved) -> Iterator[tuple]:
    for other in matches.keys() - stay:
        left = {need_id: match for need_id, match in matches.items() if need_id != other} | {seat.need_id: seat}
        if not broken_rules(problem, left.values()):
            yield left, other, moved | {other}
