"""Labels and tones of states and kinds."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from flask_babel import lazy_gettext

from ..matching import WeekPart
from ..matching.problem import Profile, Reason
from ..models import (
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
from ..models.match import Obstacle

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
