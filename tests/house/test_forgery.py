"""Forms sent from elsewhere: whatever changes something refuses a request without the token of its own page."""

import pytest
from sqlalchemy import func, select

from tests.house.test_access import requests_of
from tutormatch.assets import STATIC_ENDPOINTS
from tutormatch.extensions import db
from tutormatch.models import AuditEvent, Round


@pytest.fixture
def guarded(app, monkeypatch):
    """The application as it is in use, where forms need their token."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    return app


def token_in(page) -> str:
    return page.all("input", name="csrf_token")[0].get("value")


@pytest.mark.parametrize("role", ["tutor", "teacher", "coordinator", "administrator", None])
def test_whatever_changes_something_refuses_a_request_without_token(guarded, client, make, role):
    if role is not None:
        client.sign_in(make.tutor().account if role == "tutor" else getattr(make, role)())
    endpoints = {rule.endpoint for rule in guarded.url_map.iter_rules()} - STATIC_ENDPOINTS
    posts = [address for name in endpoints for method, address in requests_of(guarded, name) if method == "POST"]
    assert len(posts) > 40
    let_in = [address for address in posts if client.post(address).status_code != 400]
    assert not let_in, f"these take a form of another site: {let_in}"


def test_form_without_token_gets_a_page_and_changes_nothing(guarded, client, make):
    make.tutor()
    make.pupil()
    client.sign_in(make.coordinator()).in_locale("en")
    page = client.submit("/rounds", status=400)
    assert "Nothing was changed" in page.text()
    assert db.session.scalar(select(func.count()).select_from(Round)) == 0
    assert db.session.scalar(select(func.count()).select_from(AuditEvent)) == 0


def test_form_with_its_own_token_is_taken_and_with_another_visitors_not(guarded, client):
    own = token_in(client.page("/sign-in"))
    assert client.post("/locale", data={"locale": "kk", "next": "/", "csrf_token": own}).status_code == 302
    stranger = guarded.test_client()
    stranger.page("/sign-in")
    assert stranger.post("/locale", data={"locale": "kk", "next": "/", "csrf_token": own}).status_code == 400
