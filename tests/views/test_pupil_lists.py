"""Lists of pupils: whose they are, filtered, counted, in pages."""

import pytest
from sqlalchemy import func, select

from tests.factories import OTHER_REGION
from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import Account, ConsentState, MatchState, Need, Priority, Pupil, ScopeKind, WaitingNeed

MOST_STATEMENTS = 12


@pytest.fixture
def teacher(make, client):
    teacher = make.teacher()
    client.sign_in(teacher)
    return teacher


@pytest.fixture
def pupil(make, teacher):
    return make.pupil(teacher=teacher, first_name="Данияр", last_name="Оқушыев", slots="mon-15;tue-16")


def agree(make, pupil, slots="mon-15"):
    return make.proposal(pupil.needs[0], make.tutor(), slots=slots, state=MatchState.APPROVED)


def leave_waiting(make, pupil, reason="no_common_time"):
    db.session.add(
        WaitingNeed(round_id=make.round().id, need_id=pupil.needs[0].id, reason=reason, explanation={"funnel": []})
    )
    db.session.commit()


def names(page):
    return [page.text(cell) for cell in page.all("th", scope="row")]


def test_teacher_sees_own_pupils_only(client, make, pupil):
    make.pupil(last_name="Басқа")
    make.pupil(last_name="Көрші", teacher=make.teacher(pupil.school))
    assert names(client.page("/pupils")) == ["Оқушыев Данияр"]


def test_list_says_in_words_why_a_pupil_waits(client, make, teacher):
    leave_waiting(make, make.pupil(teacher=teacher))
    make.pupil(teacher=teacher, consent_state=ConsentState.PENDING, consent_on=None, consent_form=None)
    make.pupil(teacher=teacher)
    text = client.page("/pupils").text()
    assert "no common free time" in text
    assert "until consent is on file" in text
    assert "for the next round" in text


def test_latest_round_gives_the_reason(client, make, pupil):
    leave_waiting(make, pupil, "tutors_full")
    leave_waiting(make, pupil, "no_tutor_for_subject")
    text = client.page("/pupils").text()
    assert "no tutor for this subject" in text
    assert "every suitable tutor is full" not in text


def test_states_are_counted_and_narrow_the_list(client, make, teacher):
    for last_name in ("Аман", "Болат", "Ғани"):
        make.pupil(teacher=teacher, last_name=last_name)
    proposed, matched, withdrawn = (
        make.pupil(teacher=teacher, last_name="Қайрат"),
        *(make.pupil(teacher=teacher, last_name=name) for name in ("Омар", "Өтеген")),
    )
    make.proposal(proposed.needs[0])
    agree(make, matched)
    client.submit(f"/pupils/{withdrawn.id}/withdraw", {"version": withdrawn.version})

    page = client.page("/pupils")
    for tab in ("All (5)", "Waiting (3)", "Proposed (1)", "Matched (1)", "Withdrawn (1)"):
        assert tab in page.text()
    assert names(page) == ["Аман Данияр", "Болат Данияр", "Ғани Данияр", "Қайрат Данияр", "Омар Данияр"]
    assert names(client.page("/pupils?state=matched")) == ["Омар Данияр"]
    assert names(client.page("/pupils?state=proposed")) == ["Қайрат Данияр"]
    assert names(client.page("/pupils?state=withdrawn")) == ["Өтеген Данияр"]
    assert names(client.page("/pupils?sort=-name"))[0] == "Омар Данияр"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=ғани", ["Ғани Данияр"]),
        ("search=ДАНИЯР+ға", ["Ғани Данияр"]),
        ("search=%25", []),
        ("search=_", []),
        ("subject=PHYS", ["Өмір Данияр"]),
        ("consent=pending", ["Өмір Данияр"]),
        ("priority=3", ["Ғани Данияр"]),
        ("priority=3&subject=PHYS", []),
        ("state=nonsense&sort=nonsense&page=x&school=x", ["Ғани Данияр", "Өмір Данияр"]),
        ("page=99", ["Ғани Данияр", "Өмір Данияр"]),
        ("search=%00", ["Ғани Данияр", "Өмір Данияр"]),
    ],
)
def test_list_is_filtered_and_searched(client, make, query, found):
    coordinator = make.coordinator()
    urgent = make.pupil(last_name="Ғани")
    urgent.needs[0].priority = Priority.URGENT
    make.pupil(
        last_name="Өмір", needs=("PHYS",), consent_state=ConsentState.PENDING, consent_on=None, consent_form=None
    )
    client.sign_in(coordinator)
    assert names(client.page(f"/pupils?{query}")) == found


def test_list_is_narrowed_to_a_school_and_a_region(client, make):
    here, there = make.pupil(last_name="Аман"), make.pupil(make.school(OTHER_REGION), last_name="Болат")
    client.sign_in(make.coordinator())
    assert names(client.page(f"/pupils?school={here.school_id}")) == ["Аман Данияр"]
    page = client.page(f"/pupils?region={OTHER_REGION}")
    assert names(page) == ["Болат Данияр"]
    assert str(there.school_id) in [
        option.get("value") for field in page.all("select", name="school") for option in field
    ]


def test_coordinator_sees_the_pupils_of_the_scope_only(client, make):
    here, there = make.pupil(last_name="Аман"), make.pupil(make.school(OTHER_REGION), last_name="Болат")
    client.sign_in(make.coordinator(ScopeKind.REGION))
    assert names(client.page("/pupils")) == ["Аман Данияр"]
    client.page(f"/pupils/{here.id}")
    client.page(f"/pupils/{there.id}", status=404)
    client.sign_in(make.coordinator(ScopeKind.INSTITUTION))
    assert names(client.page("/pupils")) == ["Аман Данияр"]


def test_long_list_has_pages_and_a_list_to_print(client, make, teacher):
    for _number in range(53):
        make.pupil(teacher=teacher)
    assert len(names(client.page("/pupils"))) == 50
    assert len(names(client.page("/pupils?page=2"))) == 3
    assert len(names(client.page("/pupils?print=1"))) == 53


def fill(make, teachers, number):
    """Make pupils in every state, with reasons."""
    for position in range(number):
        pupil = make.pupil(teacher=teachers[position % len(teachers)], needs=("ALG", "PHYS"))
        if position % 3 == 1:
            make.proposal(pupil.needs[0], make.tutor())
        if position % 3 == 2:
            make.proposal(pupil.needs[0], make.tutor(), state=MatchState.APPROVED)
    round_ = make.round()
    db.session.add_all(
        WaitingNeed(round_id=round_.id, need_id=need_id, reason="no_common_time", explanation={})
        for need_id in db.session.scalars(select(Need.id).where(Need.subject_code == "PHYS"))
    )
    db.session.commit()


def test_lists_of_300_pupils_need_few_statements(client, make):
    teachers = [make.teacher() for _number in range(6)]
    fill(make, teachers, 300)
    coordinator = make.coordinator()
    lists = [
        "/pupils",
        "/pupils?state=waiting&subject=PHYS&sort=grade",
        "/pupils?search=о&priority=2&region=KZ-59",
        "/schools",
        "/schools?sort=-waiting",
        f"/schools/{teachers[0].teacher.school_id}",
    ]
    for account_id, addresses in ((teachers[0].id, ["/pupils", "/"]), (coordinator.id, lists)):
        client.sign_in(db.session.get(Account, account_id))
        for address in addresses:
            with count_statements() as statements:
                page = client.page(address)
            assert len(statements) <= MOST_STATEMENTS, f"{address}: {len(statements)}"
            assert len(page.all("tr")) > 1
    assert db.session.scalar(select(func.count()).select_from(Pupil)) == 300
