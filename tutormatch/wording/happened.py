"""What a person reads when a request could not be carried out."""

from typing import Any

from flask_babel import lazy_gettext

from .. import errors

_ = lazy_gettext

# Other errors get the sentence of `DomainError`.
HAPPENED: dict[type[Exception], Any] = {
    errors.DomainError: _("Somebody has changed this meanwhile."),
    errors.AlreadyDecided: _("Somebody has decided this meanwhile."),
    errors.StaleVersion: _("Somebody has changed this since you opened the page."),
    errors.LinkExpired: _("This link is too old or was used already. Ask for a new one."),
    errors.SlotTaken: _("This time is taken by another session of the tutor or the pupil."),
    errors.RoundUnderWay: _("A round is under way already. Wait until it is done."),
    errors.NothingToMatch: _("A round needs a pupil who waits and a tutor who is free."),
    errors.UndoTooLate: _("The mail about this decision has left, so it cannot be taken back."),
    errors.GroupInTheWay: _("Another pupil has joined these sessions meanwhile. Take back that decision first."),
    errors.AlreadySent: _("You have sent this form before. What it asked for is done."),
    errors.MatchInTheWay: _("An agreed pair would no longer fit. End that pair first."),
    errors.PairsOvertaken: _("Some of these pairs were decided meanwhile."),
    errors.SelectionChanged: _("The list has changed since you opened the page."),
    errors.SessionsInTheWay: _("Sessions under way need what you want to remove."),
}


def happened(error: Exception) -> str:
    """Return the sentence that says why ``error`` stopped a request."""
    for kind in type(error).__mro__:
        if kind in HAPPENED:
            return str(HAPPENED[kind])
    return str(HAPPENED[errors.DomainError])
