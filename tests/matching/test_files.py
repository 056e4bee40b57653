"""Reading and writing problems: every fault with its file, row and column, and nothing half-written."""

import gc

import pytest

from tests.matching.builders import blocked, locked, need, problem, pupil, returning, tutor
from tutormatch.matching import (
    COLUMNS,
    EXTENSION_COLUMNS,
    FaultyInput,
    Teaching,
    read_problem,
    read_solution,
    solve,
    write_problem,
    write_solution,
)
from tutormatch.matching.__main__ import main
from tutormatch.matching.records.tables import ROWS_AT_ONCE
from tutormatch.matching.rules import agreed_hosts

SOUND = {
    "tutors.csv": [
        "tutor_id,subjects,languages,slots,sessions_per_week,max_pupils,conditions,institution,group_size",
        "T1,MATH:1-6;ALG:7-9,kk;ru,mon-15;tue-09,3,2,sen,NKU,1",
        "T2,KAZ2:1-11,kk,mon-15,1,,,,",
    ],
    "pupils.csv": [
        "pupil_id,school,languages,slots,max_tutors,requires,patrons",
        "P1,S1,kk>ru,mon-15;tue-09,,,",
        "P2,S1,ru,mon-15,1,sen,NKU;KU",
    ],
    "needs.csv": [
        "need_id,pupil_id,subject,grade,priority,waiting_days,sessions_per_week,group_ok",
        "N1,P1,MATH,5,3,10,2,1",
        "N2,P2,MATH,6,,,,",
    ],
    "pairs.csv": ["tutor_id,pupil_id,need_id,status,slots", "T2,P1,,blocked,"],
}


def write(folder, **changed):
    """Write the sound problem with some tables changed: a list of lines, bytes, or None for no file."""
    folder.mkdir(exist_ok=True)
    for name, lines in SOUND.items():
        content = changed.get(name.removesuffix(".csv"), lines)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif content is not None:
            (folder / name).write_text("\n".join(content) + "\n", encoding="utf-8")
    return folder


def table(name, row, line=2):
    """Return a sound table with one line replaced."""
    lines = list(SOUND[name + ".csv"])
    lines[line - 1] = row
    return {name: lines}


TUTOR = "T1,MATH:1-6,kk,mon-15,3,2,,,1"
PUPIL = "P1,S1,kk,mon-15,,,"
NEED = "N1,P1,MATH,5,3,10,2,1"
LOCK = "T1,P1,N1,locked,mon-15"

FAULTY = {
    "unknown weekday": (table("tutors", TUTOR.replace("mon-15", "mo-15")), "tutors.csv:2: slots: 'mo-15'"),
    "hour 25": (table("tutors", TUTOR.replace("mon-15", "mon-25")), "tutors.csv:2: slots: 'mon-25'"),
    "one digit": (table("pupils", PUPIL.replace("mon-15", "mon-9")), "pupils.csv:2: slots: 'mon-9'"),
    "slot twice": (
        table("tutors", TUTOR.replace("mon-15", "mon-15;mon-15")),
        "tutors.csv:2: slots: 'mon-15;mon-15'",
    ),
    "grades down": (table("tutors", TUTOR.replace("1-6", "7-3")), "tutors.csv:2: subjects: 'MATH:7-3'"),
    "grade 12": (table("needs", NEED.replace("MATH,5", "MATH,12")), "needs.csv:2: grade: '12'"),
    "no grades": (table("tutors", TUTOR.replace("MATH:1-6", "MATH")), "tutors.csv:2: subjects: 'MATH'"),
    "subject in small letters": (
        table("needs", NEED.replace("MATH", "math")),
        "needs.csv:2: subject: 'math'",
    ),
    "no sessions": (table("tutors", TUTOR.replace(",3,", ",0,")), "tutors.csv:2: sessions_per_week: '0'"),
    "half a session": (table("tutors", TUTOR.replace(",3,", ",1.5,")), "sessions_per_week: '1.5'"),
    "priority 4": (table("needs", NEED.replace("5,3", "5,4")), "needs.csv:2: priority: '4'"),
    "negative wait": (table("needs", NEED.replace("10", "-1")), "needs.csv:2: waiting_days: '-1'"),
    "yes for a flag": (table("needs", NEED[:-1] + "yes"), "needs.csv:2: group_ok: 'yes'"),
    "language twice": (table("pupils", PUPIL.replace("kk", "kk>kk")), "pupils.csv:2: languages: 'kk>kk'"),
    "wrong separator": (table("pupils", PUPIL.replace("kk", "kk;ru")), "pupils.csv:2: languages: 'kk;ru'"),
    "blank where required": (table("pupils", PUPIL.replace("S1", "")), "pupils.csv:2: school: ''"),
    "missing pupil": (table("needs", NEED.replace("P1", "P9")), "needs.csv:2: pupil_id: 'P9'"),
    "duplicate id": (table("needs", "N1,P2,MATH,6,,,,", line=3), "needs.csv:3: need_id: 'N1'"),
    "missing tutor": (table("pairs", "T9,P1,,blocked,"), "pairs.csv:2: tutor_id: 'T9'"),
    "unknown status": (table("pairs", "T1,P1,,maybe,"), "pairs.csv:2: status: 'maybe'"),
    "locked without need": (table("pairs", "T1,P1,,locked,mon-15"), "pairs.csv:2: need_id: ''"),
    "need of another pupil": (table("pairs", LOCK.replace("N1", "N2")), "pairs.csv:2: need_id: 'N2'"),
    "unknown column": (
        {"needs": ["need_id,pupil_id,subject,grade,mark", "N1,P1,MATH,5,40"]},
        "needs.csv:1: mark",
    ),
    "missing column": ({"needs": ["need_id,pupil_id,subject", "N1,P1,MATH"]}, "needs.csv:1: grade"),
    "column twice": (
        {"needs": ["need_id,pupil_id,subject,grade,grade", "N1,P1,MATH,5,5"]},
        "needs.csv:1: grade: 'grade'",
    ),
    "cell too many": (table("needs", NEED + ",1"), "needs.csv:2: '9 cells'"),
    "open quote": (table("needs", NEED.replace("N1", '"N1')), "needs.csv:2"),
    "not UTF-8": (
        {"pupils": "\n".join(SOUND["pupils.csv"]).replace("P2,S1", "P2,Школа").encode("cp1251")},
        "pupils.csv:3: ",
    ),
    "no file": ({"needs": None}, "needs.csv: ''"),
    "empty file": ({"needs": b""}, "needs.csv:1: ''"),
}

BOTH = [SOUND["pairs.csv"][0]]
LOCKED = {
    "rule 1": [LOCK.replace("T1", "T2")],
    "rule 2": ["T2,P2,N2,locked,mon-15"],
    "rule 3": [LOCK.replace("mon-15", "wed-15")],
    "rule 4": [LOCK],
    "rule 5": [LOCK.replace("mon-15", "mon-15;tue-09"), LOCK],
    "rule 6": ["T2,P2,N2,locked,mon-15"],
    "rule 8": [LOCK, "T1,P1,,blocked,mon-15"],
}


def faults_of(folder) -> list[str]:
    with pytest.raises(FaultyInput) as caught:
        read_problem(folder)
    return [str(fault) for fault in caught.value.faults]


def test_the_sound_problem_is_read(tmp_path):
    found = read_problem(write(tmp_path / "problem"))
    assert found.tutor["T1"].subjects == (Teaching("ALG", 7, 9), Teaching("MATH", 1, 6))
    assert found.tutor["T2"].max_pupils == 1
    assert found.pupil["P1"].languages == ("kk", "ru")
    assert (found.need["N2"].priority, found.need["N2"].sessions_per_week) == (2, 1)


@pytest.mark.parametrize("case", FAULTY)
def test_a_fault_is_one_line_with_its_place_and_exit_2(case, tmp_path, capsys):
    changed, line = FAULTY[case]
    folder = write(tmp_path / "problem", **changed)
    assert main(["solve", str(folder), "--out", str(tmp_path / "solution")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert any(line in each for each in lines), lines
    assert len(lines) == 1 or case in ("missing column",)
    assert all("expected" in each for each in lines)
    assert not (tmp_path / "solution").exists()


@pytest.mark.parametrize("rule", LOCKED)
def test_a_locked_match_that_breaks_a_rule_is_refused_with_the_rule_and_row(rule, tmp_path):
    changed = {"pairs": BOTH + LOCKED[rule]}
    if rule == "rule 4":
        changed |= table("tutors", "T1,MATH:1-6,kk;ru,mon-15;tue-09,1,1,sen,NKU,1")
        changed["pairs"].append("T1,P2,N2,locked,tue-09")
        changed |= table("pupils", "P2,S1,ru,mon-15;tue-09,1,sen,NKU;KU", line=3)
    assert any(f" {rule}: " in fault and "pairs.csv:" in fault for fault in faults_of(write(tmp_path / "p", **changed)))


def test_two_locked_matches_at_once_name_both_rows(tmp_path):
    pairs = [SOUND["pairs.csv"][0], LOCK, "T1,P2,N2,locked,mon-15"]
    faults = faults_of(write(tmp_path / "problem", pairs=pairs))
    assert any(fault.startswith("pairs.csv:3") and "(row 2)" in fault for fault in faults)


AGREED = {
    "tutors": [
        "tutor_id,subjects,languages,slots,sessions_per_week,max_pupils,group_size",
        "T1,MATH:1-6,kk;ru,mon-15;tue-15,2,3,3",
    ],
    "pupils": [
        "pupil_id,school,languages,slots,max_tutors",
        "P1,S1,kk>ru,mon-15;tue-15,",
        "P2,S1,ru,mon-15;tue-15,",
        "P3,S1,kk,mon-15;tue-15,",
    ],
    "needs": [
        "need_id,pupil_id,subject,grade,sessions_per_week,group_ok",
        "N1,P1,MATH,5,2,1",
        "N2,P2,MATH,5,2,1",
        "N3,P2,MATH,5,2,1",
        "N4,P3,MATH,5,2,1",
    ],
    "pairs": [BOTH[0], "T1,P1,N1,locked,mon-15;tue-15", "T1,P2,N2,locked,tue-15"],
}


def agreed(**changes):
    """Return the tables of an agreed group with some lines replaced."""
    return {
        name: [line.replace(*changes[name]) if name in changes else line for line in lines]
        for name, lines in AGREED.items()
    }


def test_an_agreed_group_is_read(tmp_path):
    found = read_problem(write(tmp_path / "problem", **AGREED))
    assert agreed_hosts(found.pairs) == {"N2": "N1"}


def test_the_host_of_an_agreed_group_has_all_of_its_slots_or_comes_first():
    pairs = [
        locked("N1", "T1", "mon-15"),
        locked("N2", "T1", "mon-15;tue-15", "P2"),
        locked("N3", "T1", "tue-15", "P3"),
        locked("N5", "T1", "wed-15", "P5"),
        locked("N4", "T1", "wed-15", "P4"),
        locked("N6", "T2", "mon-15", "P6"),
    ]
    assert agreed_hosts(pairs) == agreed_hosts(reversed(pairs)) == {"N1": "N2", "N3": "N2", "N5": "N4"}


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("one subject and grade", {"needs": ("N2,P2,MATH,5", "N2,P2,MATH,4")}),
        ("may be met in a group", {"needs": ("N1,P1,MATH,5,2,1", "N1,P1,MATH,5,2,0")}),
        ("a language in common", {"pupils": ("kk>ru", "kk")}),
        ("at most 1 pupils in a session", {"tutors": ("2,3,3", "2,3,1")}),
    ],
)
def test_an_agreed_group_that_may_not_be_one_is_refused_with_rule_7_and_both_rows(expected, changes, tmp_path):
    (fault,) = faults_of(write(tmp_path / "problem", **agreed(**changes)))
    assert fault.startswith("pairs.csv:3: ")
    assert "rule 7: " in fault
    assert expected in fault
    assert fault.endswith("(row 2)")


def test_an_agreed_group_needs_one_match_with_all_of_its_slots(tmp_path):
    tables = agreed(tutors=("2,3,3", "3,3,3"))
    tables = {name: [line.replace("mon-15;", "mon-15;mon-16;") for line in lines] for name, lines in tables.items()}
    tables["pairs"][1:] = ["T1,P1,N1,locked,mon-15;mon-16", "T1,P2,N2,locked,mon-15;tue-15"]
    (fault,) = faults_of(write(tmp_path / "problem", **tables))
    assert fault.startswith("pairs.csv:3: slots: 'mon-15;tue-15': rule 7: ")
    assert fault.endswith("has all (row 2)")


def test_a_language_for_each_two_of_a_group_but_none_for_all_names_all_rows(tmp_path):
    tables = agreed(tutors=("kk;ru", "en;kk;ru"), pupils=("P2,S1,ru", "P2,S1,ru>en"))
    tables["pupils"][3] = tables["pupils"][3].replace("kk", "kk>en")
    tables["pairs"].append("T1,P3,N4,locked,tue-15")
    (fault,) = faults_of(write(tmp_path / "problem", **tables))
    assert "rule 7: expected a language in common in a session of tutor T1 (rows 2, 3)" in fault


def test_who_cannot_be_in_an_agreed_group_is_no_fault_of_the_others(tmp_path):
    tables = agreed(needs=("N2,P2,MATH,5", "N2,P2,MATH,4"))
    tables["pairs"].append("T1,P3,N4,locked,tue-15")
    tables["pupils"][1] = tables["pupils"][1].replace("kk>ru", "ru>kk")
    (fault,) = faults_of(write(tmp_path / "problem", **tables))
    assert fault.startswith("pairs.csv:3: ")


def test_two_agreed_needs_of_a_pupil_in_one_slot_are_refused(tmp_path):
    tables = agreed()
    tables["pairs"].append("T1,P2,N3,locked,tue-15")
    (fault,) = faults_of(write(tmp_path / "problem", **tables))
    assert "rule 3: expected one session of pupil P2 in a slot (row 3)" in fault


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("rule 4: expected at most 1 sessions", {"tutors": ("2,3,3", "1,3,3")}),
        ("rule 4: expected at most 1 pupils", {"tutors": ("2,3,3", "2,1,3")}),
    ],
)
def test_locked_matches_beyond_a_limit_name_both_rows(rule, changes, tmp_path):
    tables = agreed(**changes)
    tables["pairs"][1:] = ["T1,P1,N1,locked,mon-15", "T1,P2,N2,locked,tue-15"]
    (fault,) = faults_of(write(tmp_path / "problem", **tables))
    assert fault.startswith("pairs.csv:3: ")
    assert rule in fault
    assert fault.endswith("(row 2)")


def test_all_faults_are_told_at_once_and_none_twice(tmp_path):
    folder = write(
        tmp_path / "problem",
        **table("tutors", TUTOR.replace("kk", "Kazakh").replace("mon-15", "mon-99")),
        **table("pupils", PUPIL.replace("kk", "k")),
        **table("needs", NEED.replace("5,3", "0,9")),
    )
    places = [fault.split(": '")[0] for fault in faults_of(folder)]
    assert places == [
        "tutors.csv:2: languages",
        "tutors.csv:2: slots",
        "pupils.csv:2: languages",
        "needs.csv:2: grade",
        "needs.csv:2: priority",
    ]


def test_a_row_after_a_cell_with_line_breaks_keeps_its_line(tmp_path):
    lines = ["need_id,pupil_id,subject,grade,topics", 'N1,P1,MATH,5,"a\nb"', "N2,P2,MATH,99,"]
    assert faults_of(write(tmp_path / "problem", needs=lines))[0].startswith("needs.csv:4: grade")


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_quotes_line_breaks_and_blank_lines_change_nothing(line_break, tmp_path):
    plain = read_problem(write(tmp_path / "plain"))
    quoted = {
        name.removesuffix(".csv"): line_break.join(
            [lines[0], *(",".join(f'"{cell}"' for cell in line.split(",")) for line in lines[1:]), "", ""]
        ).encode()
        for name, lines in SOUND.items()
    }
    assert read_problem(write(tmp_path / "quoted", **quoted)) == plain
    broken = {name.removesuffix(".csv"): line_break.join(lines).encode() for name, lines in SOUND.items()}
    assert read_problem(write(tmp_path / "broken", **broken)) == plain


def test_equal_cells_are_one_object(tmp_path):
    slots = "mon-15;tue-15;wed-15"
    lines = [SOUND["pupils.csv"][0], f"P1,S1,kk>ru,{slots},,sen,NKU", f"P2,S1,kk>ru,{slots},,sen,NKU"]
    one, other = read_problem(write(tmp_path / "problem", pupils=lines, pairs=None)).pupils
    for field in ("school", "languages", "slots", "requires", "patrons"):
        assert getattr(one, field) is getattr(other, field), field


def test_faults_far_apart_keep_their_lines_and_what_refers_to_faulty_rows_is_no_fault(tmp_path):
    many = 2 * ROWS_AT_ONCE
    pupils = [SOUND["pupils.csv"][0], *(f"P{number},S1,kk,mon-15,,," for number in range(many))]
    pupils[3] = pupils[3].replace("mon-15", "mon-24")
    pupils[many] = pupils[many].replace("kk", "k")
    needs = [SOUND["needs.csv"][0], *(f"N{number},P{number},MATH,5,,,," for number in range(many))]
    needs[many] += ","
    assert [fault.split(": '")[0] for fault in faults_of(write(tmp_path / "problem", pupils=pupils, needs=needs))] == [
        "pupils.csv:4: slots",
        f"pupils.csv:{many + 1}: languages",
        f"needs.csv:{many + 1}",
    ]


def test_reading_leaves_the_collection_of_garbage_as_it_was(tmp_path):
    folder = write(tmp_path / "problem", **table("needs", "N1"))
    for is_enabled, switch in ((False, gc.disable), (True, gc.enable)):
        switch()
        faults_of(folder)
        assert gc.isenabled() is is_enabled


def test_extension_columns_a_byte_order_mark_and_any_order_of_columns_are_fine(tmp_path):
    text = "grade,need_id,subject,pupil_id,topics,current_mark\n5,N1,MATH,P1,fractions,40\n"
    found = read_problem(write(tmp_path / "problem", needs=b"\xef\xbb\xbf" + text.encode()))
    assert found.needs == (need("N1"),)
    assert EXTENSION_COLUMNS.keys() == COLUMNS.keys()


def test_problem_and_solution_come_back_as_they_were_written(tmp_path):
    week = "mon-15;tue-15;wed-15"
    source = problem(
        [
            tutor("T1", week, conditions=("sen",), institution="NKU, Kostanay", sessions_per_week=3),
            tutor("T2"),
        ],
        [pupil("P1", week, languages=("ru", "kk"), max_tutors=2, patrons=("NKU, Kostanay",)), pupil("P2")],
        [need("N1", sessions_per_week=2), need("N2", "P2", priority=3, waiting_days=7, group_ok=True)],
        [locked("N1", "T1", "mon-15;wed-15"), blocked("T2", "P2", "mon-15"), returning("T1", "P2")],
    )
    write_problem(source, tmp_path / "problem")
    assert read_problem(tmp_path / "problem") == source
    solution = solve(source)
    write_solution(solution, tmp_path / "solution")
    write_solution(solution, tmp_path / "solution")
    found = read_solution(tmp_path / "solution")
    assert (found.matches, found.unmatched, found.certificate) == (
        solution.matches,
        solution.unmatched,
        solution.certificate,
    )
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["problem", "solution"]
