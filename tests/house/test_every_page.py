"""Every page, opened by everybody who may, in each locale. A new page is walked by itself; a new part of an address
needs a line in `values`."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from tests import programme as programmes
from tests.house.test_access import EVERYBODY, ROLES
from tests.page import HTML, Page, check_page
from tests.programme import Programme
from tutormatch.assets import STATIC_ENDPOINTS
from tutormatch.extensions import db
from tutormatch.models import (
    Account,
    District,
    Institution,
    Match,
    MatchState,
    OutboxMessage,
    Pupil,
    Role,
    School,
    SchoolPeriod,
    Tutor,
    TutorState,
)

VISITOR = "visitor"
FOR_THE_UNCONFIRMED = {"accounts.correct_email"}
"""Pages of anybody whose address is not confirmed; here only the student's is not."""
NO_PAGES = {"rounds.progress", "tutors.resume_sign_up"}
"""What answers a script, or leads on to another page."""
BESIDE_THE_POINT = {403, 404, 409}
"""Answers where the parts of an address do not belong together: the end of an ended match, one's own disabling."""

LATIN_WORD = re.compile(r"(?<![\w.@/-])(?![A-Z]+\b)[A-Za-z]{3,}(?![\w@/])")
"""A word in Latin letters that is no code, such as ``PHYS``, and no part of an address."""
NAMES_IN_LATIN = {"tutormatch", "English", "cookie", "Cookie", "SQLite", "PostgreSQL", "Debian", "flask", "upgrade"}
SPOKEN_ATTRIBUTES = ("title", "alt", "aria-label", "placeholder")


@pytest.fixture
def programme(make, tmp_path) -> Programme:
    return programmes.build(make, tmp_path / "programme", "pilot")


def people(programme: Programme) -> dict[str, Account | None]:
    return {
        VISITOR: None,
        "tutor": programme.tutor,
        "student who signs up": programme.newcomer,
        "teacher": programme.teacher,
        "teacher who waits": programme.waiting_teacher,
        "coordinator": programme.coordinator,
        "administrator": programme.administrator,
    }


def values(programme: Programme, account: Account | None) -> dict[str, list[Any]]:
    """Return what can stand for each part of an address."""

    def numbers(column: Any, *conditions: Any) -> list[int]:
        return list(db.session.scalars(select(column).where(*conditions).order_by(column).limit(1)))

    own = [Pupil.teacher_id == account.id] if account and account.role == Role.TEACHER else []
    pairs = [Match.pupil_id.in_(select(Pupil.id).where(*own))]
    in_each_state = [number for state in MatchState for number in numbers(Match.id, Match.state == state, *pairs)]
    matched = numbers(Match.pupil_id, Match.state == MatchState.APPROVED, *pairs)
    return {
        "account_id": [
            *(number for role in Role for number in numbers(Account.id, Account.role == role)),
            programme.invited.id,
        ],
        "district_id": numbers(District.id),
        "institution_id": numbers(Institution.id),
        "match_id": in_each_state,
        "message_id": numbers(OutboxMessage.id),
        "period_id": numbers(SchoolPeriod.id),
        "pupil_id": [*matched, *numbers(Pupil.id, Pupil.id.not_in(select(Match.pupil_id)), *own)],
        "region_code": ["KZ-59"],
        "round_id": [round_.id for round_ in programme.rounds],
        "school_id": numbers(School.id, School.is_listed),
        "tutor_id": [number for state in TutorState for number in numbers(Tutor.id, Tutor.state == state)],
    }


def addresses(app: Flask, programme: Programme, possible: dict[str, list[Any]], rule: Rule) -> Iterator[str]:
    """Yield each address of a page, with all that can stand for its parts."""
    choices = {name: converter.items for name, converter in rule._converters.items() if hasattr(converter, "items")}
    tokens = {"token": [programmes.tokens(programme).get(rule.endpoint), "expired"]}
    names = sorted(rule.arguments - set(rule.defaults or {}))
    known = {**possible, **choices, **tokens}
    for name in names:
        assert name in known, f"{rule.rule}: say in `values` what can stand for {name!r}"
    for chosen in itertools.product(*(known[name] for name in names)):
        yield app.url_map.bind("").build(rule.endpoint, dict(zip(names, chosen, strict=True)))
    if rule.endpoint == "matches.reject":
        proposed = db.session.scalar(select(Match.id).where(Match.state == MatchState.PROPOSED).limit(1))
        yield f"/rounds/{programme.rounds[0].id}/reject?match_ids={proposed}"


def pages(app: Flask) -> list[Rule]:
    return [
        rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.endpoint not in STATIC_ENDPOINTS
    ]


def readers(endpoint: str) -> frozenset[Role | str]:
    """Return who must have seen a page; what everybody may open is meant for visitors."""
    if endpoint in FOR_THE_UNCONFIRMED:
        return frozenset({Role.TUTOR})
    return frozenset({VISITOR}) if ROLES[endpoint] == EVERYBODY else ROLES[endpoint]


def spoken(page: Page) -> Iterator[str]:
    """Yield each text that a reader sees or hears, but for those marked as English."""

    def walk(element: Any) -> Iterator[str]:
        if element.get("lang") == "en" or element.tag in {f"{HTML}script", f"{HTML}style"}:
            return
        yield from (element.get(name, "") for name in SPOKEN_ATTRIBUTES)
        if element.get("name") == "description":
            yield element.get("content", "")
        yield element.text or ""
        for child in element:
            if isinstance(child.tag, str):
                yield from walk(child)
            yield child.tail or ""

    return filter(None, map(str.strip, walk(page.document)))


def left_in_english(page: Page) -> set[str]:
    """Return the texts with words in Latin letters; all names and texts of the programme are in Cyrillic."""
    return {text for text in spoken(page) if set(LATIN_WORD.findall(text)) - NAMES_IN_LATIN}


@pytest.mark.parametrize("locale", ["kk", "ru", "en"])
def test_every_page_opens_for_everybody_who_may_in_each_locale(app, client, programme, monkeypatch, locale):
    monkeypatch.setitem(app.config, "ROWS_PER_PAGE", 10)
    client.in_locale(locale)
    seen: set[tuple[str, str]] = set()
    english: dict[str, set[str]] = {}
    for person, account in people(programme).items():
        client.delete_cookie("session")
        if account is not None:
            account.locale = locale
            db.session.commit()
            client.sign_in(account)
        role = account.role if account else VISITOR
        possible = values(programme, account)
        for rule in pages(app):
            allowed = ROLES[rule.endpoint]
            if allowed != EVERYBODY and role not in allowed:
                continue
            for address in addresses(app, programme, possible, rule):
                response = client.get(address)
                if rule.endpoint in NO_PAGES or response.status_code == 302:
                    continue
                is_expired = response.status_code == 410 and address.endswith("/expired")
                assert response.status_code in {200, *BESIDE_THE_POINT} or is_expired, (
                    f"{address} answered {person} with {response.status_code}"
                )
                page = Page(response)
                check_page(page)
                assert page.all("html")[0].get("lang") == locale, f"{address} is not in {locale} for {person}"
                if response.status_code == 200:
                    seen.add((rule.endpoint, role))
                if locale != "en" and (left := left_in_english(page)):
                    english.setdefault(rule.endpoint, set()).update(left)
    assert not english, f"English is left in {locale}: {english}"
    expected = {
        (rule.endpoint, role) for rule in pages(app) if rule.endpoint not in NO_PAGES for role in readers(rule.endpoint)
    }
    assert expected <= seen, f"nobody saw {sorted(expected - seen)}: give `values` or the programme what they need"
