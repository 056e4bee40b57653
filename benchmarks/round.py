"""Measure a round at region size, from the click to stored proposals, and every page of a coordinator after it.

    python -m benchmarks.round [--size region] [--seed 1] [--database URL]

Prints a table with seconds, SQL statements and bytes over the wire (compressed) of each page. Uses a new SQLite
file unless a database is named, which is then emptied.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, func, select
from werkzeug.routing import Rule

from tutormatch import clock, create_app
from tutormatch.extensions import db
from tutormatch.matching import Reason
from tutormatch.matching.population import generate, write_population
from tutormatch.models import (
    Account,
    Coordinator,
    Match,
    Pupil,
    Role,
    Round,
    School,
    ScopeKind,
    Teacher,
    Tutor,
    WaitingNeed,
)
from tutormatch.services.accounts import names
from tutormatch.services.catalogue import load_catalogue
from tutormatch.services.imports import import_folder

SECONDS_PER_ROUND, SECONDS_PER_PAGE, STATEMENTS_PER_PAGE = 10.0, 0.150, 12
SECONDS_PER_SUGGESTION = 0.300
"""A suggestion asks the core of how things stand, so its page may take longer."""
BYTES_PER_PAGE = 25_000
REPEATS = 5


@dataclass(frozen=True)
class Measured:
    """One page: its median time by the clock and on the processor, and what it costs each time."""

    address: str
    seconds: float
    processor_seconds: float
    statements: int
    bytes: int

    @property
    def is_within_aim(self) -> bool:
        seconds = SECONDS_PER_SUGGESTION if self.address.endswith("/suggest") else SECONDS_PER_PAGE
        return self.seconds <= seconds and self.statements <= STATEMENTS_PER_PAGE and self.bytes <= BYTES_PER_PAGE


@contextmanager
def timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what:<60}{time.perf_counter() - start:8.2f} s", flush=True)


def make_app(folder: Path, url: str | None) -> Flask:
    """Return the application on an empty database with the catalogue; the solver runs beside it, as in use."""
    app = create_app(
        {
            "SQLALCHEMY_DATABASE_URI": url or f"sqlite:///{folder / 'benchmark.sqlite'}",
            "QUEUE_PATH": str(folder / "queue.sqlite"),
            "WTF_CSRF_ENABLED": False,
            "MAIL_URL": "",
        }
    )
    with app.app_context():
        db.drop_all()
        db.create_all()
        load_catalogue()
    return app


def make_account(role: Role) -> Account:
    """Return a new account that needs no password here."""
    account = Account(
        role=role,
        email=f"{role}@example.org",
        locale="ru",
        created_at=clock.now(),
        email_confirmed_at=clock.now(),
        **names("Тест", "Өлшеу"),
    )
    db.session.add(account)
    db.session.commit()
    return account


def load(size: str, seed: int, folder: Path) -> Account:
    """Fill the database and return its coordinator."""
    with timed(f"generate {size}, seed {seed}"):
        population = generate(size, seed, clock.today())
        write_population(population, folder, with_excluded=True)
    administrator = make_account(Role.ADMINISTRATOR)
    with timed(f"import {len(population.pupils)} pupils, {len(population.tutors)} tutors"):
        import_folder(folder, by=administrator)
    coordinator = make_account(Role.COORDINATOR)
    db.session.add(Coordinator(account_id=coordinator.id, scope_kind=ScopeKind.REGION, region_code="KZ-59"))
    db.session.commit()
    return coordinator


def sign_in(client: FlaskClient, account: Account) -> None:
    with client.session_transaction() as session:
        session["_user_id"] = account.get_id()
        session["_fresh"] = True


def run_round(app: Flask, client: FlaskClient) -> int:
    """Press the button, wait for the real worker thread, and return the round's number."""
    consumer = app.extensions["queue"].create_consumer(workers=1, periodic=False, initial_delay=0.1, max_delay=0.5)
    consumer.start()
    start, processor_start = time.perf_counter(), processor_time()
    address = client.post("/rounds").headers["Location"]
    stages: dict[str, float] = {}
    try:
        while True:
            told = json.loads(client.get(f"{address}/progress").data)
            stages.setdefault(told["label"], time.perf_counter() - start)
            if not told["is_under_way"]:
                break
            time.sleep(0.05)
    finally:
        consumer.stop(graceful=True)
    seconds = time.perf_counter() - start
    for label, began in stages.items():
        print(f"  {began:6.2f} s  {label}")
    aim = "within" if seconds <= SECONDS_PER_ROUND else "over"
    print(f"{'on the processor, worker and solver together':<60}{processor_time() - processor_start:8.2f} s")
    print(f"{'round, from the click to stored proposals':<60}{seconds:8.2f} s  ({aim} {SECONDS_PER_ROUND:.0f} s)")
    return int(address.rsplit("/", 1)[1])


def processor_time() -> float:
    """Return the seconds that this process and those it has started have been computing."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def values_of_addresses(round_id: int) -> dict[str, Callable[[], Any]]:
    """Return what stands for each part of an address: the number of a row that is there."""

    def first(column: Any, *conditions: Any) -> Callable[[], Any]:
        return lambda: db.session.scalar(select(column).where(*conditions).order_by(column).limit(1))

    busiest = select(Pupil.school_id).group_by(Pupil.school_id).order_by(func.count().desc()).limit(1)
    return {
        "round_id": lambda: round_id,
        "match_id": first(Match.id, Match.round_id == round_id),
        # Of a need like these a suggestion searches the longest: no tutor is free, so it looks for a chain.
        "need_id": first(
            WaitingNeed.need_id, WaitingNeed.round_id == round_id, WaitingNeed.reason == Reason.TUTORS_FULL
        ),
        "pupil_id": first(Match.pupil_id, Match.round_id == round_id),
        "tutor_id": first(Tutor.id),
        "teacher_id": first(Teacher.account_id),
        "account_id": first(Teacher.account_id),
        "school_id": lambda: db.session.scalar(busiest.join(School, Pupil.school_id == School.id)),
    }


def addresses(app: Flask, coordinator: Account, round_id: int) -> Iterator[str]:
    """Yield the address of every page that only signed-in people open and a coordinator may."""
    values = values_of_addresses(round_id)

    def is_page(rule: Rule) -> bool:
        access = getattr(app.view_functions[rule.endpoint], "access", None)
        return (
            access is not None
            and "GET" in (rule.methods or ())
            and (rule.endpoint == "pages.home" or (access.needs_account and access.admits(coordinator)))
        )

    with app.test_request_context():
        for rule in sorted(filter(is_page, app.url_map.iter_rules()), key=lambda rule: rule.rule):
            if unknown := rule.arguments - set(values):
                print(f"  not measured: {rule.rule} ({', '.join(unknown)})")
                continue
            yield app.url_for(rule.endpoint, **{name: values[name]() for name in rule.arguments})
    yield f"/rounds/{round_id}/proposals?page=2&sort=pupil"
    yield f"/rounds/{round_id}/waiting?sort=-waiting&page=2"


def measure(engine: Engine, client: FlaskClient, address: str) -> Measured | None:
    """Open a page several times; nothing when it is no page (a redirect, or a decision that is over).

    To be called outside of an application context, so that each request begins with an empty session.
    """
    statements: list[str] = []

    def collect(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            statements.append(statement)

    response = client.get(address, headers={"Accept-Encoding": "br"})
    if response.status_code != 200:
        print(f"  {address}: {response.status_code}")
        return None
    seconds, processor_seconds = [], []
    event.listen(engine, "before_cursor_execute", collect)
    for _ in range(REPEATS):
        statements.clear()
        start, processor_start = time.perf_counter(), time.process_time()
        response = client.get(address, headers={"Accept-Encoding": "br"})
        seconds.append(time.perf_counter() - start)
        processor_seconds.append(time.process_time() - processor_start)
    event.remove(engine, "before_cursor_execute", collect)
    return Measured(
        address,
        statistics.median(seconds),
        statistics.median(processor_seconds),
        len(statements),
        len(response.data),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="region")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", metavar="URL", help="emptied before use")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tutormatch-benchmark-") as name:
        folder = Path(name)
        print(f"load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
        app = make_app(folder, options.database)
        client = app.test_client()
        with app.app_context():
            coordinator = load(options.size, options.seed, folder / "programme")
            sign_in(client, coordinator)
        round_id = run_round(app, client)
        with app.app_context():
            round_ = db.session.get(Round, round_id)
            if round_.certificate is None:
                raise SystemExit(f"round {round_id} {round_.state}: {round_.failure}")
            for level in round_.certificate["levels"]:
                print(f"  {level['name']}: {level['reached']}, at most {level['bound']}")
            pages = list(addresses(app, coordinator, round_id))
            engine = db.engine
        print(f"\n{'page':<60}{'ms':>8}{'CPU ms':>8}{'SQL':>6}{'bytes':>9}")
        for address in pages:
            measured = measure(engine, client, address)
            if measured:
                print(
                    f"{measured.address:<60}{measured.seconds * 1000:8.0f}"
                    f"{measured.processor_seconds * 1000:8.0f}{measured.statements:6d}"
                    f"{measured.bytes:9,d}{'' if measured.is_within_aim else '  over the aim'}"
                )
        engine.dispose()


if __name__ == "__main__":
    main()
