"""Background work: a thin door to services, run by the worker (``flask worker``)."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from huey import SqliteHuey, crontab

from . import clock, mail
from .queries.health import WORKER_HEARD_AT

log = logging.getLogger("tutormatch.jobs")

WORKERS = 2
# How long a task waits at most before an idle worker looks for it.
LONGEST_PAUSE_SECONDS = 0.5
SECONDS_TO_END = 10


def init_app(app: Flask) -> None:
    """Give ``app`` its queue and the two calls by which it wakes the worker."""
    Path(app.config["QUEUE_PATH"]).parent.mkdir(exist_ok=True)
    queue = SqliteHuey("tutormatch", filename=app.config["QUEUE_PATH"], immediate=False)

    def in_context(work: Callable[..., None]) -> Callable[..., None]:
        def wrapped(*args: Any) -> None:
            with app.app_context():
                work(*args)

        wrapped.__name__ = work.__name__
        return wrapped

    send_mail = queue.task()(in_context(_send_mail))
    queue.periodic_task(crontab(), name="send_mail_every_minute")(in_context(_send_mail))
    queue.periodic_task(crontab())(in_context(_say_that_worker_lives))
    queue.periodic_task(crontab(hour="3", minute="0"))(in_context(_remove_expired_drafts))
    run_round = queue.task()(in_context(_run_round))

    app.extensions["queue"] = queue
    app.extensions["wake_mail"] = send_mail
    app.extensions["wake_round"] = run_round


def _send_mail() -> None:
    mail.deliver_due()


def _say_that_worker_lives() -> None:
    current_app.extensions["queue"].put(WORKER_HEARD_AT, clock.now().isoformat())


def _remove_expired_drafts() -> None:
    from .services import drafts

    drafts.remove_expired()


def _run_round(round_id: int) -> None:
    from .services import round_runs

    round_runs.run(round_id)


def work(*, until_input_ends: bool = False) -> None:
    """Be the worker until it is told to stop. There must be one worker, so that it may take up what one left.

    Parameters
    ----------
    until_input_ends
        Stop when standard input ends: a worker that another process has started ends with it.
    """
    from .services import rounds

    if until_input_ends:
        threading.Thread(target=_stop_when_input_ends, daemon=True).start()
    queue = current_app.extensions["queue"]
    consumer = queue.create_consumer(
        workers=WORKERS, worker_type="thread", periodic=True, initial_delay=0.1, max_delay=LONGEST_PAUSE_SECONDS
    )
    rounds.recover()
    _say_that_worker_lives()
    consumer.run()


def _stop_when_input_ends() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class WorkerProcess:
    """The worker as a process beside the web server: started again when it ends, ended with the server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process = self._start()
        self._is_ending = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--until-input-ends"],
            cwd=self.folder,
            stdin=subprocess.PIPE,
        )

    def _watch(self) -> None:
        pause = 1.0
        while True:
            code = self.process.wait()
            if self._is_ending.wait(pause):
                return
            log.warning("the worker ended with code %s and is started again", code)
            pause = min(2 * pause, 60.0)
            self.process = self._start()

    def end(self) -> None:
        """End the worker and wait until it is gone."""
        self._is_ending.set()
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
