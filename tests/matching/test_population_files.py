"""The files of the synthetic population: the same bytes each time, and nothing like a real person."""

import csv
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tutormatch.matching.population import Population, generate, write_population
from tutormatch.matching.records.files import read_problem

SEED = 11
TABLES = ("tutors", "pupils", "needs", "pairs", "schools", "teachers")


@pytest.fixture(scope="module")
def region() -> Population:
    return generate("region", SEED)


@pytest.fixture(scope="module")
def pilot() -> Population:
    return generate("pilot", SEED)


def read(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_written_folder_reads_back_as_the_problem(pilot, tmp_path):
    write_population(pilot, tmp_path / "programme")
    assert read_problem(tmp_path / "programme") == pilot.problem


def test_everybody_is_written_when_those_kept_out_are_asked_for(pilot, tmp_path):
    write_population(pilot, tmp_path, with_excluded=True)
    assert len(read(tmp_path, "pupils")) == len(pilot.pupils)
    assert len(read(tmp_path, "tutors")) == len(pilot.tutors)
    assert any(row["checked_on"] == "" for row in read(tmp_path, "tutors"))
    assert read_problem(tmp_path) == pilot.everybody


def test_two_processes_with_different_hash_seeds_write_identical_bytes(tmp_path):
    script = (
        "import sys; from pathlib import Path;"
        "from tutormatch.matching.population import generate, write_population;"
        "write_population(generate('pilot', 3), Path(sys.argv[1]), with_excluded=True)"
    )
    folders = []
    for hash_seed in ("0", "4711"):
        folder = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-c", script, str(folder)],
            check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            cwd=Path(__file__).parents[2],
        )
        folders.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert set(folders[0]) == {f"{table}.csv" for table in TABLES}
    assert folders[0] == folders[1]


@pytest.mark.parametrize(
    ("size", "seed", "digest"),
    [("pilot", 1, "6d90c0a8250f8a51"), ("300:120", 1, "ad712b40c9fc793e"), ("300:120", 2, "338ae12285daecda")],
)
def test_a_seed_gives_the_instance_that_it_always_gave(size, seed, digest, tmp_path):
    """Figures of other days stay comparable; who changes what is drawn must measure anew."""
    write_population(generate(size, seed), tmp_path)
    content = b"".join((tmp_path / f"{table}.csv").read_bytes() for table in TABLES)
    assert hashlib.sha256(content).hexdigest()[:16] == digest


def test_another_seed_gives_another_population():
    assert generate("xs", 1).problem != generate("xs", 2).problem


def test_no_file_holds_anything_like_an_iin_or_a_phone(region, tmp_path):
    write_population(region, tmp_path, with_excluded=True)
    for table in TABLES:
        text = (tmp_path / f"{table}.csv").read_text(encoding="utf-8")
        assert not re.search(r"(?:\d[ -]?){12}", text), table
        assert "+7" not in text
        assert not re.search(r"\b[78]\s?\(?7\d\d", text)


def test_invented_names_are_written_in_one_script_and_addresses_belong_to_nobody(region):
    people = [*region.tutors, *region.pupils, *region.teachers]
    for person in people:
        for name in (person.first_name, person.last_name):
            assert re.fullmatch(r"[А-ЯЁӘҒҚҢӨҰҮҺІ][а-яёәғқңөұүһі]+", name), name
    addresses = [row.email for row in (*region.tutors, *region.teachers)]
    assert all(address.endswith("@example.org") for address in addresses)
    assert len(set(addresses)) == len(addresses)
