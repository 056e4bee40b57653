"""What a coordinator's home counts."""

import pytest

from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import Account, ConsentState, MatchState, ScopeKind, TeacherState, TutorState
from tutormatch.queries.home_coordinator import coordinator as home_of

OTHER_REGION = "KZ-39"
CERTIFICATE = {
    "pupils": 120,
    "levels": [
        {"name": "breadth", "reached": 96, "bound": 96},
        {"name": "cover", "reached": 3, "bound": 4},
    ],
}


@pytest.fixture
def region(make):
    return make.coordinator(ScopeKind.REGION)


def balance(home):
    return {each.family: (each.wanted, each.agreed, each.offered) for each in home.balance}


def test_home_counts_what_waits_in_the_own_scope_only(make, region):
    make.tutor(state=TutorState.APPLIED)
    make.tutor(state=TutorState.APPLIED, institution_id=make.institution(OTHER_REGION).id)
    unconfirmed = make.tutor(state=TutorState.APPLIED)
    unconfirmed.account.email_confirmed_at = None
    db.session.commit()
    make.teacher(state=TeacherState.APPLIED)
    make.teacher(make.school(OTHER_REGION), state=TeacherState.APPLIED)
    home = home_of(region)
    assert (home.tutors_to_check, home.teachers_to_admit) == (1, 1)
    assert (home_of(make.coordinator()).tutors_to_check, home_of(make.coordinator()).teachers_to_admit) == (2, 2)


def test_proposals_to_decide_come_by_round_of_the_own_scope(make, region):
    first, second = make.round(region), make.round(region)
    make.proposal(round=first)
    for _ in range(2):
        make.proposal(round=second)
    make.proposal(round=make.round())
    make.proposal(state=MatchState.APPROVED)
    home = home_of(region)
    assert list(home.to_decide.items()) == [(second.id, 2), (first.id, 1)]
    assert home.matches_under_way == 1
    assert not home.is_calm


def test_balance_sets_wanted_against_offered_for_each_family_of_subjects(make, region):
    make.pupil(needs=("ALG", "GEOM", "PHYS"))
    make.pupil(needs=("PHYS",), consent_state=ConsentState.PENDING)
    make.pupil(make.school(OTHER_REGION))
    make.tutor([("ALG", 7, 9), ("GEOM", 7, 9), ("PHYS", 7, 11)], sessions_per_week=4)
    make.tutor([("CHEM", 7, 11)], sessions_per_week=2)
    make.tutor([("CHEM", 7, 11)], state=TutorState.APPLIED)
    make.proposal(state=MatchState.APPROVED)
    home = home_of(region)
    assert balance(home) == {"math": (3, 1, 4 + 3), "physics": (1, 0, 4), "chemistry": (0, 0, 2)}
    assert list(balance(home)) == ["math", "physics", "chemistry"]
    assert (home.sessions_wanted, home.sessions_agreed, home.sessions_offered) == (4, 1, 4 + 2 + 3)


def test_last_round_is_told_with_its_proof(make, region):
    assert home_of(region).served is None
    make.round(region, certificate=CERTIFICATE)
    make.round()
    assert home_of(region).served == (96, 120, True)


def test_home_page_says_what_to_do_next(make, client, region):
    round_ = make.round(region, certificate=CERTIFICATE)
    client.sign_in(region)
    assert "Nothing waits for you now." in client.page("/").text()
    make.proposal(round=round_)
    make.tutor(state=TutorState.APPLIED)
    page = client.page("/")
    text = page.text()
    assert "Decide on 1 pair" in text
    assert "Check 1 tutor" in text
    assert "96 of 120 pupils get a tutor. Proven: no matching can serve more." in text
    assert f"/rounds/{round_.id}/proposals" in page.links()


def test_home_needs_as_many_statements_for_many_as_for_few(make, region):
    for _ in range(3):
        make.proposal(round=make.round(region))
    region_id = region.id

    with count_statements() as statements:
        home_of(db.session.get(Account, region_id))
    assert len(statements) <= 8
