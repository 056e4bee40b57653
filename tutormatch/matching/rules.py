"""The hard rules that concern one tutor and one pupil, as plain predicates."""

from tutormatch.matching.problem import Need, Pupil, Tutor


def teaches(tutor: Tutor, need: Need) -> bool:
    """Rule 1: the tutor teaches that subject code at that grade."""
    return any(teaching.covers(need.subject, need.grade) for teaching in tutor.subjects)


def tutoring_language(tutor: Tutor, pupil: Pupil) -> str | None:
    """Rule 2: return the best language of the pupil's list that the tutor speaks.

    Returns
    -------
    str or None
        A language code such as ``kk``; None if they have no language in common.
    """
    return next((code for code in pupil.languages if code in tutor.languages), None)


def meets_requirements(tutor: Tutor, pupil: Pupil) -> bool:
    """Rule 6: everything the pupil requires is among the tutor's conditions."""
    return pupil.requires <= tutor.conditions
