"""Solutions as folders: read as they were written, and faults named."""

import json
from dataclasses import replace

import pytest

from tests.matching.builders import match, need, problem, pupil, tutor
from tutormatch.matching import (
    Certificate,
    FaultyInput,
    Level,
    Prices,
    Profile,
    Solution,
    read_solution,
    solve,
    write_solution,
)

SOLUTION = Solution(
    matches=(match("N1", "T1", "mon-15;wed-15"), match("N2", "T1", "wed-15", joins="N1")),
    unmatched=(),
    certificate=Certificate(
        (Level("breadth", 1, 2, {3: 0, 2: 1, 1: 0}, "prices"), Level("balance", 4, 3, {}, "count")),
        Profile.LONGEST_WAIT_FIRST,
        {
            "breadth": Prices({("T2", 40): 3, ("T1", 15): 10**12}, {"T1": 0}, {"T2": 5}, 2),
            "depth": Prices(),
        },
    ),
    engine="ortools",
    seconds={"solve": 0.125},
    improvable=3,
)


def test_groups_prices_profile_and_what_could_be_improved_come_back(tmp_path):
    write_solution(SOLUTION, tmp_path / "solution")
    assert read_solution(tmp_path / "solution") == SOLUTION
    lines = (tmp_path / "solution" / "prices.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [
        "level,tutor_id,kind,slot,price",
        "breadth,T1,hour,mon-15,1000000000000",
        "breadth,T2,hour,tue-16,3",
        "breadth,T1,session,,0",
        "breadth,T2,pupil,,5",
    ]


def test_a_solution_of_the_older_shape_is_read(tmp_path):
    folder = tmp_path / "solution"
    write_solution(replace(SOLUTION, matches=SOLUTION.matches[:1]), folder)
    (folder / "prices.csv").unlink()
    table = (folder / "matches.csv").read_text(encoding="utf-8")
    (folder / "matches.csv").write_text(table.replace(",joins", "").replace(",\n", "\n"), encoding="utf-8")
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    for name in ("profile", "prices", "improvable"):
        del summary[name]
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    found = read_solution(folder)
    assert found.matches == (match("N1", "T1", "mon-15;wed-15"),)
    assert found.certificate == Certificate(SOLUTION.certificate.levels)
    assert found.improvable == 0


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "solution").mkdir()
    (tmp_path / "solution" / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        write_solution(solve(problem()), tmp_path / "solution")
    assert [entry.name for entry in (tmp_path / "solution").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("file", "content", "place"),
    [
        ("matches.csv", "need_id,tutor_id,slots\nN1,T1,mon-99\n", "matches.csv:2: slots"),
        ("unmatched.csv", "need_id,reason,detail\nN1,bad luck,\n", "unmatched.csv:2: reason"),
        ("prices.csv", "level,tutor_id,kind,slot,price\nbreadth,T1,hour,mon-15,1\n", "prices.csv:2: level"),
        ("prices.csv", "level,tutor_id,kind,slot,price\ndepth,T1,week,,1\n", "prices.csv:2: kind"),
        ("prices.csv", "level,tutor_id,kind,slot,price\ndepth,T1,hour,,1\n", "prices.csv:2: slot: '': expected one"),
        ("prices.csv", "level,tutor_id,kind,slot,price\ndepth,T1,pupil,mon-15,1\n", "prices.csv:2: slot: 'mon-15'"),
        ("prices.csv", "level,tutor_id,kind,slot,price\ndepth,T1,pupil,,-1\n", "prices.csv:2: price"),
        ("prices.csv", "level,tutor_id,kind,slot,price" + "\ndepth,T1,pupil,,1" * 2, "prices.csv:3: tutor_id"),
        ("summary.json", "{}", "summary.json"),
        ("summary.json", "not JSON", "summary.json"),
    ],
)
def test_a_faulty_solution_is_refused(file, content, place, tmp_path):
    found = solve(problem([tutor()], [pupil()], [need()]))
    found = replace(found, certificate=replace(found.certificate, prices={"depth": Prices()}))
    write_solution(found, tmp_path / "solution")
    (tmp_path / "solution" / file).write_text(content, encoding="utf-8")
    with pytest.raises(FaultyInput, match=place):
        read_solution(tmp_path / "solution")
