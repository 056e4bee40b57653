"""The own weekly timetable of a tutor or a teacher."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from .. import access
from ..matching.slots import hour_of
from ..models import Role
from ..queries import timetables
from ..queries.timetables import TeacherSession, TutorSession
from ..queries.tutors import pupils_of
from ..wording import TUTORING_LANGUAGES_IN, in_a_group

bp = Blueprint("timetables", __name__)

Entries = dict[int, list[dict[str, Any]]]


@bp.get("/timetable")
@access.for_roles(Role.TUTOR, Role.TEACHER)
def own() -> ResponseReturnValue:
    """Show the week: own sessions, or those of the own pupils."""
    viewer = access.viewer()
    if viewer.role == Role.TUTOR:
        sessions = timetables.of_tutor(viewer)
        entries, pupils, tutors = entries_of_tutor(sessions), pupils_of(viewer), []
    else:
        sessions = timetables.of_teacher(viewer)
        entries, pupils, tutors = entries_of_teacher(sessions), [], tutors_of(sessions)
    return render_template(
        "timetables/own.html",
        entries=entries,
        hours=hours_of(entries),
        number_of_pupils=len({session.pupil_id for session in sessions}),
        pupils=pupils,
        tutors=tutors,
        period=timetables.current_period(),
    )


def entries_of_tutor(sessions: Iterable[TutorSession]) -> Entries:
    """Return what stands in the grid of a tutor, by slot."""
    entries: Entries = defaultdict(list)
    for session in sessions:
        entries[session.slot].append(
            {
                "title": session.first_name,
                "lines": [session.subject, TUTORING_LANGUAGES_IN[session.tutoring_language]],
                "url": f"#pupil-{session.pupil_id}",
                "tone": "good",
            }
        )
    return dict(entries)


def entries_of_teacher(sessions: Iterable[TeacherSession]) -> Entries:
    """Return what stands in the grid of a teacher, by slot."""
    entries: Entries = defaultdict(list)
    for session in sessions:
        entries[session.slot].append(
            {
                "title": f"{session.pupil_name}, {session.class_label}" if session.class_label else session.pupil_name,
                "lines": [
                    session.subject,
                    TUTORING_LANGUAGES_IN[session.tutoring_language],
                    session.tutor_name,
                    *([in_a_group(session.others)] if session.others else []),
                ],
                "url": url_for("pupils.show", pupil_id=session.pupil_id),
                "tone": "good",
            }
        )
    return dict(entries)


def tutors_of(sessions: Iterable[TeacherSession]) -> list[TeacherSession]:
    """Return one session of each tutor, in order of the tutors' names as written."""
    by_tutor = {session.tutor_id: session for session in sessions}
    return sorted(by_tutor.values(), key=lambda session: (session.tutor_sort_name, session.tutor_id))


def hours_of(entries: Entries) -> range:
    """Return the rows of the grid: from the first hour of the week with a session to the last."""
    hours = [hour_of(slot) for slot in entries]
    return range(min(hours), max(hours) + 1) if hours else range(0)
