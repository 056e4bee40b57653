"""The matches of a solution as arrays, for `verify` alone: who meets whom, and when."""

from collections.abc import Collection
from functools import cached_property
from operator import attrgetter

import numpy as np

from tutormatch.matching.problem import Match
from tutormatch.matching.slots import HOURS_PER_DAY, SLOTS_PER_WEEK, WEEKDAYS
from tutormatch.matching.verification.lists import Lists, distinct
from tutormatch.matching.verification.roster import UNKNOWN, Roster, places


class Timetable:
    """Matches of needs and tutors of a problem; every array goes by their places in ``matches``.

    Parameters
    ----------
    roster : Roster
    matches : collection of Match
    need, tutor : ndarray, optional
        Their places in the problem, if somebody looked them up already.

    Attributes
    ----------
    need, tutor, pupil : ndarray
        Their places in the problem.
    is_joining : ndarray
        Whether the match joins the sessions of another.
    session : ndarray
        The place of the need whose sessions these are; beyond all places if there is no such need.
    sessions : ndarray
        How many slots are written.
    slots : Lists
        Those of the week, as they are written.
    """

    def __init__(
        self,
        roster: Roster,
        matches: Collection[Match],
        need: np.ndarray | None = None,
        tutor: np.ndarray | None = None,
    ) -> None:
        self.roster = roster
        self.matches = list(matches)
        self.need = places(map(attrgetter("need_id"), matches), roster.need_at) if need is None else need
        self.tutor = places(map(attrgetter("tutor_id"), matches), roster.tutor_at) if tutor is None else tutor
        self.pupil = roster.need_pupil[self.need]
        self.is_joining = np.array([bool(match.joins) for match in matches], dtype=bool)
        joins = places(map(attrgetter("joins"), matches), roster.need_at)
        elsewhere = len(roster.need_pupil) + np.arange(len(matches))
        self.session = np.where(self.is_joining, np.where(joins == UNKNOWN, elsewhere, joins), self.need)
        written = Lists.of([match.slots for match in matches])
        self.sessions = written.count
        is_slot = (written.values >= 0) & (written.values < SLOTS_PER_WEEK)
        self.slots = Lists(np.bincount(written.owner[is_slot], minlength=len(matches)), written.values[is_slot])

    @cached_property
    def meeting(self) -> np.ndarray:
        """For each slot of a match, the match."""
        return self.slots.owner

    @cached_property
    def hours(self) -> np.ndarray:
        """By match, how many different slots it has."""
        hours = distinct(self.meeting * SLOTS_PER_WEEK + self.slots.values)
        return np.bincount(hours // SLOTS_PER_WEEK, minlength=len(self.matches))

    @cached_property
    def hours_of_tutor(self) -> np.ndarray:
        """By tutor, in how many different slots sessions are given."""
        hours = distinct(self.tutor[self.meeting] * SLOTS_PER_WEEK + self.slots.values)
        return np.bincount(hours // SLOTS_PER_WEEK, minlength=len(self.roster.sessions))

    @cached_property
    def couples(self) -> tuple[np.ndarray, np.ndarray]:
        """The tutors and pupils who meet, each two once."""
        couples = distinct(self.roster.couples(self.tutor, self.pupil))
        return np.divmod(couples, max(len(self.roster.urgency), 1))

    @cached_property
    def days(self) -> np.ndarray:
        """By match, on how many days of the week it has sessions."""
        days = distinct(self.meeting * len(WEEKDAYS) + self.slots.values // HOURS_PER_DAY)
        return np.bincount(days // len(WEEKDAYS), minlength=len(self.matches))
