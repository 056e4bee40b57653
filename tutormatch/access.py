"""Who may do what: each view declares it, and a view that declares nothing is refused.

`public`, `signed_in` and `for_roles` attach the declaration to the view. Rights on single rows are
the ``can_…`` predicates here; what lies in a viewer's sight is decided by the queries.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from .assets import STATIC_ENDPOINTS
from .errors import NotAllowed
from .extensions import db, login
from .models import (
    Account,
    Coordinator,
    Decision,
    Match,
    MatchState,
    Pupil,
    Role,
    Round,
    School,
    ScopeKind,
    Teacher,
    Tutor,
)

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """What a view declares. ``roles`` empty with ``needs_account`` means every signed-in account."""

    needs_account: bool
    roles: frozenset[Role] = frozenset()

    def admits(self, account: Account | None) -> bool:
        if not self.needs_account:
            return True
        return account is not None and (not self.roles or account.role in self.roles)


def _declare(access: Access) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return decorate


def public(view: View) -> View:
    """Everybody may open this view."""
    return _declare(Access(needs_account=False))(view)


def signed_in(view: View) -> View:
    """Every signed-in account may open this view."""
    return _declare(Access(needs_account=True))(view)


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Only accounts of these roles may open this view."""
    return _declare(Access(needs_account=True, roles=frozenset(roles)))


def viewer() -> Account:
    """Return the signed-in account of this request.

    Raises
    ------
    NotAllowed
        When nobody is signed in.
    """
    if not current_user.is_authenticated:
        raise NotAllowed
    return current_user._get_current_object()


def init_app(app: Flask) -> None:
    """Refuse by default, before any view runs."""

    @app.before_request
    def enforce() -> ResponseReturnValue | None:
        if request.endpoint is None or request.endpoint in STATIC_ENDPOINTS:
            return None
        view = current_app.view_functions[request.endpoint]
        access: Access | None = getattr(view, "access", None)
        if access is None:
            raise NotAllowed(f"{request.endpoint} declares no access")
        account = current_user._get_current_object() if current_user.is_authenticated else None
        if access.admits(account):
            return None
        if account is None:
            target = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("accounts.sign_in", next=target))
        raise NotAllowed


@login.user_loader
def load_account(session_id: str) -> Account | None:
    """Return the account of a session, unless its password has changed since or it was disabled."""
    account_id, _, version = session_id.partition(".")
    if not (account_id.isdigit() and version.isdigit()):
        return None
    account = db.session.scalar(
        db.select(Account)
        .where(Account.id == int(account_id))
        .options(
            db.joinedload(Account.teacher).joinedload(Teacher.school),
            db.joinedload(Account.coordinator).joinedload(Coordinator.region),
            db.joinedload(Account.coordinator).joinedload(Coordinator.institution),
        )
    )
    if account is None or account.credentials_version != int(version) or not account.is_active:
        return None
    return account


def scope_contains_school(coordinator: Coordinator, school: School) -> bool:
    """Say whether ``school`` lies in the coordinator's scope."""
    if coordinator.scope_kind == ScopeKind.COUNTRY:
        return True
    if coordinator.scope_kind == ScopeKind.REGION:
        return school.district.region_code == coordinator.region_code
    return coordinator.institution is not None and (school.district.region_code == coordinator.institution.region_code)


def scope_contains_tutor(coordinator: Coordinator, tutor: Tutor) -> bool:
    """Say whether ``tutor`` lies in the coordinator's scope."""
    if coordinator.scope_kind == ScopeKind.COUNTRY:
        return True
    if coordinator.scope_kind == ScopeKind.REGION:
        return tutor.institution.region_code == coordinator.region_code
    return tutor.institution_id == coordinator.institution_id


def can_nominate(account: Account | None) -> bool:
    """An admitted teacher may nominate pupils."""
    return (
        account is not None
        and account.role == Role.TEACHER
        and account.teacher is not None
        and account.teacher.is_admitted
    )


def can_edit_pupil(account: Account | None, pupil: Pupil) -> bool:
    """The pupil's own, admitted teacher may change the nomination."""
    return can_nominate(account) and account is not None and pupil.teacher_id == account.id


def can_see_pupil(account: Account | None, pupil: Pupil) -> bool:
    """The pupil's own, admitted teacher and the coordinators of the school see the nomination."""
    if account is not None and account.role == Role.COORDINATOR and account.coordinator is not None:
        return scope_contains_school(account.coordinator, pupil.school)
    return can_edit_pupil(account, pupil)


def scope_contains_round(coordinator: Coordinator, matching_round: Round) -> bool:
    """Say whether the round is of the coordinator's own scope; the whole country contains every round."""
    return coordinator.scope_kind == ScopeKind.COUNTRY or (
        coordinator.scope_kind == matching_round.scope_kind
        and coordinator.region_code == matching_round.region_code
        and coordinator.institution_id == matching_round.institution_id
    )


def can_see_round(account: Account | None, matching_round: Round) -> bool:
    """A coordinator sees the rounds of the own scope."""
    return (
        account is not None
        and account.role == Role.COORDINATOR
        and account.coordinator is not None
        and scope_contains_round(account.coordinator, matching_round)
    )


def _coordinates(account: Account | None, match: Match) -> bool:
    return (
        account is not None
        and account.role == Role.COORDINATOR
        and account.coordinator is not None
        and scope_contains_school(account.coordinator, match.pupil.school)
        and scope_contains_tutor(account.coordinator, match.tutor)
    )


def can_decide_match(account: Account | None, match: Match) -> bool:
    """A coordinator of the round, the pupil's school and the tutor decides a proposal."""
    return _coordinates(account, match) and match.round is not None and can_see_round(account, match.round)


def can_see_match(account: Account | None, match: Match) -> bool:
    """Who may decide a match sees it; once it was under way, every coordinator of school and tutor does."""
    was_under_way = match.state in (MatchState.APPROVED, MatchState.ENDED)
    return (was_under_way and _coordinates(account, match)) or can_decide_match(account, match)


def can_end_match(account: Account | None, match: Match) -> bool:
    """The tutor, the pupil's teacher and the coordinators of both may end a match under way."""
    if account is None:
        return False
    is_the_tutor = account.role == Role.TUTOR and match.tutor.account_id == account.id
    return is_the_tutor or can_edit_pupil(account, match.pupil) or _coordinates(account, match)


def can_undo(account: Account | None, decision: Decision) -> bool:
    """Only who took a decision takes it back."""
    return account is not None and account.role == Role.COORDINATOR and account.id == decision.decided_by_id
