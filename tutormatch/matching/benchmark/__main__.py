"""The part of the benchmark that runs in a process of its own; `bench` starts it and reads its answer."""

import sys
from pathlib import Path

from tutormatch.matching.benchmark.measure import run_engine, to_json, write_instance


def main(command: str, *arguments: str) -> None:
    """Write an instance (size, seed, folder) or run an engine (name, folder), and print what it was."""
    if command == "instance":
        size, seed, folder = arguments
        print(to_json(write_instance(size, int(seed), Path(folder))))
    else:
        engine, folder = arguments
        print(to_json(run_engine(engine, Path(folder))))


if __name__ == "__main__":
    main(*sys.argv[1:])
