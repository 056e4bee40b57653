"""Schools of a coordinator's scope."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from .. import access
from ..errors import NotFound
from ..forms.pupils import PupilListAddress
from ..forms.schools import SchoolListAddress
from ..matching.slots import hour_of
from ..models import Role, School
from ..queries import pupils as pupil_queries
from ..queries import schools as school_queries
from ..queries.pupils import PupilFilter
from ..queries.schools import SchoolSession
from ..wording import in_a_group

bp = Blueprint("schools", __name__, url_prefix="/schools")


@bp.get("")
@access.for_roles(Role.COORDINATOR)
def index() -> ResponseReturnValue:
    viewer = access.viewer()
    address = SchoolListAddress.read(request.args)
    return render_template(
        "schools/index.html",
        address=address,
        page=school_queries.listed(
            viewer, address.narrowed, address.sort, address.page, current_app.config["ROWS_PER_PAGE"]
        ),
        regions=school_queries.regions_of(viewer),
    )


@bp.get("/<int:school_id>")
@access.for_roles(Role.COORDINATOR)
def show(school_id: int) -> ResponseReturnValue:
    viewer = access.viewer()
    school = _school_in_sight(school_id)
    address = PupilListAddress.read(request.args)
    return render_template(
        "schools/show.html",
        school=school,
        found=pupil_queries.listed(
            viewer,
            PupilFilter(school_id=school.id),
            address.sort,
            address.page,
            current_app.config["ROWS_PER_PAGE"],
        ),
        teachers=school_queries.teachers_of(school),
    )


@bp.get("/<int:school_id>/timetable")
@access.for_roles(Role.COORDINATOR)
def timetable(school_id: int) -> ResponseReturnValue:
    school = _school_in_sight(school_id)
    sessions = school_queries.week_of(access.viewer(), school)
    hours = [hour_of(session.slot) for session in sessions]
    return render_template(
        "schools/timetable.html",
        school=school,
        entries=_entries(sessions),
        hours=range(min(hours), max(hours) + 1) if hours else range(0),
    )


def _school_in_sight(school_id: int) -> School:
    school = school_queries.school_in_sight(access.viewer(), school_id)
    if school is None:
        raise NotFound
    return school


def _entries(sessions: Iterable[SchoolSession]) -> dict[int, list[dict[str, Any]]]:
    entries: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for session in sessions:
        entries[session.slot].append(
            {
                "title": ", ".join(part for part in (session.pupil_name, session.class_label) if part),
                "lines": [
                    session.subject,
                    session.tutor,
                    *([in_a_group(session.others)] if session.others else []),
                ],
                "url": url_for("pupils.show", pupil_id=session.pupil_id),
                "tone": "good",
            }
        )
    return dict(entries)
