"""What cannot fit in memory is refused before it is begun, with the estimate."""

import resource

import pytest

from tests.matching.builders import need, problem, pupil, tutor
from tutormatch.matching import read_problem, write_problem
from tutormatch.matching.__main__ import main
from tutormatch.matching.population import generate
from tutormatch.matching.records import memory
from tutormatch.matching.records.memory import (
    ProblemSizes,
    TooLargeForMemory,
    Work,
    available_memory_mib,
    estimate_memory_mib,
    refuse_what_is_too_large,
)

NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Return a function that writes what the kernel tells, in MiB, and returns the answer made of it."""
    limits = {}
    monkeypatch.setattr(memory.resource, "getrlimit", lambda limit: limits.get(limit, NO_LIMIT))
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroup"

    def tell(available, groups="0::/\n", files=None, **most):
        limits.update({getattr(resource, name): (size << 20, size << 20) for name, size in most.items()})
        (proc / "self").mkdir(parents=True)
        (proc / "meminfo").write_text(f"MemTotal: 99999999 kB\nMemAvailable: {available << 10} kB\n")
        (proc / "self" / "status").write_text(
            f"Name:\tpython\nVmSize:\t{400 << 10} kB\nVmRSS:\t{100 << 10} kB\nVmData:\t{200 << 10} kB\n"
        )
        (proc / "self" / "cgroup").write_text(groups)
        for name, text in (files or {}).items():
            (cgroups / name).parent.mkdir(parents=True, exist_ok=True)
            (cgroups / name).write_text(text)
        return available_memory_mib(proc, cgroups)

    return tell


def group(folder, limit, used, inactive, names=("memory.max", "memory.current", "inactive_file")):
    limit = limit if isinstance(limit, str) else limit << 20
    most, current, cache = names
    return {
        f"{folder}/{most}": f"{limit}\n",
        f"{folder}/{current}": f"{used << 20}\n",
        f"{folder}/memory.stat": f"anon 1\n{cache} {inactive << 20}\n",
    }


def test_a_process_may_hold_what_it_has_and_what_the_machine_has_left(kernel):
    assert kernel(5000) == 5100


def test_limits_of_the_process_count(kernel):
    assert kernel(5000, RLIMIT_AS=1000) == 100 + (1000 - 400)


def test_the_limit_of_its_data_counts(kernel):
    assert kernel(5000, RLIMIT_DATA=1000) == 100 + (1000 - 200)


def test_the_tightest_control_group_above_the_process_counts(kernel):
    files = group("a/b", "max", 300, 0) | group("a", 2000, 700, 50)
    assert kernel(5000, "0::/a/b\n", files) == 100 + (2000 - 700 + 50)


def test_control_groups_of_the_first_version_count(kernel):
    names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    files = group("memory/a", 1500, 700, 0, names)
    assert kernel(5000, "5:cpu:/a\n4:memory:/a\n", files) == 100 + (1500 - 700)


def test_a_group_that_is_over_its_limit_leaves_what_is_held(kernel):
    assert kernel(5000, "0::/a\n", group("a", 100, 120, 0)) == 100


def test_where_the_kernel_tells_nothing_nothing_is_refused(tmp_path, monkeypatch):
    assert available_memory_mib(tmp_path) is None
    monkeypatch.setattr(memory, "available_memory_mib", lambda: None)
    refuse_what_is_too_large(ProblemSizes(10**9, 10**9, 10**9))


def test_the_estimate_grows_with_every_kind_of_record():
    base = estimate_memory_mib(ProblemSizes(0, 0, 0))
    for sizes in (ProblemSizes(100_000, 0, 0), ProblemSizes(0, 100_000, 0), ProblemSizes(0, 0, 100_000)):
        assert estimate_memory_mib(sizes) > base + 10


def test_a_nation_is_expected_to_fit_where_it_was_measured_to_fit():
    nation = ProblemSizes.expected(380_000, 120_000)
    assert estimate_memory_mib(nation, Work.READ) < 600
    assert estimate_memory_mib(nation, Work.SOLVE) <= 2048


def test_sizes_are_counted_in_records_and_in_lines_of_files(tmp_path):
    source = problem([tutor("T1"), tutor("T2")], [pupil()], [need("N1"), need("N2"), need("N3")])
    write_problem(source, tmp_path / "problem")
    assert ProblemSizes.of_folder(tmp_path / "problem") == ProblemSizes.of(source) == ProblemSizes(2, 1, 3)
    assert ProblemSizes.of_folder(tmp_path / "nothing") == ProblemSizes(0, 0, 0)


def test_reading_is_refused_with_the_estimate(tmp_path, monkeypatch):
    write_problem(problem([tutor()], [pupil()], [need()]), tmp_path / "problem")
    monkeypatch.setattr(memory, "available_memory_mib", lambda: 7)
    with pytest.raises(TooLargeForMemory, match="to read them takes about 30 MiB of memory, and there are 7 MiB"):
        read_problem(tmp_path / "problem")


def test_generating_is_refused_before_anything_is_drawn(tmp_path, capsys):
    with pytest.raises(TooLargeForMemory) as caught:
        generate("9000000000:3000000000", 1)
    assert caught.value.needed_mib > caught.value.available_mib
    out = tmp_path / "problem"
    assert main(["generate", "--size", "9000000000:3000000000", "--out", str(out)]) == 2
    assert "9,000,000,000 needs" in capsys.readouterr().err
    assert not out.exists()
