"""Live sessions and the places of a group in them: making them live, idle, and finding a new host."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import select, update

from ..extensions import db
from ..models import Match, WeeklySession


def make_live(matches: Sequence[Match], hosts: Mapping[tuple[int, int], int]) -> None:
    """Make the sessions of these matches live.

    Parameters
    ----------
    hosts
        The match whose session a place joins, by the joining match and the slot.
    """
    places: dict[tuple[int, int], list[int]] = defaultdict(list)
    own = []
    for match in matches:
        for session in match.sessions:
            host_id = hosts.get((match.id, session.slot))
            if host_id is None:
                own.append(session.id)
            else:
                places[host_id, session.slot].append(session.id)
    # Sessions first: the database lets nobody join one that is not live.
    db.session.execute(update(WeeklySession).where(WeeklySession.id.in_(own)).values(is_live=True))
    for (host_id, _slot), sessions in sorted(places.items()):
        db.session.execute(
            update(WeeklySession).where(WeeklySession.id.in_(sessions)).values(is_live=True, host_id=host_id)
        )


def make_idle(match_ids: Collection[int]) -> None:
    """Take the sessions of these matches out of the week; nobody else may have a place in them."""
    for is_place in (WeeklySession.host_id.is_not(None), WeeklySession.host_id.is_(None)):
        db.session.execute(
            update(WeeklySession)
            .where(WeeklySession.match_id.in_(match_ids), is_place)
            .values(is_live=False, host_id=None)
        )


def joined_by_others(match_ids: Collection[int]) -> bool:
    """Say whether another match has a live place in a session of these."""
    return bool(_places_in(match_ids))


def leave(match_ids: Collection[int]) -> None:
    """Take the sessions of these matches out of the week; who had a place in one keeps the time.

    In each slot the first of those who stay becomes the host of the others.
    """
    staying: dict[tuple[int, int], list[WeeklySession]] = defaultdict(list)
    for place in _places_in(match_ids):
        staying[place.host_id, place.slot].append(place)
    places = [place.id for group in staying.values() for place in group]
    db.session.execute(update(WeeklySession).where(WeeklySession.id.in_(places)).values(is_live=False, host_id=None))
    make_idle(match_ids)
    for host, *others in staying.values():
        db.session.execute(update(WeeklySession).where(WeeklySession.id == host.id).values(is_live=True))
        db.session.execute(
            update(WeeklySession)
            .where(WeeklySession.id.in_([place.id for place in others]))
            .values(is_live=True, host_id=host.match_id)
        )


def _places_in(match_ids: Collection[int]) -> list[WeeklySession]:
    return list(
        db.session.scalars(
            select(WeeklySession)
            .where(WeeklySession.host_id.in_(match_ids), WeeklySession.match_id.not_in(match_ids))
            .order_by(WeeklySession.match_id, WeeklySession.slot)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
