"""The solver as the worker runs it: in a process of its own, so that its end is noticed whatever ends it."""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from flask import current_app

from .. import matching
from ..matching import Profile, Solution, SolverFailed

Report = Callable[[str | None, float], None]
"""Called with a stage and the share of the work done; with ``None`` when there is no news but life."""

HEARTBEAT_SECONDS = 1.0
LINES_KEPT = 20
ENVIRONMENT = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_running: set[subprocess.Popen[str]] = set()


@atexit.register
def _end_all() -> None:
    """End the solvers that a stopping worker would leave behind."""
    for process in list(_running):
        process.kill()


class SolverEnded(Exception):
    """The solver ended without a solution; ``words`` are the last it said."""

    def __init__(self, exit_code: int | None, words: Iterable[str] = ()) -> None:
        self.exit_code = exit_code
        self.words = "\n".join(words)
        super().__init__(f"exit code {exit_code}" if exit_code is not None else "out of time")


def solve(problem: Path, solution: Path, profile: Profile, report: Report) -> Solution:
    """Solve the problem in folder ``problem`` and return what the solver wrote to folder ``solution``.

    Raises
    ------
    SolverEnded
        When it gave up, was killed, or took longer than ``SOLVER_TIME_LIMIT``.
    """
    if current_app.config["SOLVER"] == "inline":
        try:
            found = matching.solve(matching.read_problem(problem), profile=profile, progress=report)
        except SolverFailed as error:
            raise SolverEnded(None, [str(error)]) from error
        matching.write_solution(found, solution)
    else:
        _solve_beside(command(problem, solution, profile), report)
    return matching.read_solution(solution)


def command(problem: Path, solution: Path, profile: Profile) -> list[str]:
    """Return the command line of the solver."""
    return [
        sys.executable,
        "-m",
        "tutormatch.matching",
        "solve",
        str(problem),
        "--out",
        str(solution),
        "--profile",
        profile.value,
        "--progress",
        "json",
    ]


def _solve_beside(arguments: list[str], report: Report) -> None:
    process = subprocess.Popen(
        arguments,
        cwd=Path(current_app.root_path).parent,
        env={name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    _running.add(process)
    ends_at = time.monotonic() + current_app.config["SOLVER_TIME_LIMIT"].total_seconds()
    words: deque[str] = deque(maxlen=LINES_KEPT)
    lines = _lines(process)
    try:
        while time.monotonic() < ends_at:
            try:
                line = lines.get(timeout=HEARTBEAT_SECONDS)
            except queue.Empty:
                report(None, 0)
                continue
            if line is None:
                break
            news = _progress(line)
            if news is None:
                words.append(line.rstrip())
            else:
                report(*news)
        else:
            raise SolverEnded(None, words)
        if process.wait() != 0:
            raise SolverEnded(process.returncode, words)
    finally:
        process.kill()
        process.wait()
        _running.discard(process)


def _lines(process: subprocess.Popen[str]) -> "queue.SimpleQueue[str | None]":
    """Return a queue that fills with the lines on the process's standard error, ``None`` at their end."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert process.stderr is not None
        with process.stderr as stream:
            for line in stream:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    return lines


def _progress(line: str) -> tuple[str, float] | None:
    try:
        news: Any = json.loads(line)
        return str(news["stage"]), float(news["fraction"])
    except (ValueError, TypeError, KeyError):
        return None
