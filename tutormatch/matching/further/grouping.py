"""Group places (rule 7) for needs that would otherwise stay unserved, by one flow over the sessions there are.

    source → pupil → need → session of another need → tutor's room for pupils → sink

Every session of the flow has one tutoring language in which the tutor, the host and
everybody who joins can work; among several the one that most needs ask for.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from operator import attrgetter

import numpy as np

from tutormatch.matching.columns import numbers_of
from tutormatch.matching.flow.flows import SINK, SOURCE, cheapest_flow
from tutormatch.matching.flow.openings import NO_LIMIT, Openings, to_bits
from tutormatch.matching.further.moves import Moves
from tutormatch.matching.objective import urgency_points
from tutormatch.matching.problem import Match, Pupil

SEEKERS_PER_SESSION = 40


@dataclass(frozen=True, slots=True)
class _Session:
    """One weekly session of a host, with what is left of the group around it."""

    host: int
    tutor: int
    slot: int
    languages: frozenset[str]
    places: int


def join_groups(openings: Openings, matches: Collection[Match], moves: Moves | None = None) -> tuple[Match, ...]:
    """Let needs without a tutor join sessions that others have.

    Parameters
    ----------
    openings : Openings
        Says also which pupils come first.
    matches : collection of Match
        That keep every hard rule, the locked ones among them; some may be group places already.
    moves : Moves, optional
        What has changed since nobody could join them.

    Returns
    -------
    tuple of Match
        All of ``matches``, and the group places that came to them, by need.

    Notes
    -----
    One flow serves the most needs that can join, those of pupils without any tutor
    and the most urgent first, but for a pupil's limit of tutors, two needs of a pupil
    in one slot, the choice of a session's language, and more than
    `SEEKERS_PER_SESSION` who ask for one session: those are looked at when the flow is
    read, and the flow is repeated while it still finds somebody.
    """
    found = list(matches)
    hosts = None
    if moves is not None and not moves.free_pupils:
        hosts = [match for match in moves.matches if _may_host(openings, match)]
    if hosts is None or hosts:
        groups = _Groups(openings, matches, hosts)
        while joined := groups.join():
            found += joined
    return tuple(sorted(found, key=attrgetter("need_id")))


def _may_host(openings: Openings, match: Match) -> bool:
    problem = openings.problem
    return problem.need[match.need_id].group_ok and problem.tutor[match.tutor_id].group_size > 1


def attend(openings: Openings, matches: Collection[Match]) -> tuple[Match, ...]:
    """Let group places take part in further sessions of their hosts, as far as pupils are free and wish to."""
    found = sorted(matches, key=attrgetter("need_id"))
    need_index, pupil_of = openings.need_index, openings.pupil_of
    if hosts := {match.joins for match in found if match.joins}:
        guests = {pupil_of[need_index[match.need_id]] for match in found if match.joins}
        groups = _Groups(
            openings,
            [each for each in found if each.need_id in hosts or pupil_of[need_index[each.need_id]] in guests],
        )
        agreed = {match.need_id for match in openings.locked}
        found = [groups.extend(each) if each.joins and each.need_id not in agreed else each for each in found]
    return tuple(found)


class _Groups:
    """Who shares which session, and who seeks a place; needs, pupils and tutors go by number.

    Parameters
    ----------
    openings : Openings
    matches : collection of Match
    hosts : collection of Match, optional
        Whose sessions alone may be joined, and others of the same tutors in the same subjects and grades.
    """

    def __init__(self, openings: Openings, matches: Collection[Match], hosts: Collection[Match] | None = None) -> None:
        self.openings = openings
        self.needs, self.tutors, self.kind_of = openings.problem.needs, openings.problem.tutors, openings.kind_of
        places = openings.places(matches)
        self.match_of = dict(zip(places.need.tolist(), matches, strict=True))
        self.seekers = [need for need, record in enumerate(self.needs) if record.group_ok and need not in self.match_of]
        if hosts is not None:
            kinds = {self.kind_of[need] for need in openings.places(hosts).need.tolist()}
            self.seekers = [need for need in self.seekers if self.kind_of[need] in kinds]
        self.hosts: list[tuple[int, int]] = []
        self.joining: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.pupil_taken: dict[int, int] = defaultdict(int)
        self.pupils_of: dict[int, set[int]] = defaultdict(set)
        self.tutors_of: dict[int, set[int]] = defaultdict(set)
        # Nothing else is asked of pupils who neither seek a place nor have one, and of tutors without groups.
        is_concerned = np.zeros(len(openings.problem.pupils), dtype=bool)
        is_concerned[[openings.pupil_of[need] for need in self.seekers]] = True
        is_concerned[places.pupil[[bool(match.joins) for match in matches]]] = True
        takes_groups = numbers_of(self.tutors, "group_size") > 1
        if hosts is not None:
            is_host = np.zeros(len(self.tutors), dtype=bool)
            is_host[openings.places(hosts).tutor] = True
            takes_groups &= is_host
        asked = is_concerned[places.pupil], takes_groups[places.tutor]
        some = np.flatnonzero(asked[0] | asked[1])
        for need, tutor, pupil, is_asked, is_group in zip(
            *(each[some].tolist() for each in (*places, *asked)), strict=True
        ):
            match = self.match_of[need]
            if is_asked:
                self.pupil_taken[pupil] |= to_bits(match.slots)
                self.tutors_of[pupil].add(tutor)
            if is_group:
                self.pupils_of[tutor].add(pupil)
                if not match.joins and self.needs[need].group_ok:
                    self.hosts.append((need, tutor))
            if match.joins:
                for slot in match.slots:
                    self.joining[openings.need_index[match.joins], slot].append(need)
        self.hosts.sort()

    def join(self) -> list[Match]:
        """Return new group places."""
        choices = self._choices()
        if not choices:
            return []
        joined = []
        seats: Counter[tuple[int, int]] = Counter()
        unit = 1 + sum(urgency_points(self.needs[need]) + 1 for need in self.seekers)
        for need, session in self._flow(choices, unit):
            place = (session.host, session.slot)
            if seats[place] < session.places and self._may_join(need, session):
                seats[place] += 1
                joined.append(self._take(need, session))
        self.seekers = [need for need in self.seekers if need not in self.match_of]
        return joined

    def extend(self, match: Match) -> Match:
        """Return a group place with more of its host's sessions."""
        number, host = self.openings.need_index[match.need_id], self.openings.need_index[match.joins]
        slots = set(match.slots)
        for slot in self.match_of[host].slots:
            session = self._session(host, slot)
            if len(slots) < self.needs[number].sessions_per_week and session.places and self._is_free(number, session):
                slots.add(slot)
                self.joining[host, slot].append(number)
                self.pupil_taken[self.openings.pupil_of[number]] |= 1 << slot
        return replace(match, slots=tuple(sorted(slots)))

    def _session(self, host: int, slot: int) -> _Session:
        number = self.openings.tutor_index[self.match_of[host].tutor_id]
        tutor = self.tutors[number]
        group = [host, *self.joining.get((host, slot), ())]
        languages = tutor.languages.intersection(*(self._pupil(need).languages for need in group))
        return _Session(host, number, slot, languages, max(0, tutor.group_size - len(group)))

    def _has_room(self, tutor: int) -> bool:
        return len(self.pupils_of[tutor]) < self.tutors[tutor].max_pupils

    def _sessions(self) -> Iterator[_Session]:
        """Yield the sessions in which there is a place that somebody could take, by host and slot."""
        kinds = {self.kind_of[need] for need in self.seekers}
        sought_from_own = {
            (tutor, self.kind_of[need])
            for need in self.seekers
            for tutor in self.tutors_of.get(self.openings.pupil_of[need], ())
        }
        for host, tutor in self.hosts:
            # Without room for one pupil more only the tutor's own could come.
            kind = self.kind_of[host]
            if kind in kinds and (self._has_room(tutor) or (tutor, kind) in sought_from_own):
                for slot in self.match_of[host].slots:
                    session = self._session(host, slot)
                    if session.places:
                        yield session

    def _choices(self) -> list[tuple[_Session, list[int]]]:
        """Return each session with the needs that may join it, all in one language."""
        pupil_of, ranks = self.openings.pupil_of, self.openings.ranks
        sessions = list(self._sessions())
        kinds = {self.kind_of[each.host] for each in sessions}
        wanted = {(*self.kind_of[each.host], each.slot) for each in sessions if self._has_room(each.tutor)}
        at: dict[tuple[str, int, int], list[int]] = defaultdict(list)
        needs_of: dict[int, list[int]] = defaultdict(list)

        def place(need: int) -> tuple[bool, int, int, int]:
            """Pupils without any tutor first, then the most urgent: only so many are looked at for each session."""
            return pupil_of[need] in self.tutors_of, -ranks[pupil_of[need]], -self.needs[need].priority, need

        for need in sorted((need for need in self.seekers if self.kind_of[need] in kinds), key=place):
            needs_of[pupil_of[need]].append(need)
            for slot in self._pupil(need).slots:
                if (key := (*self.kind_of[need], slot)) in wanted:
                    at[key].append(need)
        choices = []
        for session in sessions:
            kind = self.kind_of[session.host]
            if self._has_room(session.tutor):
                asking = at.get((*kind, session.slot), [])
            else:
                # Only who is the tutor's pupil already needs no room.
                own = (need for pupil in self.pupils_of[session.tutor] for need in needs_of.get(pupil, ()))
                asking = sorted((need for need in own if self.kind_of[need] == kind), key=place)
            suited = list(islice((need for need in asking if self._may_join(need, session)), SEEKERS_PER_SESSION))
            by_language = {
                code: [need for need in suited if code in self._pupil(need).languages]
                for code in sorted(session.languages)
            }
            if suited:
                choices.append((session, max(by_language.values(), key=len)))
        return choices

    def _pupil(self, need: int) -> Pupil:
        return self.openings.problem.pupils[self.openings.pupil_of[need]]

    def _may_join(self, need: int, session: _Session) -> bool:
        """Return whether every rule lets ``need``, which has no tutor, join as things are."""
        pupil, tutor = self.openings.pupil_of[need], session.tutor
        record = self._pupil(need)
        if need in self.match_of or not record.requires <= self.tutors[tutor].conditions:
            return False
        if pupil not in self.pupils_of[tutor]:
            most = NO_LIMIT if record.max_tutors is None else record.max_tutors
            if not self._has_room(tutor) or len(self.tutors_of.get(pupil, ())) >= most:
                return False
        return self._is_free(need, session)

    def _is_free(self, need: int, session: _Session) -> bool:
        """Return whether time and languages let ``need`` take part in a session."""
        pupil, record, slot = self.openings.pupil_of[need], self._pupil(need), session.slot
        group = self.joining.get((session.host, slot), ())
        return (
            slot in record.slots
            and not self.pupil_taken.get(pupil, 0) >> slot & 1
            and not self.openings.blocked.get((session.tutor, pupil), 0) >> slot & 1
            and bool(session.languages.intersection(record.languages, *(self._pupil(each).languages for each in group)))
        )

    def _flow(self, choices: list[tuple[_Session, list[int]]], unit: int) -> list[tuple[int, _Session]]:
        """Return who joins which session in the best flow, the most urgent first; ``unit`` outweighs all points."""
        pupil_of, ranks = self.openings.pupil_of, self.openings.ranks
        top = max(ranks.values()) + 1
        node: dict[object, int] = {}

        def at(key: object) -> int:
            return node.setdefault(key, len(node) + 2)

        arcs: list[tuple[int, int, int, int]] = []
        needs_of: dict[int, set[int]] = defaultdict(set)
        seats = {}
        room: dict[int, int] = {}
        for session, needs in choices:
            place, tutor = (session.host, session.slot), session.tutor
            room[tutor] = self.tutors[tutor].max_pupils - len(self.pupils_of[tutor])
            for need in needs:
                needs_of[pupil_of[need]].add(need)
                is_new = pupil_of[need] not in self.pupils_of[tutor]
                seats[len(arcs)] = (need, session)
                arcs.append((at(need), at((place, is_new)), 1, 0))
            arcs.append((at((place, True)), at((tutor, "room")), session.places, 0))
            # Who is the tutor's pupil already needs no room.
            arcs.append((at((place, False)), SINK, session.places, 0))
        for tutor in sorted(room):
            arcs.append((at((tutor, "room")), SINK, room[tutor], 0))
        for pupil, own in sorted(needs_of.items()):
            further, rank = len(own), ranks[pupil]
            if not self.tutors_of.get(pupil):
                arcs.append((SOURCE, at((pupil, "first")), 1, -(top + rank) * unit))
                arcs.append((at((pupil, "first")), at((pupil, "pupil")), 1, 0))
                further -= 1
            if further:
                arcs.append((SOURCE, at((pupil, "pupil")), further, -rank * unit))
            for need in sorted(own):
                arcs.append((at((pupil, "pupil")), at(need), 1, -urgency_points(self.needs[need])))
        flow = cheapest_flow(arcs, supply=sum(map(len, needs_of.values())))
        joins = [seats[arc] for arc in seats if flow[arc]]
        return sorted(joins, key=lambda join: (-ranks[pupil_of[join[0]]], join[0]))

    def _take(self, need: int, session: _Session) -> Match:
        pupil, tutor = self.openings.pupil_of[need], session.tutor
        match = Match(self.needs[need].id, self.tutors[tutor].id, (session.slot,), joins=self.needs[session.host].id)
        self.match_of[need] = match
        self.joining[session.host, session.slot].append(need)
        self.pupil_taken[pupil] |= 1 << session.slot
        self.pupils_of[tutor].add(pupil)
        self.tutors_of[pupil].add(tutor)
        return match
