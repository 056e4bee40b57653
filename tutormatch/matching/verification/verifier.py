"""An independent check of a solution: every rule, every count, every bound, its own way.

Nothing here is shared with the solver but the records themselves. Arrays single out whom to
look at; the records say what is wrong.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import compress
from operator import attrgetter

import numpy as np

from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Solution, Tutor
from tutormatch.matching.records.memory import collection_paused
from tutormatch.matching.slots import SLOTS_PER_WEEK, format_slots
from tutormatch.matching.verification.lists import distinct
from tutormatch.matching.verification.roster import UNKNOWN, Roster, places
from tutormatch.matching.verification.timetable import Timetable


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a solution gets wrong.

    ``rule`` is ``rule 1`` … ``rule 8`` for a hard rule, ``records`` for rows that
    do not fit the problem, or the name of a level of the certificate.
    """

    rule: str
    need_id: str
    message: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.need_id}: {self.message}" if self.need_id else f"{self.rule}: {self.message}"


def verify(problem: Problem, solution: Solution) -> list[Violation]:
    """Check a solution against its problem.

    Parameters
    ----------
    problem : Problem
    solution : Solution

    Returns
    -------
    list of Violation
        Every broken rule, every need that is missing or there twice, and every
        count or bound of the certificate that does not hold (looked at once all
        rules are kept). Empty if the solution is what it claims to be.
    """
    with collection_paused():
        return _violations(Roster(problem), solution)


def _violations(roster: Roster, solution: Solution) -> list[Violation]:
    timetable, violations = _records(roster, solution)
    violations += _broken_rules(timetable)
    if not violations:
        # Imported here because it loads SciPy, which takes long.
        from tutormatch.matching.verification.recount import check_certificate

        return [Violation(level, "", message) for level, message in check_certificate(timetable, solution.certificate)]
    return violations


def broken_rules(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Check the hard rules alone.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        Of needs and tutors of the problem.
    """
    return _broken_rules(Timetable(Roster(problem), matches))


def _broken_rules(timetable: Timetable) -> list[Violation]:
    needs = timetable.roster.problem.needs
    several = sorted(needs[place].id for place in np.flatnonzero(np.bincount(timetable.need) > 1).tolist())
    return [
        *(Violation("rule 5", need_id, "has more than one tutor") for need_id in several),
        *_pair_rules(timetable),
        *_time(timetable),
        *_limits(timetable),
        *_groups(timetable.roster.problem, timetable.matches),
        *_agreed(timetable.roster.problem, timetable.matches),
    ]


def _records(roster: Roster, solution: Solution) -> tuple[Timetable, list[Violation]]:
    """Say which rows do not fit the problem, and return the matches that do."""
    need = places(map(attrgetter("need_id"), solution.matches), roster.need_at)
    tutor = places(map(attrgetter("tutor_id"), solution.matches), roster.tutor_at)
    alone = places(map(attrgetter("need_id"), solution.unmatched), roster.need_at)
    violations = []
    for place in np.flatnonzero((need == UNKNOWN) | (tutor == UNKNOWN)).tolist():
        match = solution.matches[place]
        message = f"no tutor {match.tutor_id} in the problem" if need[place] >= 0 else "the problem has no such need"
        violations.append(Violation("records", match.need_id, message))
    for place in np.flatnonzero(alone == UNKNOWN).tolist():
        violations.append(Violation("records", solution.unmatched[place].need_id, "the problem has no such need"))
    matched, left = (np.bincount(each[each >= 0], minlength=len(roster.need_pupil)) for each in (need, alone))
    # A need with several tutors breaks a rule and is told there.
    for place in np.flatnonzero((matched + left != 1) & (matched <= 1)).tolist():
        message = f"is listed {matched[place] + left[place]} times instead of once"
        violations.append(Violation("records", roster.problem.needs[place].id, message))
    is_known = (need >= 0) & (tutor >= 0)
    known = [*compress(solution.matches, is_known.tolist())]
    return Timetable(roster, known, need[is_known], tutor[is_known]), violations


def _pair_rules(timetable: Timetable) -> list[Violation]:
    """Rules 1, 2, 6 and 8, and the times of each match by itself."""
    roster, need, tutor, pupil = timetable.roster, timetable.need, timetable.tutor, timetable.pupil
    sessions = timetable.sessions
    suspects = ~(roster.teaches(need, tutor) & roster.speaks(pupil, tutor) & roster.meets(pupil, tutor))
    suspects |= (sessions == 0) | (timetable.hours < sessions) | (sessions > roster.wanted[need])
    is_free = roster.tutor_free[tutor[timetable.meeting], timetable.slots.values]
    is_free &= roster.pupil_free[pupil[timetable.meeting], timetable.slots.values]
    suspects[timetable.meeting[~is_free]] = True
    suspects |= np.isin(roster.couples(tutor, pupil), roster.blocked.couples)
    blocked = defaultdict(list)
    for pair in roster.problem.pairs:
        if pair.status is PairStatus.BLOCKED:
            blocked[pair.tutor_id, pair.pupil_id].append(pair.slots)
    return [
        Violation(rule, timetable.matches[place].need_id, message)
        for place in np.flatnonzero(suspects).tolist()
        for rule, message in _broken_by_pair(roster.problem, timetable.matches[place], blocked)
    ]


def _broken_by_pair(
    problem: Problem, match: Match, blocked: Mapping[tuple[str, str], list[frozenset[int]]]
) -> Iterator[tuple[str, str]]:
    """Yield each rule that one match breaks by itself, and how."""
    need = problem.need[match.need_id]
    tutor, pupil = problem.tutor[match.tutor_id], problem.pupil[need.pupil_id]
    slots = set(match.slots)
    if not _teaches(tutor, need):
        yield "rule 1", f"tutor {tutor.id} does not teach {need.subject} in grade {need.grade}"
    if tutor.languages.isdisjoint(pupil.languages):
        yield "rule 2", f"tutor {tutor.id} speaks none of {', '.join(pupil.languages)}"
    if not slots:
        yield "rule 3", "has no session"
    if len(slots) < len(match.slots):
        yield "rule 3", "has one slot twice"
    if not slots <= tutor.slots:
        yield "rule 3", f"the tutor is not free at {format_slots(slots - tutor.slots)}"
    if not slots <= pupil.slots:
        yield "rule 3", f"the pupil is not free at {format_slots(slots - pupil.slots)}"
    if len(match.slots) > need.sessions_per_week:
        yield "rule 5", f"has {len(match.slots)} sessions, wants {need.sessions_per_week}"
    if not pupil.requires <= tutor.conditions:
        yield "rule 6", f"tutor {tutor.id} lacks {', '.join(sorted(pupil.requires - tutor.conditions))}"
    for never in blocked.get((tutor.id, pupil.id), ()):
        if not never or never & slots:
            yield "rule 8", f"tutor {tutor.id} and pupil {pupil.id} are blocked"


def _time(timetable: Timetable) -> list[Violation]:
    """Rule 3 between matches: nobody is in two sessions at once; a group session is one session."""
    of_tutor = _at_once(timetable, timetable.tutor, timetable.session)
    of_pupil = _at_once(timetable, timetable.pupil, timetable.need)
    violations = []
    tutor_with: dict[tuple[str, int], str] = {}
    pupil_with: dict[tuple[str, int], str] = {}
    for place in distinct(timetable.meeting[of_tutor | of_pupil]).tolist():
        match = timetable.matches[place]
        pupil_id = timetable.roster.problem.need[match.need_id].pupil_id
        session = match.joins or match.need_id
        for slot in match.slots:
            other = tutor_with.setdefault((match.tutor_id, slot), session)
            if other != session:
                message = f"tutor {match.tutor_id} is with need {other} at {format_slots([slot])} too"
                violations.append(Violation("rule 3", match.need_id, message))
            other = pupil_with.setdefault((pupil_id, slot), match.need_id)
            if other != match.need_id:
                message = f"pupil {pupil_id} is with need {other} at {format_slots([slot])} too"
                violations.append(Violation("rule 3", match.need_id, message))
    return violations


def _at_once(timetable: Timetable, person: np.ndarray, session: np.ndarray) -> np.ndarray:
    """Return for each slot of a match whether the person is in different sessions then."""
    when = person[timetable.meeting] * SLOTS_PER_WEEK + timetable.slots.values
    several = int(session.max(initial=0)) + 1
    different, times = np.unique(distinct(when * several + session[timetable.meeting]) // several, return_counts=True)
    return np.isin(when, different[times > 1])


def _limits(timetable: Timetable) -> list[Violation]:
    """Rules 4 and 5 between matches: sessions and pupils of a tutor, tutors of a pupil."""
    roster, problem = timetable.roster, timetable.roster.problem
    with_tutor, with_pupil = timetable.couples
    pupils = np.bincount(with_tutor, minlength=len(problem.tutors))
    tutors = np.bincount(with_pupil, minlength=len(problem.pupils))
    sessions = timetable.hours_of_tutor
    violations = []
    for place in np.flatnonzero((sessions > roster.sessions) | (pupils > roster.most_pupils)).tolist():
        tutor = problem.tutors[place]
        if sessions[place] > tutor.sessions_per_week:
            message = f"tutor {tutor.id} gives {sessions[place]} of {tutor.sessions_per_week} sessions"
            violations.append(Violation("rule 4", "", message))
        if pupils[place] > tutor.max_pupils:
            message = f"tutor {tutor.id} has {pupils[place]} of {tutor.max_pupils} pupils"
            violations.append(Violation("rule 4", "", message))
    for place in np.flatnonzero(tutors > roster.most_tutors).tolist():
        pupil = problem.pupils[place]
        message = f"pupil {pupil.id} has {tutors[place]} of {pupil.max_tutors} tutors"
        violations.append(Violation("rule 5", "", message))
    return violations


def _groups(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Rule 7: who joins a session of another need, and who may be in a session together."""
    violations = []
    own = {match.need_id: match for match in matches}
    members: dict[tuple[str, int], list[Need]] = defaultdict(list)
    for match in matches:
        if not match.joins:
            continue
        host = own.get(match.joins)
        if host is None:
            broken = [f"joins need {match.joins}, which has no session"]
        else:
            broken = [f"joins need {host.need_id}, which joins need {host.joins}"] if host.joins else []
            if host.tutor_id != match.tutor_id:
                broken.append(f"joins need {host.need_id}, which is with tutor {host.tutor_id}")
            if apart := set(match.slots) - set(host.slots):
                broken.append(f"joins need {host.need_id}, which has no session at {format_slots(apart)}")
        violations += [Violation("rule 7", match.need_id, message) for message in broken]
        if not broken:
            for slot in match.slots:
                members[match.joins, slot].append(problem.need[match.need_id])
    for (host_id, slot), joining in sorted(members.items(), key=lambda item: item[0]):
        tutor, needs = problem.tutor[own[host_id].tutor_id], [problem.need[host_id], *joining]
        violations += [
            Violation("rule 7", host_id, f"{message} at {format_slots([slot])} with tutor {tutor.id}")
            for message in _broken_group(problem, tutor, needs)
        ]
    return violations


def _broken_group(problem: Problem, tutor: Tutor, needs: list[Need]) -> list[str]:
    """Say why these needs cannot share a session."""
    messages = []
    kinds = sorted({(need.subject, need.grade) for need in needs})
    if len(kinds) > 1:
        messages.append(f"{' and '.join(f'{subject} in grade {grade}' for subject, grade in kinds)} in one session")
    pupils = {need.pupil_id for need in needs}
    speech = set(tutor.languages)
    for pupil_id in pupils:
        speech &= set(problem.pupil[pupil_id].languages)
    if not speech:
        messages.append("no language in common")
    if lone := sorted(need.id for need in needs if not need.group_ok):
        messages.append(f"a group with {', '.join(lone)}, who may not be in one,")
    if len(pupils) > tutor.group_size:
        messages.append(f"{len(pupils)} pupils in a group of at most {tutor.group_size}")
    return messages


def _agreed(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Rule 8: locked matches stay exactly as given, and share sessions only with each other."""
    agreed = {pair.need_id: pair for pair in problem.pairs if pair.status is PairStatus.LOCKED}
    found = {match.need_id: match for match in matches if match.need_id in agreed}
    violations = []
    for need_id, pair in agreed.items():
        match = found.get(need_id)
        if match is None or (match.tutor_id, set(match.slots)) != (pair.tutor_id, pair.slots):
            message = f"the locked match with tutor {pair.tutor_id} was changed"
            violations.append(Violation("rule 8", need_id or "", message))
        elif match.joins and match.joins not in agreed:
            message = f"the locked match joins need {match.joins}, which was not agreed"
            violations.append(Violation("rule 8", need_id or "", message))
    return violations


def _teaches(tutor: Tutor, need: Need) -> bool:
    for each in tutor.subjects:
        if each.subject == need.subject and each.grade_from <= need.grade <= each.grade_to:
            return True
    return False
