"""What a coordinator does so that a waiting pupil can be served: ask for free hours, accept a language."""

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from .. import clock, mail
from ..database import transactional
from ..errors import AlreadyDecided, AlreadySent, NotAllowed, NotFound
from ..extensions import db
from ..matching import ChangeKind
from ..matching.slots import format_slots, parse_slot
from ..models import Account, AuditKind, Need, Pupil, PupilState, Remedy, RemedyKind, School, WaitingNeed
from ..queries.scopes import Scope, round_in_sight
from . import audit
from .live_matches import keep_fitting

MOST_HOURS_ASKED = 5


@transactional
def ask_for_free_time(coordinator: Account, round_id: int, need_id: int) -> Remedy:
    """Write to the teacher which further free hours of the pupil would help, once in a round.

    Raises
    ------
    NotFound
        When the round did not leave this need waiting, or it is not the coordinator's to see.
    AlreadySent
        When the teacher was asked for this pupil after this round.
    NotAllowed
        When the pupil has no teacher who can be written to, or no hour would help.
    """
    waiting, pupil = _waiting(coordinator, round_id, need_id)
    asked = select(Remedy.id).where(
        Remedy.round_id == round_id, Remedy.pupil_id == pupil.id, Remedy.kind == RemedyKind.FREE_TIME_ASKED
    )
    if db.session.scalar(asked) is not None:
        raise AlreadySent
    slots = [parse_slot(value) for value in _values(waiting, ChangeKind.SLOT)][:MOST_HOURS_ASKED]
    teacher = _teacher_to_tell(pupil)
    if not slots or teacher is None:
        raise NotAllowed
    remedy = _take(coordinator, round_id, pupil, RemedyKind.FREE_TIME_ASKED, format_slots(slots))
    mail.write(
        teacher,
        "free_time_asked",
        pupil=pupil,
        subject=waiting.need.subject,
        slots=slots,
        link=mail.link("pupils.edit_when", pupil_id=pupil.id),
    )
    audit.record(AuditKind.FREE_TIME_ASKED, coordinator, pupil, slots=format_slots(slots))
    return remedy


@transactional
def accept_language(coordinator: Account, round_id: int, need_id: int, tutoring_language: str) -> Remedy:
    """Let a pupil be taught in one more language, the last of those accepted, and tell the teacher.

    Raises
    ------
    NotFound
        As in `ask_for_free_time`, or when this language would not help the need.
    AlreadyDecided
        When it is accepted already.
    """
    waiting, pupil = _waiting(coordinator, round_id, need_id)
    if tutoring_language not in _values(waiting, ChangeKind.LANGUAGE):
        raise NotFound
    if tutoring_language in pupil.tutoring_languages:
        raise AlreadyDecided(PupilState.WAITING)
    _close_earlier(pupil, tutoring_language)
    pupil.tutoring_languages = (*pupil.tutoring_languages, tutoring_language)
    _tell_of_language("language_accepted", pupil, tutoring_language, subject=waiting.need.subject)
    audit.record(AuditKind.LANGUAGE_ACCEPTED, coordinator, pupil, tutoring_language=tutoring_language)
    return _take(coordinator, round_id, pupil, RemedyKind.LANGUAGE_ACCEPTED, tutoring_language)


@transactional
def take_back_language(coordinator: Account, remedy_id: int) -> Remedy:
    """Undo `accept_language`, and tell the teacher. Proposals in that language are withdrawn.

    Raises
    ------
    NotFound
        When it is not there or not the coordinator's to see.
    AlreadyDecided
        When it was taken back before, or the language is the pupil's only one by now.
    MatchInTheWay
        When an agreed match is in that language.
    """
    remedy = db.session.get(Remedy, remedy_id, with_for_update=True, populate_existing=True)
    if remedy is None or remedy.kind != RemedyKind.LANGUAGE_ACCEPTED:
        raise NotFound
    pupil = _pupil(coordinator, remedy.pupil_id)
    left = tuple(code for code in pupil.tutoring_languages if code != remedy.value)
    if remedy.undone_at is not None or not left:
        raise AlreadyDecided(PupilState.WAITING)
    pupil.tutoring_languages = left
    keep_fitting(pupil)
    remedy.undone_at = clock.now()
    _tell_of_language("language_taken_back", pupil, remedy.value)
    audit.record(AuditKind.LANGUAGE_TAKEN_BACK, coordinator, pupil, tutoring_language=remedy.value)
    return remedy


def _waiting(coordinator: Account, round_id: int, need_id: int) -> tuple[WaitingNeed, Pupil]:
    """Return what a round left waiting, and its pupil, locked."""
    if round_in_sight(coordinator, round_id) is None:
        raise NotFound
    waiting = db.session.scalar(
        select(WaitingNeed)
        .where(WaitingNeed.round_id == round_id, WaitingNeed.need_id == need_id)
        .options(joinedload(WaitingNeed.need).joinedload(Need.subject))
    )
    if waiting is None:
        raise NotFound
    pupil = _pupil(coordinator, waiting.need.pupil_id)
    if pupil.withdrawn_at is not None or waiting.need.closed_at is not None:
        raise NotFound
    return waiting, pupil


def _pupil(coordinator: Account, pupil_id: int) -> Pupil:
    pupil = db.session.scalar(
        select(Pupil)
        .join(School, Pupil.school_id == School.id)
        .where(Pupil.id == pupil_id, Scope.of_coordinator(coordinator).has_school())
        .with_for_update(of=Pupil)
        .execution_options(populate_existing=True)
    )
    if pupil is None:
        raise NotFound
    return pupil


def _teacher_to_tell(pupil: Pupil) -> Account | None:
    """Return the pupil's teacher, if there is one who can be written to."""
    account = pupil.teacher
    if account is None or account.teacher is None or not account.teacher.is_admitted:
        return None
    return account if account.email is not None and account.is_active else None


def _tell_of_language(template: str, pupil: Pupil, tutoring_language: str, **context: object) -> None:
    teacher = _teacher_to_tell(pupil)
    if teacher is None:
        return
    mail.write(
        teacher,
        template,
        pupil=pupil,
        tutoring_language=tutoring_language,
        link=mail.link("pupils.edit_who", pupil_id=pupil.id),
        **context,
    )


def _close_earlier(pupil: Pupil, tutoring_language: str) -> None:
    """End an earlier step for the same language, which the teacher has taken out since."""
    db.session.execute(
        update(Remedy)
        .where(
            Remedy.pupil_id == pupil.id,
            Remedy.kind == RemedyKind.LANGUAGE_ACCEPTED,
            Remedy.value == tutoring_language,
            Remedy.undone_at.is_(None),
        )
        .values(undone_at=clock.now())
    )


def _values(waiting: WaitingNeed, kind: ChangeKind) -> list[str]:
    return [change["value"] for change in waiting.explanation.get("changes", ()) if change["kind"] == kind]


def _take(coordinator: Account, round_id: int, pupil: Pupil, kind: RemedyKind, value: str) -> Remedy:
    remedy = Remedy(
        round_id=round_id,
        pupil_id=pupil.id,
        kind=kind,
        value=value,
        made_by_id=coordinator.id,
        made_at=clock.now(),
    )
    db.session.add(remedy)
    return remedy
