"""A real server with its worker, and a real browser, for whole stories."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
VIEWPORTS = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 360, "height": 740}}

STARTUP_SECONDS = 90


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the stories on one worker, and say once why they are skipped where there is no browser."""
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.xdist_group("browser"))
        if CHROMIUM is None:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine: browser stories are not told"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running programme: web server, worker and demonstration data, as ``make run`` starts them."""
    folder = tmp_path_factory.mktemp("programme")
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'programme.sqlite'}",
        "QUEUE_PATH": str(folder / "queue.sqlite"),
        "PORT": str(port),
        "MAIL_URL": "",
    }
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    log = (folder / "log.txt").open("wb")
    server = subprocess.Popen([*flask, "start"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server, folder / "log.txt")
        yield url
    finally:
        server.terminate()
        server.wait(20)
        log.close()


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    for _ in range(STARTUP_SECONDS * 5):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if server.poll() is not None:
                break
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(params=VIEWPORTS)
def viewport(request: pytest.FixtureRequest) -> str:
    """Every story is told at desktop width and on a phone."""
    return request.param


@pytest.fixture
def visit(browser: Browser, address: str, viewport: str) -> Iterator[Callable[..., Page]]:
    """Opens a new visitor's browser: ``visit()``, ``visit(locale="kk")`` or ``visit(has_javascript=False)``."""
    contexts: list[BrowserContext] = []

    def open_browser(locale: str = "en", *, has_javascript: bool = True) -> Page:
        context = browser.new_context(
            base_url=address,
            java_script_enabled=has_javascript,
            viewport=VIEWPORTS[viewport],
            locale=locale,
            has_touch=viewport == "phone",
            reduced_motion="reduce",
        )
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"a script failed at {page.url}: {error}"))
        page.goto("/")
        return page

    yield open_browser
    for context in contexts:
        context.close()
