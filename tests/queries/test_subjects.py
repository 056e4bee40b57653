"""Which subjects a pupil of a grade and a language of instruction can be given help in."""

import pytest
from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import Subject
from tutormatch.queries.subjects import is_taught, offered, subjects_for

LANGUAGES = {
    "ALIPPE",
    "KAZ1",
    "LITREAD_KK",
    "KAZLIT",
    "RUS2P",
    "RUS2",
    "BUKVAR",
    "RUS1",
    "LITREAD_RU",
    "RUSLIT",
    "KAZ2P",
    "KAZ2",
    "UYG1",
    "UZB1",
    "TAJ1",
}

TRACKS = {
    ("kk", 1): {"ALIPPE"},
    ("kk", 2): {"KAZ1", "LITREAD_KK", "RUS2P"},
    ("kk", 4): {"KAZ1", "LITREAD_KK", "RUS2P"},
    ("kk", 5): {"KAZ1", "KAZLIT", "RUS2"},
    ("kk", 11): {"KAZ1", "KAZLIT", "RUS2"},
    ("ru", 1): {"BUKVAR", "KAZ2P"},
    ("ru", 2): {"RUS1", "LITREAD_RU", "KAZ2P"},
    ("ru", 4): {"RUS1", "LITREAD_RU", "KAZ2P"},
    ("ru", 5): {"RUS1", "RUSLIT", "KAZ2"},
    ("ru", 11): {"RUS1", "RUSLIT", "KAZ2"},
    ("ug", 1): {"UYG1", "KAZ2P"},
    ("ug", 3): {"UYG1", "KAZ2P", "RUS2P"},
    ("ug", 8): {"UYG1", "KAZ2", "RUS2"},
    ("uz", 8): {"UZB1", "KAZ2", "RUS2"},
    ("tg", 8): {"TAJ1", "KAZ2", "RUS2"},
}

MATHEMATICS = {
    1: {"MATH"},
    6: {"MATH"},
    7: {"ALG", "GEOM"},
    9: {"ALG", "GEOM"},
    10: {"ALGAN", "GEOM"},
    11: {"ALGAN", "GEOM"},
}


def codes(grade, medium):
    return {subject.code for subject in subjects_for(grade, medium)}


@pytest.mark.parametrize(("medium", "grade"), TRACKS)
def test_languages_and_literatures_follow_the_track(app, medium, grade):
    assert codes(grade, medium) & LANGUAGES == TRACKS[medium, grade]


@pytest.mark.parametrize("medium", ["kk", "ru", "ug", "uz", "tg"])
@pytest.mark.parametrize("grade", MATHEMATICS)
def test_mathematics_follows_the_grade_in_every_medium(app, grade, medium):
    assert codes(grade, medium) & {"MATH", "ALG", "ALGAN", "GEOM"} == MATHEMATICS[grade]


def test_subjects_that_are_not_tutored_are_never_offered(app):
    not_offered = {subject.code for subject in db.session.scalars(select(Subject).where(~Subject.is_offered))}
    assert "PE" in not_offered
    for grade in range(1, 12):
        assert not codes(grade, "kk") & not_offered


def test_subjects_stand_in_the_order_of_the_catalogue(app):
    positions = [subject.position for subject in subjects_for(8, "kk")]
    assert positions == sorted(positions)
    assert len(positions) > 10


def test_grade_beyond_the_range_is_not_taught(app):
    algebra = next(subject for subject in offered() if subject.code == "ALG")
    assert [grade for grade in range(1, 12) if is_taught(algebra, grade, "kk")] == [7, 8, 9]
