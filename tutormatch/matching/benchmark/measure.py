"""One engine on one problem, in a process of its own, and what was measured there."""

import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tutormatch.matching.benchmark.core import CORE_ENGINES, count_arcs, solve_with_core
from tutormatch.matching.benchmark.peers import PEERS, Stopwatch, TooLarge
from tutormatch.matching.beside import beside
from tutormatch.matching.levels import measure
from tutormatch.matching.problem import PRIORITIES, Certificate, Problem, Profile, Solution
from tutormatch.matching.records.files import read_problem, write_problem
from tutormatch.matching.records.solution_files import write_solution
from tutormatch.matching.verification.verifier import Violation, broken_rules, verify

ENGINE_NAMES = (*CORE_ENGINES, *PEERS)

STAGES = ("read", "build", "solve", "repair", "deepen", "certify", "explain", "write", "verify")
MATCHING_STAGES = ("build", "solve", "repair")
"""What every engine does and what ratios compare: from records in memory to a match for each need."""

KIB_PER_MIB = 1024
WITH_COPIES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


@dataclass(frozen=True)
class Instance:
    """A generated problem: its size as asked for, its seed, and how much of what is in it."""

    size: str
    seed: int
    needs: int
    pupils: int
    tutors: int


@dataclass(frozen=True)
class Run:
    """What one engine did on one problem.

    Attributes
    ----------
    engine : str
        One of `ENGINE_NAMES`.
    arcs : int or None
        Arcs (matrix: cells) of the engine's model.
    seconds : dict of str to float
        By stage, of `STAGES`.
    processor_seconds : float
        What the process and those that it started computed up to the end of `verify`. Far below the
        seconds by the clock, it says that the machine was busy with something else.
    peak_mib, peak_verified_mib : int
        The most memory that one of these processes held, before the solution is written and after `verify`.
    reached : dict of str to int
        At each level of the objective, counted the same way for every engine.
    by_priority : dict of str to list of int
        Breadth and cover by the pupil's most urgent need, 3 first.
    bounds : dict of str to int
        Of the certificate; peers have none.
    broken : list of str
        What `verify` finds wrong.
    not_run : str
        Why there is nothing else here, "" if there is.
    """

    engine: str
    arcs: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    processor_seconds: float = 0.0
    peak_mib: int = 0
    peak_verified_mib: int = 0
    reached: Mapping[str, int] = field(default_factory=dict)
    by_priority: Mapping[str, list[int]] = field(default_factory=dict)
    bounds: Mapping[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    not_run: str = ""

    @property
    def is_complete(self) -> bool:
        return not self.not_run

    @property
    def matching_seconds(self) -> float:
        return sum(self.seconds.get(stage, 0.0) for stage in MATCHING_STAGES)

    @property
    def total_seconds(self) -> float:
        return sum(self.seconds.values())


def run_engine(engine: str, folder: Path) -> Run:
    """Read a problem, match it with ``engine``, write and verify the result, all in this process.

    Each stage is named on stderr as it starts, so that whoever ends the process knows where it was.
    """
    watch = Stopwatch()
    _name_stage("read")
    with watch.stage("read"):
        problem = read_problem(folder)
    try:
        solution, arcs, seconds = _match(engine, problem)
    except TooLarge as error:
        return Run(engine, not_run=str(error))
    peak = _peak_mib()

    def violations() -> list[Violation]:
        if engine in CORE_ENGINES:
            return verify(problem, solution)
        return broken_rules(problem, solution.matches)

    with beside(violations, needs=len(problem.needs)) as found:
        _name_stage("write")
        with watch.stage("write"), tempfile.TemporaryDirectory(prefix="solution-") as out:
            write_solution(solution, Path(out))
        _name_stage("verify")
        with watch.stage("verify"):
            broken = found()
    processor_seconds, peak_verified = _processor_seconds(), _peak_mib()
    reached = {} if broken else measure(problem, solution.matches, Profile.BREADTH_FIRST)
    return Run(
        engine=engine,
        # Counted after the peaks are read, because it builds the network once more.
        arcs=count_arcs(problem) if engine in CORE_ENGINES else arcs,
        seconds={**watch.seconds, **seconds},
        processor_seconds=processor_seconds,
        peak_mib=peak,
        peak_verified_mib=peak_verified,
        reached={name: level.total for name, level in reached.items()},
        by_priority={
            name: [level.by_priority[priority] for priority in PRIORITIES]
            for name, level in reached.items()
            if level.by_priority
        },
        bounds={level.name: level.bound for level in solution.certificate.levels},
        broken=[str(violation) for violation in broken],
    )


def _match(engine: str, problem: Problem) -> tuple[Solution, int | None, Mapping[str, float]]:
    if engine in CORE_ENGINES:
        solution, seconds = solve_with_core(problem, engine, _name_stage)
        return solution, None, seconds
    _name_stage("match")
    answer = PEERS[engine](problem)
    return Solution(answer.matches, (), Certificate(()), engine), answer.arcs, answer.seconds


def _name_stage(stage: str, _fraction: float = 0.0) -> None:
    print(stage, file=sys.stderr, flush=True)


def _peak_mib() -> int:
    return max(resource.getrusage(whose).ru_maxrss for whose in WITH_COPIES) // KIB_PER_MIB


def _processor_seconds() -> float:
    """Return what this process, and those it started that have ended, computed."""
    used = map(resource.getrusage, WITH_COPIES)
    return sum(each.ru_utime + each.ru_stime for each in used)


def write_instance(size: str, seed: int, folder: Path) -> Instance:
    """Generate a problem and write it to ``folder``."""
    # Imported here because it reads the catalogue, which no engine needs.
    from tutormatch.matching.population import generate

    problem = generate(size, seed).problem
    write_problem(problem, folder)
    return Instance(size, seed, len(problem.needs), len(problem.pupils), len(problem.tutors))


def generate_apart(size: str, seed: int, folder: Path) -> Instance:
    """Do as `write_instance`, in a process of its own, so that this one stays small."""
    return Instance(**json.loads(_python("instance", size, str(seed), str(folder)).stdout))


def run_apart(engine: str, folder: Path, time_limit: float) -> Run:
    """Do as `run_engine`, in a process of its own that is ended after ``time_limit`` seconds."""
    try:
        ended = _python("run", engine, str(folder), time_limit=time_limit)
    except subprocess.TimeoutExpired as error:
        # What was captured until then is bytes, whatever was asked for.
        stages = (error.stderr or b"").decode(errors="replace").split()
        where = f" at {stages[-1]}" if stages else ""
        return Run(engine, not_run=f"stopped after {time_limit:g} s{where}")
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or [f"ended with code {error.returncode}"]
        return Run(engine, not_run=last[0])
    return Run(**json.loads(ended.stdout))


def to_json(record: Instance | Run) -> str:
    """Return a record as one line of JSON."""
    return json.dumps(asdict(record))


def _python(*arguments: str, time_limit: float | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tutormatch.matching.benchmark", *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=time_limit,
    )
