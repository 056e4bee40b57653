"""What was measured, as Markdown tables that can be read in a terminal too."""

from collections.abc import Sequence
from dataclasses import dataclass

from tutormatch.matching.benchmark.measure import ENGINE_NAMES, STAGES, Instance, Run
from tutormatch.matching.objective import BREADTH, COVER, DEPTH, QUALITY

CORE = "core"
NOTHING = "–"


@dataclass(frozen=True)
class Measured:
    """One instance and what each engine did on it."""

    instance: Instance
    runs: tuple[Run, ...]

    def run(self, engine: str) -> Run | None:
        """Return what ``engine`` did; None if it was not asked or did not fit."""
        return next((run for run in self.runs if run.engine == engine and run.is_complete), None)

    @property
    def title(self) -> str:
        instance = self.instance
        return (
            f"{instance.size}, seed {instance.seed}: {instance.needs:,} needs of {instance.pupils:,} pupils, "
            f"{instance.tutors:,} tutors"
        )


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with columns of even width, all but the first aligned to the right."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        first, *others = (
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return f"| {' | '.join((first, *others))} |"

    rule = "|".join([":" + "-" * (widths[0] + 1), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([line(header), f"|{rule}|", *map(line, rows)])


def overview(measured: Sequence[Measured]) -> str:
    """Return the seconds that each engine takes to match each instance, and how many times the core's."""
    engines = [name for name in ENGINE_NAMES if any(run.engine == name for each in measured for run in each.runs)]
    rows = []
    for each in measured:
        core = each.run(CORE)
        row = [f"{each.instance.needs:,} × {each.instance.tutors:,}", str(each.instance.seed)]
        for engine in engines:
            run = each.run(engine)
            cell = _seconds(run.matching_seconds) if run else NOTHING
            if run and core and run is not core:
                cell += f" ({_ratio(run.matching_seconds, core.matching_seconds)})"
            row.append(cell)
        rows.append(row)
    return markdown(["needs × tutors", "seed", *engines], rows)


def growth(measured: Sequence[Measured]) -> str:
    """Return what the core alone takes from files to a verified solution in files, the smallest instance first."""
    rows = []
    for each in sorted(measured, key=lambda each: each.instance.needs):
        if run := each.run(CORE):
            rows.append(
                [
                    f"{each.instance.size}, {each.instance.needs:,} × {each.instance.tutors:,}",
                    f"{run.arcs:,}",
                    _seconds(run.total_seconds),
                    _seconds(run.processor_seconds),
                    str(max(run.peak_mib, run.peak_verified_mib)),
                    _number(1000 * run.total_seconds / each.instance.needs, 2),
                ]
            )
    return markdown(["needs × tutors", "arcs", "seconds", "CPU", "MiB", "ms per need"], rows)


def costs(measured: Measured) -> str:
    """Return size, time by stage, memory and ratios of every engine that ran on one instance."""
    core = measured.run(CORE)
    rows = []
    for run in measured.runs:
        if run.is_complete:
            rows.append(
                [
                    run.engine,
                    f"{run.arcs:,}" if run.arcs is not None else NOTHING,
                    *(_seconds(run.seconds[stage]) if stage in run.seconds else NOTHING for stage in STAGES),
                    _seconds(run.total_seconds),
                    _seconds(run.processor_seconds),
                    str(run.peak_mib),
                    str(run.peak_verified_mib),
                    _ratio(run.seconds["solve"], core.seconds["solve"]) if core else NOTHING,
                    _ratio(run.matching_seconds, core.matching_seconds) if core else NOTHING,
                ]
            )
    header = ["engine", "arcs", *STAGES, "all", "CPU", "MiB", "MiB, verified", "solve ÷ core", "match ÷ core"]
    return markdown(header, rows)


def results(measured: Measured) -> str:
    """Return what every engine reached on one instance, against the bounds of the core's certificate."""
    core = measured.run(CORE)
    rows = []
    for run in measured.runs:
        if run.is_complete and not run.broken:
            row = [run.engine]
            for name in (BREADTH, COVER, DEPTH, QUALITY):
                bound = core.bounds[name] if core and _is_bounded(name, run, core) else None
                reached = run.reached[name]
                row += [
                    f"{reached:,}",
                    *((f"{bound:,}", f"{bound - reached:,}") if bound is not None else (NOTHING, NOTHING)),
                ]
            rows.append([*row, "/".join(map(str, run.by_priority[BREADTH]))])
    header = ["engine"]
    for name in ("pupils", "further needs", "further sessions", "points"):
        header += [name, "at most", "gap"]
    return markdown([*header, "pupils by priority 3/2/1"], rows)


def _is_bounded(name: str, run: Run, core: Run) -> bool:
    """Return whether the bound of a level, which takes those above as they are, holds for a run."""
    if name in (DEPTH, QUALITY):
        # Peers leave out group places and further sessions, which the core's bounds take as they are.
        return run is core
    return name == BREADTH or run.by_priority[BREADTH] == core.by_priority[BREADTH]


def left_out(measured: Measured) -> list[str]:
    """Return a line for every engine that did not run, or whose result breaks a rule."""
    lines = [f"{run.engine}: not run, {run.not_run}" for run in measured.runs if not run.is_complete]
    return lines + [f"{run.engine}: {fault}" for run in measured.runs for fault in run.broken]


def faults(measured: Measured) -> list[str]:
    """Return what must never be seen: a broken rule, or a peer that serves more pupils than the core."""
    core = measured.run(CORE)
    lines = [f"{run.engine} breaks a rule: {fault}" for run in measured.runs for fault in run.broken]
    if core and not core.broken:
        lines += [
            f"{run.engine} serves {run.reached[BREADTH]} pupils, the core {core.reached[BREADTH]}"
            for run in measured.runs
            if run.is_complete and not run.broken and run.reached[BREADTH] > core.reached[BREADTH]
        ]
    return [f"{measured.title}: {line}" for line in lines]


def _number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}"


def _seconds(value: float) -> str:
    return _number(value, 1 if value >= 100 else 2 if value >= 0.1 else 3)


def _ratio(value: float, base: float) -> str:
    ratio = value / base
    return f"{_number(ratio, 0 if ratio >= 10 else 1 if ratio >= 1 else 2)}×"
