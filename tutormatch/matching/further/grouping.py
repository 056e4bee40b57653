"""Group places (rule 7) for needs that would otherwise stay unserved, by one flow over the sessions there are.

    source → pupil → need → session of another need → tutor's room for pupils → sink

Every session of the flow has one tutoring language in which the tutor, the host and
everybody who joins can work; among several the one that most needs ask for.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from tutormatch.matching.flow.flows import SINK, SOURCE, cheapest_flow
from tutormatch.matching.flow.openings import EVERY_SLOT, to_bits
from tutormatch.matching.objective import pupil_ranks, urgency_points
from tutormatch.matching.problem import Match, Need, PairStatus, Problem, Profile, Pupil, Tutor

SEEKERS_PER_SESSION = 40


@dataclass(frozen=True, slots=True)
class _Session:
    """One weekly session of a host, with what is left of the group around it."""

    host: Need
    tutor: Tutor
    slot: int
    languages: frozenset[str]
    places: int


def join_groups(
    problem: Problem, matches: Collection[Match], profile: Profile = Profile.BREADTH_FIRST
) -> tuple[Match, ...]:
    """Let needs without a tutor join sessions that others have.

    Parameters
    ----------
    problem : Problem
    matches : collection of Match
        That keep every hard rule; some may be group places already.
    profile : Profile
        Says which pupils come first.

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
    found = tuple(sorted(matches))
    while joined := _Groups(problem, found, profile).join():
        found = tuple(sorted([*found, *joined]))
    return found


def attend(problem: Problem, matches: Collection[Match]) -> tuple[Match, ...]:
    """Let group places take part in further sessions of their hosts, as far as pupils are free and wish to."""
    if not any(match.joins for match in matches):
        return tuple(sorted(matches))
    groups = _Groups(problem, tuple(sorted(matches)), Profile.BREADTH_FIRST)
    agreed = {pair.need_id for pair in problem.pairs if pair.status is PairStatus.LOCKED}
    return tuple(sorted(groups.extend(match) if match.need_id not in agreed else match for match in matches))


class _Groups:
    def __init__(self, problem: Problem, matches: tuple[Match, ...], profile: Profile) -> None:
        self.problem = problem
        self.match_of = {match.need_id: match for match in matches}
        self.joining: dict[tuple[str, int], list[Need]] = defaultdict(list)
        self.pupil_taken: dict[str, int] = defaultdict(int)
        self.pupils_of: dict[str, set[str]] = defaultdict(set)
        self.tutors_of: dict[str, set[str]] = defaultdict(set)
        for match in matches:
            need = problem.need[match.need_id]
            self.pupil_taken[need.pupil_id] |= to_bits(match.slots)
            self.pupils_of[match.tutor_id].add(need.pupil_id)
            self.tutors_of[need.pupil_id].add(match.tutor_id)
            if match.joins:
                for slot in match.slots:
                    self.joining[match.joins, slot].append(need)
        self.blocked: dict[tuple[str, str], int] = defaultdict(int)
        for pair in problem.pairs:
            if pair.status is PairStatus.BLOCKED:
                self.blocked[pair.tutor_id, pair.pupil_id] |= to_bits(pair.slots) or EVERY_SLOT
        self.seekers = [need for need in problem.needs if need.group_ok and need.id not in self.match_of]
        self.profile = profile

    @cached_property
    def ranks(self) -> dict[str, int]:
        problem = self.problem
        agreed = {pair.need_id for pair in problem.pairs if pair.status is PairStatus.LOCKED}
        return pupil_ranks(problem, (need for need in problem.needs if need.id not in agreed), self.profile)

    def join(self) -> list[Match]:
        """Return new group places."""
        choices = self._choices()
        if not choices:
            return []
        joined = []
        seats: Counter[tuple[str, int]] = Counter()
        for need, session in self._flow(choices):
            place = (session.host.id, session.slot)
            if seats[place] < session.places and self._may_join(need, session):
                seats[place] += 1
                joined.append(self._take(need, session))
        return joined

    def extend(self, match: Match) -> Match:
        """Return a group place with more of its host's sessions; another match as it is."""
        need = self.problem.need[match.need_id]
        host = self.match_of.get(match.joins)
        slots = set(match.slots)
        for slot in host.slots if host else ():
            session = self._session(self.match_of[match.joins], slot)
            if len(slots) < need.sessions_per_week and session.places and self._is_free(need, session):
                slots.add(slot)
                self.joining[match.joins, slot].append(need)
                self.pupil_taken[need.pupil_id] |= 1 << slot
        return replace(match, slots=tuple(sorted(slots)))

    def _session(self, match: Match, slot: int) -> _Session:
        host, tutor = self.problem.need[match.need_id], self.problem.tutor[match.tutor_id]
        group = [host, *self.joining.get((host.id, slot), ())]
        languages = tutor.languages.intersection(*(self._pupil(need).languages for need in group))
        return _Session(host, tutor, slot, languages, max(0, tutor.group_size - len(group)))

    def _sessions(self) -> Iterator[_Session]:
        """Yield the sessions in which there is a place that somebody could take."""
        problem = self.problem
        wanted = {(need.subject, need.grade) for need in self.seekers}
        seeking = {need.pupil_id for need in self.seekers}
        for match in self.match_of.values():
            host, tutor = problem.need[match.need_id], problem.tutor[match.tutor_id]
            if match.joins or not host.group_ok or tutor.group_size < 2 or (host.subject, host.grade) not in wanted:
                continue
            pupils = self.pupils_of[tutor.id]
            if len(pupils) >= tutor.max_pupils and seeking.isdisjoint(pupils):
                continue
            for slot in match.slots:
                session = self._session(match, slot)
                if session.places:
                    yield session

    def _choices(self) -> list[tuple[_Session, list[Need]]]:
        """Return each session with the needs that may join it, all in one language."""
        sessions = sorted(self._sessions(), key=lambda session: (session.host.id, session.slot))
        if not sessions:
            return []
        wanted = {(session.host.subject, session.host.grade, session.slot) for session in sessions}
        kinds = {(subject, grade) for subject, grade, _ in wanted}
        seekers_of = defaultdict(list)
        # Pupils without any tutor first, then the most urgent: only so many are looked at for each session.
        for need in sorted(
            (need for need in self.seekers if (need.subject, need.grade) in kinds),
            key=lambda need: (need.pupil_id in self.tutors_of, -self.ranks[need.pupil_id], -need.priority, need.id),
        ):
            for slot in self._pupil(need).slots:
                if (need.subject, need.grade, slot) in wanted:
                    seekers_of[need.subject, need.grade, slot].append(need)
        choices = []
        for session in sessions:
            seekers = seekers_of[session.host.subject, session.host.grade, session.slot]
            suited = list(islice((need for need in seekers if self._may_join(need, session)), SEEKERS_PER_SESSION))
            by_language = {
                code: [need for need in suited if code in self._pupil(need).languages]
                for code in sorted(session.languages)
            }
            if suited:
                choices.append((session, max(by_language.values(), key=len)))
        return choices

    def _pupil(self, need: Need) -> Pupil:
        return self.problem.pupil[need.pupil_id]

    def _may_join(self, need: Need, session: _Session) -> bool:
        """Return whether every rule lets ``need``, which has no tutor, join as things are."""
        pupil, tutor = self._pupil(need), session.tutor
        if need.id in self.match_of or not pupil.requires <= tutor.conditions:
            return False
        if pupil.id not in self.pupils_of[tutor.id]:
            tutors = len(self.tutors_of.get(pupil.id, ()))
            if len(self.pupils_of[tutor.id]) >= tutor.max_pupils or tutors == pupil.max_tutors:
                return False
        return self._is_free(need, session)

    def _is_free(self, need: Need, session: _Session) -> bool:
        """Return whether time and languages let ``need`` take part in a session."""
        pupil, slot = self._pupil(need), session.slot
        group = self.joining.get((session.host.id, slot), ())
        return (
            slot in pupil.slots
            and not self.pupil_taken.get(pupil.id, 0) >> slot & 1
            and not self.blocked.get((session.tutor.id, pupil.id), 0) >> slot & 1
            and bool(session.languages.intersection(pupil.languages, *(self._pupil(each).languages for each in group)))
        )

    def _flow(self, choices: list[tuple[_Session, list[Need]]]) -> list[tuple[Need, _Session]]:
        """Return who joins which session in the best flow, the most urgent first."""
        top = max(self.ranks.values()) + 1
        unit = 1 + sum(urgency_points(need) + 1 for need in self.seekers)
        node: dict[object, int] = {}

        def at(key: object) -> int:
            return node.setdefault(key, len(node) + 2)

        arcs: list[tuple[int, int, int, int]] = []
        needs_of: dict[str, dict[str, Need]] = defaultdict(dict)
        seats = {}
        room: dict[str, int] = {}
        for session, needs in choices:
            place, tutor = (session.host.id, session.slot), session.tutor
            room[tutor.id] = tutor.max_pupils - len(self.pupils_of[tutor.id])
            for need in needs:
                needs_of[need.pupil_id][need.id] = need
                is_new = need.pupil_id not in self.pupils_of[tutor.id]
                seats[len(arcs)] = (need, session)
                arcs.append((at(need.id), at((place, is_new)), 1, 0))
            arcs.append((at((place, True)), at((tutor.id, "room")), session.places, 0))
            # Who is the tutor's pupil already needs no room.
            arcs.append((at((place, False)), SINK, session.places, 0))
        for tutor_id in sorted(room):
            arcs.append((at((tutor_id, "room")), SINK, room[tutor_id], 0))
        for pupil_id, needs in sorted(needs_of.items()):
            further, rank = len(needs), self.ranks[pupil_id]
            if not self.tutors_of.get(pupil_id):
                arcs.append((SOURCE, at((pupil_id, "first")), 1, -(top + rank) * unit))
                arcs.append((at((pupil_id, "first")), at((pupil_id, "pupil")), 1, 0))
                further -= 1
            if further:
                arcs.append((SOURCE, at((pupil_id, "pupil")), further, -rank * unit))
            for need_id, need in sorted(needs.items()):
                arcs.append((at((pupil_id, "pupil")), at(need_id), 1, -urgency_points(need)))
        flow = cheapest_flow(arcs, supply=sum(map(len, needs_of.values())))
        joins = [seats[arc] for arc in seats if flow[arc]]
        return sorted(joins, key=lambda join: (-self.ranks[join[0].pupil_id], join[0].id))

    def _take(self, need: Need, session: _Session) -> Match:
        match = Match(need.id, session.tutor.id, (session.slot,), joins=session.host.id)
        self.match_of[need.id] = match
        self.joining[session.host.id, session.slot].append(need)
        self.pupil_taken[need.pupil_id] |= 1 << session.slot
        self.pupils_of[session.tutor.id].add(need.pupil_id)
        self.tutors_of[need.pupil_id].add(session.tutor.id)
        return match
