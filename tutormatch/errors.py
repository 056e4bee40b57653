"""What can go wrong in the programme's own terms; views turn these into pages."""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """Base of the errors that a person caused or can mend."""


class NotAllowed(DomainError):
    """The account may not do this."""


class NotFound(DomainError):
    """There is no such thing, or the account may not know of it."""


class AlreadyDecided(DomainError):
    """Somebody has decided meanwhile; ``state`` is what it is now."""

    def __init__(self, state: str):
        super().__init__(state)
        self.state = state


class StaleVersion(DomainError):
    """The form was made from an older version of the row."""


class LinkExpired(DomainError):
    """A signed link is too old, was used already, or is not one of ours."""


class EmailTaken(DomainError):
    """There is an account with this e-mail address."""


class SlotTaken(DomainError):
    """The tutor or the pupil has another live session at this time."""


class RoundUnderWay(DomainError):
    """A round for this scope is queued or running; ``round_id`` says which."""

    def __init__(self, round_id: int):
        super().__init__(round_id)
        self.round_id = round_id


class NothingToMatch(DomainError):
    """A round was asked for, but no pupil waits or no tutor is free."""


class UndoTooLate(DomainError):
    """The mail about this decision has left."""


class GroupInTheWay(DomainError):
    """Another pupil has a place in a session that would go; that pair must be decided first."""


class TooManyAttempts(DomainError):
    """Too many attempts in a short time; ``minutes`` is how long to wait."""

    def __init__(self, minutes: int):
        super().__init__(minutes)
        self.minutes = minutes


class UnfitPassword(DomainError):
    """A password that is easy to guess; ``rule`` says why."""

    def __init__(self, rule: str):
        super().__init__(rule)
        self.rule = rule


class AlreadySent(DomainError):
    """This form was sent before; what it asked for is done."""


class SubjectNotTaught(DomainError):
    """Subjects that are not taught in this grade and language of instruction; ``codes`` says which."""

    def __init__(self, codes: tuple[str, ...]):
        super().__init__(*codes)
        self.codes = codes


class MatchInTheWay(DomainError):
    """An agreed match would no longer fit and must be ended first; ``match_ids`` says which."""

    def __init__(self, match_ids: tuple[int, ...]):
        super().__init__(*match_ids)
        self.match_ids = match_ids


class ProbableDuplicate(DomainError):
    """A pupil of the same name, grade and school is nominated already."""


class PairsOvertaken(DomainError):
    """Some of the pairs cannot be decided as asked, and nothing was changed.

    ``obstacles`` says why, by match; ``rest`` are the matches that nothing stands against.
    """

    def __init__(self, obstacles: Mapping[int, str], rest: Sequence[int]):
        super().__init__(len(obstacles))
        self.obstacles = obstacles
        self.rest = rest


class SelectionChanged(DomainError):
    """The filter selects another number of pairs than the coordinator was shown; ``count`` is the present one."""

    def __init__(self, count: int):
        super().__init__(count)
        self.count = count


class StepMissing(DomainError):
    """A form of several steps was sent although ``step`` is missing or no longer fits."""

    def __init__(self, step: str):
        super().__init__(step)
        self.step = step


class SessionsInTheWay(DomainError):
    """Sessions under way need what would go; ``sessions`` lists them by the field that they need."""

    def __init__(self, sessions: Mapping[str, Sequence[object]]):
        super().__init__(*sessions)
        self.sessions = sessions


class EmailNotConfirmed(DomainError):
    """The person has not confirmed the address yet."""


class FactsMissing(DomainError):
    """What a coordinator saw is not enough to check this tutor."""


class CodeTaken(DomainError):
    """Another row of the catalogue has this code."""
