"""Work in a copy of the process: its answer, its failure, its end."""

import os
import signal

import pytest

from tests.matching.builders import need, problem, pupil, tutor
from tutormatch.matching import solve
from tutormatch.matching.beside import NEEDS_FOR_TWO_CORES as MANY
from tutormatch.matching.beside import EndedBeside, beside

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process")


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch):
    monkeypatch.setattr("tutormatch.matching.beside.has_second_core", lambda: True)


def test_the_answer_comes_from_another_process():
    with beside(os.getpid, needs=MANY) as answer:
        assert answer() != os.getpid()


def test_what_is_not_worth_a_copy_is_done_here():
    with beside(os.getpid, needs=MANY - 1) as answer:
        assert answer() == os.getpid()


@pytest.mark.parametrize(
    ("work", "code"), [(lambda: {}["nobody"], 1), (lambda: os.kill(os.getpid(), signal.SIGKILL), -signal.SIGKILL)]
)
def test_no_answer_is_told(work, code):
    with beside(work, needs=MANY) as answer, pytest.raises(EndedBeside, match=f"ended with {code}$"):
        answer()


def test_nobody_waits_for_work_that_is_given_up(tmp_path):
    reader, writer = os.pipe()

    def forever() -> None:
        os.close(reader)
        while True:
            signal.pause()

    with pytest.raises(InterruptedError), beside(forever, needs=MANY):
        raise InterruptedError
    os.close(writer)
    # The end of the pipe is reached only once no process holds its other side.
    assert os.read(reader, 1) == b""
    os.close(reader)


def test_a_large_round_is_certified_beside_as_it_would_be_alone(monkeypatch):
    source = problem([tutor()], [pupil("P1"), pupil("P2")], [need(), need("N2", "P2")])
    alone = solve(source)
    monkeypatch.setattr("tutormatch.matching.beside.NEEDS_FOR_TWO_CORES", 0)
    together = solve(source)
    assert together.certificate == alone.certificate
    assert together.unmatched == alone.unmatched
