"""Staff is made on the command line."""

import pytest

from tests.factories import REGION
from tutormatch.models import Role, ScopeKind
from tutormatch.services import accounts

GOOD = "correct horse battery"
PERSON = ["--email", "Staff@example.org", "--password", GOOD, "--first-name", "Жанар", "--last-name", "Оспанова"]


@pytest.fixture
def run(app):
    def run(*arguments):
        return app.test_cli_runner().invoke(args=arguments)

    return run


def signed_in():
    return accounts.sign_in("staff@example.org", GOOD, "client")


def test_administrator_made_on_the_command_line_can_sign_in(run):
    result = run("create-administrator", *PERSON)
    assert result.exit_code == 0, result.output
    assert "Оспанова Жанар can sign in with staff@example.org" in result.output
    assert signed_in().role == Role.ADMINISTRATOR


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ([], ScopeKind.COUNTRY),
        (["--region", REGION], ScopeKind.REGION),
        (["--institution", "NKU"], ScopeKind.INSTITUTION),
    ],
)
def test_coordinator_made_on_the_command_line_has_the_scope(run, options, kind):
    result = run("create-coordinator", *PERSON, *options)
    assert result.exit_code == 0, result.output
    assert signed_in().coordinator.scope_kind == kind


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--region", "KZ-00"], "no such region"),
        (["--institution", "NONE"], "no such region or university"),
        (["--region", REGION, "--institution", "NKU"], "not both"),
        (["--password", "1234567890"], "easy to guess (obvious)"),
    ],
)
def test_command_says_what_is_wrong_and_makes_nothing(run, options, words):
    result = run("create-coordinator", *PERSON, *options)
    assert result.exit_code != 0
    assert words in result.output
    assert signed_in() is None


def test_second_account_of_an_address_is_refused(run):
    run("create-administrator", *PERSON)
    result = run("create-coordinator", *PERSON)
    assert "There is an account with this e-mail." in result.output
