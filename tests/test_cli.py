"""Commands, as somebody types them."""

import csv
import subprocess
import sys

import pytest
from sqlalchemy import select

from tests.dirty_files import dirty_copy
from tutormatch.extensions import db
from tutormatch.matching.population import generate, write_population
from tutormatch.matching.slots import format_slots
from tutormatch.models import Account, Match, Pupil, Role, Round, RoundState, Tutor
from tutormatch.services import demonstration, round_runs, rounds


@pytest.fixture
def flask(app):
    """Run a ``flask`` command and return its result."""
    runner = app.test_cli_runner()
    return lambda *words: runner.invoke(args=[str(word) for word in words])


@pytest.fixture
def folder(tmp_path, clock):
    write_population(generate("xs", 1, clock.now().date()), tmp_path / "programme", with_excluded=True)
    return tmp_path / "programme"


def test_import_says_what_it_loaded(flask, make, folder):
    administrator = make.administrator()
    result = flask("import", folder, "--by", administrator.email)
    assert result.exit_code == 0, result.output
    assert "12 pupils" in result.output
    assert db.session.scalar(select(Pupil.id).limit(1)) is not None


def test_import_lists_faults_and_ends_with_two(flask, folder, tmp_path):
    dirt = dirty_copy(folder, tmp_path / "dirty", "name_blank")
    result = flask("import", tmp_path / "dirty")
    assert result.exit_code == 2
    assert f"{dirt.file}:{dirt.row}: {dirt.column}" in result.output
    assert "nothing was loaded" in result.output
    assert db.session.scalar(select(Pupil.id).limit(1)) is None


def test_import_by_nobody_is_refused(flask, make, folder):
    assert flask("import", folder, "--by", "nobody@example.org").exit_code == 1
    assert flask("import", folder, "--by", make.teacher().email).exit_code == 1


def test_exported_problem_solved_on_the_command_line_gives_the_matches_of_the_round(app, flask, make, tmp_path):
    demonstration.load()
    coordinator = db.session.scalars(select(Account).where(Account.role == Role.COORDINATOR)).one()
    round_ = rounds.start(coordinator)
    round_runs.run(round_.id)
    assert db.session.get(Round, round_.id, populate_existing=True).state == RoundState.DONE
    assert flask("export-problem", round_.id, tmp_path / "problem").exit_code == 0

    subprocess.run(
        [sys.executable, "-m", "tutormatch.matching", "solve", tmp_path / "problem", "--out", tmp_path / "solution"],
        check=True,
        capture_output=True,
    )
    with (tmp_path / "solution" / "matches.csv").open(encoding="utf-8", newline="") as file:
        solved = {(row["need_id"], row["tutor_id"], row["slots"]) for row in csv.DictReader(file)}
    stored = db.session.scalars(select(Match).where(Match.round_id == round_.id))
    assert {(match.need.code, match.tutor.code, format_slots(match.slots)) for match in stored} == solved
    assert len(solved) > 20


def test_export_of_a_round_that_is_not_there_is_refused(flask, tmp_path):
    result = flask("export-problem", 404, tmp_path / "problem")
    assert result.exit_code == 1
    assert not (tmp_path / "problem").exists()


def test_export_leaves_other_files_alone(app, flask, make, tmp_path):
    make.tutor()
    make.pupil()
    round_ = rounds.start(make.coordinator())
    round_runs.run(round_.id)
    (tmp_path / "mine.txt").write_text("mine")
    assert flask("export-problem", round_.id, tmp_path).exit_code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_demonstration_has_one_sign_in_for_each_role(app, flask):
    assert flask("load-demo").exit_code == 0
    assert {login.role for login in demonstration.logins()} == set(Role)
    teacher = db.session.scalars(select(Account).where(Account.email == demonstration.TEACHER)).one()
    assert db.session.scalar(select(Pupil.id).where(Pupil.teacher_id == teacher.id).limit(1)) is not None
    tutor = db.session.scalars(select(Account).where(Account.email == demonstration.TUTOR)).one()
    assert db.session.scalars(select(Tutor).where(Tutor.account_id == tutor.id)).one().is_checked
    assert all(address.endswith("@example.org") for address in db.session.scalars(select(Account.email)))


def test_demonstration_goes_into_an_empty_database_only(flask, make):
    make.administrator()
    assert flask("load-demo").exit_code == 1
    assert flask("load-demo", "--if-empty").exit_code == 0
    assert db.session.scalar(select(Pupil.id).limit(1)) is None


def test_demonstration_is_refused_in_production(app, flask, monkeypatch):
    monkeypatch.setitem(app.config, "IS_PRODUCTION", True)
    assert flask("load-demo").exit_code == 1
    assert db.session.scalar(select(Account.id).limit(1)) is None
    assert demonstration.logins() == []
