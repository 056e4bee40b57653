"""Transactions, and what follows them."""

import pytest
from sqlalchemy import text

from tutormatch.database import after_commit, transactional, writing
from tutormatch.extensions import db
from tutormatch.models import Region


def names():
    db.session.rollback()
    return {region.code for region in db.session.scalars(db.select(Region)) if region.code.startswith("XX")}


def add(code):
    db.session.add(Region(code=code, name_kk=code, name_ru=code, name_en=code))
    db.session.flush()


@pytest.fixture(autouse=True)
def without_new_regions(app):
    yield
    db.session.rollback()
    db.session.execute(db.delete(Region).where(Region.code.startswith("XX")))
    db.session.commit()


def test_failure_of_what_follows_a_commit_is_logged_and_stops_nothing_else(app, caplog):
    called = []

    def fail():
        raise OSError("the queue is full")

    @transactional
    def change():
        add("XX-1")
        after_commit(fail)
        after_commit(lambda: called.append("the next one"))
        return "changed"

    assert change() == "changed"
    assert names() == {"XX-1"}
    assert called == ["the next one"]
    assert "the queue is full" in caplog.text


def test_nothing_follows_a_transaction_that_failed(app):
    called = []

    @transactional
    def change():
        add("XX-2")
        after_commit(lambda: called.append("too early"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert names() == set()
    assert called == []


def test_inner_transaction_joins_the_outer_one(app):
    @transactional
    def inner():
        add("XX-3")

    @transactional
    def outer():
        inner()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outer()
    assert names() == set()


def test_reading_after_a_posted_form_leaves_the_writers_lock_alone(sqlite_app):
    with sqlite_app.app_context():
        sqlite_app.test_client().post("/locale", data={"locale": "kk", "next": "/"})
        db.session.execute(text("SELECT 1"))
        with db.engine.connect() as other, writing():
            other.execute(text("SELECT 1"))
        db.session.remove()
