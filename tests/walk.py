"""A walk through all pages, by everybody who may open them. A new page is walked by itself; a new part of an
address needs a line in `values`."""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from tests import programme as programmes
from tests.page import PageClient
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
    WaitingNeed,
)

VISITOR = "visitor"
NO_PAGES = {"recruitment.table", "rounds.progress", "tutors.resume_sign_up"}
"""What answers a script, gives a file, or leads on to another page."""


class Step(NamedTuple):
    """One address that one person opens."""

    endpoint: str
    person: str
    role: Role | str
    address: str


def walk(app: Flask, client: PageClient, programme: Programme, locale: str) -> Iterator[Step]:
    """Yield each address of each page for everybody who may open it, with ``client`` signed in as that person."""
    client.in_locale(locale)
    numbers = {person: account.id if account else None for person, account in people(programme).items()}
    for account in filter(None, people(programme).values()):
        account.locale = locale
    db.session.commit()
    possible = {person: values(programme, account) for person, account in people(programme).items()}
    steps = {
        person: [
            Step(rule.endpoint, person, account.role if account else VISITOR, address)
            for rule in pages(app)
            if app.view_functions[rule.endpoint].access.admits(account)
            for address in addresses(app, programme, possible[person], rule)
        ]
        for person, account in people(programme).items()
    }
    for person, number in numbers.items():
        client.delete_cookie("session")
        if number is not None:
            client.sign_in(db.session.get_one(Account, number))
        yield from steps[person]


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
        "need_id": numbers(WaitingNeed.need_id, WaitingNeed.round_id == programme.rounds[0].id),
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
    without = STATIC_ENDPOINTS | NO_PAGES
    return [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.endpoint not in without]
