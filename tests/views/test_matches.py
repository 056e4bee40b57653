"""The pages on which a coordinator decides."""

import pytest

from tests.statements import count_statements
from tutormatch.extensions import db
from tutormatch.models import Match, MatchState, Role, ScopeKind

KOSTANAY = "KZ-39"


@pytest.fixture
def coordinator(make):
    return make.coordinator()


@pytest.fixture
def round_(make, coordinator):
    return make.round(coordinator)


@pytest.fixture
def signed_in(client, coordinator):
    return client.sign_in(coordinator)


def state_of(match):
    db.session.expire_all()
    return db.session.get(Match, match.id).state


def names(page):
    """Return the pupils in the table's rows, in order."""
    return [page.text(cell.find("{*}a")) for cell in page.all("th", scope="row")]


def test_proposals_show_each_pair_with_its_reason(make, signed_in, round_):
    pair = make.proposal(round=round_)
    page = signed_in.page(f"/rounds/{round_.id}/proposals")
    text = page.text()
    assert names(page) == [pair.pupil.full_name]
    assert pair.tutor.account.full_name in text
    assert "Both are free: Monday 15:00" in text
    assert "In the language that the pupil wants most." in text
    assert f"/matches/{pair.id}" in page.links()
