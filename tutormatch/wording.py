"""Words for codes: labels and tones of states and kinds, sentences for errors and for the core's reasons."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from flask import Flask, current_app
from flask_babel import gettext, lazy_gettext, ngettext

from . import errors
from .formatting import slot_name
from .i18n import LOCALE_NAMES, best_locale
from .matching import ChangeKind, WeekPart
from .matching.problem import Profile, Reason
from .matching.slots import parse_slot
from .models import (
    AccountState,
    AuditKind,
    ConsentForm,
    ConsentState,
    Device,
    MailState,
    MatchState,
    Place,
    Priority,
    PupilState,
    Role,
    RoundFailure,
    RoundState,
    SchoolKind,
    ScopeKind,
    Shift,
    TeacherState,
    TutorState,
)
from .models.match import Obstacle

_ = lazy_gettext


class WordsByMember(Mapping[Enum, Any]):
    """Something for each member of some enums, one dict for each enum.

    Members of two enums of text are equal when their texts are, so one dict would mix them up.
    """

    def __init__(self, *groups: Mapping[Enum, Any]) -> None:
        self._words = {(type(member), member): words for group in groups for member, words in group.items()}

    def __getitem__(self, member: Enum) -> Any:
        return self._words[type(member), member]

    def __iter__(self) -> Iterator[Enum]:
        return (member for _kind, member in self._words)

    def __len__(self) -> int:
        return len(self._words)


LABELS = WordsByMember(
    {
        Role.TUTOR: _("tutor"),
        Role.TEACHER: _("teacher"),
        Role.COORDINATOR: _("coordinator"),
        Role.ADMINISTRATOR: _("administrator"),
    },
    {
        AccountState.ACTIVE: _("active"),
        AccountState.UNCONFIRMED: _("e-mail not confirmed"),
        AccountState.DISABLED: _("disabled"),
    },
    {
        MailState.WAITING: _("waiting"),
        MailState.FAILED: _("failed"),
        MailState.SENT: _("sent"),
    },
    {
        TutorState.APPLIED: _("to be checked"),
        TutorState.CHECKED: _("checked"),
        TutorState.DECLINED: _("declined"),
        TutorState.PAUSED: _("paused"),
        TutorState.LEFT: _("left the programme"),
    },
    {
        TeacherState.APPLIED: _("to be admitted"),
        TeacherState.ADMITTED: _("admitted"),
        TeacherState.DECLINED: _("declined"),
    },
    {
        ScopeKind.COUNTRY: _("the whole country"),
        ScopeKind.REGION: _("region"),
        ScopeKind.INSTITUTION: _("university"),
    },
    {
        SchoolKind.URBAN: _("urban school"),
        SchoolKind.RURAL: _("rural school"),
        SchoolKind.SMALL_SCALE: _("small-scale school"),
    },
    {
        Shift.FIRST: _("first shift"),
        Shift.SECOND: _("second shift"),
    },
    {
        Place.HOME: _("at home"),
        Place.SCHOOL: _("at school"),
    },
    {
        Device.PHONE: _("phone"),
        Device.COMPUTER: _("own computer"),
        Device.SCHOOL_COMPUTER: _("school computer"),
    },
    {
        ConsentState.PENDING: _("consent pending"),
        ConsentState.RECEIVED: _("consent received"),
        ConsentState.REFUSED: _("consent refused"),
        ConsentState.WITHDRAWN: _("consent withdrawn"),
    },
    {
        ConsentForm.PAPER: _("on paper"),
        ConsentForm.ELECTRONIC: _("electronic"),
    },
    {
        PupilState.WAITING: _("waiting"),
        PupilState.PROPOSED: _("proposed"),
        PupilState.MATCHED: _("matched"),
        PupilState.WITHDRAWN: _("withdrawn"),
    },
    {
        Priority.URGENT: _("urgent"),
        Priority.NORMAL: _("normal"),
        Priority.LOW: _("low"),
    },
    {
        MatchState.PROPOSED: _("proposed"),
        MatchState.APPROVED: _("approved"),
        MatchState.REJECTED: _("rejected"),
        MatchState.SUPERSEDED: _("replaced by a newer round"),
        MatchState.ENDED: _("ended"),
    },
    {
        Obstacle.DECIDED: _("Somebody has decided meanwhile."),
        Obstacle.NEED_CLOSED: _("The pupil no longer asks for this."),
        Obstacle.CONSENT_MISSING: _("The consent of the legal representative is no longer on file."),
        Obstacle.TUTOR_AWAY: _("The tutor takes no new pupils now."),
        Obstacle.BLOCKED: _("This tutor was rejected for this pupil meanwhile."),
        Obstacle.NEED_SERVED: _("The pupil has a tutor for this subject already."),
        Obstacle.NO_LONGER_FITS: _("The profile or the nomination has changed, and they no longer fit each other."),
        Obstacle.TUTOR_NOT_FREE: _("The tutor is no longer free at this time."),
        Obstacle.PUPIL_NOT_FREE: _("The pupil is no longer free at this time."),
        Obstacle.TUTOR_TAKEN: _("The tutor has another session at this time."),
        Obstacle.PUPIL_TAKEN: _("The pupil has another session at this time."),
        Obstacle.TUTOR_FULL: _("The tutor would get more sessions or pupils than agreed."),
        Obstacle.MAX_TUTORS: _("The pupil would get more tutors than agreed."),
        Obstacle.HOST_UNDECIDED: _(
            "This pupil joins the sessions of another pair. Approve that pair first, or both together."
        ),
        Obstacle.NO_GROUP_PLACE: _("The group that this pupil was to join has no place for this pupil any more."),
        Obstacle.WORK_TOGETHER: _(
            "These two work together in another subject. Reject only the time, or end that match first."
        ),
    },
    {
        RoundState.QUEUED: _("waiting to start"),
        RoundState.RUNNING: _("running"),
        RoundState.DONE: _("done"),
        RoundState.FAILED: _("failed"),
    },
    {
        Profile.BREADTH_FIRST: _("as many pupils as possible"),
        Profile.DEPTH_FIRST: _("all the sessions that a pupil needs"),
        Profile.LONGEST_WAIT_FIRST: _("who has waited longest"),
    },
    {
        WeekPart.MORNINGS: _("weekday mornings"),
        WeekPart.AFTERNOONS: _("weekday afternoons"),
        WeekPart.EVENINGS: _("weekday evenings"),
        WeekPart.WEEKEND: _("at the weekend"),
    },
    {
        RoundFailure.SOLVER_ENDED: _("The solver ended before it had an answer."),
        RoundFailure.WORKER_STOPPED: _("The background worker was stopped."),
        RoundFailure.FAULTY_INPUT: _("The data of this round contradict each other."),
        RoundFailure.UNEXPECTED: _("Something unexpected happened."),
    },
    {
        Reason.NO_TUTOR_FOR_SUBJECT: _("no tutor for this subject"),
        Reason.NO_TUTOR_FOR_GRADE: _("no tutor of this subject for this grade"),
        Reason.NO_TUTOR_FOR_LANGUAGE: _("no such tutor speaks an accepted language"),
        Reason.NO_TUTOR_WITH_CONDITION: _("no such tutor is briefed for the condition needed"),
        Reason.ALL_BLOCKED: _("every suitable tutor was rejected for this pupil"),
        Reason.NO_COMMON_TIME: _("no common free time"),
        Reason.PUPIL_TIME_TAKEN: _("the pupil's common free time is taken by other sessions"),
        Reason.MAX_TUTORS_REACHED: _("the pupil has as many tutors as agreed"),
        Reason.TUTORS_FULL: _("every suitable tutor is full"),
    },
    {
        AuditKind.SIGNED_UP: _("signed up"),
        AuditKind.EMAIL_CONFIRMED: _("confirmed the e-mail address"),
        AuditKind.PASSWORD_CHANGED: _("changed the password"),
        AuditKind.ACCOUNT_CHANGED: _("changed the own account"),
        AuditKind.COORDINATOR_INVITED: _("invited a coordinator"),
        AuditKind.INVITATION_RENEWED: _("sent an invitation again"),
        AuditKind.INVITATION_WITHDRAWN: _("withdrew an invitation"),
        AuditKind.INVITATION_ACCEPTED: _("accepted an invitation"),
        AuditKind.ACCOUNT_DISABLED: _("disabled an account"),
        AuditKind.ACCOUNT_ENABLED: _("enabled an account"),
        AuditKind.TUTOR_APPLIED: _("applied as a tutor"),
        AuditKind.TUTOR_CHANGED: _("changed the tutor profile"),
        AuditKind.TUTOR_CHECKED: _("checked a tutor"),
        AuditKind.TUTOR_DECLINED: _("declined a tutor"),
        AuditKind.TUTOR_UNCHECKED: _("took back the check of a tutor"),
        AuditKind.TUTOR_PAUSED: _("put a tutor on pause"),
        AuditKind.TUTOR_RESUMED: _("ended the pause of a tutor"),
        AuditKind.TUTOR_LEFT: _("left as a tutor"),
        AuditKind.TEACHER_APPLIED: _("applied as a teacher"),
        AuditKind.TEACHER_CHANGED: _("changed the teacher's details"),
        AuditKind.TEACHER_ADMITTED: _("admitted a teacher"),
        AuditKind.TEACHER_DECLINED: _("declined a teacher"),
        AuditKind.PUPIL_NOMINATED: _("nominated a pupil"),
        AuditKind.PUPIL_CHANGED: _("changed a nomination"),
        AuditKind.PUPIL_SEEN: _("opened a pupil's page"),
        AuditKind.PUPIL_WITHDRAWN: _("withdrew a nomination"),
        AuditKind.CONSENT_CHANGED: _("changed the consent on file"),
        AuditKind.FREE_TIME_ASKED: _("asked a teacher for more free hours of a pupil"),
        AuditKind.LANGUAGE_ACCEPTED: _("accepted another language for a pupil"),
        AuditKind.LANGUAGE_TAKEN_BACK: _("took back a language accepted for a pupil"),
        AuditKind.ROUND_STARTED: _("started a round"),
        AuditKind.ROUND_RESTARTED: _("started a round again"),
        AuditKind.MATCHES_APPROVED: _("approved pairs"),
        AuditKind.MATCHES_REJECTED: _("rejected pairs"),
        AuditKind.PAIR_SUGGESTED: _("proposed a pair for a waiting pupil"),
        AuditKind.DECISION_UNDONE: _("took back a decision"),
        AuditKind.MATCH_ENDED: _("ended a match"),
        AuditKind.IMPORTED: _("imported files"),
        AuditKind.CATALOGUE_CHANGED: _("changed the catalogue"),
        AuditKind.MAIL_RETRIED: _("sent failed mail again"),
    },
)

TUTORING_LANGUAGES = {
    "kk": _("Kazakh"),
    "ru": _("Russian"),
    "en": _("English"),
    "ug": _("Uyghur"),
    "uz": _("Uzbek"),
    "tg": _("Tajik"),
}
TUTORING_LANGUAGES_IN = {
    "kk": _("in Kazakh"),
    "ru": _("in Russian"),
    "en": _("in English"),
    "ug": _("in Uyghur"),
    "uz": _("in Uzbek"),
    "tg": _("in Tajik"),
}
PERIOD_KINDS = {
    "quarter": _("school quarter"),
    "holiday": _("school holidays"),
    "holiday_extra": _("additional school holidays"),
    "exams": _("exams"),
}
CONDITIONS = {"sen": _("briefed for special educational needs")}

FUNNEL_RULES = {
    "subject": _("teach this subject"),
    "grade": _("teach it at this grade"),
    "language": _("speak an accepted language"),
    "condition": _("are briefed for the condition needed"),
    "not_blocked": _("were not rejected for this pupil"),
    "common_time": _("share free time with the pupil"),
    "capacity": _("still have a free session"),
}

SUBJECT_FAMILIES = {
    "math": _("mathematics"),
    "informatics": _("computer science"),
    "kazakh": _("Kazakh language and literature"),
    "russian": _("Russian language and literature"),
    "mother_tongue": _("mother tongue"),
    "foreign": _("foreign languages"),
    "science": _("natural science"),
    "physics": _("physics"),
    "chemistry": _("chemistry"),
    "biology": _("biology"),
    "geography": _("geography"),
    "history": _("history"),
    "society": _("society and law"),
    "arts": _("arts and crafts"),
    "pe": _("physical education"),
    "unt": _("preparation for the UNT"),
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

# What a person reads when a request could not be carried out; other errors get the sentence of `DomainError`.
HAPPENED: dict[type[Exception], Any] = {
    errors.DomainError: _("Somebody has changed this meanwhile."),
    errors.AlreadyDecided: _("Somebody has decided this meanwhile."),
    errors.StaleVersion: _("Somebody has changed this since you opened the page."),
    errors.LinkExpired: _("This link is too old or was used already. Ask for a new one."),
    errors.SlotTaken: _("This time is taken by another session of the tutor or the pupil."),
    errors.RoundUnderWay: _("A round is under way already. Wait until it is done."),
    errors.NothingToMatch: _("A round needs a pupil who waits and a tutor who is free."),
    errors.UndoTooLate: _("The mail about this decision has left, so it cannot be taken back."),
    errors.GroupInTheWay: _("Another pupil has joined these sessions meanwhile. Take back that decision first."),
    errors.AlreadySent: _("You have sent this form before. What it asked for is done."),
    errors.MatchInTheWay: _("An agreed pair would no longer fit. End that pair first."),
    errors.PairsOvertaken: _("Some of these pairs were decided meanwhile."),
    errors.SelectionChanged: _("The list has changed since you opened the page."),
    errors.SessionsInTheWay: _("Sessions under way need what you want to remove."),
}

HOURS_NAMED, CHANGES_NAMED = 3, 3

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

TONES = WordsByMember(
    {
        AccountState.ACTIVE: "good",
        AccountState.UNCONFIRMED: "waiting",
        AccountState.DISABLED: "bad",
    },
    {
        MailState.WAITING: "waiting",
        MailState.FAILED: "bad",
        MailState.SENT: "good",
    },
    {
        TutorState.APPLIED: "waiting",
        TutorState.CHECKED: "good",
        TutorState.DECLINED: "bad",
        TutorState.PAUSED: "quiet",
        TutorState.LEFT: "quiet",
    },
    {
        TeacherState.APPLIED: "waiting",
        TeacherState.ADMITTED: "good",
        TeacherState.DECLINED: "bad",
    },
    {
        ConsentState.PENDING: "waiting",
        ConsentState.RECEIVED: "good",
        ConsentState.REFUSED: "bad",
        ConsentState.WITHDRAWN: "bad",
    },
    {
        PupilState.WAITING: "waiting",
        PupilState.PROPOSED: "new",
        PupilState.MATCHED: "good",
        PupilState.WITHDRAWN: "quiet",
    },
    {
        Priority.URGENT: "waiting",
        Priority.NORMAL: "quiet",
        Priority.LOW: "quiet",
    },
    {
        MatchState.PROPOSED: "new",
        MatchState.APPROVED: "good",
        MatchState.REJECTED: "bad",
        MatchState.SUPERSEDED: "quiet",
        MatchState.ENDED: "quiet",
    },
    {
        RoundState.QUEUED: "waiting",
        RoundState.RUNNING: "waiting",
        RoundState.DONE: "good",
        RoundState.FAILED: "bad",
    },
)


def label(code: Enum) -> str:
    """Return the words for a state or kind in the reader's locale."""
    return str(LABELS[code])


def tone(code: Enum) -> str:
    """Return the tone of a status tag: ``good``, ``bad``, ``waiting``, ``new`` or ``quiet``."""
    return TONES.get(code, "quiet")


def happened(error: Exception) -> str:
    """Return the sentence that says why ``error`` stopped a request."""
    for kind in type(error).__mro__:
        if kind in HAPPENED:
            return str(HAPPENED[kind])
    return str(HAPPENED[errors.DomainError])


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


def scope_name(scope: Any) -> str:
    """Return what a coordinator's or round's scope is called: a region, an institution or the whole country."""
    if scope.region is not None:
        return scope.region.name
    if scope.institution is not None:
        return scope.institution.name
    return label(ScopeKind.COUNTRY)


def points_in_words(points: Mapping[str, int]) -> list[str]:
    """Return what earned a pair its points, the heaviest first."""
    heaviest = sorted(points, key=lambda item: (-points[item], item))
    return [str(POINTS_IN_WORDS[item]) for item in heaviest if item in POINTS_IN_WORDS]


def subject_family(family: str) -> str:
    """Return what a family of subjects is called; one that the catalogue added keeps its code."""
    return str(SUBJECT_FAMILIES.get(family, family))


def tutoring_language_names(codes: Iterable[str]) -> str:
    """Return tutoring languages in words, in the order given."""
    return ", ".join(str(TUTORING_LANGUAGES[code]) for code in codes)


def conditions_in_words(codes: Iterable[str]) -> str:
    """Return what a tutor is briefed for, in words."""
    return ", ".join(str(CONDITIONS[code]) for code in codes)


def init_app(app: Flask) -> None:
    """Give templates the words."""
    for filter_function in (
        changes_in_words,
        conditions_in_words,
        happened,
        in_a_group,
        label,
        points_in_words,
        profile_sentence,
        scope_name,
        subject_family,
        tone,
        tutoring_language_names,
    ):
        app.add_template_filter(filter_function)
    app.add_template_filter(Priority, "priority")

    @app.context_processor
    def words() -> dict[str, Any]:
        return {
            "_": gettext,
            "ngettext": ngettext,
            "locale_names": LOCALE_NAMES,
            "locale": best_locale(),
            "tutoring_language_names": TUTORING_LANGUAGES,
            "tutoring_language_in": TUTORING_LANGUAGES_IN,
            "condition_names": CONDITIONS,
            "period_kinds": PERIOD_KINDS,
            "funnel_rules": FUNNEL_RULES,
            "level_names": LEVEL_NAMES,
            "is_production": current_app.config["IS_PRODUCTION"],
        }
