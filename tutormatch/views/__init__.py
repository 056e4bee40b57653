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
    recruitment,
    remedies,
    rounds,
    schools,
    suggestions,
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
    suggestions.bp,
    remedies.bp,
    recruitment.bp,
    matches.bp,
    timetables.bp,
    administration.bp,
    catalogue.bp,
)
