"""Which subjects a pupil can be given help in."""

from collections.abc import Iterable

from sqlalchemy import select

from ..extensions import db
from ..models import Pupil, Subject

MOTHER_TONGUES = {"UYG1": "ug", "UZB1": "uz", "TAJ1": "tg"}
MAIN_TRACKS = ("kk", "ru")


def offered() -> list[Subject]:
    """Return the subjects that tutoring is offered in, in the catalogue's order."""
    return list(db.session.scalars(select(Subject).where(Subject.is_offered).order_by(Subject.position, Subject.code)))


def subjects_for(grade: int, instruction_language: str) -> list[Subject]:
    """Return the offered subjects that are taught in ``grade`` in classes of ``instruction_language``."""
    return [subject for subject in offered() if is_taught(subject, grade, instruction_language)]


def subjects_of(pupil: Pupil) -> list[Subject]:
    """Return the subjects that a pupil can be given help in: those of the grade, and those of open needs."""
    kept = {need.subject_code for need in pupil.open_needs}
    return [
        subject
        for subject in offered()
        if subject.code in kept or is_taught(subject, pupil.grade, pupil.instruction_language)
    ]


def names(codes: Iterable[str]) -> list[str]:
    """Return the names of subjects in the reader's locale."""
    rows = db.session.scalars(select(Subject).where(Subject.code.in_(list(codes))).order_by(Subject.position))
    return [subject.name for subject in rows]


def is_taught(subject: Subject, grade: int, instruction_language: str) -> bool:
    """Say whether classes of this grade and language of instruction have the subject.

    Kazakh-medium and Russian-medium classes have their own track beside what all have. Uyghur,
    Uzbek and Tajik classes learn their mother tongue, and Kazakh and Russian both as second
    languages.
    """
    return subject.grade_from <= grade <= subject.grade_to and _is_in_track(subject, instruction_language)


def _is_in_track(subject: Subject, instruction_language: str) -> bool:
    if subject.track == "all":
        return True
    if instruction_language in MAIN_TRACKS:
        return subject.track == instruction_language
    if subject.track == "other":
        return MOTHER_TONGUES.get(subject.code, instruction_language) == instruction_language
    return _is_second_language(subject)


def _is_second_language(subject: Subject) -> bool:
    """Say whether the subject is Kazakh for Russian-medium classes, or the reverse."""
    return (subject.family, subject.track) in {("kazakh", "ru"), ("russian", "kk")}
