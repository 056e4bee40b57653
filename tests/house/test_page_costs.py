"""What each page costs: statements, which do not grow with the programme, and bytes over the wire."""

import pytest

from tests import programme as programmes
from tests.page import Page, PageClient
from tests.statements import count_statements
from tests.walk import walk

MOST_STATEMENTS = 12
MOST_BYTES = 25_000
ENCODING = "gzip"
"""What every browser understands; brotli makes pages smaller still."""


@pytest.mark.parametrize("size", ["pilot", "400:150"])
def test_no_page_needs_more_than_twelve_statements(app, client, make, tmp_path, size):
    programme = programmes.build(make, tmp_path / "programme", size)
    too_many = {}
    for step in walk(app, client, programme, "kk"):
        with count_statements() as statements:
            client.get(step.address)
        needed = [statement for statement in statements if not statement.startswith("BEGIN")]
        if len(needed) > MOST_STATEMENTS:
            too_many[step.person, step.address] = len(needed)
    assert not too_many


def static_addresses(page: Page) -> set[str]:
    return {element.get("href") or element.get("src") or "" for element in [*page.all("link"), *page.all("script")]}


def bytes_on_the_wire(client: PageClient, address: str) -> int:
    response = client.get(address, headers={"Accept-Encoding": ENCODING})
    return len(response.get_data()) + sum(len(name) + len(value) + 4 for name, value in response.headers)


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_later_page_is_larger_than_25_kilobytes(app, client, make, tmp_path):
    programme = programmes.build(make, tmp_path / "programme", "400:150")
    known = static_addresses(client.page("/"))
    too_large = {}
    for step in walk(app, client, programme, "kk"):
        response = client.get(step.address)
        if response.status_code != 200:
            continue
        new = static_addresses(Page(response)) - known
        size = sum(bytes_on_the_wire(client, address) for address in [step.address, *new])
        if size > MOST_BYTES:
            too_large[step.person, step.address] = size
    assert not too_large, "counted with the style sheets and scripts that the home page has not brought"
