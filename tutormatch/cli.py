"""``flask`` commands: a thin door to services."""

import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import flask_migrate
from flask import Flask, current_app
from flask.cli import with_appcontext

from . import jobs
from .errors import EmailTaken, NotAllowed, NotFound, UnfitPassword
from .extensions import db
from .i18n import LOCALE_NAMES
from .matching import FaultyInput
from .models import ScopeKind
from .queries import accounts as known_accounts
from .queries import places
from .queries import rounds as round_queries
from .services import accounts, archives, catalogue, demonstration, imports, invitations
from .services.import_checks import Defaults

DAY = click.DateTime(["%Y-%m-%d"])


def init_app(app: Flask) -> None:
    """Add the commands to ``app``."""
    app.cli.add_command(create_administrator)
    app.cli.add_command(create_coordinator)
    for command in (load_catalogue, load_demo, import_files, export_problem, worker, serve, start):
        app.cli.add_command(command)


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


@click.command("load-catalogue")
@with_appcontext
def load_catalogue() -> None:
    """Add what is missing of regions, districts, institutions, subjects and the school year."""
    catalogue.load_catalogue()


@click.command("load-demo")
@click.option("--if-empty", is_flag=True, help="Do nothing when somebody is in the database.")
@with_appcontext
def load_demo(if_empty: bool) -> None:
    """Load the demonstration programme into an empty database; everybody in it is invented."""
    if if_empty and (current_app.config["IS_PRODUCTION"] or not demonstration.is_empty()):
        return
    try:
        loaded = demonstration.load()
    except NotAllowed as error:
        raise click.ClickException("There is no demonstration programme in production.") from error
    except demonstration.NotEmpty as error:
        raise click.ClickException(str(demonstration.NotEmpty.__doc__)) from error
    click.echo(f"Demonstration programme: {loaded.schools} schools, {loaded.pupils} pupils, {loaded.tutors} tutors.")


@click.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--by", metavar="EMAIL", help="The coordinator or administrator who vouches for the files.")
@click.option("--district", metavar="KATO", help="Where schools are that schools.csv does not describe.")
@click.option("--institution", metavar="CODE", help="Where tutors study for whom the files do not say it.")
@click.option("--consent-on", type=DAY, help="When the consents came that the files do not speak of.")
@click.option("--checked-on", type=DAY, help="When the tutors were checked of whom the files do not say it.")
@with_appcontext
def import_files(
    folder: Path,
    by: str | None,
    district: str | None,
    institution: str | None,
    consent_on: datetime | None,
    checked_on: datetime | None,
) -> None:
    """Load a FOLDER of CSV files: all of it, or nothing and a list of faults (exit code 2).

    Nothing that is in the programme already is changed: a tutor, pupil or need that it has is a fault.
    """
    account = known_accounts.holder(by) if by else None
    if by and account is None:
        raise click.ClickException(f"There is no account with the address {by}.")
    defaults = Defaults(
        district, institution, consent_on.date() if consent_on else None, checked_on.date() if checked_on else None
    )
    try:
        loaded = imports.import_folder(folder, by=account, defaults=defaults)
    except NotAllowed as error:
        raise click.ClickException(f"{by} is neither a coordinator nor an administrator.") from error
    except FaultyInput as error:
        for fault in error.faults:
            click.echo(str(fault), err=True)
        click.echo(f"{len(error.faults)} faults; nothing was loaded.", err=True)
        sys.exit(2)
    click.echo(
        f"Loaded {loaded.schools} schools, {loaded.teachers} teachers, {loaded.tutors} tutors, "
        f"{loaded.pupils} pupils, {loaded.needs} needs, {loaded.pairs} pairs."
    )


@click.command("export-problem")
@click.argument("round_id", type=int)
@click.argument("folder", type=click.Path(path_type=Path))
@with_appcontext
def export_problem(round_id: int, folder: Path) -> None:
    """Write the input of round ROUND_ID to FOLDER, as the solver on the command line reads it."""
    try:
        archives.unpack(round_queries.stored_problem(round_id), folder)
    except NotFound as error:
        raise click.ClickException(f"Round {round_id} is not there or has no input yet.") from error
    except FileExistsError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Wrote the problem of round {round_id} to {folder}.")


@click.command("worker")
@click.option("--until-input-ends", is_flag=True, help="Stop when standard input ends.")
@with_appcontext
def worker(until_input_ends: bool) -> None:
    """Run the background worker in the foreground: rounds and mail. There must be one only."""
    _log_to_standard_error()
    jobs.work(until_input_ends=until_input_ends)


@click.command("serve")
@with_appcontext
def serve() -> None:
    """Run the web server and the worker; Ctrl-C ends both."""
    import waitress

    _log_to_standard_error()
    host, port = current_app.config["HOST"], current_app.config["PORT"]
    try:
        server = waitress.create_server(current_app._get_current_object(), host=host, port=port, threads=8)
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used ({error.strerror}). Choose another with PORT=… ."
        ) from error
    _announce(f"http://{host}:{port}/")
    # What was read here must not stay open as long as the server runs: it would hold back SQLite's checkpoints.
    db.session.remove()
    helper = jobs.WorkerProcess(Path(current_app.root_path).parent)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.run()
    finally:
        server.close()
        helper.end()


@click.command("start")
@click.pass_context
@with_appcontext
def start(context: click.Context) -> None:
    """Bring the database up to date, fill an empty one with the demonstration programme, then serve."""
    _log_to_standard_error()
    flask_migrate.upgrade()
    context.invoke(load_catalogue)
    context.invoke(load_demo, if_empty=True)
    context.invoke(serve)


def _announce(address: str) -> None:
    click.echo(f"tutormatch is at {address}  (Ctrl-C ends it)")
    if logins := demonstration.logins():
        click.echo(f"Sign in to the demonstration programme with the password {demonstration.PASSWORD}")
        for login in logins:
            click.echo(f"  {login.role:<14} {login.email}")


def _log_to_standard_error() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for chatty in ("huey", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
