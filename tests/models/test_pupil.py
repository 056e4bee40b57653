"""Class labels as teachers type them, and the hours of a shift."""

import pytest

from tutormatch.models import Place, Shift, read_class_label, usual_free_slots


@pytest.mark.parametrize("typed", ["8Ә", "8ә", '8 "Ә"', "8 «ә»", "8-Ә", "8 – ә", " 8 Ә ", "8.ә", "Ә", "8Ə", "08Ә"])
def test_class_label_has_one_form(typed):
    assert read_class_label(typed, 8) == "8Ә"


@pytest.mark.parametrize(("latin", "cyrillic"), list(zip("ABCEHIKMOPTXY", "АВСЕНІКМОРТХУ", strict=True)))
def test_latin_look_alike_becomes_cyrillic(latin, cyrillic):
    assert read_class_label(f"8 {latin}", 8) == f"8{cyrillic}"


def test_class_label_may_be_blank_or_without_letter():
    assert read_class_label("", 8) == ""
    assert read_class_label(" - ", 8) == ""
    assert read_class_label("11", 11) == "11"


@pytest.mark.parametrize("typed", ["9Ә", "8ӘБ", "8D", "8?", "88", "Ә8", "8 1", "eight", "8\u0664"])
def test_nonsense_is_no_class_label(typed):
    with pytest.raises(ValueError, match="class"):
        read_class_label(typed, 8)


def test_pupil_of_the_second_shift_is_free_in_the_morning():
    assert {slot % 24 for slot in usual_free_slots(Shift.SECOND, Place.HOME)} == {9, 10, 11}
    assert {slot % 24 for slot in usual_free_slots(Shift.FIRST, Place.HOME)} == {15, 16, 17, 18, 19}
    assert {slot // 24 for slot in usual_free_slots(Shift.FIRST, Place.HOME)} == {0, 1, 2, 3, 4}


@pytest.mark.parametrize("shift", Shift)
def test_school_decides_the_hours_of_its_computer_room(shift):
    assert usual_free_slots(shift, Place.SCHOOL) == frozenset()
