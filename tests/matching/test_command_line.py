"""The core on the command line, from a generated programme to an explanation."""

import json

import pytest

from tests.matching.builders import need, problem, pupil, tutor
from tutormatch.matching import read_solution, write_problem
from tutormatch.matching.__main__ import main


@pytest.fixture
def folders(tmp_path):
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2)],
        [pupil("P1", "mon-15"), pupil("P2", "sun-10")],
        [need("N1"), need("N2", "P2")],
    )
    write_problem(source, tmp_path / "problem")
    return str(tmp_path / "problem"), str(tmp_path / "solution")


@pytest.mark.parametrize("engine", ["auto", "networkx", "ortools"])
def test_solve_then_verify_then_explain(engine, folders, capsys):
    source, out = folders
    assert main(["solve", source, "--out", out, "--engine", engine]) == 0
    assert "proven best" in capsys.readouterr().out
    assert main(["verify", source, out]) == 0
    assert main(["explain", source, out, "N1"]) == 0
    assert "tutor id: T1" in capsys.readouterr().out
    assert main(["explain", source, out, "N2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "no_common_time"


def test_verify_ends_with_1_and_each_broken_rule(folders, capsys):
    source, out = folders
    main(["solve", source, "--out", out])
    with open(f"{out}/matches.csv", "w", encoding="utf-8") as matches:
        matches.write("need_id,tutor_id,slots\nN1,T1,tue-15\n")
    capsys.readouterr()
    assert main(["verify", source, out]) == 1
    assert "rule 3: N1: the pupil is not free at tue-15" in capsys.readouterr().out


def test_explain_of_an_unknown_need_ends_with_2(folders, capsys):
    source, out = folders
    main(["solve", source, "--out", out])
    assert main(["explain", source, out, "N9"]) == 2
    assert "N9" in capsys.readouterr().err


def test_progress_as_json_is_one_report_a_line(folders, capsys):
    source, out = folders
    main(["solve", source, "--out", out, "--progress", "json"])
    reports = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert reports[0] == {"stage": "check", "fraction": 0.0}
    assert reports[-1] == {"stage": "done", "fraction": 1.0}


def test_the_bar_is_drawn_only_where_it_is_asked_for(folders, capsys):
    source, out = folders
    main(["solve", source, "--out", out])
    assert capsys.readouterr().err == ""
    main(["solve", source, "--out", out, "--progress", "bar"])
    assert "100%" in capsys.readouterr().err


def test_a_generated_programme_can_be_solved(tmp_path, capsys):
    source, out = str(tmp_path / "problem"), str(tmp_path / "solution")
    assert main(["generate", "--size", "30:12", "--seed", "7", "--out", source]) == 0
    assert main(["solve", source, "--out", out]) == 0
    assert main(["verify", source, out]) == 0
    assert len(read_solution(out).matches) + len(read_solution(out).unmatched) == 30


def test_an_unknown_size_ends_with_2(tmp_path, capsys):
    assert main(["generate", "--size", "huge", "--out", str(tmp_path / "problem")]) == 2
    assert "huge" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["solve", "verify", "explain", "generate"])
def test_each_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert command in capsys.readouterr().out


@pytest.mark.parametrize("limit", ["-1", "nan", "soon"])
def test_a_time_limit_that_is_none_is_refused(limit, folders):
    with pytest.raises(SystemExit) as ended:
        main(["solve", folders[0], "--out", folders[1], "--time-limit", limit])
    assert ended.value.code == 2
