"""Rows for tests, with sensible values for whatever a test does not care about."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from tutormatch import clock
from tutormatch.extensions import db
from tutormatch.i18n import collation_key
from tutormatch.matching.slots import parse_slots
from tutormatch.models import (
    Account,
    ConsentForm,
    ConsentState,
    Coordinator,
    Device,
    District,
    Institution,
    Match,
    MatchState,
    Need,
    Place,
    Pupil,
    Role,
    Round,
    RoundState,
    School,
    ScopeKind,
    Shift,
    Teacher,
    TeacherState,
    Tutor,
    TutorState,
    TutorSubject,
    WeeklySession,
)

REGION = "KZ-59"
OTHER_REGION = "KZ-39"


class Factory:
    """Makes rows and commits them. Slots may be given as text: ``slots="mon-15;tue-16"``."""

    def __init__(self, numbers: Iterator[int]) -> None:
        self._numbers = numbers

    def _save(self, row: Any) -> Any:
        db.session.add(row)
        db.session.commit()
        return row

    def institution(self, region: str = REGION) -> Institution:
        """Return the catalogue's first institution of ``region``."""
        return db.session.scalars(
            select(Institution).where(Institution.region_code == region).order_by(Institution.id).limit(1)
        ).one()

    def district(self, region: str = REGION) -> District:
        return db.session.scalars(
            select(District).where(District.region_code == region).order_by(District.id).limit(1)
        ).one()

    def school(self, region: str = REGION, **values: Any) -> School:
        number = next(self._numbers)
        return self._save(
            School(
                **{
                    "code": f"s{number:03d}",
                    "district_id": self.district(region).id,
                    "name_kk": f"№{number} мектеп",
                    "name_ru": f"Школа №{number}",
                    "name_en": f"School {number}",
                    **values,
                }
            )
        )

    def account(self, role: Role, **values: Any) -> Account:
        number = next(self._numbers)
        first_name = values.pop("first_name", "Айгүл")
        last_name = values.pop("last_name", f"Сынақова{number}")
        return self._save(
            Account(
                **{
                    "role": role,
                    "email": f"person{number}@example.org",
                    "first_name": first_name,
                    "last_name": last_name,
                    "sort_name": collation_key(f"{last_name} {first_name}"),
                    "locale": "en",
                    "created_at": clock.now(),
                    "email_confirmed_at": clock.now(),
                    **values,
                }
            )
        )

    def administrator(self, **values: Any) -> Account:
        return self.account(Role.ADMINISTRATOR, **values)

    def coordinator(
        self,
        scope: ScopeKind = ScopeKind.COUNTRY,
        region: str | None = None,
        institution: Institution | None = None,
        **values: Any,
    ) -> Account:
        account = self.account(Role.COORDINATOR, **values)
        self._save(
            Coordinator(
                account_id=account.id,
                scope_kind=scope,
                region_code=(region or REGION) if scope == ScopeKind.REGION else None,
                institution_id=(institution or self.institution()).id if scope == ScopeKind.INSTITUTION else None,
            )
        )
        db.session.expire(account)
        return account

    def teacher(
        self, school: School | None = None, state: TeacherState = TeacherState.ADMITTED, **values: Any
    ) -> Account:
        account = self.account(Role.TEACHER, **values)
        is_decided = state != TeacherState.APPLIED
        self._save(
            Teacher(
                account_id=account.id,
                school_id=(school or self.school()).id,
                contact="school@example.org",
                state=state,
                decided_at=clock.now() if is_decided else None,
                decided_by_id=account.id if is_decided else None,
            )
        )
        db.session.expire(account)
        return account

    def tutor(
        self,
        subjects: Sequence[tuple[str, int, int]] = (("ALG", 7, 9),),
        slots: str = "mon-15;tue-16;wed-17",
        state: TutorState = TutorState.CHECKED,
        account: Account | None = None,
        **values: Any,
    ) -> Tutor:
        number = next(self._numbers)
        account = account or self.account(Role.TUTOR)
        is_checked = state == TutorState.CHECKED
        return self._save(
            Tutor(
                **{
                    "code": f"t{number:04d}",
                    "account_id": account.id,
                    "institution_id": self.institution().id,
                    "study_programme": "Mathematics",
                    "year_of_study": 3,
                    "tutoring_languages": ("kk", "ru"),
                    "slots": parse_slots(slots),
                    "sessions_per_week": 3,
                    "max_pupils": 3,
                    "conduct_agreed_at": clock.now(),
                    "applied_at": clock.now(),
                    "state": state,
                    "identity_seen": is_checked,
                    "briefed_on": date(2026, 9, 10) if is_checked else None,
                    "checked_at": clock.now() if is_checked else None,
                    "subjects": [
                        TutorSubject(subject_code=code, grade_from=low, grade_to=high) for code, low, high in subjects
                    ],
                    **values,
                }
            )
        )

    def pupil(
        self,
        school: School | None = None,
        teacher: Account | None = None,
        slots: str = "mon-15;tue-16",
        needs: Sequence[str] = ("ALG",),
        **values: Any,
    ) -> Pupil:
        """Return a pupil with consent and one open need for each subject code in ``needs``."""
        number = next(self._numbers)
        if teacher is None:
            teacher = self.teacher(school)
        first_name = values.pop("first_name", "Данияр")
        last_name = values.pop("last_name", f"Оқушыев{number}")
        grade = values.get("grade", 8)
        pupil = Pupil(
            **{
                "code": f"p{number:04d}",
                "school_id": teacher.teacher.school_id,
                "teacher_id": teacher.id,
                "first_name": first_name,
                "last_name": last_name,
                "sort_name": collation_key(f"{last_name} {first_name}"),
                "grade": grade,
                "class_label": f"{grade}Ә",
                "instruction_language": "kk",
                "tutoring_languages": ("kk",),
                "shift": Shift.FIRST,
                "place": Place.HOME,
                "device": Device.PHONE,
                "slots": parse_slots(slots),
                "consent_state": ConsentState.RECEIVED,
                "consent_on": date(2026, 9, 5),
                "consent_form": ConsentForm.PAPER,
                "nominated_at": clock.now(),
                "needs": [
                    Need(
                        code=f"p{number:04d}-{subject}",
                        subject_code=subject,
                        grade=grade,
                        opened_on=clock.today(),
                    )
                    for subject in needs
                ],
                **values,
            }
        )
        return self._save(pupil)

    def round(self, coordinator: Account | None = None, **values: Any) -> Round:
        """Return a finished round of the coordinator's scope."""
        coordinator = coordinator or self.coordinator()
        scope = coordinator.coordinator
        place = scope.region_code or scope.institution_id
        return self._save(
            Round(
                **{
                    "scope_kind": scope.scope_kind,
                    "region_code": scope.region_code,
                    "institution_id": scope.institution_id,
                    "scope_key": f"{scope.scope_kind}:{place}" if place else str(scope.scope_kind),
                    "state": RoundState.DONE,
                    "progress": 1000,
                    "created_at": clock.now(),
                    "created_by_id": coordinator.id,
                    "started_at": clock.now(),
                    "finished_at": clock.now(),
                    **values,
                }
            )
        )

    def proposal(
        self,
        need: Need | None = None,
        tutor: Tutor | None = None,
        slots: str = "mon-15",
        round: Round | None = None,
        state: MatchState = MatchState.PROPOSED,
        **values: Any,
    ) -> Match:
        """Return a match of ``need`` and ``tutor``; its sessions are live when it is approved."""
        need = need or self.pupil().needs[0]
        tutor = tutor or self.tutor()
        return self._save(
            Match(
                **{
                    "round_id": round.id if round else None,
                    "need_id": need.id,
                    "pupil_id": need.pupil_id,
                    "tutor_id": tutor.id,
                    "state": state,
                    "tutoring_language": "kk",
                    "sessions": [
                        WeeklySession(slot=slot, is_live=state == MatchState.APPROVED)
                        for slot in sorted(parse_slots(slots))
                    ],
                    "explanation": {
                        "is_matched": True,
                        "need_id": need.code,
                        "tutor_id": tutor.code,
                        "subject": need.subject_code,
                        "grade": need.grade,
                        "tutoring_language": "kk",
                        "slots": sorted(parse_slots(slots)),
                        "common_slots": sorted(tutor.slots & need.pupil.slots),
                        "points": {"normal_need": 32, "first_language": 4},
                        "is_locked": False,
                        "alternatives": 0,
                        "alternative_tutors": [],
                    },
                    **values,
                }
            )
        )
