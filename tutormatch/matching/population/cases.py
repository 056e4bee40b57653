"""The hard cases that every test set must contain, as rows built on purpose.

Pupils and tutors of a case are numbered from 9000: case 4 has the pupils
``p9041``, ``p9042`` and ``p9043``. Drawn tutors are never free from 13:00 to 16:00
on workdays, so a case whose pupils are free at 15:00 depends on its own tutors
alone. French and German are taught by tutors of the cases only, for the same reason.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from tutormatch.matching.population import catalogue, tables, words
from tutormatch.matching.population.pupils import class_label, topic
from tutormatch.matching.population.records import School, SyntheticNeed, SyntheticPupil, SyntheticTutor
from tutormatch.matching.population.schools import teacher_email
from tutormatch.matching.problem import Need, Pair, PairStatus, Pupil, Teaching, Tutor
from tutormatch.matching.slots import parse_slots

HARD_CASES: Mapping[int, str] = {
    1: "A Kazakh-medium pupil needs physics, and only a tutor of the Russian group is free then",
    2: "A pupil of the second shift is free in the morning only",
    3: "A pupil has no hour in common with any tutor",
    4: "Pupils of one class-set could form a group but are in grades 2 and 4",
    5: "A pupil has two needs that one tutor could serve",
    8: "A pupil with special needs, and no briefed tutor of the subject",
    9: "The tutor comes from the pupil's own village and bears the same name",
    10: "Two equal pupils and two equal tutors",
    12: "Two schools of the same name in two regions",
    13: "The pupil has moved up a grade, and last year's tutor does not teach it",
    14: "Two equal pupils, one of whom has waited since the last quarter, and one hour for both",
}
WAITED_SINCE_LAST_QUARTER, WAITED_A_WEEK = 160, 7
EVENINGS = "mon-17;tue-17;wed-17;thu-17"


@dataclass
class Cases:
    """What the hard cases add to a population; ``schools`` are all schools, changed where a case needs it."""

    schools: list[School]
    on: date
    id_width: int
    tutors: list[SyntheticTutor] = field(default_factory=list)
    pupils: list[SyntheticPupil] = field(default_factory=list)
    needs: list[SyntheticNeed] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    ids: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def add_pupil(
        self,
        case: int,
        school: School,
        grade: int,
        subjects: Iterable[str],
        slots: str,
        *,
        tongue: str = "",
        accepts_other: bool = True,
        shift: str = "first",
        requires: Iterable[str] = (),
        group_ok: bool = False,
        waiting_days: int = WAITED_A_WEEK,
        surname: str = "",
    ) -> str:
        """Add a pupil with consent who needs ``subjects`` twice a week, and return the identifier."""
        identifier = self._take_id("p", case, len(self.pupils_of(case)) + 1)
        tongue = tongue or ("ru" if "ru" in school.instruction else "kk")
        languages = (tongue, *({"kk", "ru"} - {tongue} if accepts_other else ()))
        first_name, last_name = self._name("m", len(self.pupils), surname)
        self.pupils.append(
            SyntheticPupil(
                pupil=Pupil(
                    id=identifier,
                    school=school.code,
                    languages=languages,
                    slots=parse_slots(slots),
                    requires=frozenset(requires),
                    patrons=frozenset(school.patrons),
                ),
                first_name=first_name,
                last_name=last_name,
                grade=grade,
                class_label=class_label(school, grade, tongue, 0.0),
                shift=shift,
                place="home",
                device="phone",
                instruction_language=tongue,
                consent_on=self.on - timedelta(days=14),
                consent_form="paper",
                consent_state="received",
                teacher_email=teacher_email(school.code),
            )
        )
        self.needs += [
            SyntheticNeed(
                Need(
                    id=f"{identifier}-{subject}",
                    pupil_id=identifier,
                    subject=subject,
                    grade=grade,
                    waiting_days=waiting_days,
                    sessions_per_week=2,
                    group_ok=group_ok,
                ),
                current_mark=42,
                topics=topic(subject, tongue, 0),
            )
            for subject in subjects
        ]
        return identifier

    def add_tutor(
        self,
        case: int,
        teachings: Iterable[Teaching],
        slots: str,
        *,
        languages: Iterable[str] = ("kk", "ru"),
        sessions: int = 2,
        max_pupils: int = 1,
        programme: str = "foreign",
        locale: str = "ru",
        motivation: str = "",
        surname: str = "",
    ) -> str:
        """Add a checked tutor who is briefed, though not for special needs, and return the identifier."""
        identifier = self._take_id("t", case, len(self.tutors_of(case)) + 1)
        first_name, last_name = self._name("f", len(self.tutors), surname)
        self.tutors.append(
            SyntheticTutor(
                tutor=Tutor(
                    id=identifier,
                    subjects=tuple(teachings),
                    languages=frozenset(languages),
                    slots=parse_slots(slots),
                    sessions_per_week=sessions,
                    max_pupils=max_pupils,
                    institution="NKU",
                ),
                first_name=first_name,
                last_name=last_name,
                email=f"{identifier}@example.org",
                locale=locale,
                study_programme=words.STUDY_PROGRAMMES[programme][locale],
                year_of_study=3,
                is_minor=False,
                motivation=motivation,
                checked_on=self.on - timedelta(days=21),
                briefed_on=self.on - timedelta(days=14),
            )
        )
        return identifier

    def pupils_of(self, case: int) -> list[str]:
        return [identifier for identifier in self.ids.get(case, ()) if identifier.startswith("p")]

    def tutors_of(self, case: int) -> list[str]:
        return [identifier for identifier in self.ids.get(case, ()) if identifier.startswith("t")]

    def _take_id(self, letter: str, case: int, number: int) -> str:
        identifier = f"{letter}9{case * 10 + number:0{self.id_width - 1}d}"
        self.ids[case] = (*self.ids.get(case, ()), identifier)
        return identifier

    def _name(self, gender: str, number: int, surname: str) -> tuple[str, str]:
        first_names = words.KAZAKH_FIRST_NAMES[gender]
        surname = surname or words.KAZAKH_SURNAMES[(3 * number) % len(words.KAZAKH_SURNAMES)]
        return first_names[number % len(first_names)], words.last_name(surname, gender)


def build_cases(schools: Sequence[School], on: date, id_width: int) -> Cases:
    """Build every hard case that the schools allow (case 12 needs schools in two regions)."""
    cases = Cases(list(schools), on, id_width)
    village = _first(cases, tables.SMALL_SCALE)
    village = _change(cases, village, class_sets=tuple({*village.class_sets, (2, 4)}), has_six_days=False)
    town = _change(cases, _first(cases, tables.URBAN), has_second_shift=True)
    kazakh_school = next(school for school in cases.schools if "kk" in school.instruction)

    cases.add_tutor(1, [Teaching("PHYS", 7, 11)], "wed-15;thu-18", languages=["ru"], programme="physics_informatics")
    cases.add_pupil(1, kazakh_school, 9, ["PHYS"], "wed-15", tongue="kk", accepts_other=False)

    cases.add_pupil(2, town, 7, ["ALG"], "mon-09;tue-10;thu-09;fri-10", shift="second")

    cases.add_pupil(3, town, 6, ["MATH"], "tue-15;fri-15")

    for grade in (2, 4, 4):
        cases.add_pupil(4, village, grade, ["MATH"], "mon-16;wed-16;thu-17", group_ok=True)

    cases.add_tutor(
        5,
        [Teaching("ALG", 7, 9), Teaching("GEOM", 7, 9)],
        EVENINGS,
        sessions=4,
        max_pupils=2,
        programme="mathematics",
    )
    cases.add_pupil(5, town, 8, ["ALG", "GEOM"], EVENINGS)

    cases.add_tutor(8, [Teaching("GER", 5, 9)], EVENINGS)
    cases.add_pupil(8, town, 8, ["GER"], EVENINGS, requires=["sen"])

    cases.add_tutor(
        9,
        [Teaching("HISTKZ", 5, 11)],
        EVENINGS,
        programme="history_geography",
        motivation=words.SAME_VILLAGE_MOTIVATION["ru"].format(school=village.name_ru),
        surname="Жүнісов",
    )
    cases.add_pupil(9, village, 8, ["HISTKZ"], EVENINGS, surname="Жүнісов")

    for _ in range(2):
        cases.add_tutor(10, [Teaching("CHEM", 7, 11)], EVENINGS, programme="chemistry_biology")
        cases.add_pupil(10, town, 8, ["CHEM"], EVENINGS)

    _add_schools_of_one_name(cases)

    last_years = cases.add_tutor(13, [Teaching("MATH", 1, 6)], EVENINGS, programme="primary")
    moved_up = cases.add_pupil(13, town, 7, ["ALG"], EVENINGS)
    cases.pairs.append(Pair(last_years, moved_up, PairStatus.RETURNING))

    cases.add_tutor(14, [Teaching("FRA", 5, 11)], "mon-15", sessions=1)
    for waited in (WAITED_A_WEEK, WAITED_SINCE_LAST_QUARTER):
        cases.add_pupil(14, town, 10, ["FRA"], "mon-15", waiting_days=waited)
    return cases


def _add_schools_of_one_name(cases: Cases) -> None:
    districts = catalogue.districts()
    by_name: dict[tuple[str, str], School] = {}
    for school in cases.schools:
        twin = by_name.setdefault((school.name_kk, districts[school.district_kato].name_kk), school)
        if twin.region_code != school.region_code:
            cases.ids[12] = (twin.code, school.code)
            for place in (twin, school):
                cases.add_pupil(12, place, 5, ["MATH"], EVENINGS)
            return


def _first(cases: Cases, kind: str) -> School:
    return next(school for school in cases.schools if school.kind == kind)


def _change(cases: Cases, school: School, **changes: object) -> School:
    changed = replace(school, **changes)
    cases.schools[cases.schools.index(school)] = changed
    return changed
