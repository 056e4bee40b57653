"""Who may open what. A new view needs a line in `ROLES`; a view that is gone loses its line."""

import pytest
from flask import Flask
from werkzeug.routing import IntegerConverter

from tutormatch.access import STATIC_ENDPOINTS
from tutormatch.models import Role

EVERYBODY = "everybody"
SIGNED_IN = frozenset(Role)
TUTOR, TEACHER, COORDINATOR, ADMINISTRATOR = (frozenset({role}) for role in Role)

ROLES: dict[str, frozenset[Role] | str] = {
    "accounts.accept_invitation": EVERYBODY,
    "accounts.change_password": SIGNED_IN,
    "accounts.confirm": EVERYBODY,
    "accounts.correct_email": SIGNED_IN,
    "accounts.password_requested": EVERYBODY,
    "accounts.profile": SIGNED_IN,
    "accounts.request_password": EVERYBODY,
    "accounts.resend_confirmation": SIGNED_IN,
    "accounts.reset_password": EVERYBODY,
    "accounts.sign_in": EVERYBODY,
    "accounts.sign_out": EVERYBODY,
    "administration.account": ADMINISTRATOR,
    "administration.accounts": ADMINISTRATOR,
    "administration.activity": ADMINISTRATOR,
    "administration.invitations": ADMINISTRATOR,
    "administration.invite": ADMINISTRATOR,
    "administration.mail": ADMINISTRATOR,
    "administration.outbox": ADMINISTRATOR,
    "administration.renew_invitation": ADMINISTRATOR,
    "administration.retry_mail": ADMINISTRATOR,
    "administration.set_disabled": ADMINISTRATOR,
    "administration.withdraw_invitation": ADMINISTRATOR,
    "catalogue.delete_period": ADMINISTRATOR,
    "catalogue.index": ADMINISTRATOR,
    "catalogue.institution": ADMINISTRATOR,
    "catalogue.institutions": ADMINISTRATOR,
    "catalogue.period": ADMINISTRATOR,
    "catalogue.periods": ADMINISTRATOR,
    "catalogue.school": ADMINISTRATOR,
    "catalogue.schools": ADMINISTRATOR,
    "catalogue.set_offered": ADMINISTRATOR,
    "catalogue.subjects": ADMINISTRATOR,
    "matches.approve": COORDINATOR,
    "matches.approve_all": COORDINATOR,
    "matches.end": COORDINATOR,
    "matches.index": COORDINATOR,
    "matches.proposals": COORDINATOR,
    "matches.reject": COORDINATOR,
    "matches.show": COORDINATOR,
    "matches.undo": COORDINATOR,
    "nominations.check": TEACHER,
    "nominations.discard": TEACHER,
    "nominations.index": TEACHER,
    "nominations.what": TEACHER,
    "nominations.when": TEACHER,
    "nominations.who": TEACHER,
    "pages.about": EVERYBODY,
    "pages.choose_locale": EVERYBODY,
    "pages.code_of_conduct": EVERYBODY,
    "pages.home": EVERYBODY,
    "pages.matching": EVERYBODY,
    "pages.privacy": EVERYBODY,
    "people.change_tutor": COORDINATOR,
    "people.index": COORDINATOR,
    "people.teachers": COORDINATOR,
    "people.tutor": COORDINATOR,
    "pupils.consent": TEACHER,
    "pupils.edit_what": TEACHER,
    "pupils.edit_when": TEACHER,
    "pupils.edit_who": TEACHER,
    "pupils.end_match": TEACHER,
    "pupils.index": TEACHER | COORDINATOR,
    "pupils.show": TEACHER | COORDINATOR,
    "pupils.withdraw": TEACHER,
    "recruitment.index": COORDINATOR,
    "recruitment.of_round": COORDINATOR,
    "recruitment.table": COORDINATOR,
    "remedies.accept_language": COORDINATOR,
    "remedies.ask_for_free_time": COORDINATOR,
    "remedies.take_back_language": COORDINATOR,
    "rounds.index": COORDINATOR,
    "rounds.progress": COORDINATOR,
    "rounds.proof": COORDINATOR,
    "rounds.restart": COORDINATOR,
    "rounds.show": COORDINATOR,
    "rounds.start": COORDINATOR,
    "rounds.waiting": COORDINATOR,
    "schools.index": COORDINATOR,
    "schools.show": COORDINATOR,
    "schools.timetable": COORDINATOR,
    "suggestions.propose": COORDINATOR,
    "suggestions.show": COORDINATOR,
    "teachers.add_school": EVERYBODY,
    "teachers.choose_district": EVERYBODY,
    "teachers.choose_school": EVERYBODY,
    "teachers.contact": TEACHER,
    "teachers.join_school": EVERYBODY,
    "teachers.sign_up": EVERYBODY,
    "timetables.own": TUTOR | TEACHER,
    "tutors.edit_free_time": TUTOR,
    "tutors.edit_studies": TUTOR,
    "tutors.edit_teaching": TUTOR,
    "tutors.leave": TUTOR,
    "tutors.profile": TUTOR,
    "tutors.pupils": TUTOR,
    "tutors.resume_sign_up": TUTOR,
    "tutors.sign_up": EVERYBODY,
    "tutors.sign_up_check": TUTOR,
    "tutors.sign_up_what": TUTOR,
    "tutors.sign_up_when": TUTOR,
    "tutors.sign_up_who": TUTOR,
}

NOBODY = "nobody"
# Values for the parts of an address: no row has this number, so that an allowed view answers 404 and does nothing.
VALUES = {"change": {"administration.set_disabled": "disable", "catalogue.set_offered": "offer"}}
MISSING = 999_999


def requests_of(app: Flask, endpoint: str) -> list[tuple[str, str]]:
    """Return a method and an address for each way to reach ``endpoint``."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules(endpoint):
            values = {
                name: VALUES.get(name, {}).get(endpoint, "decline") if name == "change" else _value(rule, name)
                for name in rule.arguments
                if name not in (rule.defaults or {})
            }
            address = app.url_map.bind("").build(endpoint, values)
            found += [(method, address) for method in sorted(rule.methods & {"GET", "POST"})]
    return found


def _value(rule, name: str) -> object:
    return MISSING if isinstance(rule._converters[name], IntegerConverter) else "nothing"


def endpoints(app: Flask) -> set[str]:
    return {rule.endpoint for rule in app.url_map.iter_rules()} - STATIC_ENDPOINTS


def sign_in_before(method: str, address: str) -> str:
    """Return where a visitor is led to who must sign in first."""
    return f"/sign-in?next={address}" if method == "GET" else "/sign-in"


def test_every_view_declares_who_may_open_it(app):
    silent = [name for name in sorted(endpoints(app)) if getattr(app.view_functions[name], "access", None) is None]
    assert not silent, f"put @access.public, @access.signed_in or @access.for_roles on {silent}"


def test_table_names_every_view_and_no_other(app):
    assert endpoints(app) - set(ROLES) == set(), "add these views to ROLES with the roles that may open them"
    assert set(ROLES) - endpoints(app) == set(), "these views are gone: remove them from ROLES"


def test_views_declare_what_the_table_says(app):
    declared = {
        name: EVERYBODY if not access.needs_account else (access.roles or SIGNED_IN)
        for name in endpoints(app)
        if (access := getattr(app.view_functions[name], "access", None)) is not None
    }
    differing = {name: roles for name, roles in declared.items() if ROLES.get(name) != roles}
    assert not differing, f"these views declare other roles than ROLES: {differing}"


@pytest.mark.parametrize("person", [*Role, NOBODY])
def test_each_role_opens_what_it_may_and_nothing_else(app, client, make, person):
    account = {
        Role.TUTOR: lambda: make.tutor().account,
        Role.TEACHER: make.teacher,
        Role.COORDINATOR: make.coordinator,
        Role.ADMINISTRATOR: make.administrator,
        NOBODY: lambda: None,
    }[person]()
    wrong = []
    for endpoint, roles in ROLES.items():
        for method, address in requests_of(app, endpoint):
            client.delete_cookie("session")
            if account is not None:
                client.sign_in(account)
            response = client.open(address, method=method)
            is_refused = response.status_code == 403 or response.headers.get("Location") == sign_in_before(
                method, address
            )
            if is_refused == (roles == EVERYBODY or person in roles):
                wrong.append((method, address, response.status_code))
            assert response.status_code < 500, f"{method} {address} answered {response.status_code}"
    assert not wrong, f"{person} was let in, or kept out, against the table at {wrong}"


def test_view_without_a_declaration_is_refused_to_everybody(app, client, make, monkeypatch):
    monkeypatch.delattr(app.view_functions["pages.about"], "access")
    assert client.get("/about").status_code == 403
    assert client.sign_in(make.administrator()).get("/about").status_code == 403


def test_nobody_is_led_to_the_sign_in_and_back(client):
    assert client.get("/account").location == "/sign-in?next=/account"
    assert client.post("/account").location == "/sign-in"
