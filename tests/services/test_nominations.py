"""Nominating, as the service keeps it whatever the forms let through."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import func, select

from tutormatch.database import writing
from tutormatch.errors import AlreadySent, NotAllowed, ProbableDuplicate, StaleVersion, SubjectNotTaught
from tutormatch.extensions import db
from tutormatch.matching.slots import parse_slots
from tutormatch.models import Account, ConsentForm, ConsentState, Device, DraftKind, Place, Pupil, Shift, TeacherState
from tutormatch.services import drafts, pupils
from tutormatch.services.pupils import Consent, Nomination, When, Who, Wish

ON_PAPER = Consent(ConsentState.RECEIVED, date(2026, 9, 5), ConsentForm.PAPER)


def who(**values):
    return Who(
        **{
            "first_name": "Аружан",
            "last_name": "Оқушыева",
            "grade": 8,
            "class_label": "8Ә",
            "instruction_language": "kk",
            "tutoring_languages": ("kk",),
            **values,
        }
    )


def when(slots="mon-15;tue-16", **values):
    return When(
        **{
            "shift": Shift.FIRST,
            "place": Place.HOME,
            "device": Device.PHONE,
            "slots": parse_slots(slots),
            **values,
        }
    )


def nomination(*wishes, **values):
    return Nomination(who(**values), wishes or (Wish("ALG", 8),), when(), ON_PAPER)


@pytest.fixture
def pupil(make):
    return make.pupil(slots="mon-15;tue-16;wed-17")


@pytest.mark.parametrize("state", [TeacherState.APPLIED, TeacherState.DECLINED])
def test_teacher_who_is_not_admitted_cannot_nominate(make, state):
    with pytest.raises(NotAllowed):
        pupils.nominate(make.teacher(state=state), nomination())


@pytest.mark.parametrize("role", ["coordinator", "administrator"])
def test_only_teachers_nominate(make, role):
    with pytest.raises(NotAllowed):
        pupils.nominate(getattr(make, role)(), nomination())


@pytest.mark.parametrize(
    "wish", [Wish("KAZ2", 8), Wish("ALGAN", 10), Wish("ALG", 6), Wish("PE", 8), Wish("ALG", 9), Wish("NONE", 8)]
)
def test_subject_outside_of_grade_or_track_is_refused(make, wish):
    with pytest.raises(SubjectNotTaught):
        pupils.nominate(make.teacher(), nomination(Wish("GEOM", 8), wish))
    assert db.session.scalar(select(func.count()).select_from(Pupil)) == 0


def test_subject_stands_in_a_nomination_once(make):
    with pytest.raises(SubjectNotTaught):
        pupils.nominate(make.teacher(), nomination(Wish("ALG", 8), Wish("ALG", 7)))


def test_code_that_an_import_has_taken_is_not_given_again(make):
    teacher = make.teacher()
    first = pupils.nominate(teacher, nomination())
    make.pupil(teacher=teacher, code=f"p{first.id + 2:04d}")
    third = pupils.nominate(teacher, nomination(first_name="Айша"))
    assert third.code == f"p{first.id + 2:04d}-2"


def test_duplicate_is_refused_until_it_is_accepted(make):
    teacher = make.teacher()
    pupils.nominate(teacher, nomination(first_name="Семён"))
    with pytest.raises(ProbableDuplicate):
        pupils.nominate(teacher, nomination(first_name="семен"))
    pupils.nominate(teacher, nomination(first_name="семен"), is_duplicate_accepted=True)


def test_draft_is_sent_once_and_only_as_it_was_seen(make):
    teacher = make.teacher()
    drafts.save_step(teacher, DraftKind.NOMINATION, "who", {"grade": ["8"]})
    seen = {"who": {"grade": ["8"]}}
    with pytest.raises(StaleVersion):
        pupils.nominate(teacher, nomination(), draft={"who": {"grade": ["7"]}})
    pupils.nominate(teacher, nomination(), draft=seen)
    with pytest.raises(AlreadySent):
        pupils.nominate(teacher, nomination(), draft=seen, is_duplicate_accepted=True)
    assert db.session.scalar(select(func.count()).select_from(Pupil)) == 1


def test_pressing_the_last_button_in_two_windows_at_once_nominates_once(app, make):
    teacher_id = make.teacher().id
    draft = {"who": {"grade": ["8"]}}
    drafts.save_step(db.session.get(Account, teacher_id), DraftKind.NOMINATION, "who", draft["who"])
    db.session.remove()
    ready = Barrier(2)

    def press() -> str:
        with app.app_context(), writing():
            teacher = db.session.get(Account, teacher_id)
            db.session.commit()
            ready.wait()
            try:
                pupils.nominate(teacher, nomination(), draft=draft, is_duplicate_accepted=True)
            except AlreadySent:
                return "sent before"
            return "sent"

    with ThreadPoolExecutor(2) as windows:
        outcomes = sorted(window.result() for window in [windows.submit(press) for _number in range(2)])
    assert outcomes == ["sent", "sent before"]


def test_withdrawn_nomination_is_no_duplicate(make):
    teacher = make.teacher()
    pupil = pupils.nominate(teacher, nomination())
    pupils.withdraw(teacher, pupil.id, pupil.version)
    pupils.nominate(teacher, nomination())
