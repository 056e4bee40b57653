"""What the worker does with a queued round: collect, solve, verify, store."""

import logging
import tempfile
import time
import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update

from .. import clock
from ..database import snapshot, transactional
from ..extensions import db
from ..matching import (
    FaultyInput,
    Profile,
    Violation,
    explain_all,
    read_problem,
    recruitment_advice,
    verify,
)
from ..models import Round, RoundFailure, RoundState
from ..queries.entrants import entrants
from ..queries.problems import collect
from ..queries.scopes import Scope
from . import archives, round_results, solvers
from .round_results import RoundTakenAway

log = logging.getLogger("tutormatch.rounds")

# Share of the progress bar at which each part of the work begins, in thousandths.
SOLVING, VERIFYING, ADVISING, STORING = 50, 800, 860, 950
SECONDS_BETWEEN_WRITES = 0.35
SECONDS_BETWEEN_SIGNS_OF_LIFE = 10.0


class UnsoundSolution(Exception):
    """The solver's answer breaks a rule; nothing of it is stored."""

    def __init__(self, violations: list[Violation]) -> None:
        super().__init__("; ".join(map(str, violations[:10])))


def run(round_id: int) -> None:
    """Run a queued round to its end: proposals, or a failure that is named in the round and in the log.

    A round that is not queued (any more) is left alone, so a call too many does no harm.
    """
    started_at = _begin(round_id)
    if started_at is None:
        return
    progress = _Progress(round_id, started_at)
    try:
        with tempfile.TemporaryDirectory(prefix="tutormatch-round-") as name:
            _work(round_id, started_at, progress, Path(name))
    except RoundTakenAway:
        log.warning("round %s was taken from this worker", round_id)
    except Exception as error:
        reference = uuid.uuid4().hex[:8].upper()
        log.exception("round %s failed, reference %s\n%s", round_id, reference, getattr(error, "words", ""))
        _end_failed(round_id, started_at, _failure(error), reference)


def _failure(error: Exception) -> RoundFailure:
    if isinstance(error, FaultyInput):
        return RoundFailure.FAULTY_INPUT
    if isinstance(error, solvers.SolverEnded):
        return RoundFailure.SOLVER_ENDED
    return RoundFailure.UNEXPECTED


def _work(round_id: int, started_at: datetime, progress: "_Progress", folder: Path) -> None:
    progress.write("collect", 0)
    packed, profile = _stored_input(round_id, started_at)
    archives.unpack(packed, folder / "problem")
    problem = read_problem(folder / "problem")
    progress.write("check", SOLVING)
    solution = solvers.solve(folder / "problem", folder / "solution", profile, progress.of_solver)
    progress.write("verify", VERIFYING)
    if violations := verify(problem, solution):
        raise UnsoundSolution(violations)
    explanations = explain_all(problem, solution)
    progress.write("advise", ADVISING)
    advice = recruitment_advice(problem, solution)
    progress.write("store", STORING)
    round_results.store(round_id, started_at, problem, solution, explanations, advice)


@transactional
def _begin(round_id: int) -> datetime | None:
    """Take the queued round and return the moment that marks this run; nothing when it is not queued."""
    started_at = clock.now()
    taken = db.session.execute(
        update(Round)
        .where(Round.id == round_id, Round.state == RoundState.QUEUED)
        .values(state=RoundState.RUNNING, started_at=started_at, heard_at=started_at, stage="collect", progress=0)
    )
    return started_at if taken.rowcount else None


def _stored_input(round_id: int, started_at: datetime) -> tuple[bytes, Profile]:
    """Return the round's input and profile; the first run collects the input, and it never changes after that."""
    with snapshot():
        row = db.session.execute(
            select(
                Round.scope_kind, Round.region_code, Round.institution_id, Round.problem, Round.entrants, Round.profile
            ).where(Round.id == round_id)
        ).one()
        if row.problem is not None:
            return row.problem, row.profile
        scope = Scope(row.scope_kind, row.region_code, row.institution_id)
        collected = collect(scope)
        who = {**entrants(scope).to_dict(), "agreed": collected.agreed}
    packed = archives.pack(collected.problem)
    _write(round_id, started_at, problem=packed, entrants=who)
    return packed, row.profile


@transactional
def _write(round_id: int, started_at: datetime, **values: Any) -> None:
    """Change the running round, which shows that its worker is alive.

    Raises
    ------
    RoundTakenAway
        When the round is not this run's any more.
    """
    written = db.session.execute(
        update(Round)
        .where(Round.id == round_id, Round.state == RoundState.RUNNING, Round.started_at == started_at)
        .values(heard_at=clock.now(), **values)
    )
    if not written.rowcount:
        raise RoundTakenAway


class _Progress:
    """Writes how far a run is, in small transactions and not too often."""

    def __init__(self, round_id: int, started_at: datetime) -> None:
        self.round_id, self.started_at = round_id, started_at
        self.stage = ""
        self.written_at = 0.0

    def write(self, stage: str, thousandths: int) -> None:
        self.stage = stage
        self.written_at = time.monotonic()
        _write(self.round_id, self.started_at, stage=stage, progress=thousandths)

    def of_solver(self, stage: str | None, fraction: float) -> None:
        """Take a report of the solver: a stage of its own and the share of its work, or a sign of life."""
        pause = time.monotonic() - self.written_at
        if stage is None:
            if pause >= SECONDS_BETWEEN_SIGNS_OF_LIFE:
                self.written_at = time.monotonic()
                _write(self.round_id, self.started_at)
        elif pause >= SECONDS_BETWEEN_WRITES:
            share = min(max(fraction, 0.0), 1.0)
            self.write(stage, SOLVING + round(share * (VERIFYING - SOLVING)))


def _end_failed(round_id: int, started_at: datetime, failure: RoundFailure, reference: str) -> None:
    db.session.rollback()
    try:
        _write(
            round_id,
            started_at,
            state=RoundState.FAILED,
            failure=failure,
            reference=reference,
            finished_at=clock.now(),
        )
    except RoundTakenAway:
        log.warning("round %s was taken from this worker", round_id)
