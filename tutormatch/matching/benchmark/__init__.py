"""The core and its peers on the same generated problems, measured side by side.

`python -m tutormatch.matching bench --help` runs it. Each engine runs in a process
of its own (`measure`), so that its peak memory is its own; every result is checked
against the hard rules by `verify`'s code and counted the same way. `peers` are the
other engines, `report` writes the tables and `plot` draws the scaling plot.
"""
