"""The core on the command line, from a generated programme to an explanation."""

import json

import pytest

from tests.matching.builders import need, problem, pupil, tutor
from tutormatch.matching import read_solution, write_problem
from tutormatch.matching.__main__ import main
from tutormatch.matching.verification.verifier import Violation


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


def test_solve_verifies_what_it_writes_if_asked_to(folders, capsys, monkeypatch):
    source, out = folders
    assert main(["solve", source, "--out", out, "--verify"]) == 0
    assert "Every rule is kept" in capsys.readouterr().out
    wrong = [Violation("rule 3", "N1", "the pupil is not free")]
    monkeypatch.setattr("tutormatch.matching.__main__.verify", lambda *_: wrong)
    assert main(["solve", source, "--out", out]) == 0
    assert main(["solve", source, "--out", out, "--verify"]) == 1
    assert "rule 3: N1: the pupil is not free" in capsys.readouterr().out
    # It is there to be looked at.
    assert [match.need_id for match in read_solution(out).matches] == ["N1"]


def test_explain_of_an_unknown_need_ends_with_2(folders, capsys):
    source, out = folders
    main(["solve", source, "--out", out])
    assert main(["explain", source, out, "N9"]) == 2
    assert "N9" in capsys.readouterr().err


@pytest.fixture
def crowded_folders(tmp_path):
    source = problem(
        [tutor("T1", "mon-15;tue-15", sessions_per_week=2), tutor("T2", "wed-15")],
        [pupil("P1", "mon-15"), pupil("P2", "mon-15;tue-15"), pupil("P3", "mon-15;tue-15"), pupil("P4", "wed-15")],
        [need(f"N{number}", f"P{number}") for number in range(1, 5)],
    )
    write_problem(source, tmp_path / "problem")
    (tmp_path / "solution").mkdir()
    main(["solve", str(tmp_path / "problem"), "--out", str(tmp_path / "solution")])
    return str(tmp_path / "problem"), str(tmp_path / "solution")


def write_matches(folder: str, *rows: str) -> None:
    with open(f"{folder}/matches.csv", "w", encoding="utf-8") as matches:
        matches.write("\n".join(["need_id,tutor_id,slots", *rows, ""]))


def test_explain_names_the_competition_and_what_would_help(crowded_folders, capsys):
    write_matches(crowded_folders[1], "N1,T1,mon-15", "N2,T1,tue-15")
    capsys.readouterr()
    assert main(["explain", *crowded_folders, "N3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "competition: 3 needs for 2 sessions of 1 tutor" in lines
    assert "change: 1 tutor if the pupil were free on wed-15: T2" in lines


def test_suggest_tells_free_tutors_and_chains(crowded_folders, capsys):
    write_matches(crowded_folders[1], "N2,T1,mon-15")
    capsys.readouterr()
    assert main(["suggest", *crowded_folders, "N3"]) == 0
    expected = "tutor T1 is free on tue-15, speaks kk: 36 points (normal need 32, first language 4)"
    assert capsys.readouterr().out.splitlines() == [expected]
    assert main(["suggest", *crowded_folders, "N1"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "need N1 gets tutor T1 on mon-15",
        "tutor T1 moves to tue-15 for need N2, which frees mon-15 for need N1",
    ]
    assert main(["suggest", *crowded_folders, "N1", "--json"]) == 0
    assert [move["need_id"] for move in json.loads(capsys.readouterr().out)["chain"]] == ["N1", "N2"]
    assert main(["suggest", *crowded_folders, "N9"]) == 2


def test_advise_tells_whom_to_recruit(crowded_folders, capsys):
    capsys.readouterr()
    assert main(["advise", *crowded_folders]) == 0
    told = capsys.readouterr().out
    assert "one more tutor for MATH, grades 5-6, kk, weekday afternoons" in told
    assert "serves 1 more pupil; a second one 0; a third one 0: P" in told
    assert "What else would help:\n  nothing\n" in told
    assert main(["advise", *crowded_folders, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recruits"][0]["serves"] == [1, 0, 0]


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


@pytest.mark.parametrize("command", ["solve", "verify", "explain", "suggest", "advise", "generate"])
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
