"""A linear program solved in a process of its own, while the caller goes on.

The first-order solver keeps Python's lock as long as it runs, so that a thread would not do. The program
goes there and the solution comes back as a file of arrays.
"""

import os
import subprocess
import sys
import tempfile
from math import inf
from pathlib import Path
from types import TracebackType

import numpy as np
from scipy.sparse import csc_array

from tutormatch.matching.exact.linear import LinearProgram
from tutormatch.matching.flow.engines import SolverFailed

ARRAYS = ("data", "indices", "indptr", "shape", "gain", "least", "most")


class SolvedApart:
    """Starts to solve a program roughly; use it in a ``with`` statement, which ends the process.

    Parameters
    ----------
    program : LinearProgram
    iterations : int
        As for `LinearProgram.solve_roughly`.
    """

    def __init__(self, program: LinearProgram, iterations: int) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._file = Path(self._folder.name) / "program.npz"
        matrix = program.matrix
        columns = matrix.data, matrix.indices, matrix.indptr, matrix.shape, program.gain, program.least, program.most
        np.savez(self._file, **dict(zip(ARRAYS, columns, strict=True)))
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(self._file), str(iterations)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def __enter__(self) -> "SolvedApart":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        with self._process:
            self._folder.cleanup()

    def solution(self, seconds: float = inf) -> tuple[np.ndarray, np.ndarray] | None:
        """Wait for values and duals, or return None if they are not there in so many seconds.

        Raises
        ------
        SolverFailed
            If the process ended without them.
        """
        waits_for_end = seconds == inf or self._process.poll() is not None
        try:
            _, said = self._process.communicate(timeout=None if waits_for_end else max(seconds, 0))
        except subprocess.TimeoutExpired:
            return None
        if self._process.returncode:
            raise SolverFailed(f"the linear program ended with {self._process.returncode}: {said.decode()[-500:]}")
        with np.load(self._file) as solved:
            return solved["values"], solved["duals"]


def main(file: str, iterations: str) -> None:
    """Replace the program in a file by its solution."""
    with np.load(file) as arrays:
        data, indices, indptr, shape, gain, least, most = (arrays[name] for name in ARRAYS)
    program = LinearProgram(csc_array((data, indices, indptr), shape=tuple(shape)), gain, least, most)
    values, duals = program.solve_roughly(int(iterations))
    np.savez(file, values=values, duals=duals)


if __name__ == "__main__":
    main(*sys.argv[1:])
