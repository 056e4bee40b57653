"""Views, one file per noun: load, guard, form, one service call, flash, redirect."""

from . import (
    accounts,
    administration,
    catalogue,
    matches,
    nominations,
    pages,
    people,
    pupils,
    rounds,
    schools,
    teachers,
    timetables,
    tutors,
)

BLUEPRINTS = (
    pages.bp,
    accounts.bp,
    tutors.bp,
    teachers.bp,
    people.bp,
    nominations.bp,
    pupils.bp,
    schools.bp,
    rounds.bp,
    matches.bp,
    timetables.bp,
    administration.bp,
    catalogue.bp,
)
