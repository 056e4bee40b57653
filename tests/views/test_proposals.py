"""The list of proposals: what it shows, filtered, sorted, in pages."""

import pytest

from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import MatchState, ScopeKind

OTHER_REGION = "KZ-39"
MOST_STATEMENTS = 12


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


@pytest.fixture
def signed_in(client, coordinator):
    return client.sign_in(coordinator)


@pytest.fixture
def proposals(round_):
    return f"/rounds/{round_.id}/proposals"


def names(page):
    """Return the pupils in the table's rows, in order."""
    return [page.text(cell.find("{*}a")) for cell in page.all("th", scope="row") if cell.find("{*}a") is not None]


def options(page, facet):
    """Return the values of a filter with their counts, as ``{"Physics": 2}``."""
    select_element = page.all("select", id=f"filter-{facet}")[0]
    texts = [page.text(option) for option in select_element if option.get("value")]
    return {text.rpartition(" (")[0]: int(text.rpartition("(")[2].rstrip(")")) for text in texts}


def test_proposals_show_each_pair_with_its_reason(make, signed_in, round_, proposals):
    pair = make.proposal(round=round_)
    page = signed_in.page(proposals)
    text = page.text()
    assert names(page) == [pair.pupil.full_name]
    assert pair.tutor.account.full_name in text
    assert "Both are free: Monday 15:00" in text
    assert "In the language that the pupil wants most." in text
    assert "No other tutor would fit." in text
    assert f"/matches/{pair.id}" in page.links()


def test_alternatives_are_named_within_the_scope_only(make, client):
    coordinator = make.coordinator(ScopeKind.REGION)
    round_ = make.round(coordinator)
    near = make.tutor(account=make.account("tutor", last_name="Жақынов"))
    far = make.tutor(
        account=make.account("tutor", last_name="Алысов"), institution_id=make.institution(OTHER_REGION).id
    )
    pair = make.proposal(round=round_)
    pair.explanation = pair.explanation | {"alternatives": 2, "alternative_tutors": [near.code, far.code]}
    db.session.commit()
    for address in (f"/rounds/{round_.id}/proposals", f"/matches/{pair.id}"):
        text = client.sign_in(coordinator).page(address).text()
        assert "2 other tutors would fit: Жақынов" in text
        assert "Алысов" not in text


def test_filters_narrow_the_list_and_count_what_each_value_would_leave(make, signed_in, round_, proposals):
    school = make.school()
    teacher = make.teacher(school)
    physics_tutor = make.tutor([("PHYS", 7, 11)], slots="mon-15;tue-16;wed-17;thu-18")
    first = make.proposal(make.pupil(teacher=teacher, needs=("PHYS",)).needs[0], physics_tutor, "mon-15", round_)
    second = make.proposal(make.pupil(needs=("PHYS",)).needs[0], physics_tutor, "tue-16", round_)
    third = make.proposal(make.pupil(teacher=teacher).needs[0], round=round_, tutoring_language="ru")
    third.need.priority = 3
    db.session.commit()

    page = signed_in.page(f"{proposals}?subject=PHYS")
    assert sorted(names(page)) == sorted([first.pupil.full_name, second.pupil.full_name])
    assert options(page, "subject") == {"Physics": 2, "Algebra": 1}
    assert options(page, "school")[school.name_en] == 1
    assert options(page, "tutoring_language") == {"Kazakh": 2}
    assert options(page, "priority") == {"Normal": 2}

    page = signed_in.page(f"{proposals}?school={school.id}&priority=3")
    assert names(page) == [third.pupil.full_name]
    page = signed_in.page(f"{proposals}?tutoring_language=ru&institution={third.tutor.institution_id}")
    assert names(page) == [third.pupil.full_name]


def test_search_finds_a_pupil_by_part_of_the_name_in_any_case(make, signed_in, round_, proposals):
    wanted = make.proposal(make.pupil(last_name="Әбдірахман", first_name="Жібек").needs[0], round=round_)
    make.proposal(round=round_)
    assert names(signed_in.page(f"{proposals}?name=ӘБДІР")) == [wanted.pupil.full_name]
    assert "No pair fits this filter" in signed_in.page(f"{proposals}?name=100%25").text()


def test_an_address_with_nonsense_shows_the_plain_list(make, signed_in, round_, proposals):
    pair = make.proposal(round=round_)
    nonsense = "state=?&priority=9&page=-1&sort=password&school=99999999999&name=%00"
    assert names(signed_in.page(f"{proposals}?{nonsense}")) == [pair.pupil.full_name]


def test_list_sorts_by_every_column_both_ways(make, signed_in, round_, proposals):
    pairs = [
        make.proposal(
            make.pupil(make.school(name_en=f"School {tutor}"), last_name=name, needs=(subject,)).needs[0],
            make.tutor([(subject, 1, 11)], account=make.account("tutor", last_name=tutor)),
            slot,
            round_,
        )
        for name, subject, tutor, slot in (
            ("Әлиев", "PHYS", "Яковлев", "mon-15"),
            ("Яров", "ALG", "Ақан", "wed-17"),
            ("Бек", "GEOM", "Бор", "tue-16"),
        )
    ]
    by_name = {pair.pupil.full_name: pair for pair in pairs}

    def order(sort):
        return [by_name[name].pupil.last_name for name in names(signed_in.page(f"{proposals}?sort={sort}"))]

    assert order("pupil") == ["Әлиев", "Бек", "Яров"]
    assert order("-pupil") == ["Яров", "Бек", "Әлиев"]
    assert order("subject") == ["Яров", "Бек", "Әлиев"]
    assert order("tutor") == ["Яров", "Бек", "Әлиев"]
    assert order("slot") == ["Әлиев", "Бек", "Яров"]
    assert order("-slot") == ["Яров", "Бек", "Әлиев"]
    assert order("school") == ["Яров", "Бек", "Әлиев"]
    for sort in ("priority", "language", "state"):
        assert len(order(sort)) == 3


def test_long_lists_come_in_pages(app, make, signed_in, round_, proposals, monkeypatch):
    monkeypatch.setitem(app.config, "ROWS_PER_PAGE", 2)
    for _ in range(3):
        make.proposal(round=round_)
    first, second = signed_in.page(proposals), signed_in.page(f"{proposals}?page=2")
    assert (len(names(first)), len(names(second))) == (2, 1)
    assert not set(names(first)) & set(names(second))


def test_list_needs_no_more_statements_for_more_pairs(make, signed_in, round_, proposals):
    def counted(address):
        with count_statements() as statements:
            signed_in.page(address)
        return sum(not statement.startswith("BEGIN") for statement in statements)

    one = make.proposal(round=round_)
    need = one.need
    addresses = [proposals, f"{proposals}?state=all&sort=school&name=о", f"/matches/{one.id}", "/matches", "/"]
    few = [counted(address) for address in addresses]
    for number in range(5):
        alternative = make.tutor()
        pair = make.proposal(round=round_, slots="mon-15;tue-16")
        pair.explanation = pair.explanation | {"alternatives": 1, "alternative_tutors": [alternative.code]}
        make.proposal(state=MatchState.APPROVED)
        if number < 2:
            make.proposal(need, state=MatchState.ENDED)
    db.session.commit()
    many = [counted(address) for address in addresses]
    assert all(count <= MOST_STATEMENTS for count in many), dict(zip(addresses, many, strict=True))
    assert counted(proposals) == many[0]
    assert many[0] - few[0] <= 1
