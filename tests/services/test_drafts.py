from datetime import timedelta

from sqlalchemy import func, select

from tutormatch.extensions import db
from tutormatch.models import Draft, DraftKind, Role
from tutormatch.services import drafts


def count_drafts() -> int:
    return db.session.scalar(select(func.count()).select_from(Draft))


def test_draft_keeps_each_step(make):
    account = make.account(Role.TUTOR)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", {"year": 2})
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "when", {"slots": ["mon-15"]})
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", {"year": 3})
    assert drafts.load(account, DraftKind.TUTOR_PROFILE) == {"who": {"year": 3}, "when": {"slots": ["mon-15"]}}
    assert count_drafts() == 1


def test_draft_of_one_account_and_kind_is_not_another_ones(make):
    account, other = make.account(Role.TUTOR), make.account(Role.TEACHER)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", {"year": 2})
    assert drafts.load(other, DraftKind.TUTOR_PROFILE) == {}
    assert drafts.load(account, DraftKind.NOMINATION) == {}
    drafts.discard(other, DraftKind.TUTOR_PROFILE)
    assert drafts.load(account, DraftKind.TUTOR_PROFILE)


def test_discarded_draft_is_gone(make):
    account = make.account(Role.TUTOR)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", {"year": 2})
    drafts.discard(account, DraftKind.TUTOR_PROFILE)
    drafts.discard(account, DraftKind.TUTOR_PROFILE)
    assert drafts.load(account, DraftKind.TUTOR_PROFILE) == {}
    assert count_drafts() == 0


def test_only_drafts_that_nobody_touched_for_thirty_days_are_removed(make, clock):
    old, fresh = make.account(Role.TUTOR), make.account(Role.TUTOR)
    drafts.save_step(old, DraftKind.TUTOR_PROFILE, "who", {})
    clock.advance(days=29)
    drafts.save_step(fresh, DraftKind.TUTOR_PROFILE, "who", {"year": 1})
    assert drafts.remove_expired() == 0
    clock.advance(days=1)
    assert drafts.remove_expired() == 1
    assert drafts.load(fresh, DraftKind.TUTOR_PROFILE) == {"who": {"year": 1}}


def test_expired_draft_counts_as_none_before_it_is_removed(make, clock):
    account = make.account(Role.TUTOR)
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "who", {"year": 2})
    clock.moment += drafts.LIFETIME + timedelta(seconds=1)
    assert drafts.load(account, DraftKind.TUTOR_PROFILE) == {}
    drafts.save_step(account, DraftKind.TUTOR_PROFILE, "when", {"slots": []})
    assert drafts.load(account, DraftKind.TUTOR_PROFILE) == {"when": {"slots": []}}
