"""Every hard case is in the pilot population, and is as hard as it claims."""

from dataclasses import replace
from datetime import date

import pytest

from tutormatch.matching.population import HARD_CASES, REFERENCE_DATE, Population, generate, tables
from tutormatch.matching.problem import Need, PairStatus, Problem, Pupil, Tutor
from tutormatch.matching.slots import hour_of

SEED = 11


@pytest.fixture(scope="module")
def pilot() -> Population:
    return generate("pilot", SEED)


def tutors_for(problem: Problem, need: Need) -> list[Tutor]:
    """Tutors who may teach a need: subject, grade, language, conditions and a common hour."""
    pupil = problem.pupil[need.pupil_id]
    return [
        tutor
        for tutor in problem.tutors
        if any(teaching.covers(need.subject, need.grade) for teaching in tutor.subjects)
        and tutor.languages & set(pupil.languages)
        and pupil.requires <= tutor.conditions
        and tutor.slots & pupil.slots
    ]


def case_pupils(population: Population, case: int) -> list[Pupil]:
    return [population.problem.pupil[each] for each in population.cases[case] if each.startswith("p")]


def case_tutors(population: Population, case: int) -> list[Tutor]:
    return [population.problem.tutor[each] for each in population.cases[case] if each.startswith("t")]


def needs_of(population: Population, pupil: Pupil) -> list[Need]:
    return [need for need in population.problem.needs if need.pupil_id == pupil.id]


@pytest.mark.parametrize("seed", range(5))
def test_the_pilot_contains_every_hard_case_whatever_the_seed(seed):
    assert set(generate("pilot", seed).cases) == set(HARD_CASES)


def test_case_1_kazakh_medium_physics_meets_only_a_russian_group_tutor(pilot):
    (pupil,) = case_pupils(pilot, 1)
    (tutor,) = case_tutors(pilot, 1)
    (need,) = needs_of(pilot, pupil)
    assert (need.subject, pupil.languages, tutor.languages) == ("PHYS", ("kk",), {"ru"})
    assert tutors_for(pilot.problem, need) == []
    school = next(school for school in pilot.schools if school.code == pupil.school)
    assert school.region_code == "KZ-59"
    bilingual = replace(pupil, languages=("kk", "ru"))
    would_be = Problem.of(pilot.problem.tutors, [bilingual], [need])
    assert tutors_for(would_be, need) == [tutor]


def test_case_2_second_shift_pupil_is_free_in_the_morning_only(pilot):
    (pupil,) = case_pupils(pilot, 2)
    assert pupil.slots
    assert all(hour_of(slot) < 12 for slot in pupil.slots)
    assert next(row.shift for row in pilot.pupils if row.pupil == pupil) == "second"
    assert next(school for school in pilot.schools if school.code == pupil.school).has_second_shift


def test_case_3_pupil_shares_no_hour_with_any_tutor(pilot):
    (pupil,) = case_pupils(pilot, 3)
    assert pupil.slots
    assert not any(row.tutor.slots & pupil.slots for row in pilot.tutors)


def test_case_4_pupils_of_one_class_set_could_form_a_group_but_for_the_grade(pilot):
    pupils = case_pupils(pilot, 4)
    needs = [need for pupil in pupils for need in needs_of(pilot, pupil)]
    assert [need.grade for need in needs] == [2, 4, 4]
    assert {(need.subject, need.group_ok) for need in needs} == {("MATH", True)}
    assert len({(pupil.school, pupil.slots, pupil.languages) for pupil in pupils}) == 1
    school = next(school for school in pilot.schools if school.code == pupils[0].school)
    assert school.kind == tables.SMALL_SCALE
    assert (2, 4) in school.class_sets


def test_case_5_one_tutor_could_serve_both_needs_of_a_pupil(pilot):
    (pupil,) = case_pupils(pilot, 5)
    (tutor,) = case_tutors(pilot, 5)
    needs = needs_of(pilot, pupil)
    assert len(needs) == 2
    assert all(tutor in tutors_for(pilot.problem, need) for need in needs)
    assert tutor.sessions_per_week >= sum(need.sessions_per_week for need in needs)
    assert len(tutor.slots & pupil.slots) >= tutor.sessions_per_week


def test_case_8_special_needs_find_no_briefed_tutor(pilot):
    (pupil,) = case_pupils(pilot, 8)
    (need,) = needs_of(pilot, pupil)
    assert pupil.requires == {"sen"}
    assert tutors_for(pilot.problem, need) == []
    without = Problem.of(pilot.problem.tutors, [replace(pupil, requires=frozenset())], [need])
    assert tutors_for(without, need) == case_tutors(pilot, 8)


def test_case_9_tutor_comes_from_the_pupils_village_and_bears_the_same_name(pilot):
    (pupil,) = case_pupils(pilot, 9)
    (tutor,) = case_tutors(pilot, 9)
    (need,) = needs_of(pilot, pupil)
    assert tutor in tutors_for(pilot.problem, need)
    pupil_row = next(row for row in pilot.pupils if row.pupil == pupil)
    tutor_row = next(row for row in pilot.tutors if row.tutor == tutor)
    school = next(school for school in pilot.schools if school.code == pupil.school)
    assert tutor_row.last_name == pupil_row.last_name + "а"
    assert school.name_ru in tutor_row.motivation


def test_case_10_candidates_are_equal_but_for_their_identifiers(pilot):
    pupils, tutors = case_pupils(pilot, 10), case_tutors(pilot, 10)
    assert len({replace(pupil, id="") for pupil in pupils}) == 1 < len(pupils)
    assert len({replace(tutor, id="") for tutor in tutors}) == 1 < len(tutors)
    (one,), (other,) = (needs_of(pilot, pupil) for pupil in pupils)
    assert replace(one, id="", pupil_id="") == replace(other, id="", pupil_id="")
    assert set(tutors) <= set(tutors_for(pilot.problem, one))


def test_case_12_two_schools_bear_one_name_in_two_regions(pilot):
    schools = {school.code: school for school in pilot.schools}
    twins = [schools[code] for code in pilot.cases[12] if code in schools]
    assert len({school.name_kk for school in twins}) == 1
    assert len({school.region_code for school in twins}) == 2
    assert {pupil.school for pupil in case_pupils(pilot, 12)} == {school.code for school in twins}


def test_case_13_last_years_tutor_does_not_teach_the_new_grade(pilot):
    (pupil,) = case_pupils(pilot, 13)
    (tutor,) = case_tutors(pilot, 13)
    (need,) = needs_of(pilot, pupil)
    assert need.grade == 7
    assert tutor not in tutors_for(pilot.problem, need)
    assert any(teaching.covers("MATH", 6) for teaching in tutor.subjects)
    pairs = [pair for pair in pilot.problem.pairs if pair.pupil_id == pupil.id]
    assert [(pair.tutor_id, pair.status) for pair in pairs] == [(tutor.id, PairStatus.RETURNING)]


def test_case_14_two_pupils_compete_for_one_hour_and_one_has_waited_since_the_last_quarter(pilot):
    pupils = case_pupils(pilot, 14)
    (tutor,) = case_tutors(pilot, 14)
    needs = [need for pupil in pupils for need in needs_of(pilot, pupil)]
    assert [tutors_for(pilot.problem, need) for need in needs] == [[tutor], [tutor]]
    assert tutor.sessions_per_week == 1
    waited, longer = (need.waiting_days for need in needs)
    assert waited < 30 < longer
    # The last school year ended on 25 May 2026.
    assert date.fromordinal(REFERENCE_DATE.toordinal() - longer) < date(2026, 5, 25)
