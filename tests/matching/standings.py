"""Matchings that keep every rule but are not the best, and chains through them, by trying everything."""

from collections.abc import Iterator

from hypothesis import strategies as st

from tests.matching.strategies import problems
from tutormatch.matching import Certificate, Match, Problem, Solution
from tutormatch.matching.openings import locked_matches
from tutormatch.matching.verifier import broken_rules


def solution_of(*matches: Match) -> Solution:
    """Return a solution of which only the matches matter."""
    return Solution(tuple(sorted(matches)), (), Certificate(()), "none")


def seats(problem: Problem, need_id: str) -> list[Match]:
    """Return every match of one session that a need could have by everybody's own word."""
    pupil = problem.pupil[problem.need[need_id].pupil_id]
    return [Match(need_id, tutor.id, (slot,)) for tutor in problem.tutors for slot in sorted(tutor.slots & pupil.slots)]


@st.composite
def standings(draw) -> tuple[Problem, Solution]:
    """Draw a problem with matches that keep every rule, taken in a random order."""
    problem = draw(problems())
    matches = list(locked_matches(problem))
    matched = {match.need_id for match in matches}
    for need in draw(st.permutations([need for need in problem.needs if need.id not in matched])):
        options = [seat for seat in seats(problem, need.id) if not broken_rules(problem, [*matches, seat])]
        if options and draw(st.integers(0, 4)):
            matches.append(draw(st.sampled_from(options)))
            longer = Match(need.id, matches[-1].tutor_id, tuple(sorted(problem.pupil[need.pupil_id].slots))[:2])
            if not broken_rules(problem, [*matches[:-1], longer]):
                matches[-1] = longer
    return problem, solution_of(*matches)


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
