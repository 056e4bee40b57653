"""Numbers and texts in addresses that no row can have."""

import re

import pytest

from tutormatch.addresses import LARGEST_NUMBER, number_in

TOO_LARGE = (LARGEST_NUMBER + 1, 10**30)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("007", 7),
        (str(LARGEST_NUMBER), LARGEST_NUMBER),
        (str(LARGEST_NUMBER + 1), None),
        ("9" * 5000, None),
        ("-1", None),
        ("²", None),
        ("٣", None),
        ("", None),
        (None, None),
    ],
)
def test_number_in_an_address_is_one_that_a_row_can_have(text, number):
    assert number_in(text) == number


def test_number_that_no_row_can_have_is_an_unknown_address(app, client, make):
    people = [make.tutor().account, make.teacher(), make.coordinator(), make.administrator()]
    numbered = [
        ("GET" if "GET" in rule.methods else "POST", rule.rule)
        for rule in app.url_map.iter_rules()
        if "<int:" in rule.rule
    ]
    assert numbered
    for account in people:
        client.sign_in(account)
        for method, rule in numbered:
            for number in TOO_LARGE:
                address = re.sub(r"<any\((\w+)[^>]*>", r"\1", re.sub(r"<int:\w+>", str(number), rule))
                assert client.open(address, method=method).status_code == 404, address


def test_nul_in_an_address_is_no_fault(client, make):
    assert client.get("/teachers/sign-up/regions/%00").status_code == 404
    client.sign_in(make.coordinator())
    for address in ("/pupils?region=a%00b", "/matches?subject=%00", "/people?q=%00", "/schools?search=%00"):
        client.page(address)


def test_tick_of_no_teacher_changes_nothing(client, make):
    client.sign_in(make.coordinator())
    for tick in ("²:applied", f"{10**30}:applied", "x:applied"):
        page = client.submit("/people/teachers", {"teacher": tick, "decision": "admitted"})
        assert "Tick at least one teacher." in page.text()


@pytest.mark.parametrize("days", ["to=9999-12-31", "from=0001-01-01"])
def test_day_outside_of_the_programme_is_passed_over(client, make, days):
    page = client.sign_in(make.administrator()).page(f"/administration/activity?{days}")
    assert page.heading == "Activity log"
