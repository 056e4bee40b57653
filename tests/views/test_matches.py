"""The pages on which a coordinator decides about pairs."""

import pytest
from sqlalchemy import select

from tutormatch.extensions import db
from tutormatch.models import BlockedPair, Decision, Match, MatchState, OutboxMessage, ScopeKind
from tutormatch.services import matches as services

OTHER_REGION = "KZ-39"


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


def state_of(match):
    db.session.expire_all()
    return db.session.get(Match, match.id).state


def names(page):
    """Return the pupils in the table's rows, in order."""
    return [page.text(cell.find("{*}a")) for cell in page.all("th", scope="row") if cell.find("{*}a") is not None]


# Whose pages


@pytest.mark.parametrize("page", ["proposals", "approve-all", "reject?match_ids={match}"])
def test_round_of_another_scope_is_not_there(make, client, page):
    round_ = make.round(make.coordinator(ScopeKind.REGION))
    pair = make.proposal(round=round_)
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    client.sign_in(stranger).page(f"/rounds/{round_.id}/{page.format(match=pair.id)}", status=404)


@pytest.mark.parametrize("page", ["", "/end"])
def test_match_of_another_scope_is_not_there(make, client, page):
    stranger = make.coordinator(ScopeKind.REGION, region=OTHER_REGION)
    proposed = make.proposal(round=make.round())
    approved = make.proposal(state=MatchState.APPROVED)
    client.sign_in(stranger)
    for match in (proposed, approved):
        client.page(f"/matches/{match.id}{page}", status=404)
        client.submit(f"/matches/{match.id}/end", {"reason": "no"}, status=404)
    assert state_of(approved) == MatchState.APPROVED
    assert approved.pupil.full_name not in client.page("/matches").text()


def test_region_sees_its_matches_of_a_country_round_once_they_are_approved(make, client):
    round_ = make.round(make.coordinator())
    proposed, approved = make.proposal(round=round_), make.proposal(state=MatchState.APPROVED)
    client.sign_in(make.coordinator(ScopeKind.REGION))
    client.page(f"/matches/{proposed.id}", status=404)
    client.page(f"/matches/{approved.id}")
    assert names(client.page("/matches")) == [approved.pupil.full_name]


@pytest.mark.parametrize("role", ["tutor", "teacher", "administrator"])
def test_other_roles_decide_nothing(make, client, round_, proposals, role):
    pair = make.proposal(round=round_)
    account = {
        "tutor": pair.tutor.account,
        "teacher": pair.pupil.teacher,
        "administrator": make.administrator(),
    }[role]
    client.sign_in(account)
    for address in (proposals, f"/matches/{pair.id}", "/matches", f"/matches/{pair.id}/end"):
        client.page(address, status=403)
    client.submit(f"/rounds/{round_.id}/approve", {"match_ids": pair.id}, status=403)
    assert state_of(pair) == MatchState.PROPOSED


# Deciding


def test_ticked_pairs_are_approved_with_exact_count_and_undone(make, signed_in, round_, proposals):
    pairs = [make.proposal(round=round_) for _ in range(3)]
    page = signed_in.submit(f"/rounds/{round_.id}/approve?sort=pupil", {"match_ids": [pairs[0].id, pairs[1].id]})
    assert page.response.request.query_string == b"sort=pupil"
    assert "2 pairs approved." in page.text()
    assert "You approved 2 pairs. Their mail leaves at 10:02." in page.text()
    assert [state_of(pair) for pair in pairs] == [MatchState.APPROVED] * 2 + [MatchState.PROPOSED]
    undo = next(form.get("action") for form in page.all("form") if "/undo" in form.get("action", ""))
    page = signed_in.submit(undo)
    assert "The decision is taken back." in page.text()
    assert [state_of(pair) for pair in pairs] == [MatchState.PROPOSED] * 3
    assert len(names(page)) == 3


def test_nothing_ticked_changes_nothing(make, signed_in, round_):
    make.proposal(round=round_)
    for act in ("approve", "reject"):
        assert "tick at least one pair" in signed_in.submit(f"/rounds/{round_.id}/{act}").text()
    assert db.session.scalars(select(Decision)).all() == []


def test_numbers_that_are_no_matches_are_refused(make, signed_in, round_):
    pair = make.proposal(round=round_)
    signed_in.submit(f"/rounds/{round_.id}/approve", {"match_ids": f"{pair.id} 99999"}, status=404)
    assert state_of(pair) == MatchState.PROPOSED


def test_rejecting_asks_for_a_reason_and_keeps_what_was_typed(make, signed_in, round_, proposals):
    pair = make.proposal(round=round_)
    page = signed_in.page(f"/rounds/{round_.id}/reject?match_ids={pair.id}")
    assert pair.pupil.full_name in page.text()
    page = signed_in.submit(f"/rounds/{round_.id}/reject", {"match_ids": pair.id, "reason": " ", "extent": "slot"})
    assert "Fill in this field." in page.text()
    assert page.all("input", value="slot")[0].get("checked") is not None
    page = signed_in.submit(
        f"/rounds/{round_.id}/reject", {"match_ids": pair.id, "reason": "Too far", "extent": "slot"}
    )
    assert "1 pair rejected." in page.text()
    assert db.session.scalars(select(BlockedPair.slot)).all() == [15]
    assert "Too far" in signed_in.page(f"/matches/{pair.id}?state=all").text()


def test_stale_pairs_are_listed_and_the_rest_can_go_on(make, signed_in, round_, clock):
    pairs = [make.proposal(round=round_) for _ in range(3)]
    colleague = make.coordinator(last_name="Әріптес")
    services.approve(colleague, round_.id, [pairs[0].id])

    page = signed_in.submit(f"/rounds/{round_.id}/approve", {"match_ids": [pair.id for pair in pairs]}, status=409)

    assert "Nothing was changed, because 1 pair cannot be decided" in page.text()
    assert names(page) == [pairs[0].pupil.full_name]
    assert "approved by Әріптес" in page.text()
    assert [state_of(pair) for pair in pairs[1:]] == [MatchState.PROPOSED] * 2
    rest = page.all("input", name="match_ids")[0].get("value")
    page = signed_in.submit(f"/rounds/{round_.id}/approve", {"match_ids": rest})
    assert "2 pairs approved." in page.text()
    assert [state_of(pair) for pair in pairs] == [MatchState.APPROVED] * 3


def test_stale_rejection_keeps_its_reason_for_the_rest(make, signed_in, round_):
    first, second = make.proposal(round=round_), make.proposal(round=round_)
    services.approve(make.coordinator(), round_.id, [first.id])
    ids = f"{first.id} {second.id}"
    page = signed_in.submit(
        f"/rounds/{round_.id}/reject", {"match_ids": ids, "reason": "Too far", "extent": "pair"}, status=409
    )
    fields = {
        field.get("name"): field.get("value")
        for field in page.all("input", type="hidden")
        if field.get("name") in ("match_ids", "reason", "extent")
    }
    assert fields == {"match_ids": str(second.id), "reason": "Too far", "extent": "pair"}
    signed_in.submit(f"/rounds/{round_.id}/reject", fields)
    assert [state_of(first), state_of(second)] == [MatchState.APPROVED, MatchState.REJECTED]


def test_all_that_fit_the_filter_are_approved_after_confirming_the_exact_count(make, signed_in, round_, proposals):
    algebra = [make.proposal(round=round_) for _ in range(2)]
    physics = make.proposal(make.pupil(needs=("PHYS",)).needs[0], make.tutor([("PHYS", 7, 11)]), round=round_)
    address = f"/rounds/{round_.id}/approve-all?subject=ALG"
    assert address in signed_in.page(f"{proposals}?subject=ALG").links()
    page = signed_in.page(address)
    assert page.heading == "Approve 2 pairs?"
    assert "Algebra" in page.text()

    services.reject(make.coordinator(), round_.id, [algebra[0].id], "no", only_slot=False)
    page = signed_in.submit(address, {"count": 2}, status=409)
    assert page.heading == "Approve 1 pair?"
    assert "You were shown 2 pairs" in page.text()
    assert state_of(algebra[1]) == MatchState.PROPOSED

    page = signed_in.submit(address, {"count": 1})
    assert "1 pair approved." in page.text()
    assert [state_of(algebra[1]), state_of(physics)] == [MatchState.APPROVED, MatchState.PROPOSED]


def test_undo_after_its_time_says_so(make, signed_in, round_, proposals, clock):
    pair = make.proposal(round=round_)
    signed_in.submit(f"/rounds/{round_.id}/approve", {"match_ids": pair.id})
    decision = db.session.scalars(select(Decision)).one()
    clock.advance(minutes=3)
    assert "/undo" not in signed_in.page(proposals).html
    page = signed_in.submit(f"/decisions/{decision.id}/undo", status=409)
    assert page.heading == "It is too late to undo this"
    assert state_of(pair) == MatchState.APPROVED


def test_address_of_the_proposals_reaches_no_other_address(make, signed_in, round_, coordinator):
    services.reject(coordinator, round_.id, [make.proposal(round=round_).id], "no", only_slot=False)
    for query in ("decision_id=7", "endpoint=pages.home", "_external=1&_scheme=javascript"):
        page = signed_in.page(f"/rounds/{round_.id}/proposals?{query}&name=nobody")
        [undo] = [form.get("action") for form in page.all("form") if "/undo" in form.get("action", "")]
        assert undo.endswith("/undo?name=nobody")
        assert undo.startswith("/decisions/")


# One match


def test_match_page_tells_who_decided_when_and_what_was_before(make, signed_in, round_, coordinator):
    pair = make.proposal(round=round_)
    services.reject(coordinator, round_.id, [pair.id], "The family asked", only_slot=False)
    again = make.proposal(pair.need, pair.tutor, "tue-16", make.round(coordinator))
    assert state_of(pair) == MatchState.REJECTED
    page = signed_in.page(f"/matches/{pair.id}")
    decided = page.text().partition("Decided by ")[2]
    assert decided.startswith(coordinator.full_name)
    assert "10:00" in decided.partition("Reason: The family asked")[0]
    text = signed_in.page(f"/matches/{again.id}").text()
    assert "These two were rejected as a pair." in text
    assert "Reason: The family asked" in text
    assert pair.tutor.account.email in text


def test_match_page_shows_no_marks(make, signed_in, round_):
    pair = make.proposal(round=round_)
    pair.need.current_mark = 37
    db.session.commit()
    assert "37" not in signed_in.page(f"/matches/{pair.id}").text().replace(pair.pupil.full_name, "")


def test_ending_a_match_asks_for_a_reason_and_tells_both_sides(make, signed_in):
    match = make.proposal(state=MatchState.APPROVED)
    assert f"/matches/{match.id}/end" in signed_in.page("/matches").links()
    page = signed_in.submit(f"/matches/{match.id}/end", {"reason": ""})
    assert "Fill in this field." in page.text()
    page = signed_in.submit(f"/matches/{match.id}/end", {"reason": "Moved away"})
    assert "The match has ended." in page.text()
    assert state_of(match) == MatchState.ENDED
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 2
    page = signed_in.submit(f"/matches/{match.id}/end", {"reason": "again"}, status=409)
    assert page.heading == "This match is not under way"
    assert "Moved away" in signed_in.page(f"/matches/{match.id}").text()


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_pages_open_in_each_locale(make, client, locale):
    coordinator = make.coordinator(locale=locale)
    round_ = make.round(coordinator)
    pair, ended = make.proposal(round=round_), make.proposal(state=MatchState.APPROVED)
    services.reject(coordinator, round_.id, [make.proposal(round=round_).id], "no", only_slot=False)
    client.sign_in(coordinator)
    for address in (
        "/",
        "/matches",
        f"/matches/{pair.id}",
        f"/matches/{ended.id}/end",
        f"/rounds/{round_.id}/proposals?state=all",
        f"/rounds/{round_.id}/proposals?name=nobody",
        f"/rounds/{round_.id}/approve-all",
        f"/rounds/{round_.id}/reject?match_ids={pair.id}",
    ):
        client.page(address)
