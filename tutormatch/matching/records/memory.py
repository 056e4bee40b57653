"""What memory a problem needs, what memory there is, and how to spare some."""

import gc
import resource
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from tutormatch.matching.problem import Problem

MIB = 2**20
PUPILS_PER_NEED = 2 / 3
PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")


class Work(StrEnum):
    """What is to be done with a problem."""

    READ = "read"
    SOLVE = "solve"
    GENERATE = "generate"


@dataclass(frozen=True, slots=True)
class Demand:
    """What a process needs for its work, in MiB: as it starts, and for a thousand of each kind of record."""

    base: float
    tutors: float
    pupils: float
    needs: float


DEMANDS: Mapping[Work, Demand] = MappingProxyType(
    {
        Work.READ: Demand(30, 1.0, 0.5, 0.4),
        Work.SOLVE: Demand(130, 4.4, 2.0, 2.1),
        Work.GENERATE: Demand(60, 1.3, 0.7, 0.4),
    }
)
"""Measured as the peak of a process, at 10,000 to 380,000 needs and 4,000 to 120,000 tutors, and rounded up."""
NEEDS_FOR_PROGRAMS, PROGRAMS = 15_000, 50
"""Up to how many needs cover may be written as a linear program, and what a thousand of them take then, in MiB: half of
it in a process beside."""


@dataclass(frozen=True, slots=True)
class ProblemSizes:
    """How many records of each kind a problem has."""

    tutors: int
    pupils: int
    needs: int

    @classmethod
    def of(cls, problem: Problem) -> "ProblemSizes":
        return cls(len(problem.tutors), len(problem.pupils), len(problem.needs))

    @classmethod
    def expected(cls, needs: int, tutors: int) -> "ProblemSizes":
        """Return the sizes of a population with so many needs and tutors."""
        return cls(tutors, round(needs * PUPILS_PER_NEED), needs)

    @classmethod
    def of_folder(cls, folder: Path | str) -> "ProblemSizes":
        """Count the lines of a problem's files, without reading what they say; a missing file has none."""
        return cls(*(_lines(Path(folder) / f"{name}.csv") for name in ("tutors", "pupils", "needs")))


class TooLargeForMemory(Exception):
    """The work would need more memory than there is.

    Attributes
    ----------
    needed_mib, available_mib : int
        The estimate of what the process would hold at most, and what it could hold.
    """

    def __init__(self, work: Work, sizes: ProblemSizes, needed_mib: int, available_mib: int) -> None:
        self.needed_mib, self.available_mib = needed_mib, available_mib
        super().__init__(
            f"{sizes.needs:,} needs of {sizes.pupils:,} pupils and {sizes.tutors:,} tutors: to {work} them takes"
            f" about {needed_mib:,} MiB of memory, and there are {available_mib:,} MiB"
        )


def estimate_memory_mib(sizes: ProblemSizes, work: Work = Work.SOLVE) -> int:
    """Return the most memory that a process is expected to hold during its work.

    Parameters
    ----------
    sizes : ProblemSizes
    work : Work

    Returns
    -------
    int
        In MiB; a line through what was measured (`DEMANDS`), for weeks with up to
        some 18 free slots for each person.
    """
    demand = DEMANDS[work]
    thousands = sizes.tutors * demand.tutors + sizes.pupils * demand.pupils + sizes.needs * demand.needs
    if work is Work.SOLVE and sizes.needs <= NEEDS_FOR_PROGRAMS:
        thousands += sizes.needs * PROGRAMS
    return round(demand.base + thousands / 1000)


def refuse_what_is_too_large(sizes: ProblemSizes, work: Work = Work.SOLVE) -> None:
    """Refuse work that cannot fit in memory, before it is begun.

    Raises
    ------
    TooLargeForMemory
        With the estimate. Nothing is refused where the memory is not known.
    """
    needed, available = estimate_memory_mib(sizes, work), available_memory_mib()
    if available is not None and needed > available:
        raise TooLargeForMemory(work, sizes, needed, available)


def available_memory_mib(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Return how much memory this process could hold, what it holds already included.

    Parameters
    ----------
    proc, cgroups : path
        Where the kernel tells of processes and of control groups.

    Returns
    -------
    int or None
        In MiB: the least of what the machine has left, of the limits of the
        process, and of those of its control groups; None if the kernel tells nothing.
    """
    try:
        status = dict(_fields(proc / "self" / "status"))
        held = _bytes(status["VmRSS"])
        free = [_bytes(dict(_fields(proc / "meminfo"))["MemAvailable"])]
        for limit, used in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
            most, _ = resource.getrlimit(limit)
            if most != resource.RLIM_INFINITY:
                free.append(most - _bytes(status[used]))
        free += _free_in_groups(proc, cgroups)
    except (OSError, KeyError, ValueError):
        return None
    return (held + max(0, min(free))) // MIB


@contextmanager
def collection_paused() -> Iterator[None]:
    """Look for no garbage meanwhile: where millions of records are made that all stay, the search costs the most."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                # What was made counts as old from now on, instead of being walked through once for each generation.
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def _lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            lines = sum(block.count(b"\n") for block in iter(lambda: file.read(MIB), b""))
    except OSError:
        return 0
    return max(0, lines - 1)


def _fields(path: Path) -> Iterator[tuple[str, str]]:
    for line in path.read_text().splitlines():
        name, _, value = line.partition(":" if ":" in line else " ")
        yield name, value.strip()


def _bytes(value: str) -> int:
    number, _, unit = value.partition(" ")
    if unit != "kB":
        raise ValueError(value)
    return int(number) * 1024


def _free_in_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    """Yield what is left in each control group that holds the process, in either version of their files."""
    for line in (proc / "self" / "cgroup").read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if not controllers:
            root, most, used, cache = cgroups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, most, used = cgroups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
            cache = "total_inactive_file"
        else:
            continue
        path = PurePosixPath(place.lstrip("/"))
        for group in (path, *path.parents):
            folder = root / group
            if (folder / most).exists() and (limit := (folder / most).read_text().strip()) != "max":
                # What files have left in memory makes room when it is needed.
                reclaimable = int(dict(_fields(folder / "memory.stat")).get(cache, 0))
                yield int(limit) - int((folder / used).read_text()) + reclaimable
