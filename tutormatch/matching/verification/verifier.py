"""An independent check of a solution: every rule, every count, every bound, its own way.

Nothing here is shared with the solver but the records themselves.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Solution, Tutor
from tutormatch.matching.slots import format_slots


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
    known, violations = _records(problem, solution)
    violations += broken_rules(problem, known)
    if not violations:
        # Imported here because it loads SciPy, which takes long.
        from tutormatch.matching.verification.recount import check_certificate

        violations = [
            Violation(level, "", message) for level, message in check_certificate(problem, known, solution.certificate)
        ]
    return violations


def broken_rules(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Check the hard rules alone.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        Of needs and tutors of the problem.
    """
    count = Counter(match.need_id for match in matches)
    return [
        *(Violation("rule 5", need_id, "has more than one tutor") for need_id in sorted(count) if count[need_id] > 1),
        *_pair_rules(problem, matches),
        *_time(problem, matches),
        *_limits(problem, matches),
        *_groups(problem, matches),
        *_agreed(problem, matches),
    ]


def _records(problem: Problem, solution: Solution) -> tuple[list[Match], list[Violation]]:
    violations = []
    known = []
    seen = Counter(match.need_id for match in solution.matches)
    seen.update(each.need_id for each in solution.unmatched)
    for match in solution.matches:
        if match.need_id not in problem.need:
            violations.append(Violation("records", match.need_id, "the problem has no such need"))
        elif match.tutor_id not in problem.tutor:
            violations.append(Violation("records", match.need_id, f"no tutor {match.tutor_id} in the problem"))
        else:
            known.append(match)
    for each in solution.unmatched:
        if each.need_id not in problem.need:
            violations.append(Violation("records", each.need_id, "the problem has no such need"))
    matched = Counter(match.need_id for match in solution.matches)
    for need in problem.needs:
        # A need with several tutors breaks a rule and is told there.
        if (times := seen.get(need.id, 0)) != 1 and matched.get(need.id, 0) <= 1:
            violations.append(Violation("records", need.id, f"is listed {times} times instead of once"))
    return known, violations


def _pair_rules(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Rules 1, 2, 6 and 8, and the times of each match by itself."""
    blocked = defaultdict(list)
    for pair in problem.pairs:
        if pair.status is PairStatus.BLOCKED:
            blocked[pair.tutor_id, pair.pupil_id].append(pair.slots)
    violations = []
    for match in matches:
        need = problem.need[match.need_id]
        tutor, pupil = problem.tutor[match.tutor_id], problem.pupil[need.pupil_id]
        slots = set(match.slots)
        broken = []
        if not _teaches(tutor, need):
            broken.append(("rule 1", f"tutor {tutor.id} does not teach {need.subject} in grade {need.grade}"))
        if tutor.languages.isdisjoint(pupil.languages):
            broken.append(("rule 2", f"tutor {tutor.id} speaks none of {', '.join(pupil.languages)}"))
        if not slots:
            broken.append(("rule 3", "has no session"))
        if len(slots) < len(match.slots):
            broken.append(("rule 3", "has one slot twice"))
        if not slots <= tutor.slots:
            broken.append(("rule 3", f"the tutor is not free at {format_slots(slots - tutor.slots)}"))
        if not slots <= pupil.slots:
            broken.append(("rule 3", f"the pupil is not free at {format_slots(slots - pupil.slots)}"))
        if len(match.slots) > need.sessions_per_week:
            broken.append(("rule 5", f"has {len(match.slots)} sessions, wants {need.sessions_per_week}"))
        if not pupil.requires <= tutor.conditions:
            missing = ", ".join(sorted(pupil.requires - tutor.conditions))
            broken.append(("rule 6", f"tutor {tutor.id} lacks {missing}"))
        for never in blocked.get((tutor.id, pupil.id), ()):
            if not never or never & slots:
                broken.append(("rule 8", f"tutor {tutor.id} and pupil {pupil.id} are blocked"))
        violations += [Violation(rule, need.id, message) for rule, message in broken]
    return violations


def _time(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Rule 3 between matches: nobody is in two sessions at once; a group session is one session."""
    violations = []
    tutor_with: dict[tuple[str, int], str] = {}
    pupil_with: dict[tuple[str, int], str] = {}
    for match in matches:
        pupil_id = problem.need[match.need_id].pupil_id
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


def _limits(problem: Problem, matches: Collection[Match]) -> list[Violation]:
    """Rules 4 and 5 between matches: sessions and pupils of a tutor, tutors of a pupil."""
    slots, pupils, tutors = defaultdict(set), defaultdict(set), defaultdict(set)
    for match in matches:
        pupil_id = problem.need[match.need_id].pupil_id
        slots[match.tutor_id].update(match.slots)
        pupils[match.tutor_id].add(pupil_id)
        tutors[pupil_id].add(match.tutor_id)
    violations = []
    for tutor_id in sorted(slots):
        tutor, sessions, own = problem.tutor[tutor_id], len(slots[tutor_id]), len(pupils[tutor_id])
        if sessions > tutor.sessions_per_week:
            message = f"tutor {tutor.id} gives {sessions} of {tutor.sessions_per_week} sessions"
            violations.append(Violation("rule 4", "", message))
        if own > tutor.max_pupils:
            violations.append(Violation("rule 4", "", f"tutor {tutor.id} has {own} of {tutor.max_pupils} pupils"))
    for pupil_id in sorted(tutors):
        pupil, own = problem.pupil[pupil_id], len(tutors[pupil_id])
        if pupil.max_tutors is not None and own > pupil.max_tutors:
            violations.append(Violation("rule 5", "", f"pupil {pupil.id} has {own} of {pupil.max_tutors} tutors"))
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
