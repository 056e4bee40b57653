"""Text stands out from every surface that it is set on, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re

import pytest

from tutormatch import ROOT

TOKENS = (ROOT / "tutormatch" / "static" / "tokens.css").read_text(encoding="utf-8")
TEXT, SHAPE = 4.5, 3.0

SURFACES = ("paper", "sand", "sand-deep")
PAIRS = [
    *[(text, surface, TEXT) for text in ("ink", "quiet", "teal", "teal-strong") for surface in SURFACES],
    *[(text, "teal-soft", TEXT) for text in ("ink", "teal", "teal-strong")],
    ("on-teal", "teal", TEXT),
    ("on-teal", "teal-strong", TEXT),
    ("on-gold", "gold-fill", TEXT),
    *[(text, "gold-soft", TEXT) for text in ("ink", "gold", "teal")],
    *[("gold", surface, TEXT) for surface in ("paper", "sand")],
    *[(text, f"{text}-soft", TEXT) for text in ("good", "bad", "amber")],
    *[("ink", f"{tone}-soft", TEXT) for tone in ("good", "bad", "amber")],
    *[("teal", f"{tone}-soft", TEXT) for tone in ("good", "bad", "amber")],
    *[(text, surface, TEXT) for text in ("good", "bad") for surface in ("paper", "sand")],
    ("on-bad", "bad", TEXT),
    ("on-bad", "bad-strong", TEXT),
    ("on-band", "band", TEXT),
    *[("edge", surface, SHAPE) for surface in ("paper", "sand")],
    ("gold-fill", "band", SHAPE),
]


def palette(scheme: str) -> dict[str, str]:
    """Return the colours of ``light`` or ``dark`` as the style sheet gives them."""
    light, dark = re.split(r"@media screen and \(prefers-color-scheme: dark\)", TOKENS, maxsplit=1)
    part = light if scheme == "light" else dark
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", part))


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb``."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_defined() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "surface", "least"), PAIRS)
def test_text_stands_out(scheme: str, text: str, surface: str, least: float) -> None:
    colours = palette(scheme)
    found = contrast(colours[text], colours[surface])
    assert found >= least, f"--{text} on --{surface} has {found:.2f}:1 in {scheme}, needs {least}:1"


def test_dark_gives_every_colour_that_light_gives() -> None:
    assert palette("dark").keys() == palette("light").keys()
