"""Background work: a thin door to services, run by the worker (``flask worker``)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from huey import SqliteHuey, crontab

from . import clock, mail
from .queries.health import WORKER_HEARD_AT


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
    queue.periodic_task(crontab())(in_context(_send_mail_every_minute))
    queue.periodic_task(crontab())(in_context(_say_that_worker_lives))
    run_round = queue.task()(in_context(_run_round))

    app.extensions["queue"] = queue
    app.extensions["wake_mail"] = send_mail
    app.extensions["wake_round"] = run_round


def _send_mail() -> None:
    mail.deliver_due()


def _send_mail_every_minute() -> None:
    mail.deliver_due()


def _say_that_worker_lives() -> None:
    current_app.extensions["queue"].put(WORKER_HEARD_AT, clock.now().isoformat())


def _run_round(round_id: int) -> None:
    from .services import round_runs

    round_runs.run(round_id)
