"""The dirty files themselves: one piece of dirt each, and just where they say."""

import csv
import re
from pathlib import Path

import pytest

from tests.dirty_files import NO_IIN, NOBODYS_IIN, VARIANTS, dirty_copy
from tutormatch.matching.population import generate, write_population
from tutormatch.privacy import contains_iin, is_iin


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "programme"
    write_population(generate("pilot", 1), folder)
    return folder


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_dirt_lies_in_one_file_at_the_named_cell(clean, tmp_path, variant):
    dirt = dirty_copy(clean, tmp_path / "dirty", variant)
    changed = [
        path.name
        for path in sorted(clean.iterdir())
        if path.read_bytes() != (tmp_path / "dirty" / path.name).read_bytes()
    ]
    assert changed == [dirt.file]
    assert dirt.reason
    if dirt.row:
        with (tmp_path / "dirty" / dirt.file).open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        assert rows[dirt.row - 1][rows[0].index(dirt.column)] == dirt.value


def test_windows_1251_cannot_be_read_as_utf8(clean, tmp_path):
    dirt = dirty_copy(clean, tmp_path / "dirty", "windows_1251")
    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "dirty" / dirt.file).read_text(encoding="utf-8")


def test_class_labels_mean_the_label_they_replaced(clean, tmp_path):
    dirt = dirty_copy(clean, tmp_path / "dirty", "class_label_quoted")
    assert re.fullmatch(r'\d+ "А"', dirt.value)
    assert dirt.accepted_as == dirt.value.replace(' "', "").replace('"', "")


def test_the_identification_number_is_recognised_and_belongs_to_nobody():
    assert is_iin(NOBODYS_IIN)
    assert NOBODYS_IIN[2:6] == "0231"
    assert not is_iin(NO_IIN)


@pytest.mark.parametrize("variant", ["iin_in_topics", "iin_with_spaces", "iin_in_motivation"])
def test_numbers_in_texts_are_found_however_they_are_written(clean, tmp_path, variant):
    assert contains_iin(dirty_copy(clean, tmp_path / "dirty", variant).value)
