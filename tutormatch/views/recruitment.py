"""Whom to recruit next: the advice of a round as a page and as a table to download."""

import csv
import io

from flask import Blueprint, Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from .. import access
from ..errors import NotFound
from ..formatting import free_hours
from ..models import Role, Round
from ..queries import recruitment
from ..wording import TUTORING_LANGUAGES, conditions_in_words, label

bp = Blueprint("recruitment", __name__)


@bp.get("/recruitment")
@access.for_roles(Role.COORDINATOR)
def index() -> ResponseReturnValue:
    """Show the advice of the latest round of the coordinator's own scope."""
    return _page(recruitment.latest_round(access.viewer()))


@bp.get("/rounds/<int:round_id>/recruitment")
@access.for_roles(Role.COORDINATOR)
def of_round(round_id: int) -> ResponseReturnValue:
    """Show the advice of one round; this address stays the same and can be passed on."""
    return _page(recruitment.advised_round(access.viewer(), round_id))


@bp.get("/rounds/<int:round_id>/recruitment.csv")
@access.for_roles(Role.COORDINATOR)
def table(round_id: int) -> ResponseReturnValue:
    """Give the advice as a file for a spreadsheet; it names nobody."""
    viewer = access.viewer()
    found = recruitment.page(viewer, recruitment.advised_round(viewer, round_id))
    if found is None:
        raise NotFound
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(
        [
            _("Subject"),
            _("From grade"),
            _("To grade"),
            _("Language"),
            _("Briefed for"),
            _("Part of the week"),
            _("Hours"),
            *(_("Pupils by tutor %(number)s", number=number) for number in (1, 2, 3)),
        ]
    )
    for line in found.recruits:
        writer.writerow(
            [
                line.subject,
                line.grade_from,
                line.grade_to,
                TUTORING_LANGUAGES[line.tutoring_language],
                conditions_in_words(line.conditions),
                label(line.part),
                free_hours(line.slots),
                *[*line.serves, "", "", ""][:3],
            ]
        )
    # The mark at the beginning tells spreadsheets that the file is UTF-8.
    return Response(
        "\ufeff" + text.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="recruitment-{round_id}.csv"'},
    )


def _page(round_: Round | None) -> ResponseReturnValue:
    found = recruitment.page(access.viewer(), round_) if round_ else None
    return render_template("recruitment/index.html", round=round_, found=found)
