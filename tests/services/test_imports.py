"""Loading of folders: whole or not at all, with every fault named."""

import csv
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.dirty_files import VARIANTS, dirty_copy
from tutormatch.extensions import db
from tutormatch.matching import FaultyInput, write_problem
from tutormatch.matching.population import generate, write_population
from tutormatch.models import (
    Account,
    AuditEvent,
    AuditKind,
    BlockedPair,
    ConsentState,
    Match,
    MatchState,
    Need,
    Pupil,
    School,
    ScopeKind,
    Teacher,
    TeacherState,
    Tutor,
    TutorState,
)
from tutormatch.queries.problems import collect
from tutormatch.queries.scopes import Scope
from tutormatch.services.import_checks import Defaults
from tutormatch.services.imports import import_folder

TABLES_OF_PEOPLE = (School, Teacher, Tutor, Pupil, Need, Match, BlockedPair)


@pytest.fixture(scope="module")
def population():
    return generate("pilot", 1)


@pytest.fixture(scope="module")
def clean(population, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "programme"
    write_population(population, folder, with_excluded=True)
    return folder


@pytest.fixture
def term(clock):
    """The day for which the population was drawn, so that nothing in it lies in the future."""
    clock.advance(days=(date(2026, 9, 28) - date(2026, 11, 20)).days)


def count_people():
    return {table.__name__: db.session.scalar(select(func.count()).select_from(table)) for table in TABLES_OF_PEOPLE}


def test_everybody_of_the_folder_is_loaded(app, make, clean, population, term):
    administrator = make.administrator()
    before = db.session.scalar(select(func.count(Account.id)))
    imported = import_folder(clean, by=administrator)
    assert (imported.tutors, imported.pupils, imported.needs) == (
        len(population.tutors),
        len(population.pupils),
        len(population.needs),
    )
    assert count_people()["Pupil"] == len(population.pupils)
    assert db.session.scalar(select(func.count(Account.id))) == before + len(population.tutors) + len(
        population.teachers
    )
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.kind == AuditKind.IMPORTED)).one()
    assert event.detail["pupils"] == len(population.pupils)


def test_imported_programme_makes_the_problem_of_its_files(app, make, clean, population, term):
    import_folder(clean, by=make.administrator())
    problem = collect(Scope(ScopeKind.COUNTRY)).problem
    assert problem.tutors == population.problem.tutors
    entering = {need.pupil_id for need in population.problem.needs}
    assert problem.pupils == tuple(pupil for pupil in population.problem.pupils if pupil.id in entering)
    assert problem.needs == population.problem.needs
    assert problem.pairs == population.problem.pairs


def test_those_kept_out_of_a_round_are_loaded_as_such(app, make, clean, population, term):
    import_folder(clean, by=make.administrator())
    applied = db.session.scalar(select(func.count(Tutor.id)).where(Tutor.state == TutorState.APPLIED))
    assert applied == sum(not row.may_enter for row in population.tutors)
    without_consent = db.session.scalar(
        select(func.count(Pupil.id)).where(Pupil.consent_state != ConsentState.RECEIVED)
    )
    assert without_consent == sum(not row.may_enter for row in population.pupils)


def test_teachers_wait_to_be_admitted_when_nobody_vouches(app, clean, term):
    import_folder(clean)
    assert set(db.session.scalars(select(Teacher.state))) == {TeacherState.APPLIED}


def test_second_import_of_the_same_people_is_refused_whole(app, make, clean, term):
    import_folder(clean, by=make.administrator())
    before = count_people()
    with pytest.raises(FaultyInput) as refused:
        import_folder(clean)
    assert count_people() == before
    assert {fault.column for fault in refused.value.faults} == {"tutor_id", "pupil_id", "need_id", "email"}


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_dirt_is_cleaned_or_named_and_then_nothing_is_loaded(app, clean, tmp_path, term, variant):
    dirt = dirty_copy(clean, tmp_path / "dirty", variant)
    if not dirt.is_fault:
        import_folder(tmp_path / "dirty")
        assert count_people()["Pupil"]
        return
    with pytest.raises(FaultyInput) as refused:
        import_folder(tmp_path / "dirty")
    places = {(fault.file, fault.row, fault.column) for fault in refused.value.faults}
    if dirt.row is None:
        assert {file for file, _, _ in places} >= {dirt.file}
    else:
        assert (dirt.file, dirt.row, dirt.column) in places
    assert not any(count_people().values())


@pytest.mark.parametrize(
    ("variant", "column"),
    [
        ("class_label_quoted", Pupil.class_label),
        ("class_label_latin", Pupil.class_label),
        ("name_double_space", Pupil.last_name),
        ("subject_alg", Need.subject_code),
        ("subject_kaz_ru", Need.subject_code),
        ("subject_kaz_kk", Need.subject_code),
        ("date_with_dots", Pupil.consent_on),
        ("date_excel_serial", Pupil.consent_on),
    ],
)
def test_dirt_that_is_understood_is_stored_clean(app, clean, tmp_path, term, variant, column):
    dirt = dirty_copy(clean, tmp_path / "dirty", variant)
    import_folder(tmp_path / "dirty")
    with (tmp_path / "dirty" / dirt.file).open(encoding="utf-8", newline="") as file:
        code = list(csv.reader(file))[dirt.row - 1][0]
    stored = db.session.scalar(select(column).where(column.class_.code == code))
    assert str(stored) == dirt.accepted_as


def test_values_of_faults_show_no_private_numbers(app, clean, tmp_path, term):
    for variant in ("iin_in_topics", "phone_with_eight"):
        dirt = dirty_copy(clean, tmp_path / variant, variant)
        with pytest.raises(FaultyInput) as refused:
            import_folder(tmp_path / variant)
        assert dirt.value not in str(refused.value)


def test_every_fault_of_every_file_is_listed_at_once(app, clean, tmp_path, term):
    folder = tmp_path / "dirty"
    dirty_copy(clean, folder, "name_blank")
    with (folder / "needs.csv").open("a", encoding="utf-8") as file:
        file.write("n1,nobody,MATH,7-3,9,0,1,0,50,\n")
    with pytest.raises(FaultyInput) as refused:
        import_folder(folder)
    assert [(fault.file, fault.column) for fault in refused.value.faults] == [
        ("pupils.csv", "last_name"),
        ("needs.csv", "grade"),
        ("needs.csv", "priority"),
    ]


def test_missing_folder_is_one_clear_fault(app, tmp_path):
    with pytest.raises(FaultyInput) as refused:
        import_folder(tmp_path / "nowhere")
    assert len(refused.value.faults) == 1


def test_plain_problem_is_loaded_with_names_from_codes(app, population, tmp_path, term):
    write_problem(population.problem, tmp_path / "plain")
    plain = Defaults(district_kato="591000000", consent_on=date(2026, 9, 1), checked_on=date(2026, 9, 1))
    import_folder(tmp_path / "plain", defaults=plain)
    tutor = db.session.scalars(select(Tutor).order_by(Tutor.code)).first()
    assert tutor.account.full_name == f"Tutor {tutor.code}"
    assert collect(Scope(ScopeKind.COUNTRY)).problem == population.problem


def test_plain_problem_without_consent_dates_enters_no_round(app, population, tmp_path, term):
    write_problem(population.problem, tmp_path / "plain")
    import_folder(tmp_path / "plain", defaults=Defaults(district_kato="591000000"))
    problem = collect(Scope(ScopeKind.COUNTRY)).problem
    assert (problem.tutors, problem.pupils) == ((), ())


def write_agreed(folder, slots="mon-15", checked="2026-09-01", consent="received,2026-09-01,paper"):
    folder.mkdir()
    for name, text in {
        "tutors.csv": f"tutor_id,subjects,languages,slots,sessions_per_week,institution,checked_on\n"
        f"t1,ALG:7-9,kk,mon-15,1,NKU,{checked}\n",
        "pupils.csv": f"pupil_id,school,languages,slots,grade,consent_state,consent_on,consent_form\n"
        f"p1,s1,kk,mon-15,8,{consent}\n",
        "needs.csv": "need_id,pupil_id,subject,grade\nn1,p1,ALG,8\n",
        "pairs.csv": f"tutor_id,pupil_id,need_id,status,slots\nt1,p1,n1,locked,{slots}\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_locked_pair_becomes_an_approved_match_with_live_sessions(app, tmp_path):
    import_folder(write_agreed(tmp_path / "agreed"), defaults=Defaults(district_kato="591000000"))
    match = db.session.scalars(select(Match)).one()
    assert (match.state, match.tutoring_language) == (MatchState.APPROVED, "kk")
    assert [session.is_live for session in match.sessions] == [True]


@pytest.mark.parametrize(
    "wrong", [{"slots": "tue-15"}, {"checked": ""}, {"consent": "pending,,"}, {"consent": "received,,"}]
)
def test_locked_pair_that_may_not_be_is_refused(app, tmp_path, wrong):
    with pytest.raises(FaultyInput):
        import_folder(write_agreed(tmp_path / "agreed", **wrong), defaults=Defaults(district_kato="591000000"))
    assert not any(count_people().values())
