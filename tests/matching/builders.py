"""Records with sensible defaults, so that a test says only what it is about."""

from dataclasses import replace

from tutormatch.matching import Match, Need, Pair, PairStatus, Problem, Pupil, Solution, Teaching, Tutor
from tutormatch.matching.slots import parse_slots


def tutor(identifier: str = "T1", slots: str = "mon-15", **fields) -> Tutor:
    sessions = fields.pop("sessions_per_week", 1)
    return Tutor(
        id=identifier,
        subjects=fields.pop("subjects", (Teaching("MATH", 1, 11),)),
        languages=frozenset(fields.pop("languages", ("kk",))),
        slots=parse_slots(slots),
        sessions_per_week=sessions,
        max_pupils=fields.pop("max_pupils", sessions),
        conditions=frozenset(fields.pop("conditions", ())),
        **fields,
    )


def pupil(identifier: str = "P1", slots: str = "mon-15", **fields) -> Pupil:
    return Pupil(
        id=identifier,
        school=fields.pop("school", "S1"),
        languages=tuple(fields.pop("languages", ("kk",))),
        slots=parse_slots(slots),
        requires=frozenset(fields.pop("requires", ())),
        patrons=frozenset(fields.pop("patrons", ())),
        **fields,
    )


def need(identifier: str = "N1", pupil_id: str = "P1", **fields) -> Need:
    return Need(
        id=identifier,
        pupil_id=pupil_id,
        subject=fields.pop("subject", "MATH"),
        grade=fields.pop("grade", 5),
        **fields,
    )


def locked(need_id: str, tutor_id: str, slots: str, pupil_id: str = "P1") -> Pair:
    return Pair(tutor_id, pupil_id, PairStatus.LOCKED, need_id, parse_slots(slots))


def blocked(tutor_id: str = "T1", pupil_id: str = "P1", slots: str = "") -> Pair:
    return Pair(tutor_id, pupil_id, PairStatus.BLOCKED, None, parse_slots(slots))


def returning(tutor_id: str = "T1", pupil_id: str = "P1") -> Pair:
    return Pair(tutor_id, pupil_id, PairStatus.RETURNING)


def match(need_id: str = "N1", tutor_id: str = "T1", slots: str = "mon-15", joins: str = "") -> Match:
    return Match(need_id, tutor_id, tuple(sorted(parse_slots(slots))), joins)


def problem(tutors=(), pupils=(), needs=(), pairs=()) -> Problem:
    return Problem.of(tutors, pupils, needs, pairs)


def with_matches(solution: Solution, *matches: Match) -> Solution:
    """Return the solution with other matches, and without an entry for needs that now have one."""
    served = {each.need_id for each in matches}
    unmatched = tuple(each for each in solution.unmatched if each.need_id not in served)
    return replace(solution, matches=tuple(matches), unmatched=unmatched)


def served(solution: Solution) -> dict[str, str]:
    """Return the tutor of every matched need."""
    return {each.need_id: each.tutor_id for each in solution.matches}


def reached(solution: Solution) -> dict[str, int]:
    """Return what was reached at every level."""
    return {level.name: level.reached for level in solution.certificate.levels}
