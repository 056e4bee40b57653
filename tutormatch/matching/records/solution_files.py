"""Solutions as folders: matches, needs without a tutor, prices, and a summary with the certificate."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from operator import attrgetter
from pathlib import Path
from typing import Any

from tutormatch.matching.problem import (
    Certificate,
    FunnelStep,
    Level,
    Match,
    Prices,
    Profile,
    Reason,
    Solution,
    Unmatched,
)
from tutormatch.matching.records.cells import Column, Unexpected, parse_identifier, parse_slot_list
from tutormatch.matching.records.faults import Fault, FaultyInput
from tutormatch.matching.records.folders import new_folder, write_table
from tutormatch.matching.records.memory import collection_paused
from tutormatch.matching.records.tables import Records, make_records, read_records
from tutormatch.matching.slots import format_slot, format_slots

MATCHES, UNMATCHED, PRICES, SUMMARY = "matches.csv", "unmatched.csv", "prices.csv", "summary.json"
KINDS = HOUR, SESSION, PUPIL = ("hour", "session", "pupil")
WHOLE_PRICE = re.compile(r"[0-9]{1,18}", re.ASCII)


def write_solution(solution: Solution, folder: Path | str) -> None:
    """Write a solution to ``folder``, whole or not at all; an older solution there is replaced.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    """
    slots = cache(format_slots)
    with collection_paused(), new_folder(folder, (MATCHES, UNMATCHED, PRICES, SUMMARY)) as draft:
        write_table(
            draft / MATCHES,
            [column.name for column in _MATCHES],
            ((match.need_id, match.tutor_id, slots(match.slots), match.joins) for match in solution.matches),
        )
        write_table(
            draft / UNMATCHED,
            [column.name for column in _UNMATCHED],
            ((each.need_id, each.reason, _format_funnel(each.funnel)) for each in solution.unmatched),
        )
        write_table(draft / PRICES, [column.name for column in _PRICES], _price_rows(solution.certificate.prices))
        text = json.dumps(_summary(solution), ensure_ascii=False, indent=2)
        (draft / SUMMARY).write_text(text + "\n", encoding="utf-8")


def _format_funnel(funnel: Iterable[FunnelStep]) -> str:
    return ";".join([f"{step.rule}={step.tutors_left}" for step in funnel])


def _price_rows(prices: Mapping[str, Prices]) -> Iterator[tuple[str, str, str, str, int]]:
    for level, its in prices.items():
        for (tutor_id, slot), price in sorted(its.hour.items()):
            yield level, tutor_id, HOUR, format_slot(slot), price
        for kind, by_tutor in ((SESSION, its.session), (PUPIL, its.pupil)):
            for tutor_id, price in sorted(by_tutor.items()):
                yield level, tutor_id, kind, "", price


def _summary(solution: Solution) -> dict[str, Any]:
    certificate = solution.certificate
    return {
        "engine": solution.engine,
        "seed": solution.seed,
        "profile": certificate.profile,
        "sizes": {"matches": len(solution.matches), "unmatched": len(solution.unmatched)},
        "levels": [
            {
                "name": level.name,
                "reached": level.reached,
                "bound": level.bound,
                "gap": level.gap,
                "proof": level.proof,
                "by_priority": {str(priority): count for priority, count in level.by_priority.items()},
            }
            for level in certificate.levels
        ],
        "prices": {level: {"scale": prices.scale} for level, prices in certificate.prices.items()},
        "improvable": solution.improvable,
        "seconds": {stage: round(seconds, 3) for stage, seconds in solution.seconds.items()},
        "peak_memory_mib": solution.peak_memory_mib,
    }


def read_solution(folder: Path | str) -> Solution:
    """Read a solution from its folder.

    A folder without groups and prices, as older versions wrote it, is one with
    nobody in a group and no price.

    Raises
    ------
    FaultyInput
        With every fault of every file. Whether the solution keeps the rules is
        for `tutormatch.matching.verification.verifier.verify` to say.
    """
    folder = Path(folder)
    with collection_paused():
        return _read_tables(folder)


def _read_tables(folder: Path) -> Solution:
    matches = read_records(folder / MATCHES, _MATCHES, partial(make_records, Match))
    unmatched = read_records(folder / UNMATCHED, _UNMATCHED, partial(make_records, Unmatched))
    priced = read_records(folder / PRICES, _PRICES, zip) if (folder / PRICES).exists() else Records()
    faults = [*matches.faults, *unmatched.faults, *priced.faults]
    found: Solution | None = None
    try:
        summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
        prices, wrong = _read_prices(summary, priced)
        faults += wrong
        found = _read_summary(summary, matches.records, unmatched.records, prices)
    except FileNotFoundError:
        faults.append(Fault(SUMMARY, None, "", "", "this file to exist"))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        faults.append(Fault(SUMMARY, None, "", str(error), "a summary as the solver writes it"))
    if faults or found is None:
        raise FaultyInput(faults)
    return found


def _read_prices(summary: Mapping[str, Any], priced: Records) -> tuple[dict[str, Prices], list[Fault]]:
    scales = {str(level): int(its["scale"]) for level, its in summary.get("prices", {}).items()}
    found: dict[tuple[str, str], dict[Any, int]] = {(level, kind): {} for level in scales for kind in KINDS}
    faults = []
    for (level, tutor_id, kind, slots, price), line in zip(priced.records, priced.lines, strict=True):
        key: Any = (tutor_id, *slots) if kind == HOUR else tutor_id
        if level not in scales:
            faults.append(Fault(PRICES, line, "level", level, f"a level with prices in {SUMMARY}"))
        elif len(slots) != (kind == HOUR):
            expected = "one slot" if kind == HOUR else f"nothing beside a price for a {kind}"
            faults.append(Fault(PRICES, line, "slot", format_slots(slots), expected))
        elif key in found[level, kind]:
            faults.append(Fault(PRICES, line, "tutor_id", tutor_id, "each price once"))
        else:
            found[level, kind][key] = price
    prices = {level: Prices(*(found[level, kind] for kind in KINDS), scale) for level, scale in scales.items()}
    return prices, faults


def _read_summary(
    summary: Mapping[str, Any],
    matches: Iterable[Match],
    unmatched: Iterable[Unmatched],
    prices: Mapping[str, Prices],
) -> Solution:
    return Solution(
        matches=tuple(sorted(matches, key=attrgetter("need_id", "tutor_id", "slots", "joins"))),
        unmatched=tuple(unmatched),
        certificate=Certificate(
            tuple(
                Level(
                    str(level["name"]),
                    int(level["reached"]),
                    int(level["bound"]),
                    {int(priority): int(count) for priority, count in level["by_priority"].items()},
                    str(level["proof"]),
                )
                for level in summary["levels"]
            ),
            Profile(summary.get("profile", Profile.BREADTH_FIRST)),
            prices,
        ),
        engine=str(summary["engine"]),
        seed=int(summary["seed"]),
        seconds={str(stage): float(seconds) for stage, seconds in summary["seconds"].items()},
        peak_memory_mib=int(summary["peak_memory_mib"]),
        improvable=int(summary.get("improvable", 0)),
    )


def _parse_sessions(text: str) -> tuple[int, ...]:
    return tuple(sorted(parse_slot_list(text)))


def _parse_funnel(text: str) -> tuple[FunnelStep, ...]:
    return tuple([_parse_step(part) for part in text.split(";")])


@lru_cache(maxsize=65_536)
def _parse_step(text: str) -> FunnelStep:
    """Return equal steps as one: a country's needs pass the same few thousand."""
    rule, _, left = text.partition("=")
    if not rule or not left.isdecimal():
        raise Unexpected("tutors left after each rule such as subject=4;grade=0")
    return FunnelStep(rule, int(left))


def _parse_reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError as error:
        raise Unexpected(f"one of {', '.join(Reason)}") from error


def _parse_kind(text: str) -> str:
    if text not in KINDS:
        raise Unexpected(f"one of {', '.join(KINDS)}")
    return text


def _parse_price(text: str) -> int:
    if not WHOLE_PRICE.fullmatch(text):
        raise Unexpected("a whole number, not negative")
    return int(text)


_MATCHES = (
    Column("need_id", parse_identifier),
    Column("tutor_id", parse_identifier),
    Column("slots", _parse_sessions),
    Column("joins", parse_identifier, default=""),
)
_UNMATCHED = (
    Column("need_id", parse_identifier),
    Column("reason", _parse_reason),
    Column("detail", _parse_funnel, default=()),
)
_PRICES = (
    Column("level", parse_identifier),
    Column("tutor_id", parse_identifier),
    Column("kind", _parse_kind),
    Column("slot", parse_slot_list, default=frozenset()),
    Column("price", _parse_price),
)
