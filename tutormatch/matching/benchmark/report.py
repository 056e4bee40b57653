"""Run every engine on every instance, and write what was seen."""

import sys
import tempfile
from collections.abc import Sequence
from os.path import relpath
from pathlib import Path

from tutormatch.matching.benchmark.machine import describe_machine
from tutormatch.matching.benchmark.measure import generate_apart, run_apart
from tutormatch.matching.benchmark.table import (
    Measured,
    costs,
    faults,
    growth,
    left_out,
    markdown,
    overview,
    results,
)

READING = """\
Every engine runs in a process of its own on the same generated problem, one after the other. Seconds are by the clock.

- **core** is `tutormatch.matching.solve`: the class network with OR-Tools, repair, certificate, with the effort of ten
  seconds that is its default. **core-networkx** is
  the same with `networkx.network_simplex`, the reference engine.
- **pairs-networkx** and **pairs-ortools** solve the plain pair graph, one arc for each need and each tutor's hour that
  suit each other, with the same objective. **matrix-scipy** is SciPy's `linear_sum_assignment` on the dense matrix of
  needs and hours (*arcs* are its cells). What these models cannot carry (two needs of a pupil in one slot, a pupil's
  number of tutors) is dropped after the solve, and what is free then is given out need by need.
- **first-come** and **priority** give out seats need by need, by the days waited, or pupils without a tutor and the
  most urgent first. Nobody is moved once seated.

*read* is from CSV files, with every check of the input; *build*, *solve* and *repair* (with decoding) give needs a
tutor; *deepen* (group places and further sessions), *certify* (prices that prove the bounds, and the programs that
close what is left) and *explain* (the reason of each unmatched need) only the core does; *verify* is `verify` for the
core, with the bounds of its certificate recomputed, and the hard rules alone for peers. From 50,000 needs on the core
counts its levels while it explains, and is verified while it is written, in a copy of the process: *certify* and
*verify* are then how long it is waited for. *CPU* is what all its processes computed, their start included: far
below *all* (by the clock), it says that the machine was busy with other work.
*MiB* is the peak of the process that held the most: at some thousand needs that may be the second one, which looks for
prices (with the first some 530 at 3,000 and 710 at 10,000). A copy shares the memory of its process; at 380,000 both
hold 1,550 together, less than the one before. *solve ÷ core* and *match ÷ core* (build, solve,
repair) say how many times the core's seconds an engine takes.

Pupils, further needs and points are recounted the same way for every engine. *at most* is the bound of the core's
certificate; that of a level takes the levels above as they are, so it is left out where an engine differs there.
"""


def run_benchmark(
    sizes: Sequence[str], seeds: Sequence[int], engines: Sequence[str], time_limit: float
) -> list[Measured]:
    """Generate each instance, run each engine on it, and say on a terminal what is under way."""
    measured = []
    for size in sizes:
        for seed in seeds:
            with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
                folder = Path(name) / "problem"
                _say(f"{size}, seed {seed}: generate")
                instance = generate_apart(size, seed, folder)
                runs = []
                for engine in engines:
                    _say(f"{size}, seed {seed}: {engine}")
                    runs.append(run_apart(engine, folder, time_limit))
                measured.append(Measured(instance, tuple(runs)))
    return measured


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


def tables(measured: Sequence[Measured]) -> str:
    """Return all tables with their headings, as Markdown."""
    parts = ["## The core from files to a verified solution in files", growth(measured)]
    parts += ["## Seconds to match, and how many times the core's", overview(measured)]
    for each in measured:
        parts += [f"## {each.title}", costs(each), results(each)]
        if lines := left_out(each):
            parts.append("\n".join(f"- {line}" for line in lines))
    return "\n\n".join(parts) + "\n"


def document(measured: Sequence[Measured], machine: Sequence[tuple[str, str]], command: str, plot: str | None) -> str:
    """Return the whole report as Markdown; ``plot`` is where the picture is, seen from the report."""
    parts = [
        "# Benchmark of the matching core",
        f"Written by `{command}`.",
        markdown(["", "run on"], [[name, value] for name, value in machine]),
        READING.rstrip(),
    ]
    if plot:
        parts.append(f"![How time and memory grow with the number of needs]({plot})")
    return "\n\n".join([*parts, tables(measured)])


def write_report(
    measured: Sequence[Measured],
    machine: Sequence[tuple[str, str]],
    command: str,
    out: Path | None,
    plot: Path | None,
) -> None:
    """Write the report and the plot to the files that were asked for."""
    # Imported here so that the table alone needs no drawing.
    from tutormatch.matching.benchmark.plot import draw

    if plot:
        plot.parent.mkdir(parents=True, exist_ok=True)
        plot.write_text(draw(measured), encoding="utf-8")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        picture = Path(relpath(plot, out.parent)).as_posix() if plot else None
        out.write_text(document(measured, machine, command, picture), encoding="utf-8")


__all__ = ["describe_machine", "document", "faults", "run_benchmark", "tables", "write_report"]
