"""The demonstration programme: invented people, and one sign-in for each role."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import current_app
from sqlalchemy import func, select

from .. import clock
from ..database import transactional
from ..errors import NotAllowed
from ..extensions import db
from ..matching.population import generate, write_population
from ..models import Account, Coordinator, Pupil, Role, ScopeKind, Tutor, TutorState
from . import passwords
from .accounts import create_confirmed
from .imports import Imported, import_folder

PASSWORD = "tutors-and-pupils"
SIZE, SEED, REGION = "pilot", 1, "KZ-59"
ADMINISTRATOR, COORDINATOR = "administrator@example.org", "coordinator@example.org"
TEACHER, TUTOR = "teacher@example.org", "tutor@example.org"


@dataclass(frozen=True)
class Login:
    """A demonstration account that can sign in."""

    role: Role
    email: str


class NotEmpty(Exception):
    """The database holds people already; the demonstration programme goes only into an empty one."""


def is_empty() -> bool:
    """Say whether nobody is in the database yet."""
    return db.session.scalar(select(Account.id).limit(1)) is None


@transactional
def load() -> Imported:
    """Load the demonstration programme into an empty database.

    Everybody is in it, also those whom a round leaves out: tutors to be checked and pupils without consent.

    Raises
    ------
    NotAllowed
        In production.
    NotEmpty
        When somebody is in the database.
    """
    if current_app.config["IS_PRODUCTION"]:
        raise NotAllowed
    if not is_empty():
        raise NotEmpty
    administrator = create_confirmed(Role.ADMINISTRATOR, ADMINISTRATOR, PASSWORD, "Әсем", "Әкімшілік", "ru")
    coordinator = create_confirmed(Role.COORDINATOR, COORDINATOR, PASSWORD, "Нұрлан", "Үйлестіру", "ru")
    db.session.add(Coordinator(account_id=coordinator.id, scope_kind=ScopeKind.REGION, region_code=REGION))
    with tempfile.TemporaryDirectory(prefix="tutormatch-demo-") as name:
        write_population(generate(SIZE, SEED, clock.today()), Path(name), with_excluded=True)
        imported = import_folder(Path(name), by=administrator)
    _open(_busiest_teacher(), TEACHER)
    _open(_most_willing_tutor(), TUTOR)
    return imported


def logins() -> list[Login]:
    """Return the demonstration accounts that are there; none in production."""
    if current_app.config["IS_PRODUCTION"]:
        return []
    accounts = db.session.execute(
        select(Account.role, Account.email).where(
            Account.email.in_((ADMINISTRATOR, COORDINATOR, TEACHER, TUTOR)),
            Account.email_confirmed_at.is_not(None),
            Account.disabled_at.is_(None),
        )
    )
    order = [Role.COORDINATOR, Role.TEACHER, Role.TUTOR, Role.ADMINISTRATOR]
    return sorted((Login(role, email) for role, email in accounts), key=lambda login: order.index(login.role))


def _open(account: Account, email: str) -> None:
    account.email = email
    account.password_hash = passwords.digest(PASSWORD)


def _busiest_teacher() -> Account:
    return db.session.scalars(
        select(Account)
        .join(Pupil, Pupil.teacher_id == Account.id)
        .group_by(Account.id)
        .order_by(func.count().desc(), Account.id)
        .limit(1)
    ).one()


def _most_willing_tutor() -> Account:
    return db.session.scalars(
        select(Account)
        .join(Tutor, Tutor.account_id == Account.id)
        .where(Tutor.state == TutorState.CHECKED)
        .order_by(Tutor.sessions_per_week.desc(), func.length(Tutor.slots).desc(), Tutor.id)
        .limit(1)
    ).one()
