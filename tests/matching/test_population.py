"""The synthetic population: the shares it was asked for, and sound rows."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import date

import pytest

from tutormatch.matching.population import Population, catalogue, generate, parse_size, tables
from tutormatch.matching.population.availability import TOWN_FIRST_SHIFT, TUTOR, runs, six_day_week
from tutormatch.matching.population.draws import apportion
from tutormatch.matching.population.pupils import is_taught, track_of
from tutormatch.matching.records.faults import check
from tutormatch.matching.slots import hour_of, weekday_of

SEED = 11


@pytest.fixture(scope="module")
def region() -> Population:
    return generate("region", SEED)


@pytest.fixture(scope="module")
def pilot() -> Population:
    return generate("pilot", SEED)


@pytest.fixture(scope="module")
def nationwide() -> Population:
    return generate("4500:900", SEED)


def assert_shares(values: Iterable[object], expected: dict, tolerance: float) -> None:
    counts = Counter(values)
    total = counts.total()
    assert set(counts) <= set(expected)
    for value, share in expected.items():
        assert counts[value] / total == pytest.approx(share, abs=tolerance), value


def share(flags: Iterable[bool]) -> float:
    flags = list(flags)
    return sum(flags) / len(flags)


# Sizes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "schools", "pupils", "tutors"),
    [("xs", 3, 12, 8), ("pilot", 10, 120, 50), ("university", 60, 800, 250), ("region", 444, 3000, 500)],
)
def test_named_size_has_exactly_its_numbers(size, schools, pupils, tutors):
    population = generate(size, SEED)
    assert (len(population.schools), len(population.pupils), len(population.tutors)) == (schools, pupils, tutors)


def test_needs_and_tutors_can_be_asked_for_exactly_and_all_of_them_enter():
    problem = generate("301:77", SEED).problem
    assert (len(problem.needs), len(problem.tutors)) == (301, 77)
    assert {need.pupil_id for need in problem.needs} == set(problem.pupil)


def test_the_nation_has_the_numbers_of_the_benchmark():
    nation = parse_size("nation")
    assert (nation.schools, nation.needs, nation.tutors) == (7_700, 380_000, 120_000)
    assert (nation.has_cases, nation.has_excluded) == (False, False)


@pytest.mark.parametrize("size", ["", "huge", "10", "10:", ":5", "0:5", "5:0", "-1:5", "1.5:2", "1:2:3"])
def test_unknown_size_is_refused_with_a_sentence(size):
    with pytest.raises(ValueError, match=r"size .* is none of xs, pilot"):
        parse_size(size)


@pytest.mark.parametrize("size", ["pilot", "university", "region"])
def test_tutors_are_scarce_in_every_named_size(size):
    population = generate(size, SEED)
    assert population.hours_wanted / population.hours_offered > 1.3


def test_an_instance_with_surplus_tutors_can_be_drawn():
    population = generate("100:200", SEED)
    assert population.hours_wanted < population.hours_offered


# Shares ----------------------------------------------------------------------------------------------


def test_schools_have_their_kinds_languages_shifts_and_patrons(region):
    assert_shares((school.kind for school in region.schools), tables.NORTH.kinds, 0.01)
    languages = ("mixed" if len(school.instruction) > 1 else school.instruction[0] for school in region.schools)
    assert_shares(languages, tables.NORTH.school_languages, 0.01)
    for kind in (tables.SMALL_SCALE, tables.URBAN):
        second = share(school.has_second_shift for school in region.schools if school.kind == kind)
        assert second == pytest.approx(tables.NORTH.second_shift[kind], abs=0.08)
    small = [school for school in region.schools if school.kind == tables.SMALL_SCALE]
    assert share(bool(school.patrons) for school in small) == pytest.approx(tables.PATRON_SHARE, abs=0.06)


def test_pupils_have_their_grades_languages_consent_and_devices(region):
    grades = dict(zip(range(1, 12), tables.GRADES_OF_NOMINATED, strict=True))
    assert_shares((row.grade for row in region.pupils), grades, 0.02)
    assert_shares((row.instruction_language for row in region.pupils), {"kk": 0.27, "ru": 0.73}, 0.02)
    assert_shares((row.consent_state for row in region.pupils), tables.CONSENT, 0.025)
    assert_shares((row.device for row in region.pupils), tables.DEVICES, 0.03)
    assert share("sen" in row.pupil.requires for row in region.pupils) == pytest.approx(0.10, abs=0.02)


def test_forty_five_percent_of_a_two_shift_school_learn_in_the_second_and_never_grades_1_5_9_11(region):
    two_shifts = {school.code for school in region.schools if school.has_second_shift}
    second = [row for row in region.pupils if row.shift == "second"]
    assert {row.pupil.school for row in second} <= two_shifts
    assert not {row.grade for row in second} & tables.FIRST_SHIFT_GRADES
    movable = [
        row for row in region.pupils if row.pupil.school in two_shifts and row.grade not in tables.FIRST_SHIFT_GRADES
    ]
    # 45 % of all pupils are 69 % of those in the grades that may move.
    assert len(second) / len(movable) == pytest.approx(0.45 / 0.654, abs=0.05)


def test_needs_have_their_numbers_priorities_sessions_and_marks(region):
    per_pupil = Counter(row.need.pupil_id for row in region.needs)
    assert_shares(per_pupil.values(), tables.NEEDS_PER_PUPIL, 0.025)
    assert_shares((row.need.priority for row in region.needs), tables.PRIORITIES, 0.02)
    assert_shares((row.need.sessions_per_week for row in region.needs), tables.SESSIONS_WANTED, 0.02)
    assert share(row.need.group_ok for row in region.needs) == pytest.approx(0.55, abs=0.025)
    bands = [next(part for part, low, high in tables.MARKS if low <= row.current_mark <= high) for row in region.needs]
    assert_shares(bands, {part: part for part, _, _ in tables.MARKS}, 0.025)


@pytest.mark.parametrize("grades", list(tables.DEMAND))
def test_first_needs_divide_among_the_families_as_asked(region, grades):
    # Later needs of a pupil are drawn without what the pupil has already, so only single needs follow.
    family_of = {code: family for family, codes in tables.FAMILY_SUBJECTS.items() for code in codes}
    per_pupil = Counter(row.need.pupil_id for row in region.needs)
    low, high = grades
    families = [
        family_of[row.need.subject]
        for row in region.needs
        if low <= row.need.grade <= high and per_pupil[row.need.pupil_id] == 1 and row.need.subject in family_of
    ]
    demand = {family: weight / 100 for family, weight in tables.DEMAND[grades].items()}
    assert_shares(families, demand, 0.075)


def test_tutors_have_their_programmes_years_capacities_and_checks(nationwide, region):
    assert_shares((row.year_of_study for row in nationwide.tutors), tables.YEARS_OF_STUDY, 0.05)
    assert_shares((row.tutor.sessions_per_week for row in nationwide.tutors), tables.SESSIONS_OFFERED, 0.05)
    assert share("sen" in row.tutor.conditions for row in nationwide.tutors) == pytest.approx(0.15, abs=0.04)
    assert share(row.checked_on is not None for row in region.tutors) == pytest.approx(0.85, abs=0.05)
    assert {row.tutor.institution for row in region.tutors} == {"NKU", "MZHC"}
    assert {row.tutor.institution for row in nationwide.tutors} == set(catalogue.institutions())


def test_the_country_is_taught_mostly_in_kazakh_and_some_in_a_third_language(nationwide):
    tracks = (track_of(row.instruction_language) for row in nationwide.pupils)
    assert_shares(tracks, {"kk": 0.67, "ru": 0.30, "other": 0.03}, 0.04)


def test_tutors_are_free_in_the_evening_and_hardly_in_the_morning(nationwide):
    workday_hours = Counter(
        hour_of(slot) for row in nationwide.tutors for slot in row.tutor.slots if weekday_of(slot) < 5
    )
    assert set(workday_hours) == {*range(8, 13), *range(16, 21)}
    morning = sum(workday_hours[hour] for hour in range(8, 13))
    evening = sum(workday_hours[hour] for hour in range(16, 21))
    assert 0.25 < morning / evening < 0.40


def test_pupils_of_the_second_shift_are_free_before_lessons_and_the_others_after(region):
    for row in region.pupils:
        for slot in row.pupil.slots:
            if weekday_of(slot) < 5:
                assert (hour_of(slot) <= 12) == (row.shift == "second"), row


def test_learning_at_school_means_one_or_two_fixed_hours(region):
    at_school = [row for row in region.pupils if row.place == "school"]
    assert all(len(row.pupil.slots) in (1, 2) for row in at_school)
    assert all(row.place == "school" for row in region.pupils if row.device == "school")
    hours = {}
    for row in at_school:
        hours.setdefault((row.pupil.school, row.shift), set()).update(row.pupil.slots)
    assert max(map(len, hours.values())) == 2


def test_open_half_hours_come_in_runs_of_two_to_four():
    for cells in (2, 7, 10):
        for pattern in runs(cells):
            line = "".join("x" if cell in pattern else " " for cell in range(cells))
            assert all(2 <= len(run) <= 4 for run in line.split()), line
    assert len(set(runs(10))) == len(runs(10))
    assert {len(runs(cells)) for cells in (0, 1)} == {1}


def test_a_six_day_week_leaves_no_saturday_before_two():
    saturdays = [window for window in six_day_week(TOWN_FIRST_SHIFT) if window.weekdays == (5,)]
    assert [(window.start, window.end) for window in saturdays] == [(14, 15)]
    assert six_day_week(TUTOR[:2]) == TUTOR[:2]


def test_everybody_has_at_least_one_free_hour(region):
    assert all(row.tutor.slots for row in region.tutors)
    assert all(row.pupil.slots for row in region.pupils)


def test_apportioning_keeps_the_total_and_leaves_nobody_out():
    assert apportion(10, {"a": 0.74, "b": 0.003, "c": 0.257}) == {"a": 6, "b": 1, "c": 3}
    assert sum(apportion(7, {"a": 1, "b": 1, "c": 1}).values()) == 7
    assert apportion(2, {"a": 0.6, "b": 0.3, "c": 0.1}) == {"a": 1, "b": 1, "c": 0}


# Sound rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["pilot", "region", "900:300"])
def test_subjects_follow_grade_and_language_track(size):
    population = generate(size, SEED)
    track = {row.pupil.id: track_of(row.instruction_language) for row in population.pupils}
    grade = {row.pupil.id: row.grade for row in population.pupils}
    for row in population.needs:
        need = row.need
        assert need.grade == grade[need.pupil_id]
        assert is_taught(need.subject, need.grade, track[need.pupil_id]), need
    languages = {"kk": {"KAZ1", "RUS2", "RUS2P"}, "ru": {"KAZ2", "KAZ2P", "RUS1"}}
    for medium, own in languages.items():
        needed = {row.need.subject for row in population.needs if track[row.need.pupil_id] == medium}
        other = languages["ru" if medium == "kk" else "kk"]
        assert own <= needed or size == "pilot"
        assert not needed & other


@pytest.mark.parametrize(
    ("subject", "grade", "track", "taught"),
    [
        ("MATH", 6, "kk", True),
        ("MATH", 7, "kk", False),
        ("ALG", 10, "ru", False),
        ("ALGAN", 10, "ru", True),
        ("KAZ2P", 4, "ru", True),
        ("KAZ2P", 5, "ru", False),
        ("KAZ1", 8, "ru", False),
        ("KAZ1", 8, "other", False),
        ("KAZ2", 8, "other", True),
        ("RUS2", 8, "kk", True),
        ("ENG", 2, "kk", False),
    ],
)
def test_a_subject_is_taught_only_in_its_grades_and_track(subject, grade, track, taught):
    assert is_taught(subject, grade, track) is taught


def test_tutors_teach_each_subject_once_within_its_grades(nationwide):
    known = catalogue.subjects()
    for row in nationwide.tutors:
        assert row.tutor.subjects
        assert len({teaching.subject for teaching in row.tutor.subjects}) == len(row.tutor.subjects)
        for teaching in row.tutor.subjects:
            subject = known[teaching.subject]
            assert subject.grade_from <= teaching.grade_from <= teaching.grade_to <= subject.grade_to
            assert teaching.grade_to <= tables.GRADE_TO_BY_YEAR[row.year_of_study]


def test_first_years_teach_to_grade_eight_and_only_they_may_be_minors(nationwide):
    first_years = [row for row in nationwide.tutors if row.year_of_study == 1]
    assert max(teaching.grade_to for row in first_years for teaching in row.tutor.subjects) == 8
    assert any(row.is_minor for row in first_years)
    assert all(row.year_of_study == 1 for row in nationwide.tutors if row.is_minor)


def test_pupils_learn_in_a_language_of_their_school_and_accept_it_first(nationwide):
    schools = {school.code: school for school in nationwide.schools}
    for row in nationwide.pupils:
        assert row.instruction_language in schools[row.pupil.school].instruction
        assert row.pupil.languages[0] == row.instruction_language
        assert len(set(row.pupil.languages)) == len(row.pupil.languages)
        assert row.class_label.startswith(str(row.grade))


def test_teachers_nominate_pupils_of_their_own_school(region):
    school_of = {teacher.email: teacher.school for teacher in region.teachers}
    assert all(school_of[row.teacher_email] == row.pupil.school for row in region.pupils)


def test_schools_lie_in_districts_of_the_catalogue_in_town_or_country_as_their_kind_says(region):
    for school in region.schools:
        place = catalogue.districts()[school.district_kato]
        assert place.region_code == school.region_code == "KZ-59"
        assert place.is_urban == (school.kind == tables.URBAN)


@pytest.mark.parametrize("size", ["xs", "pilot", "region", "900:300"])
def test_the_problem_has_no_fault(size):
    assert check(generate(size, SEED).problem) == []


def test_only_checked_tutors_and_pupils_with_consent_enter_the_problem(pilot):
    unchecked = {row.tutor.id for row in pilot.tutors if row.checked_on is None}
    without_consent = {row.pupil.id for row in pilot.pupils if row.consent_state != "received"}
    assert unchecked
    assert {row.consent_state for row in pilot.pupils} == {"received", "pending", "refused"}
    assert not unchecked & set(pilot.problem.tutor)
    assert not without_consent & set(pilot.problem.pupil)
    assert len(pilot.problem.tutors) + len(unchecked) == len(pilot.tutors)
    assert len(pilot.problem.pupils) + len(without_consent) == len(pilot.pupils)


def test_checked_tutors_are_briefed_and_consent_has_date_and_form(region):
    assert all(row.briefed_on for row in region.tutors if row.checked_on)
    for row in region.pupils:
        is_received = row.consent_state == "received"
        assert (row.consent_on is not None) == is_received
        assert row.consent_form in ({"paper", "electronic"} if is_received else {""})


def test_dates_count_back_from_the_given_day():
    on = date(2027, 2, 1)
    population = generate("pilot", SEED, on)
    assert max(row.consent_on for row in population.pupils if row.consent_on) < on
    assert max(row.checked_on for row in population.tutors if row.checked_on) < on
    assert population.problem == generate("pilot", SEED).problem


def test_texts_of_topics_suit_the_language_of_the_class(region):
    language = {row.pupil.id: row.instruction_language for row in region.pupils}
    kazakh_letters = re.compile("[әғқңөұүһі]", re.IGNORECASE)
    russian = [row.topics for row in region.needs if language[row.need.pupil_id] == "ru"]
    kazakh = [row.topics for row in region.needs if language[row.need.pupil_id] == "kk"]
    assert not any(kazakh_letters.search(topics) for topics in russian)
    assert share(bool(kazakh_letters.search(topics)) for topics in kazakh) > 0.5
