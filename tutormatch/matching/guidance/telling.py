"""Explanations, suggestions and advice in plain English, line by line, for the command line."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from tutormatch.matching.guidance.advice import Advice
from tutormatch.matching.guidance.chains import Move
from tutormatch.matching.guidance.changes import Change, ChangeKind
from tutormatch.matching.guidance.competitions import Competition
from tutormatch.matching.guidance.explanations import Explanation, UnmatchedExplanation
from tutormatch.matching.guidance.recruits import Recruit
from tutormatch.matching.guidance.suggestions import Suggestion, TutorOption
from tutormatch.matching.guidance.what_ifs import WhatIf, WhatIfKind
from tutormatch.matching.slots import format_slot, format_slots

SLOTS_TOLD = 10
PUPILS_TOLD = 5

CONDITIONS: Mapping[ChangeKind, str] = {
    ChangeKind.SLOT: "if the pupil were free on {}",
    ChangeKind.LANGUAGE: "if the pupil accepted {}",
    ChangeKind.GROUP: "if the pupil joined others in a session, as that of need {}",
    ChangeKind.GROUP_SIZE: "if the tutor took one more pupil into a session, as that of need {}",
    ChangeKind.TUTOR_SESSION: "if the tutor, as {}, gave one more session, to one more pupil",
    ChangeKind.MAX_TUTORS: "if the pupil might have {} tutors",
    ChangeKind.UNBLOCK: "if the pair with {} were not blocked",
    ChangeKind.CONDITION: "if the tutor met the condition {}",
}
WHAT_IFS: Mapping[WhatIfKind, str] = {
    WhatIfKind.SLOT: "if everybody who waits were free on {}",
    WhatIfKind.SCHOOL_SLOT: "if everybody who waits in one school were free in one slot: {}",
    WhatIfKind.LANGUAGE: "if everybody who waits accepted {}",
    WhatIfKind.TUTOR_SESSION: "if tutor {} gave one more session, to one more pupil",
}


def counted(number: int, name: str) -> str:
    """Return a number with what it counts: ``1 tutor``, ``2 tutors``."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def tell_explanation(explanation: Explanation) -> Iterator[str]:
    """Yield the facts behind a need, one a line."""
    for name, fact in explanation.to_dict().items():
        if name not in ("changes", "competition"):
            yield f"{name.replace('_', ' ')}: {_fact(name, fact)}"
    if isinstance(explanation, UnmatchedExplanation):
        if explanation.competition:
            yield f"competition: {tell_competition(explanation.competition)}"
        yield from (f"change: {tell_change(change)}" for change in explanation.changes)


def tell_change(change: Change) -> str:
    """Return a change as ``2 tutors if the pupil were free on tue-17: T1, T2``."""
    condition = CONDITIONS[change.kind].format(change.value)
    return f"{counted(change.tutors, 'tutor')} {condition}: {_named(change.tutor_ids, change.tutors)}"


def tell_competition(competition: Competition) -> str:
    needs, tutors = len(competition.needs), len(competition.tutor_ids)
    return f"{needs} needs for {counted(competition.sessions, 'session')} of {counted(tutors, 'tutor')}"


def tell_suggestion(suggestion: Suggestion) -> Iterator[str]:
    """Yield the tutors for a need, and the moves of a chain."""
    for option in suggestion.tutors:
        yield _tell_option(option)
    if suggestion.chain:
        yield from tell_chain(suggestion.chain)
    elif not suggestion.tutors:
        yield "No tutor suits and shares time with the pupil."
    elif not suggestion.tutors[0].is_free:
        yield "No tutor is free, and no chain of moves was found."


def _tell_option(option: TutorOption) -> str:
    when = format_slots(option.slots)
    points = f"{sum(option.points.values())} points ({_fact('points', option.points)})"
    if option.is_free:
        return f"tutor {option.tutor_id} is free on {when}, speaks {option.tutoring_language}: {points}"
    return f"tutor {option.tutor_id} is not free, but might be on {when}, speaks {option.tutoring_language}: {points}"


def tell_chain(chain: Sequence[Move]) -> Iterator[str]:
    """Yield one sentence for each move, the need that is served first."""
    first = chain[0]
    yield f"need {first.need_id} gets tutor {first.tutor_id} on {format_slots(first.slots)}"
    for before, move in pairwise(chain):
        to, origin = format_slots(move.slots), format_slots(move.from_slots)
        freed = set(before.slots) & set(move.from_slots)
        if move.tutor_id == move.from_tutor_id == before.tutor_id and freed:
            moved = f"tutor {move.tutor_id} moves to {to} for need {move.need_id}, which frees {format_slots(freed)}"
        else:
            tutors = f"tutor {move.from_tutor_id} on {origin} to tutor {move.tutor_id} on {to}"
            moved = f"need {move.need_id} moves from {tutors}, which makes room"
        yield f"{moved} for need {before.need_id}"


def tell_advice(advice: Advice) -> Iterator[str]:
    """Yield the lines of the advice, and the slots that are shortest."""
    yield "Whom to recruit:"
    yield from (f"  {tell_recruit(line)}" for line in advice.recruits) if advice.recruits else ("  nobody",)
    yield "What else would help:"
    yield from (f"  {tell_what_if(line)}" for line in advice.what_ifs) if advice.what_ifs else ("  nothing",)
    yield "Where hours are short:"
    shortest = sorted(advice.shortage, key=lambda slot: (advice.supply.get(slot, 0) - advice.shortage[slot], slot))
    for slot in shortest[:SLOTS_TOLD]:
        waiting = counted(advice.shortage[slot], "need")
        yield f"  {format_slot(slot)}: {waiting} waiting, {counted(advice.supply.get(slot, 0), 'tutor')} free"


def tell_recruit(line: Recruit) -> str:
    """Return a line as ``one more tutor for KAZ2, grades 5-6, … serves 4 more pupils; a second one 3``."""
    asked = [
        line.subject,
        f"grades {line.grade_from}-{line.grade_to}",
        line.tutoring_language,
        *line.conditions,
        f"{line.part.replace('_', ' ')} ({format_slots(line.slots)})",
    ]
    first, *others = line.serves
    ordinals = ("second", "third", *(f"{number}th" for number in range(4, len(line.serves) + 1)))
    further = "".join(f"; a {ordinal} one {serves}" for ordinal, serves in zip(ordinals, others, strict=False))
    pupils = [pupil_id for pupil_ids in line.pupil_ids for pupil_id in pupil_ids]
    served = counted(first, "more pupil")
    return f"one more tutor for {', '.join(asked)} serves {served}{further}: {_named(pupils, len(pupils))}"


def tell_what_if(line: WhatIf) -> str:
    condition = WHAT_IFS[line.kind].format(line.value)
    if line.kind is WhatIfKind.TUTOR_SESSION and not line.value:
        condition = "if every tutor gave one more session, to one more pupil"
    return f"{counted(line.serves, 'more pupil')} {condition}: {_named(line.pupil_ids, line.serves)}"


def _named(identifiers: Sequence[str], count: int) -> str:
    """Return the first of some identifiers, and how many there are besides."""
    some = identifiers[:PUPILS_TOLD]
    rest = f" and {count - len(some)} more" if count > len(some) else ""
    return ", ".join(some) + rest


def _fact(name: str, fact: Any) -> str:
    if name in ("slots", "common_slots"):
        return format_slots(fact)
    if name == "funnel":
        return " → ".join(f"{step['rule'].replace('_', ' ')} {step['tutors_left']}" for step in fact)
    if name == "points":
        return ", ".join(f"{item.replace('_', ' ')} {points}" for item, points in fact.items()) or "none"
    if isinstance(fact, (list, tuple)):
        return ", ".join(map(str, fact)) or "none"
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return str(fact)
