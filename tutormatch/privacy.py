"""Refusal of data that the programme must not hold."""

import re

_TWELVE_DIGITS = re.compile(r"(?<!\d)\d(?:[ \-]?\d){11}(?!\d)")
_FIRST_WEIGHTS = tuple(range(1, 12))
_SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)


def is_iin(digits: str) -> bool:
    """Say whether 12 digits are an individual identification number with a valid check digit.

    Notes
    -----
    The check digit is the sum of the first eleven digits weighted 1 … 11, modulo 11; where that
    gives 10, the sum weighted 3 … 11, 1, 2; where that too gives 10 the number was never issued.
    Months above 12 and days above 31 are no birth dates.
    """
    if len(digits) != 12 or not (digits.isascii() and digits.isdigit()):
        return False
    if not (1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) <= 31):
        return False
    numbers = [int(digit) for digit in digits]
    for weights in (_FIRST_WEIGHTS, _SECOND_WEIGHTS):
        check = sum(w * n for w, n in zip(weights, numbers, strict=False)) % 11
        if check < 10:
            return check == numbers[11]
    return False


def contains_iin(text: str) -> bool:
    """Say whether ``text`` contains an IIN, also one written with spaces or hyphens."""
    return any(is_iin(re.sub(r"\D", "", found)) for found in _TWELVE_DIGITS.findall(text))


_PHONE = re.compile(r"(?<!\d)(?:(?:\+?7|8)[ \-(]*)?7\d\d[ \-)]*\d{3}[ \-]?\d\d[ \-]?\d\d(?!\d)")


def contains_phone(text: str) -> bool:
    """Say whether ``text`` contains a mobile number of Kazakhstan, however it is written."""
    return bool(_PHONE.search(text))
