"""Matching pupils' needs with volunteer tutors: the core, free of web and database.

>>> from tutormatch.matching import read_problem, solve, verify
>>> problem = read_problem("programme")
>>> solution = solve(problem)
>>> verify(problem, solution)
[]
"""

from tutormatch.matching.explanations import (
    Explanation,
    MatchExplanation,
    UnmatchedExplanation,
    explain,
    explain_all,
)
from tutormatch.matching.faults import Fault, FaultyInput, check
from tutormatch.matching.files import (
    COLUMNS,
    EXTENSION_COLUMNS,
    read_problem,
    read_solution,
    write_problem,
    write_solution,
)
from tutormatch.matching.objective import LEVELS, POINTS
from tutormatch.matching.problem import (
    Certificate,
    FunnelStep,
    Level,
    Match,
    Need,
    Pair,
    PairStatus,
    Prices,
    Problem,
    Profile,
    Pupil,
    Reason,
    Solution,
    Teaching,
    Tutor,
    Unmatched,
)
from tutormatch.matching.rules import tutoring_language
from tutormatch.matching.solver import SolverFailed, solve
from tutormatch.matching.tables import Column, Row, Unexpected, read_rows
from tutormatch.matching.verifier import Violation, verify

__all__ = [
    "COLUMNS",
    "EXTENSION_COLUMNS",
    "LEVELS",
    "POINTS",
    "Certificate",
    "Column",
    "Explanation",
    "Fault",
    "FaultyInput",
    "FunnelStep",
    "Level",
    "Match",
    "MatchExplanation",
    "Need",
    "Pair",
    "PairStatus",
    "Prices",
    "Problem",
    "Profile",
    "Pupil",
    "Reason",
    "Row",
    "Solution",
    "SolverFailed",
    "Teaching",
    "Tutor",
    "Unexpected",
    "Unmatched",
    "UnmatchedExplanation",
    "Violation",
    "check",
    "explain",
    "explain_all",
    "read_problem",
    "read_rows",
    "read_solution",
    "solve",
    "tutoring_language",
    "verify",
    "write_problem",
    "write_solution",
]
