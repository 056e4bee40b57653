"""What a password must be: long, not obvious, not the owner's address."""

from functools import cache
from importlib import resources

from flask import current_app
from werkzeug.security import check_password_hash, generate_password_hash

from ..errors import UnfitPassword

SHORTEST = 10
LONGEST = 200
SHORTEST_NAME = 4

# Passwords of ten characters or more that lists of leaked passwords begin with, and what a visitor
# of this site would think of first. Repeated and counted-up characters are found by rule.
OBVIOUS = frozenset(resources.files("tutormatch.services").joinpath("obvious_passwords.txt").read_text("utf-8").split())
SEQUENCES = ("0123456789012345678901234567890", "9876543210987654321098765432109")


def check(password: str, email: str) -> None:
    """Refuse a password that is easy to guess.

    Raises
    ------
    UnfitPassword
        With the rule that it breaks: ``too_short``, ``too_long``, ``contains_name`` or ``obvious``.
    """
    folded = password.casefold()
    name = email.partition("@")[0].casefold()
    if len(password) < SHORTEST:
        raise UnfitPassword("too_short")
    if len(password) > LONGEST:
        raise UnfitPassword("too_long")
    if len(name) >= SHORTEST_NAME and name in folded:
        raise UnfitPassword("contains_name")
    if folded in OBVIOUS or len(set(folded)) < 4 or any(folded in sequence for sequence in SEQUENCES):
        raise UnfitPassword("obvious")


def digest(password: str) -> str:
    """Return the salted hash that is kept of ``password``."""
    return generate_password_hash(password, current_app.config["PASSWORD_HASH_METHOD"])


def fits(password_hash: str | None, password: str) -> bool:
    """Say whether ``password`` is the right one; without a hash the answer takes as long and is no."""
    if password_hash is None:
        check_password_hash(_nobodys_hash(current_app.config["PASSWORD_HASH_METHOD"]), password)
        return False
    return check_password_hash(password_hash, password)


@cache
def _nobodys_hash(method: str) -> str:
    return generate_password_hash("nobody's password", method)
