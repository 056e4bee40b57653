"""``flask`` commands: a thin door to services."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from flask.cli import with_appcontext

from .errors import EmailTaken, NotFound, UnfitPassword
from .i18n import LOCALE_NAMES
from .models import ScopeKind
from .queries import places
from .services import accounts, invitations


def init_app(app: Flask) -> None:
    """Add the commands to ``app``."""
    app.cli.add_command(create_administrator)
    app.cli.add_command(create_coordinator)


def _person(command: Callable[..., None]) -> Callable[..., Any]:
    """Add the options that name a person who can sign in."""
    for option in (
        click.option("--locale", type=click.Choice(list(LOCALE_NAMES)), default="ru", show_default=True),
        click.option("--last-name", prompt=True),
        click.option("--first-name", prompt=True),
        click.password_option(help="At least 10 characters; asked for when it is not given."),
        click.option("--email", prompt=True),
    ):
        command = option(command)
    return with_appcontext(command)


@contextmanager
def _explained() -> Iterator[None]:
    """Say in a line what is wrong with what was given."""
    try:
        yield
    except EmailTaken as error:
        raise click.ClickException("There is an account with this e-mail.") from error
    except UnfitPassword as error:
        raise click.ClickException(f"The password is easy to guess ({error.rule}).") from error
    except NotFound as error:
        raise click.ClickException("There is no such region or university in the catalogue.") from error


@click.command("create-administrator")
@_person
def create_administrator(email: str, password: str, first_name: str, last_name: str, locale: str) -> None:
    """Create an administrator, who can sign in at once."""
    with _explained():
        account = accounts.create_administrator(email, password, first_name, last_name, locale)
    click.echo(f"Administrator {account.full_name} can sign in with {account.email}.")


@click.command("create-coordinator")
@click.option("--region", help="ISO code of the region the coordinator sees, for example KZ-59.")
@click.option("--institution", help="Code of the university the coordinator sees, for example NKU.")
@_person
def create_coordinator(
    email: str,
    password: str,
    first_name: str,
    last_name: str,
    locale: str,
    region: str | None,
    institution: str | None,
) -> None:
    """Create a coordinator, who can sign in at once; without a region or university, of the whole country."""
    if region and institution:
        raise click.UsageError("Give a region or a university, not both.")
    kind = ScopeKind.REGION if region else ScopeKind.INSTITUTION if institution else ScopeKind.COUNTRY
    with _explained():
        account = invitations.create_coordinator(
            email,
            password,
            first_name,
            last_name,
            locale,
            kind,
            region_code=places.region(region).code if region else None,
            institution_id=places.institution_of_code(institution).id if institution else None,
        )
    click.echo(f"Coordinator {account.full_name} can sign in with {account.email}. Scope: {kind}.")
