"""The home of an administrator: how the parts are, and who is there."""

from dataclasses import dataclass

from ..models import Account, Role
from . import accounts
from .health import Health, health


@dataclass(frozen=True)
class AdministratorHome:
    health: Health
    accounts: dict[Role, int]
    invitations: int


def administrator(viewer: Account) -> AdministratorHome:
    """Return what an administrator sees first."""
    return AdministratorHome(health(), accounts.by_role(), len(accounts.invitations()))
