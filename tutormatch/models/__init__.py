"""The tables, one file per noun. Importing this package registers all of them."""

from .account import Account, AccountState, Coordinator, Role, ScopeKind, Teacher, TeacherState
from .attempt import Attempt, AttemptKind
from .audit import AuditEvent, AuditKind
from .catalogue import District, Institution, Region, School, SchoolKind, SchoolPeriod, Subject
from .draft import Draft, DraftKind
from .match import BlockedPair, Decision, DecisionKind, Match, MatchState, WeeklySession
from .outbox import MAX_ATTEMPTS, MailState, OutboxMessage
from .pupil import (
    ConsentForm,
    ConsentState,
    Device,
    Need,
    Place,
    Priority,
    Pupil,
    PupilState,
    Shift,
    read_class_label,
    usual_free_slots,
)
from .remedy import Remedy, RemedyKind
from .round import Round, RoundFailure, RoundState, WaitingNeed
from .tutor import Tutor, TutorState, TutorSubject

__all__ = [
    "MAX_ATTEMPTS",
    "Account",
    "AccountState",
    "Attempt",
    "AttemptKind",
    "AuditEvent",
    "AuditKind",
    "BlockedPair",
    "ConsentForm",
    "ConsentState",
    "Coordinator",
    "Decision",
    "DecisionKind",
    "Device",
    "District",
    "Draft",
    "DraftKind",
    "Institution",
    "MailState",
    "Match",
    "MatchState",
    "Need",
    "OutboxMessage",
    "Place",
    "Priority",
    "Pupil",
    "PupilState",
    "Region",
    "Remedy",
    "RemedyKind",
    "Role",
    "Round",
    "RoundFailure",
    "RoundState",
    "School",
    "SchoolKind",
    "SchoolPeriod",
    "ScopeKind",
    "Shift",
    "Subject",
    "Teacher",
    "TeacherState",
    "Tutor",
    "TutorState",
    "TutorSubject",
    "WaitingNeed",
    "WeeklySession",
    "read_class_label",
    "usual_free_slots",
]
