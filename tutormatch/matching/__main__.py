"""The core on the command line: ``python -m tutormatch.matching --help``.

Exit codes: 0 done; 1 a solution breaks a rule, or `solve` failed; 2 the input is faulty, or
too large for the memory there is.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tutormatch.matching.beside import EndedBeside, beside
from tutormatch.matching.flow.engines import AUTO, ENGINES, SolverFailed
from tutormatch.matching.guidance.advice import improvable, recruitment_advice
from tutormatch.matching.guidance.explanations import explain
from tutormatch.matching.guidance.suggestions import suggest
from tutormatch.matching.guidance.telling import tell_advice, tell_explanation, tell_suggestion
from tutormatch.matching.problem import Level, Profile
from tutormatch.matching.records.faults import FaultyInput
from tutormatch.matching.records.files import read_problem
from tutormatch.matching.records.memory import TooLargeForMemory
from tutormatch.matching.records.solution_files import read_solution, write_solution
from tutormatch.matching.solver import Progress, solve
from tutormatch.matching.verification.verifier import Violation, verify

DONE, FAILED, FAULTY = 0, 1, 2
BAR_WIDTH = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options)
    except FaultyInput as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return FAULTY
    except TooLargeForMemory as error:
        print(error, file=sys.stderr)
        return FAULTY
    except (OSError, SolverFailed, EndedBeside) as error:
        print(error, file=sys.stderr)
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tutormatch.matching", description="Match pupils' needs with volunteer tutors."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    solving = commands.add_parser("solve", help="find the best matching", description=_solve.__doc__)
    solving.add_argument("problem", type=Path, metavar="PROBLEM")
    solving.add_argument("--out", type=Path, required=True, metavar="SOLUTION")
    solving.add_argument("--engine", choices=(AUTO, *ENGINES), default=AUTO)
    solving.add_argument(
        "--profile",
        choices=tuple(map(str, Profile)),
        default=str(Profile.BREADTH_FIRST),
        help="which levels of the objective come first",
    )
    solving.add_argument(
        "--time-limit",
        type=_seconds,
        metavar="SECONDS",
        help="after which no further improvement is begun; what was found by then is written with its gap",
    )
    solving.add_argument(
        "--progress",
        choices=("auto", "bar", "json", "none"),
        default="auto",
        help="on stderr: a bar, one JSON object a line, or nothing (auto: a bar on a terminal)",
    )
    solving.add_argument("--verify", action="store_true", help="check the solution as well, while it is written")
    solving.set_defaults(command=_solve)

    verifying = commands.add_parser("verify", help="check a solution", description=_verify.__doc__)
    verifying.add_argument("problem", type=Path, metavar="PROBLEM")
    verifying.add_argument("solution", type=Path, metavar="SOLUTION")
    verifying.set_defaults(command=_verify)

    for name, what, command in (
        ("explain", "say why", _explain),
        ("suggest", "find a tutor for one need", _suggest),
        ("advise", "say whom to recruit and what to change", _advise),
    ):
        telling = commands.add_parser(name, help=what, description=command.__doc__)
        telling.add_argument("problem", type=Path, metavar="PROBLEM")
        telling.add_argument("solution", type=Path, metavar="SOLUTION")
        if command is not _advise:
            telling.add_argument("need_id", metavar="NEED_ID")
        telling.add_argument("--json", action="store_true", help="print the facts as JSON")
        telling.set_defaults(command=command)

    generating = commands.add_parser("generate", help="invent a programme", description=_generate.__doc__)
    generating.add_argument("--size", default="pilot", help="pilot, university, region, nation or N:T")
    generating.add_argument("--seed", type=int, default=1)
    generating.add_argument("--out", type=Path, required=True, metavar="PROBLEM")
    generating.set_defaults(command=_generate)

    benching = commands.add_parser("bench", help="measure the core beside its peers", description=_bench.__doc__)
    benching.add_argument("--size", nargs="+", default=["pilot", "university"], help="as in generate; several")
    benching.add_argument("--seed", nargs="+", type=int, default=[1], help="several; each with each size")
    benching.add_argument("--engines", nargs="+", metavar="ENGINE", help="all of them, if not named")
    benching.add_argument("--out", type=Path, metavar="FILE.md", help="write the report here as well")
    benching.add_argument("--plot", type=Path, metavar="FILE.svg", help="draw how time and memory grow")
    benching.add_argument(
        "--time-limit", type=_seconds, default=120.0, metavar="SECONDS", help="for each engine on each instance"
    )
    benching.set_defaults(command=_bench)
    return parser


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(text)
    return seconds


def _solve(options: argparse.Namespace) -> int:
    """Find the best matching of a problem and write it with its certificate."""
    problem = read_problem(options.problem)
    solution = solve(
        problem,
        engine=options.engine,
        profile=Profile(options.profile),
        progress=_progress(options.progress),
        time_limit=options.time_limit,
    )
    solution = replace(solution, improvable=improvable(problem, solution))
    check = partial(verify, problem, solution) if options.verify else list
    with beside(check, needs=len(problem.needs) if options.verify else 0) as violations:
        write_solution(solution, options.out)
        wrong = violations()
    for level in solution.certificate.levels:
        print(_level_line(level))
    print(f"{len(solution.matches)} needs matched, {len(solution.unmatched)} not")
    if solution.improvable:
        print(f"{solution.improvable} more pupils could have a tutor if agreed matches were released")
    return _verdict(wrong) if options.verify else DONE


def _level_line(level: Level) -> str:
    limit = "at least" if level.bound < level.reached else "at most"
    proof = "proven best" if level.is_proven else f"{limit} {level.bound} possible, gap {level.gap}"
    return f"{level.name:8} {level.reached:7}  {proof}"


def _progress(kind: str) -> Progress | None:
    if kind == "json":
        return _json_line
    if kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        return _bar
    return None


def _json_line(stage: str, fraction: float) -> None:
    print(json.dumps({"stage": stage, "fraction": round(fraction, 4)}), file=sys.stderr, flush=True)


def _bar(stage: str, fraction: float) -> None:
    filled = round(BAR_WIDTH * fraction)
    end = "\n" if fraction >= 1 else ""
    bar = "█" * filled + "░" * (BAR_WIDTH - filled)
    print(f"\r{bar} {fraction:4.0%} {stage:8}", end=end, file=sys.stderr, flush=True)


def _verify(options: argparse.Namespace) -> int:
    """Check every rule, count and bound of a solution, without the solver's code."""
    return _verdict(verify(read_problem(options.problem), read_solution(options.solution)))


def _verdict(violations: Sequence[Violation]) -> int:
    for violation in violations:
        print(violation)
    if not violations:
        print("Every rule is kept, and the certificate holds.")
    return FAILED if violations else DONE


def _explain(options: argparse.Namespace) -> int:
    """Say why a need got its tutor, or why it got none, and what would help."""
    return _about_need(options, explain, tell_explanation)


def _suggest(options: argparse.Namespace) -> int:
    """Name the best tutors for a need, or the shortest chain of moves that would serve it."""
    return _about_need(options, suggest, tell_suggestion)


def _about_need(options: argparse.Namespace, find: Callable[..., Any], tell: Callable[[Any], Iterable[str]]) -> int:
    problem, solution = read_problem(options.problem), read_solution(options.solution)
    if options.need_id not in problem.need:
        print(f"{options.need_id!r}: expected a need of the problem", file=sys.stderr)
        return FAULTY
    return _print(options, find(problem, solution, options.need_id), tell)


def _advise(options: argparse.Namespace) -> int:
    """Say which further tutors, and which other changes, would serve the most further pupils."""
    problem, solution = read_problem(options.problem), read_solution(options.solution)
    return _print(options, recruitment_advice(problem, solution), tell_advice)


def _print(options: argparse.Namespace, found: Any, tell: Callable[[Any], Iterable[str]]) -> int:
    if options.json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, indent=2))
    else:
        for line in tell(found):
            print(line)
    return DONE


def _generate(options: argparse.Namespace) -> int:
    """Invent a programme of a given size, the same for the same seed, and write its problem."""
    # Imported here because it reads the catalogue, which nothing else needs.
    from tutormatch.matching.population import generate, parse_size, write_population

    try:
        parse_size(options.size)
    except ValueError as error:
        print(error, file=sys.stderr)
        return FAULTY
    write_population(generate(options.size, options.seed), options.out)
    return DONE


def _bench(options: argparse.Namespace) -> int:
    """Run every engine on the same generated problems, each in its own process, and print what they cost and reach.

    Ends with 1 if a result breaks a rule or a peer serves more pupils than the core.
    """
    # Imported here, like the generator, because nothing else needs it.
    from tutormatch.matching.benchmark.measure import ENGINE_NAMES
    from tutormatch.matching.benchmark.report import describe_machine, faults, run_benchmark, tables, write_report
    from tutormatch.matching.population import parse_size

    engines = options.engines or ENGINE_NAMES
    try:
        for size in options.size:
            parse_size(size)
        if unknown := sorted({*engines} - {*ENGINE_NAMES}):
            raise ValueError(f"engine {unknown[0]!r} is none of {', '.join(ENGINE_NAMES)}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return FAULTY
    machine = describe_machine()
    measured = run_benchmark(options.size, options.seed, engines, options.time_limit)
    print(tables(measured))
    write_report(measured, machine, _bench_command(options), options.out, options.plot)
    wrong = [line for each in measured for line in faults(each)]
    for line in wrong:
        print(line, file=sys.stderr)
    return FAILED if wrong else DONE


def _bench_command(options: argparse.Namespace) -> str:
    """Return the command that measures the same again."""
    parts = ["python -m tutormatch.matching bench", "--size", *options.size, "--seed", *map(str, options.seed)]
    return " ".join([*parts, *(["--engines", *options.engines] if options.engines else [])])


if __name__ == "__main__":
    sys.exit(main())
