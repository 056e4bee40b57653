"""The part of the programme that a coordinator or a round looks at, as SQL conditions."""

from dataclasses import dataclass
from typing import Self

from sqlalchemy import ColumnElement, select, true

from ..errors import NotAllowed
from ..extensions import db
from ..models import Account, Coordinator, District, Institution, Role, Round, School, ScopeKind, Tutor


@dataclass(frozen=True)
class Scope:
    """The whole country, one region, or one institution with the schools of its region."""

    kind: ScopeKind
    region_code: str | None = None
    institution_id: int | None = None

    @classmethod
    def of(cls, row: Coordinator | Round) -> Self:
        return cls(row.scope_kind, row.region_code, row.institution_id)

    @classmethod
    def of_coordinator(cls, account: Account) -> Self:
        """Return the scope of a coordinator's account.

        Raises
        ------
        NotAllowed
            When the account is not a coordinator's.
        """
        if account.role != Role.COORDINATOR or account.coordinator is None:
            raise NotAllowed
        return cls.of(account.coordinator)

    @property
    def key(self) -> str:
        """The scope's name: ``country``, ``region:KZ-59`` or ``institution:3``."""
        if self.kind == ScopeKind.REGION:
            return f"region:{self.region_code}"
        if self.kind == ScopeKind.INSTITUTION:
            return f"institution:{self.institution_id}"
        return "country"

    def has_tutor(self) -> ColumnElement[bool]:
        """Return the condition that a `Tutor` lies in the scope."""
        if self.kind == ScopeKind.REGION:
            own = select(Institution.id).where(Institution.region_code == self.region_code)
            return Tutor.institution_id.in_(own)
        if self.kind == ScopeKind.INSTITUTION:
            return Tutor.institution_id == self.institution_id
        return true()

    def has_school(self) -> ColumnElement[bool]:
        """Return the condition that a `School` lies in the scope."""
        if self.kind == ScopeKind.COUNTRY:
            return true()
        districts = select(District.id)
        if self.kind == ScopeKind.REGION:
            return School.district_id.in_(districts.where(District.region_code == self.region_code))
        region = select(Institution.region_code).where(Institution.id == self.institution_id).scalar_subquery()
        return School.district_id.in_(districts.where(District.region_code == region))


def rounds_in_sight(account: Account) -> ColumnElement[bool]:
    """Return the condition that a `Round` may be seen: one of the own scope; by country coordinators, each.

    Raises
    ------
    NotAllowed
        When the account is not a coordinator's.
    """
    scope = Scope.of_coordinator(account)
    return true() if scope.kind == ScopeKind.COUNTRY else Round.scope_key == scope.key


def round_in_sight(account: Account, round_id: int) -> Round | None:
    """Return the round, or nothing when it is not the viewer's to see."""
    return db.session.scalar(select(Round).where(Round.id == round_id, rounds_in_sight(account)))
