"""The benchmark: fair peers, honest tables, and a reason for whatever is left out. Nothing timed is asserted."""

import json
import subprocess
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given

from tests.matching.builders import blocked, locked, need, problem, pupil, tutor
from tests.matching.strategies import problems
from tests.matching.test_properties import thorough
from tutormatch.matching import Match, solve, write_problem
from tutormatch.matching.__main__ import main
from tutormatch.matching.benchmark import core, measure, peers
from tutormatch.matching.benchmark.measure import ENGINE_NAMES, STAGES, Instance, Run, run_apart, run_engine
from tutormatch.matching.benchmark.peers import PEERS
from tutormatch.matching.benchmark.plot import draw
from tutormatch.matching.benchmark.report import document
from tutormatch.matching.benchmark.table import Measured, costs, faults, left_out, results
from tutormatch.matching.objective import breadth_and_cover
from tutormatch.matching.population import generate
from tutormatch.matching.solver import STAGES as SOLVER_STAGES
from tutormatch.matching.verification.verifier import broken_rules

EXACT_PEERS = ("pairs-networkx", "pairs-ortools", "matrix-scipy")


def breadth(problem, matches) -> dict[int, int]:
    return breadth_and_cover(problem, matches)[0]


@pytest.fixture
def folder(tmp_path):
    write_problem(generate("30:12", 1).problem, tmp_path / "problem")
    return tmp_path / "problem"


@pytest.fixture
def measured(folder):
    runs = [run_engine(engine, folder) for engine in ("core", "pairs-ortools", "first-come")]
    return Measured(Instance("30:12", 1, 30, 20, 12), (*runs, Run("matrix-scipy", not_run="too large by far")))


@pytest.mark.parametrize("seed", range(1, 31))
def test_no_peer_serves_more_pupils_than_the_core(seed):
    source = generate("45:14", seed).problem
    best = breadth(source, solve(source, time_limit=0).matches)
    for name, match in PEERS.items():
        matches = match(source).matches
        assert broken_rules(source, matches) == [], name
        assert sum(breadth(source, matches).values()) <= sum(best.values()), name
        if name in EXACT_PEERS:
            # Three models that nobody derived from each other agree on the most urgent pupils, too.
            assert breadth(source, matches) == best, name


@thorough
@given(problems())
def test_each_peer_keeps_every_rule_and_every_locked_match(source):
    best = sum(breadth(source, solve(source, time_limit=0).matches).values())
    for name, match in PEERS.items():
        matches = match(source).matches
        assert broken_rules(source, matches) == [], name
        assert sum(breadth(source, matches).values()) <= best, name


def test_the_check_of_peers_sees_each_kind_of_broken_rule():
    source = problem(
        [tutor("T1", "mon-15", conditions=["sen"]), tutor("T2", "mon-15;tue-15", languages=["ru"])],
        [pupil("P1", "mon-15"), pupil("P2", "mon-15", requires=["sen"]), pupil("P3", "mon-15")],
        [need("N1"), need("N2", "P2"), need("N3", "P3", subject="ALG"), need("N4", "P3")],
        [blocked("T1", "P3"), locked("N1", "T1", "mon-15")],
    )
    monday = solve(source).matches[0].slots
    wrong = [Match(each, "T1", monday) for each in ("N2", "N3", "N4", "N4")] + [Match("N2", "T2", (39,))]
    rules = {violation.rule for violation in broken_rules(source, wrong)}
    assert rules == {f"rule {number}" for number in (1, 2, 3, 4, 5, 6, 8)}


def test_a_greedy_leaves_out_a_pupil_whom_the_core_serves():
    source = problem(
        [tutor("T1", "mon-15"), tutor("T2", "tue-15")],
        [pupil("P1", "mon-15;tue-15"), pupil("P2", "mon-15")],
        [need("N1", waiting_days=9), need("N2", "P2")],
    )
    assert len(PEERS["first-come"](source).matches) == 1
    assert len(solve(source).matches) == 2


def test_every_stage_of_the_solver_has_a_column():
    assert set(core.STAGE_OF) == set(SOLVER_STAGES)
    assert set(core.STAGE_OF.values()) < set(STAGES)


@pytest.mark.parametrize("engine", ENGINE_NAMES)
def test_each_engine_is_measured_and_checked(engine, folder):
    run = run_engine(engine, folder)
    assert run.is_complete
    assert run.broken == []
    assert run.reached["breadth"] == sum(run.by_priority["breadth"]) > 0
    assert {"read", "build", "solve", "write", "verify"} <= set(run.seconds) <= set(STAGES)
    assert run.processor_seconds > 0
    assert 0 < run.peak_mib <= run.peak_verified_mib


@pytest.mark.parametrize(
    ("engine", "limit"),
    [
        ("core-networkx", (core, "NETWORKX_NEEDS_AT_MOST")),
        ("pairs-networkx", (peers, "NETWORKX_SEATS_AT_MOST")),
        ("pairs-ortools", (peers, "ORTOOLS_SEATS_AT_MOST")),
        ("matrix-scipy", (peers, "MATRIX_CELLS_AT_MOST")),
        ("priority", (peers, "GREEDY_NEEDS_AT_MOST")),
    ],
)
def test_an_engine_that_does_not_fit_says_by_how_much(engine, limit, folder, monkeypatch):
    monkeypatch.setattr(*limit, 5)
    run = run_engine(engine, folder)
    assert not run.is_complete
    assert "the limit is 5" in run.not_run


def test_an_engine_beyond_its_time_is_stopped_and_named(folder):
    assert run_apart("core", folder, 0.01).not_run.startswith("stopped after 0.01 s")


def test_a_stopped_engine_says_in_which_stage_it_was(folder, monkeypatch, capfd):
    run_engine("core", folder)
    stages = capfd.readouterr().err.split()
    ended = subprocess.TimeoutExpired("python", 7, stderr="\n".join(stages).encode())
    monkeypatch.setattr(measure, "_python", raising(ended))
    assert run_apart("core", folder, 7).not_run == "stopped after 7 s at verify"
    assert stages == ["read", *SOLVER_STAGES, "done", "write", "verify"]


def raising(error: Exception):
    def raise_it(*_arguments, **_options):
        raise error

    return raise_it


def test_an_engine_that_fails_tells_its_last_line(tmp_path):
    assert "expected a folder with a problem" in run_apart("core", tmp_path / "nothing", 60).not_run


def test_the_tables_hold_each_engine_or_the_reason_why_it_is_left_out(measured):
    for table in (costs(measured), results(measured)):
        for engine in ("core", "pairs-ortools", "first-come"):
            assert f"\n| {engine} " in table
        assert "matrix-scipy" not in table
        assert len({len(line) for line in table.splitlines()}) == 1
    assert left_out(measured) == ["matrix-scipy: not run, too large by far"]


def test_a_bound_stands_only_where_the_levels_above_are_equal(measured):
    ours, *others = measured.runs
    behind = replace(ours, engine="first-come", by_priority={**ours.by_priority, "breadth": [0, 1, 0]})
    rows = results(replace(measured, runs=(ours, behind, *others[2:]))).splitlines()
    assert "–" not in rows[2]
    assert rows[3].count("–") == 6


def test_the_report_tells_seeds_versions_and_where_the_picture_is(measured):
    text = document([measured], [("Python", "3.11")], "bench --seed 1", "images/benchmark.svg")
    for part in ("30:12, seed 1: 30 needs", "bench --seed 1", "3.11", "](images/benchmark.svg)", "not run, too large"):
        assert part in text


def test_a_peer_ahead_of_the_core_is_a_fault(measured):
    ours, theirs, *others = measured.runs
    ahead = replace(theirs, reached={**theirs.reached, "breadth": ours.reached["breadth"] + 1})
    assert faults(measured) == []
    assert "pairs-ortools serves" in faults(replace(measured, runs=(ours, ahead, *others)))[0]
    broken = replace(theirs, broken=["rule 3: N1: …"])
    assert "breaks a rule" in faults(replace(measured, runs=(ours, broken, *others)))[0]


def test_the_plot_has_a_line_for_each_engine_and_says_it_in_words(measured):
    picture = draw([measured])
    HTMLParser().feed(picture)
    assert picture.count("<polyline") == 2 * 3
    assert "prefers-color-scheme: dark" in picture
    assert "pairs-ortools: " in picture[picture.index("<desc") : picture.index("</desc>")]
    assert "matrix-scipy" not in picture


def test_the_plot_leaves_out_named_sizes_beside_scaled_ones(measured):
    named = replace(measured, instance=replace(measured.instance, size="pilot", needs=77))
    assert "at 77 needs" in draw([named])
    assert draw([named, measured]) == draw([measured])


def test_bench_writes_report_and_plot(tmp_path, capsys):
    out, plot = tmp_path / "docs" / "benchmark.md", tmp_path / "docs" / "images" / "benchmark.svg"
    arguments = ["--size", "12:6", "--seed", "1", "2", "--engines", "core", "priority"]
    assert main(["bench", *arguments, "--out", str(out), "--plot", str(plot)]) == 0
    printed, report = capsys.readouterr().out, out.read_text(encoding="utf-8")
    assert "12:6, seed 2" in printed
    assert printed.strip() in report
    assert "(images/benchmark.svg)" in report
    assert plot.read_text(encoding="utf-8").startswith("<svg")
    assert str(tmp_path) not in report


@pytest.mark.parametrize("wrong", [["--size", "huge"], ["--engines", "abacus"]])
def test_bench_refuses_what_it_does_not_know(wrong, capsys):
    assert main(["bench", *wrong]) == 2
    assert wrong[1] in capsys.readouterr().err


def test_records_pass_between_processes_unchanged(folder):
    run = run_engine("priority", folder)
    assert Run(**json.loads(measure.to_json(run))) == run
