"""Work that a second core does meanwhile, in a copy of this process."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import TypeVar

Answer = TypeVar("Answer")

NEEDS_FOR_TWO_CORES = 50_000
"""From how many needs on a copy of the process takes less than what it does meanwhile."""


class EndedBeside(RuntimeError):
    """The copy of the process ended without an answer."""


@contextmanager
def beside(work: Callable[[], Answer], *, needs: int) -> Iterator[Callable[[], Answer]]:
    """Begin with ``work`` while the caller goes on.

    The copy shares the memory of this process until one of them writes to it: only the answer is sent.

    Parameters
    ----------
    work : callable
        Of which only the answer matters, which is small.
    needs : int
        How many there are in the problem: with few, the work is done before a copy would be there.

    Yields
    ------
    callable
        Waits for the answer and returns it. With fewer than `NEEDS_FOR_TWO_CORES`, without a second core, or where a
        process cannot be copied, it does the work itself.

    Raises
    ------
    EndedBeside
        If there was no answer: somebody ended the copy, or ``work`` failed there and has said how on stderr.
    """
    if needs < NEEDS_FOR_TWO_CORES or not has_second_core():
        yield work
        return
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(work, there), daemon=True)
    process.start()
    there.close()

    def answer() -> Answer:
        try:
            return here.recv()
        except EOFError:
            process.join()
            raise EndedBeside(f"the process beside ended with {process.exitcode}") from None

    try:
        yield answer
    finally:
        process.kill()
        process.join()
        here.close()


def has_second_core() -> bool:
    """Return whether a copy of this process could run beside it."""
    # Only Linux says which cores a process may use, and copies any process safely.
    return hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1


def _answer(work: Callable[[], Answer], there: Connection) -> None:
    there.send(work())
