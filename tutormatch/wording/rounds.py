"""Words for what the core finds: why, what would help, what is proven, and how far a round is."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, lazy_gettext, ngettext

from ..formatting import slot_name
from ..matching import ChangeKind
from ..matching.problem import Profile
from ..matching.slots import parse_slot
from .catalogue import TUTORING_LANGUAGES

_ = lazy_gettext

FUNNEL_RULES = {
    "subject": _("teach this subject"),
    "grade": _("teach it at this grade"),
    "language": _("speak an accepted language"),
    "condition": _("are briefed for the condition needed"),
    "not_blocked": _("were not rejected for this pupil"),
    "common_time": _("share free time with the pupil"),
    "capacity": _("still have a free session"),
}

POINTS_IN_WORDS = {
    "urgent_need": _("the need is urgent"),
    "normal_need": _("the need is of normal priority"),
    "returning": _("they worked together before"),
    "same_tutor": _("the same tutor helps this pupil in another subject"),
    "first_language": _("in the language that the pupil wants most"),
    "patron": _("the tutor's university is a patron of the school"),
    "spread": _("the sessions lie on different days"),
}

# What each level of the objective counts: its name, and whether more or less of it is better.
LEVEL_NAMES = {
    "complete": _("pupils with all the sessions that they ask for"),
    "breadth": _("pupils with a tutor"),
    "cover": _("further needs of these pupils with a tutor"),
    "groups": _("needs that get a place in a small group"),
    "depth": _("further sessions a week with the same tutor"),
    "quality": _("points for good pairs"),
    "balance": _("unevenness between schools and between tutors (less is better)"),
}

# How the bound of a level is proven, in a word and as a teacher would tell it.
PROOF_NAMES = {
    "prices": _("by prices"),
    "flow": _("by a flow"),
    "count": _("by counting"),
    "exact": _("by trying everything"),
}
PROOF_SENTENCES = {
    "prices": _(
        "Each hour of a tutor that many pupils want has a price; an hour that nobody misses costs nothing. "
        "Whatever way of pairing you choose, it cannot bring more than what these prices allow. "
        "A second program adds the prices up again."
    ),
    "flow": _(
        "Pupils are sent to the hours of tutors like water through pipes, and the narrowest place says how many can "
        "come through at most. A second program measures it again. Not every rule can be built into pipes, so the "
        "true number can be lower than this bound, but never higher."
    ),
    "count": _(
        "Simply counted: how many sessions, places and points there are at all, whoever meets whom. "
        "A second program counts again. Nothing can exceed such a bound, but it can be too generous: "
        "a number below it may still be the best there is."
    ),
    "exact": _(
        "The computer went through all ways of pairing and passed over only those that cannot be better. "
        "That works for small rounds. The second program does not do this work again; it makes sure that every pair "
        "keeps the rules and that the numbers do not contradict each other."
    ),
}

PROFILE_SENTENCES = {
    Profile.BREADTH_FIRST: _(
        "Gives as many pupils as possible a tutor, the urgent first, and only then further sessions to one pupil."
    ),
    Profile.DEPTH_FIRST: _(
        "First gives pupils all the weekly sessions that they ask for, even if fewer pupils then get a tutor."
    ),
    Profile.LONGEST_WAIT_FIRST: _(
        "Gives as many pupils as possible a tutor, and those who have waited longest come before the urgent."
    ),
}

STAGES = {
    "collect": _("Collecting tutors, pupils and needs"),
    "check": _("Checking the data"),
    "build": _("Laying out who could meet whom"),
    "solve": _("Looking for the best matching"),
    "repair": _("Settling the last clashes of time"),
    "gather": _("Looking for tutors for further subjects of pupils"),
    "close": _("Proving that nothing better is possible"),
    "group": _("Looking for places in small groups"),
    "deepen": _("Adding further sessions"),
    "certify": _("Writing down the proof"),
    "explain": _("Writing down the reasons"),
    "verify": _("Checking every pair once more"),
    "advise": _("Finding out whom to recruit next"),
    "store": _("Storing the proposals"),
    "done": _("Done"),
}

HOURS_NAMED, CHANGES_NAMED = 3, 3


def changes_in_words(changes: Iterable[Mapping[str, Any]], tutors: Mapping[str, str]) -> list[str]:
    """Return the changes that would each serve a waiting need, as sentences; free hours share one.

    Parameters
    ----------
    changes
        What `tutormatch.matching.Change` stored, best first.
    tutors
        Names of tutors by their code, as far as the reader may know them.
    """
    found: list[str] = []
    hours: list[int] = []
    for change in changes:
        if change["kind"] == ChangeKind.SLOT:
            hours.append(parse_slot(change["value"]))
        else:
            found.append(_change_in_words(change["kind"], change["value"], tutors.get(change["value"])))
    if hours:
        times = ", ".join(slot_name(slot) for slot in hours[:HOURS_NAMED])
        found.insert(0, gettext("Any of these further free hours of the pupil: %(times)s.", times=times))
    return found[:CHANGES_NAMED]


def _change_in_words(kind: str, value: str, name: str | None) -> str:
    match kind:
        case ChangeKind.LANGUAGE:
            return gettext("One more accepted language: %(name)s.", name=TUTORING_LANGUAGES.get(value, value))
        case ChangeKind.GROUP:
            return gettext("A place in a small group, if the pupil may learn in one.")
        case ChangeKind.GROUP_SIZE:
            return gettext("A place in a small group, if its tutor takes one more pupil into it.")
        case ChangeKind.TUTOR_SESSION if name:
            return gettext("One more session a week of %(name)s.", name=name)
        case ChangeKind.TUTOR_SESSION:
            return gettext("One more session a week of a tutor who is full.")
        case ChangeKind.MAX_TUTORS:
            return gettext("One more tutor for the pupil: %(number)s in all.", number=value)
        case ChangeKind.UNBLOCK if name:
            return gettext("%(name)s, who was rejected for this pupil.", name=name)
        case ChangeKind.UNBLOCK:
            return gettext("A tutor who was rejected for this pupil.")
        case _:
            return gettext("A tutor who is briefed for what the pupil needs.")


def in_a_group(others: int) -> str:
    """Return that a session is shared with this many other pupils."""
    return ngettext("in a small group, with %(num)d other pupil", "in a small group, with %(num)d other pupils", others)


def profile_sentence(profile: Profile) -> str:
    """Return what a round with this profile does, in one sentence."""
    return str(PROFILE_SENTENCES[profile])


def stage_in_words(stage: str) -> str:
    """Return what a running round is doing."""
    return str(STAGES.get(stage, STAGES["solve"]))


def points_in_words(points: Mapping[str, int]) -> list[str]:
    """Return what earned a pair its points, the heaviest first."""
    heaviest = sorted(points, key=lambda item: (-points[item], item))
    return [str(POINTS_IN_WORDS[item]) for item in heaviest if item in POINTS_IN_WORDS]
