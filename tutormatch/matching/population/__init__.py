"""A synthetic population: invented schools, pupils and tutors with realistic shares.

`generate` draws one from a seed; `write_population` writes it as the folder that
`solve` and the import read. Nobody in it exists.
"""

from tutormatch.matching.population.cases import HARD_CASES
from tutormatch.matching.population.files import write_population
from tutormatch.matching.population.generation import REFERENCE_DATE, SIZES, generate, parse_size
from tutormatch.matching.population.records import (
    Population,
    School,
    SyntheticNeed,
    SyntheticPupil,
    SyntheticTutor,
    Teacher,
)

__all__ = [
    "HARD_CASES",
    "REFERENCE_DATE",
    "SIZES",
    "Population",
    "School",
    "SyntheticNeed",
    "SyntheticPupil",
    "SyntheticTutor",
    "Teacher",
    "generate",
    "parse_size",
    "write_population",
]
