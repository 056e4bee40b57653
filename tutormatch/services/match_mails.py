"""Mail about matches: one for each tutor and teacher concerned, with what each of them may know."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from .. import mail
from ..models import Account, Decision, Match, MatchState, School, Subject
from ..queries.groups import Companion, companions

Told = TypeVar("Told")


@dataclass(frozen=True)
class PairForTutor:
    """What a tutor may know of a pupil: no last name, no mark, no phone."""

    first_name: str
    grade: int
    school: School
    teacher_name: str
    teacher_contact: str
    subject: Subject
    topics: str
    tutoring_language: str
    slots: Sequence[int]
    companions: Sequence[str] = ()

    @classmethod
    def of(cls, match: Match, companions: Sequence[Companion] = ()) -> "PairForTutor":
        pupil, teacher = match.pupil, match.pupil.teacher
        return cls(
            first_name=pupil.first_name,
            grade=pupil.grade,
            school=pupil.school,
            teacher_name=teacher.full_name if teacher else "",
            teacher_contact=(teacher.teacher.contact or teacher.email or "") if teacher and teacher.teacher else "",
            subject=match.need.subject,
            topics=match.need.topics,
            tutoring_language=match.tutoring_language,
            slots=match.slots,
            companions=[companion.first_name for companion in companions],
        )


def tell_approval(decision: Decision, matches: Sequence[Match], delay: timedelta) -> None:
    """Write to every tutor and admitted teacher of an approval, held back for ``delay``, so that it can be undone."""
    _tell("approved", matches, delay, decision)


def tell_end(matches: Sequence[Match], delay: timedelta) -> None:
    """Write to every tutor and admitted teacher of matches that have ended."""
    _tell("ended", matches, delay, None)


def _tell(event: str, matches: Sequence[Match], delay: timedelta, decision: Decision | None) -> None:
    # Proposals of the same group are none of anybody's business yet.
    groups = {
        match_id: [companion for companion in others if companion.state == MatchState.APPROVED]
        for match_id, others in companions(matches).items()
    }
    of_tutor: dict[Account, list[Match]] = defaultdict(list)
    of_teacher: dict[Account, list[Match]] = defaultdict(list)
    for match in sorted(matches, key=lambda match: (match.pupil.sort_name, match.slots, match.id)):
        of_tutor[match.tutor.account].append(match)
        teacher = match.pupil.teacher
        if teacher is not None and teacher.teacher is not None and teacher.teacher.is_admitted:
            of_teacher[teacher].append(match)
    for account, own in of_tutor.items():
        mail.write(
            account,
            f"matches_{event}_tutor",
            delay=delay,
            decision=decision,
            pairs=[PairForTutor.of(match, groups.get(match.id, ())) for match in own],
            number_of_pupils=_number_of_pupils(own),
        )
    for account, own in of_teacher.items():
        mail.write(
            account,
            f"matches_{event}_teacher",
            delay=delay,
            decision=decision,
            matches=own,
            others={match_id: len(members) for match_id, members in groups.items()},
            number_of_pupils=_number_of_pupils(own),
        )


def _number_of_pupils(matches: Iterable[Match]) -> int:
    return len({match.pupil_id for match in matches})
