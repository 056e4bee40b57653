"""A whole programme for tests that open every page: two rounds, decisions of every kind, drafts, mail, links."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from tests.factories import OTHER_REGION, Factory
from tutormatch import clock
from tutormatch.extensions import db
from tutormatch.matching.population import generate, write_population
from tutormatch.matching.slots import parse_slots
from tutormatch.models import (
    Account,
    DraftKind,
    Match,
    MatchState,
    Pupil,
    Role,
    Round,
    RoundFailure,
    RoundState,
    ScopeKind,
    TeacherState,
    Tutor,
)
from tutormatch.services import accounts, drafts, imports, invitations, links, matches, round_runs, rounds, tutors
from tutormatch.services.links import Purpose
from tutormatch.services.tutor_parts import FreeTime, Studies, TaughtSubject, Teaching

WHO = {
    "last_name": ["Оқушыева"],
    "first_name": ["Аружан"],
    "grade": ["8"],
    "class_label": ["8Ә"],
    "instruction_language": ["kk"],
    "consent_state": ["received"],
    "consent_on": ["2026-09-05"],
    "consent_form": ["paper"],
}
NEED = {"subject_code": "ALG", "grade": "8", "priority": "2", "sessions_per_week": "1", "topics": "бөлшектер"}
NOMINATION = {
    "who": WHO,
    "what": {f"needs-0-{name}": [value] for name, value in NEED.items()},
    "when": {"shift": ["first"], "place": ["home"], "device": ["phone"], "slots": ["mon-15"], "max_tutors": ["2"]},
}


@dataclass(frozen=True)
class Programme:
    """Somebody of each kind, and the rounds: the last one, one under way and one that failed."""

    administrator: Account
    coordinator: Account
    teacher: Account
    waiting_teacher: Account
    tutor: Account
    newcomer: Account
    invited: Account
    rounds: tuple[Round, Round, Round]


def build(make: Factory, folder: Path, size: str) -> Programme:
    """Load a drawn population of ``size``, and let a coordinator of the country work with it."""
    administrator, coordinator = make.administrator(), make.coordinator()
    write_population(generate(size, 1, clock.today()), folder, with_excluded=True)
    imports.import_folder(folder, by=administrator)
    _decide(coordinator, _run(coordinator))
    last = _run(coordinator)
    elsewhere = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    teacher, tutor = _busiest(Pupil.teacher_id), _busiest(Tutor.account_id)
    newcomer = make.account(Role.TUTOR, email_confirmed_at=None)
    _leave_drafts(teacher, newcomer, make.institution().id)
    accounts.request_password(coordinator.email, "127.0.0.1")
    return Programme(
        administrator,
        coordinator,
        teacher,
        make.teacher(make.school(code="S999"), state=TeacherState.APPLIED),
        tutor,
        newcomer,
        invitations.invite(
            administrator, "invited@example.org", "Әлия", "Шақырылған", "kk", ScopeKind.REGION, OTHER_REGION
        ),
        (
            last,
            make.round(elsewhere, state=RoundState.RUNNING, stage="solve", progress=300, heard_at=clock.now()),
            make.round(elsewhere, state=RoundState.FAILED, failure=RoundFailure.SOLVER_ENDED, reference="0A1B2C3D"),
        ),
    )


def tokens(programme: Programme) -> dict[str, str]:
    """Return a working link for each page that is reached by one."""
    return {
        "accounts.confirm": links.sign(Purpose.CONFIRM_EMAIL, programme.newcomer),
        "accounts.reset_password": links.sign(Purpose.RESET_PASSWORD, programme.coordinator),
        "accounts.accept_invitation": links.sign(Purpose.ACCEPT_INVITATION, programme.invited),
    }


def _run(coordinator: Account) -> Round:
    round_id = rounds.start(coordinator).id
    round_runs.run(round_id)
    finished = db.session.get_one(Round, round_id, populate_existing=True)
    assert finished.state == RoundState.DONE, finished.failure
    return finished


def _decide(coordinator: Account, decided: Round) -> None:
    """Approve two of three proposals, reject some of the others for good or for their time, and end one match."""
    ids = db.session.scalars(select(Match.id).where(Match.round_id == decided.id).order_by(Match.id)).all()
    undecided = ids[::3]
    matches.approve(coordinator, decided.id, [number for number in ids if number not in undecided])
    matches.reject(coordinator, decided.id, undecided[:2], "Бір отбасынан", only_slot=False)
    matches.reject(coordinator, decided.id, undecided[2:4], "Бұл уақыт жарамайды", only_slot=True)
    matches.end_match(coordinator, db.session.get_one(Match, ids[1]), "Мектеп ауыстырды")


def _busiest(person) -> Account:
    """Return the teacher or tutor with the most matches under way."""
    return db.session.scalars(
        select(Account)
        .join(person.class_, person == Account.id)
        .join(Match, (Match.pupil_id if person.class_ is Pupil else Match.tutor_id) == person.class_.id)
        .where(Match.state == MatchState.APPROVED)
        .group_by(Account.id)
        .order_by(func.count().desc(), Account.id)
        .limit(1)
    ).one()


def _leave_drafts(teacher: Account, newcomer: Account, institution_id: int) -> None:
    """Bring a nomination and an application to their last page."""
    for step, typed in NOMINATION.items():
        drafts.save_step(teacher, DraftKind.NOMINATION, step, typed)
    tutors.save_step(newcomer, "who", Studies(institution_id, "Математика", 3, is_minor=False))
    tutors.save_step(newcomer, "what", Teaching((TaughtSubject("ALG", 7, 9),), ("kk",), (), 1, ""))
    tutors.save_step(newcomer, "when", FreeTime(parse_slots("mon-15;sat-10"), 2, 2))
