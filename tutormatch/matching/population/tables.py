"""Every share that the synthetic population is drawn from, with its basis.

*Published* marks a figure that public sources give (school statistics, press
reports of the ministry and the regions, a real bell schedule). *Assumed* marks a
plain assumption: nothing better is known, and nobody should read a finding into it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

NORTH_KAZAKHSTAN = "KZ-59"

SMALL_SCALE, RURAL, URBAN = ("small_scale", "rural", "urban")
TRACKS = ("kk", "ru", "other")


@dataclass(frozen=True, slots=True)
class Area:
    """What differs between North Kazakhstan and the whole country."""

    region: str | None
    kinds: Mapping[str, float]
    second_shift: Mapping[str, float]
    school_languages: Mapping[str, float]
    tracks: tuple[float, float, float]
    student_groups: Mapping[str, float]


NORTH = Area(
    region=NORTH_KAZAKHSTAN,
    # Published: 330 of 444 schools are rural, 74 % are small-scale.
    kinds={SMALL_SCALE: 0.740, RURAL: 0.003, URBAN: 0.257},
    # Assumed.
    second_shift={SMALL_SCALE: 0.25, RURAL: 0.50, URBAN: 0.85},
    # Published for Kostanay Region, the neighbour; taken over for North Kazakhstan.
    school_languages={"kk": 0.25, "ru": 0.49, "mixed": 0.26},
    # Published: 71 to 77 % are taught in Russian.
    tracks=(0.27, 0.73, 0.0),
    # Assumed: language of the students' groups.
    student_groups={"kk": 0.45, "ru": 0.55, "en": 0.0},
)
NATION = Area(
    region=None,
    # Published: 68.4 % of schools are rural, 38 % small-scale.
    kinds={SMALL_SCALE: 0.380, RURAL: 0.304, URBAN: 0.316},
    # Assumed by kind; together near the published 63 %.
    second_shift={SMALL_SCALE: 0.35, RURAL: 0.75, URBAN: 0.90},
    # Published.
    school_languages={"kk": 0.53, "ru": 0.16, "mixed": 0.31},
    # Between the published choice of grade 1 (68 %) and of the leaving test (75 %); "other" assumed.
    tracks=(0.67, 0.30, 0.03),
    # Published: students by language of study.
    student_groups={"kk": 0.65, "ru": 0.30, "en": 0.05},
)

# Schools --------------------------------------------------------------------------------------------

# Assumed: pupils in a school. Small-scale schools are lognormal around the median, the others uniform.
SMALL_SCALE_MEDIAN, SMALL_SCALE_SIGMA, SMALL_SCALE_LIMITS = 60, 0.6, (8, 180)
SCHOOL_PUPILS = {RURAL: (150, 600), URBAN: (500, 2000)}
# Assumed: how many pupils a school nominates grows with the square root of its size, because the
# programme turns to small schools first.
NOMINATION_EXPONENT = 0.5
# Assumed: adjacent grades taught together in a small-scale school.
CLASS_SETS, CLASS_SET_SHARE = ((1, 3), (2, 4), (5, 6)), 0.6
# Assumed: a small-scale school has a patron university or college.
PATRON_SHARE = 0.7
# Assumed: schools with lessons on Saturday until 14:00.
SIX_DAY_SHARE = 0.15
# Assumed: where a mixed school also teaches in a third language, and how often it does.
THIRD_LANGUAGES = {"KZ-19": "ug", "KZ-33": "ug", "KZ-75": "ug", "KZ-61": "uz", "KZ-79": "uz"}
TAJIK_SHARE_OF_UZBEK_AREA = 0.15
# Assumed: one nominating teacher for so many nominated pupils.
PUPILS_PER_TEACHER = 12

# Pupils ---------------------------------------------------------------------------------------------

# Grades 1 to 11. Of all pupils: grades 1 and 11 published, the rest assumed. Grade 1 is not marked, so
# nobody is nominated from it; the peak lies at the move to subject teachers (assumed).
GRADES_OF_ALL = (0.090, *[0.099] * 8, 0.060, 0.058)
GRADES_OF_NOMINATED = (0.0, 0.06, 0.06, 0.06, 0.13, 0.13, 0.14, 0.14, 0.14, 0.07, 0.07)
# Assumed: in a two-shift school 45 % learn in shift II, never grades 1, 5, 9 and 11.
SECOND_SHIFT_SHARE, FIRST_SHIFT_GRADES = 0.45, frozenset({1, 5, 9, 11})
SPECIAL_NEEDS_SHARE = 0.10  # Assumed; 6 % of all pupils is published.
CONSENT = {"received": 0.77, "pending": 0.20, "refused": 0.03}  # Assumed.
CONSENT_FORMS = {"paper": 0.7, "electronic": 0.3}  # Assumed.
DEVICES = {"phone": 0.45, "computer": 0.35, "school": 0.20}  # Two of five families have no computer.
NO_CONNECTION = {SMALL_SCALE: 0.13, RURAL: 0.13, URBAN: 0.07}  # Assumed; these learn at school.
# Assumed: who also accepts tutoring in the other state-wide language.
ACCEPTS_SECOND_LANGUAGE = {"kk": 0.40, "ru": 0.10, "other": 1.0}
MAX_TUTORS = {None: 0.90, 2: 0.05, 1: 0.05}  # Assumed.
KAZAKH_NAMES = {"kk": 0.97, "ru": 0.35, "other": 1.0}  # Assumed: which list a name comes from.

# Needs: all assumed ---------------------------------------------------------------------------------

NEEDS_PER_PUPIL = {1: 0.62, 2: 0.28, 3: 0.08, 4: 0.02}
PRIORITIES = {3: 0.25, 2: 0.60, 1: 0.15}
SESSIONS_WANTED = {2: 0.60, 3: 0.25, 1: 0.15}
GROUP_OK_SHARE = 0.55
# Share, lowest and highest current mark in percent: 0-39 is a "2", 40-64 a "3".
MARKS = ((0.35, 25, 39), (0.50, 40, 55), (0.15, 56, 64))
WAITING_DAYS_MEAN, WAITING_DAYS_MAX = 21, 180
RETURNING_SHARE, BLOCKED_SHARE = 0.05, 0.01
# Minutes of one session, by the last grade it holds for: published limits of screen time.
SESSION_MINUTES = ((4, 30), (8, 40), (11, 45))

# Family shares of all needs by grades.
DEMAND: Mapping[tuple[int, int], Mapping[str, int]] = {
    (2, 4): {"math": 36, "kazakh": 26, "russian": 28, "foreign": 10},
    (5, 6): {
        "math": 38,
        "kazakh": 16,
        "russian": 18,
        "foreign": 16,
        "informatics": 4,
        "science": 5,
        "history": 3,
    },
    (7, 9): {
        "math": 36,
        "kazakh": 11,
        "russian": 10,
        "foreign": 12,
        "informatics": 6,
        "physics": 10,
        "chemistry": 7,
        "biology": 2,
        "geography": 2,
        "history": 4,
    },
    (10, 11): {
        "math": 34,
        "kazakh": 7,
        "russian": 6,
        "foreign": 11,
        "informatics": 6,
        "physics": 13,
        "chemistry": 9,
        "biology": 2.5,
        "geography": 2.5,
        "history": 9,
    },
}
# How a family divides among its subjects. Only the subjects that exist in the pupil's grade and track
# count, so KAZ1 and KAZ2, or ALG and ALGAN, never meet in one pupil.
FAMILY_SUBJECTS: Mapping[str, Mapping[str, float]] = {
    "math": {"MATH": 1.0, "ALG": 0.6, "ALGAN": 0.6, "GEOM": 0.4},
    "kazakh": {"ALIPPE": 1.0, "KAZ1": 0.7, "LITREAD_KK": 0.3, "KAZLIT": 0.3, "KAZ2P": 1.0, "KAZ2": 1.0},
    "russian": {"BUKVAR": 1.0, "RUS1": 0.7, "LITREAD_RU": 0.3, "RUSLIT": 0.3, "RUS2P": 1.0, "RUS2": 1.0},
    "foreign": {"ENG": 1.0},
    "informatics": {"INF": 1.0},
    "science": {"NATSCI": 1.0},
    "physics": {"PHYS": 1.0},
    "chemistry": {"CHEM": 1.0},
    "biology": {"BIO": 1.0},
    "geography": {"GEOG": 1.0},
    "history": {"HISTKZ": 0.6, "HISTW": 0.4},
}
# Tracks "other" learn both state-wide languages as second languages.
SECOND_LANGUAGE_SUBJECTS = frozenset({"KAZ2P", "KAZ2", "RUS2P", "RUS2"})

# Tutors: all assumed unless marked ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Programme:
    """A study programme: its share, the families it can teach, and limits of grade.

    ``mother_tongue`` is the probability of teaching the first language of the
    tutor's own group to grade 4; ``group`` fixes the language of the group.
    """

    share: float
    families: Mapping[str, float]
    family_grade_to: int = 11
    grade_to: int = 11
    mother_tongue: float = 0.0
    own_language: float = 0.0
    group: str | None = None


PROGRAMMES: Mapping[str, Programme] = {
    "mathematics": Programme(0.10, {"math": 1.0, "informatics": 0.4, "physics": 0.3}),
    "physics_informatics": Programme(0.10, {"physics": 0.8, "informatics": 0.7, "math": 0.8}),
    "engineering": Programme(0.20, {"math": 0.7, "informatics": 0.8, "physics": 0.3}),
    "kazakh": Programme(0.09, {"kazakh": 1.0, "history": 0.2}, group="kk"),
    "russian": Programme(0.09, {"russian": 1.0}, group="ru"),
    "foreign": Programme(0.12, {"foreign": 1.0}, own_language=0.2),
    "chemistry_biology": Programme(0.08, {"chemistry": 0.7, "biology": 0.8, "science": 0.8}),
    "history_geography": Programme(0.08, {"history": 0.8, "geography": 0.4}),
    "primary": Programme(0.10, {"math": 0.9}, grade_to=6, mother_tongue=0.9),
    "economics": Programme(0.04, {"math": 0.6, "foreign": 0.3}, family_grade_to=9),
}
YEARS_OF_STUDY = {1: 0.40, 2: 0.25, 3: 0.25, 4: 0.10}
GRADE_TO_BY_YEAR = {1: 8, 2: 9, 3: 11, 4: 11}
LOWEST_GRADES = {1: 0.5, 5: 0.5}
BILINGUAL = {"kk": 0.60, "ru": 0.15, "en": 1.0}
SESSIONS_OFFERED = {1: 0.15, 2: 0.35, 3: 0.25, 4: 0.15, 5: 0.05, 6: 0.05}
MAX_PUPILS = {1: 0.20, 2: 0.35, 3: 0.30, 4: 0.15}
GROUP_SIZES = {1: 0.60, 2: 0.15, 3: 0.25}
SPECIAL_NEEDS_BRIEFED_SHARE = 0.15
CHECKED_SHARE = 0.85
MINOR_SHARE_OF_FIRST_YEARS = 0.06
COLLEGE_SHARE = 0.15
