"""Matching pupils' needs with volunteer tutors: the core, free of web and database.

>>> from tutormatch.matching import read_problem, solve, verify
>>> problem = read_problem("programme")
>>> solution = solve(problem)
>>> verify(problem, solution)
[]
"""

from tutormatch.matching.guidance.advice import Advice, improvable, recruitment_advice
from tutormatch.matching.guidance.chains import Move
from tutormatch.matching.guidance.changes import Change, ChangeKind, smallest_changes
from tutormatch.matching.guidance.competitions import Competition, competition
from tutormatch.matching.guidance.explanations import (
    Explanation,
    MatchExplanation,
    UnmatchedExplanation,
    explain,
    explain_all,
)
from tutormatch.matching.guidance.recruits import Recruit, WeekPart
from tutormatch.matching.guidance.suggestions import Suggester, Suggestion, TutorOption, suggest
from tutormatch.matching.guidance.what_ifs import WhatIf, WhatIfKind
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
from tutormatch.matching.records.cells import Column, Unexpected
from tutormatch.matching.records.faults import Fault, FaultyInput, check
from tutormatch.matching.records.files import (
    COLUMNS,
    EXTENSION_COLUMNS,
    read_problem,
    write_problem,
)
from tutormatch.matching.records.memory import ProblemSizes, TooLargeForMemory, Work, estimate_memory_mib
from tutormatch.matching.records.solution_files import read_solution, write_solution
from tutormatch.matching.records.tables import Row, read_rows
from tutormatch.matching.rules import tutoring_language
from tutormatch.matching.solver import SolverFailed, solve
from tutormatch.matching.verification.verifier import Violation, verify

__all__ = [
    "COLUMNS",
    "EXTENSION_COLUMNS",
    "LEVELS",
    "POINTS",
    "Advice",
    "Certificate",
    "Change",
    "ChangeKind",
    "Column",
    "Competition",
    "Explanation",
    "Fault",
    "FaultyInput",
    "FunnelStep",
    "Level",
    "Match",
    "MatchExplanation",
    "Move",
    "Need",
    "Pair",
    "PairStatus",
    "Prices",
    "Problem",
    "ProblemSizes",
    "Profile",
    "Pupil",
    "Reason",
    "Recruit",
    "Row",
    "Solution",
    "SolverFailed",
    "Suggester",
    "Suggestion",
    "Teaching",
    "TooLargeForMemory",
    "Tutor",
    "TutorOption",
    "Unexpected",
    "Unmatched",
    "UnmatchedExplanation",
    "Violation",
    "WeekPart",
    "WhatIf",
    "WhatIfKind",
    "Work",
    "check",
    "competition",
    "estimate_memory_mib",
    "explain",
    "explain_all",
    "improvable",
    "read_problem",
    "read_rows",
    "read_solution",
    "recruitment_advice",
    "smallest_changes",
    "solve",
    "suggest",
    "tutoring_language",
    "verify",
    "write_problem",
    "write_solution",
]
