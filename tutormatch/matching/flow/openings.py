"""What is still open in a problem once its locked matches stand.

Records are numbered by their place in the problem, which is sorted by identifier;
a set of slots is an ``int`` with one bit for each slot of the week.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from copy import copy
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from tutormatch.matching.columns import listed, marked
from tutormatch.matching.flow.suiting import Suiting, Wish
from tutormatch.matching.objective import pupil_ranks, urgency_of
from tutormatch.matching.problem import Match, PairStatus, Problem, Profile
from tutormatch.matching.rules import agreed_hosts
from tutormatch.matching.slots import SLOTS_PER_WEEK

EVERY_SLOT = (1 << SLOTS_PER_WEEK) - 1
NO_LIMIT = 1 << 30
WORD = 64
WORDS = -(-SLOTS_PER_WEEK // WORD)

CHANGED_BY_MATCHES = (
    "_options",
    "tutors_of_pupil",
    "ranks",
    "roomy",
    "is_roomy",
    "repeating_needs",
    "has_repeats",
)
"""What `Openings` works out when asked, and has to work out anew once further matches stand."""


def to_bits(numbers: Iterable[int]) -> int:
    """Return a set of numbers as bits."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def to_numbers(bits: int) -> list[int]:
    """Return the numbers in a set of bits, the smallest first."""
    numbers = []
    while bits:
        low = bits & -bits
        numbers.append(low.bit_length() - 1)
        bits ^= low
    return numbers


def to_words(sets: Iterable[int]) -> np.ndarray:
    """Return sets of slots, given as bits, as rows of 64-bit words, which numpy compares at once."""
    joined = b"".join(bits.to_bytes(WORDS * WORD // 8, "little") for bits in sets)
    return np.frombuffer(joined, dtype="<u8").reshape(-1, WORDS)


def without(words: np.ndarray, row: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """Return rows of words in which some rows each have one slot less."""
    left, (word, bit) = words.flatten(), np.divmod(slot, WORD)
    np.bitwise_and.at(left, row * WORDS + word, ~(np.uint64(1) << bit.astype(np.uint64)))
    return left.reshape(words.shape)


def from_words(words: np.ndarray) -> list[int]:
    """Return sets of slots, given as rows of words, as bits."""
    joined, size = words.tobytes(), WORDS * WORD // 8
    return [int.from_bytes(joined[start : start + size], "little") for start in range(0, len(joined), size)]


def to_sets(lists: Collection[Collection[int]]) -> list[int]:
    """Return lists of slots as sets, given as bits."""
    has = marked(*listed(lists), (len(lists), WORDS * WORD))
    return from_words(np.packbits(has, axis=1, bitorder="little"))


def locked_matches(problem: Problem) -> tuple[Match, ...]:
    """Return the locked pairs as matches, by need; those that share a session join its host."""
    hosts = agreed_hosts(problem.pairs)
    return tuple(
        sorted(
            Match(pair.need_id, pair.tutor_id, tuple(sorted(pair.slots)), hosts.get(pair.need_id, ""))
            for pair in problem.pairs
            if pair.status is PairStatus.LOCKED and pair.need_id is not None
        )
    )


class Places(NamedTuple):
    """Of some matches, by number: their needs, tutors and pupils."""

    need: np.ndarray
    tutor: np.ndarray
    pupil: np.ndarray


class Openings:
    """The open needs, and what locked matches leave of everybody's time and limits.

    Parameters
    ----------
    problem : Problem
        Without faults.
    profile : Profile
        Says which pupils come first.

    Attributes
    ----------
    open_needs : list of int
        The needs without a locked match.
    open_needs_of : dict of int to list of int
        The same by pupil.
    wishes : list of Wish
        What needs ask of tutors, each once.
    wish_number : list of int
        By need, which of them; ``wish_of`` are the wishes themselves.
    pupil_free, tutor_free : list of int
        Free slots as bits.
    sessions_left, pupils_left : list of int
        By tutor: sessions a week, and pupils who are not yet the tutor's own.
    tutors_left : list of int
        By pupil: tutors who are not yet the pupil's own.
    locked_pairs : dict of (int, int) to int
        By tutor and pupil: how many locked matches they share.
    served_pupils : set of int
        Those with a locked match that has sessions of its own.
    blocked : dict of (int, int) to int
        By tutor and pupil: the slots in which they must not meet, as bits.
    """

    def __init__(self, problem: Problem, profile: Profile = Profile.BREADTH_FIRST) -> None:
        self.problem = problem
        self.profile = profile
        self.tutor_index = {tutor.id: index for index, tutor in enumerate(problem.tutors)}
        self.pupil_index = {pupil.id: index for index, pupil in enumerate(problem.pupils)}
        self.need_index = {need.id: index for index, need in enumerate(problem.needs)}
        self.pupil_of = [self.pupil_index[need.pupil_id] for need in problem.needs]
        self.wish_number, self.wishes = self._wishes()
        self.wish_of = [self.wishes[number] for number in self.wish_number]
        self.suiting = Suiting(problem.tutors)
        self.pupil_free = to_sets([pupil.slots for pupil in problem.pupils])
        self.tutor_free = to_sets([tutor.slots for tutor in problem.tutors])
        self.sessions_left = [tutor.sessions_per_week for tutor in problem.tutors]
        self.pupils_left = [tutor.max_pupils for tutor in problem.tutors]
        self.tutors_left = [NO_LIMIT if pupil.max_tutors is None else pupil.max_tutors for pupil in problem.pupils]
        self.blocked: dict[tuple[int, int], int] = defaultdict(int)
        self.returning: set[tuple[int, int]] = set()
        for pair in problem.pairs:
            key = (self.tutor_index[pair.tutor_id], self.pupil_index[pair.pupil_id])
            if pair.status is PairStatus.BLOCKED:
                self.blocked[key] |= to_bits(pair.slots) or EVERY_SLOT
            elif pair.status is PairStatus.RETURNING:
                self.returning.add(key)
        self.locked: tuple[Match, ...] = ()
        self.locked_pairs: dict[tuple[int, int], int] = defaultdict(int)
        self.served_pupils: set[int] = set()
        self.open_needs = list(range(len(problem.needs)))
        self._lock_all(locked_matches(problem))

    def places(self, matches: Collection[Match]) -> Places:
        """Return whom matches bring together, by number."""
        need, tutor = (
            np.fromiter(map(place.__getitem__, map(attrgetter(name), matches)), dtype=np.int64, count=len(matches))
            for name, place in (("need_id", self.need_index), ("tutor_id", self.tutor_index))
        )
        return Places(need, tutor, self.pupil_numbers[need])

    @cached_property
    def kind_of(self) -> list[tuple[str, int]]:
        """By need, its subject and grade."""
        kinds = [(wish.subject, wish.grade) for wish in self.wishes]
        return [kinds[number] for number in self.wish_number]

    @cached_property
    def pupil_numbers(self) -> np.ndarray:
        """The same as ``pupil_of``, as an array."""
        return np.array(self.pupil_of, dtype=np.int64)

    def holding(self, matches: Iterable[Match]) -> "Openings":
        """Return what is open once these matches stand as well; who suits whom is found out only once for both."""
        rest = self._copied()
        known = {match.need_id for match in self.locked}
        rest._lock_all(match for match in matches if match.need_id not in known)
        return rest

    def among(
        self, tutors: Iterable[int], pupils: Iterable[int], standing: Collection[tuple[int, int, int]]
    ) -> "Openings":
        """Return what is open among some tutors and pupils once seats with other tutors stand.

        Parameters
        ----------
        tutors, pupils : iterable of int
        standing : collection of (int, int, int)
            Need, tutor and slot of the seats that those pupils have with other tutors, each within every rule.
        """
        part = self._copied()
        chosen = np.zeros(len(self.problem.tutors), dtype=bool)
        chosen[list(tutors)] = True
        part.sessions_left = np.where(chosen, self.sessions_left, 0).tolist()
        part.suiting = self.suiting.among(chosen)
        for need, _, slot in standing:
            pupil = self.pupil_of[need]
            part.pupil_free[pupil] &= ~(1 << slot)
            part.served_pupils.add(pupil)
        for _, pupil in {(tutor, self.pupil_of[need]) for need, tutor, _ in standing} - self.locked_pairs.keys():
            part.tutors_left[pupil] -= 1
        vars(part).pop("pupil_words", None)
        seated = {need for need, _, _ in standing}
        part._open(need for pupil in sorted(pupils) for need in self.open_needs_of.get(pupil, ()) if need not in seated)
        return part

    def _copied(self) -> "Openings":
        other = copy(self)
        for name in CHANGED_BY_MATCHES:
            if name in vars(self):
                delattr(other, name)
        for name in ("pupil_free", "tutor_free", "sessions_left", "pupils_left", "tutors_left"):
            setattr(other, name, getattr(self, name).copy())
        other.locked_pairs, other.served_pupils = self.locked_pairs.copy(), self.served_pupils.copy()
        return other

    def _open(self, needs: Iterable[int]) -> None:
        self.open_needs = sorted(needs)
        self.open_needs_of: dict[int, list[int]] = defaultdict(list)
        for need in self.open_needs:
            self.open_needs_of[self.pupil_of[need]].append(need)

    def _lock_all(self, matches: Iterable[Match]) -> None:
        new = tuple(matches)
        places = self.places(new)
        if new:
            self._take_time(new, places)
            self._take_limits(places)
        self.locked = tuple(sorted((*self.locked, *new), key=attrgetter("need_id")))
        taken = set(places.need.tolist())
        self._open(need for need in self.open_needs if need not in taken)

    def _take_time(self, matches: Collection[Match], places: Places) -> None:
        match, slot = listed([each.slots for each in matches])
        self.tutor_words = without(self.tutor_words, places.tutor[match], slot)
        self.pupil_words = without(self.pupil_words, places.pupil[match], slot)
        self.tutor_free, self.pupil_free = from_words(self.tutor_words), from_words(self.pupil_words)
        is_own = np.array([not each.joins for each in matches], dtype=bool)
        given = np.bincount(places.tutor[match[is_own[match]]], minlength=len(self.tutor_free))
        self.sessions_left = (self.sessions_left - given).tolist()
        self.served_pupils.update(places.pupil[is_own].tolist())

    def _take_limits(self, places: Places) -> None:
        for pair, count in Counter(zip(places.tutor.tolist(), places.pupil.tolist(), strict=True)).items():
            before = self.locked_pairs.get(pair, 0)
            if not before:
                tutor, pupil = pair
                self.pupils_left[tutor] -= 1
                self.tutors_left[pupil] -= 1
            self.locked_pairs[pair] = before + count

    def _wishes(self) -> tuple[list[int], list[Wish]]:
        pupils, numbers = self.problem.pupils, {}
        asked = zip(self.problem.needs, map(pupils.__getitem__, self.pupil_of), strict=True)
        number_of = [
            numbers.setdefault((need.subject, need.grade, pupil.languages, pupil.requires), len(numbers))
            for need, pupil in asked
        ]
        return number_of, [Wish(*wish) for wish in numbers]

    def safe_sessions(self, tutor: int) -> int:
        """Return how many open sessions ``tutor`` can give whoever the pupils are.

        While there is room for new pupils this counts every session as one more
        pupil; after that only the tutor's own pupils can come, as often as there
        are sessions.
        """
        if self.pupils_left[tutor] <= 0:
            return self.sessions_left[tutor]
        return min(self.sessions_left[tutor], self.pupils_left[tutor])

    def common_slots(self, tutor: int, pupil: int) -> int:
        """Return the slots in which the two could meet, as bits; limits are not looked at."""
        bits = self.tutor_free[tutor] & self.pupil_free[pupil]
        if bits and (tutor, pupil) in self.blocked:
            bits &= ~self.blocked[tutor, pupil]
        return bits

    def may_meet(self, tutor: int, pupil: int) -> bool:
        """Return whether limits leave the two one more session."""
        if self.sessions_left[tutor] <= 0:
            return False
        is_new = (tutor, pupil) not in self.locked_pairs
        return not is_new or (self.pupils_left[tutor] > 0 and self.tutors_left[pupil] > 0)

    def options(self, need: int) -> dict[int, int]:
        """Return every tutor that ``need`` may still get, in order, with the slots they could use, as bits."""
        if need not in self._options:
            pupil = self.pupil_of[need]
            tutors = self.suited(self.wish_of[need])
            has_time = (self.tutor_words[tutors] & to_words([self.pupil_free[pupil]])).any(axis=1)
            self._options[need] = {
                tutor: bits
                for tutor in tutors[has_time].tolist()
                if self.may_meet(tutor, pupil) and (bits := self.common_slots(tutor, pupil))
            }
        return self._options[need]

    @cached_property
    def _options(self) -> dict[int, dict[int, int]]:
        return {}

    def has_more_seats(self, count: int) -> bool:
        """Return whether all open needs together have more than ``count`` seats to choose from."""
        for need in self.open_needs:
            count -= sum(bits.bit_count() for bits in self.options(need).values())
            if count < 0:
                return True
        return False

    @cached_property
    def tutors_of_pupil(self) -> dict[int, list[int]]:
        """By pupil, the tutors of the pupil's locked matches."""
        tutors: dict[int, list[int]] = defaultdict(list)
        for tutor, pupil in self.locked_pairs:
            tutors[pupil].append(tutor)
        for some in tutors.values():
            some.sort()
        return tutors

    @cached_property
    def blocked_tutors(self) -> dict[int, list[int]]:
        """By pupil, the tutors with whom some slots are blocked."""
        tutors: dict[int, list[int]] = defaultdict(list)
        for tutor, pupil in sorted(self.blocked):
            tutors[pupil].append(tutor)
        return tutors

    def suited(self, wish: Wish) -> np.ndarray:
        """Return the tutors who suit by rules 1, 2 and 6, whatever their time and limits, in order."""
        return self.suiting.suited(wish)

    def suited_tutors(self, subject: str, grade: int, languages: Iterable[str], requires: frozenset[str]) -> int:
        """Return the tutors who suit by rules 1, 2 and 6 as bits."""
        return to_bits(self.suited(Wish(subject, grade, tuple(languages), requires)).tolist())

    def suits(self, need: int, tutor: int) -> bool:
        """Return whether rules 1, 2 and 6 let ``tutor`` take ``need``."""
        suited = self.suited(self.wish_of[need])
        place = suited.searchsorted(tutor)
        return bool(place < len(suited) and suited[place] == tutor)

    @cached_property
    def tutor_words(self) -> np.ndarray:
        """The free slots of tutors as rows of words."""
        return to_words(self.tutor_free)

    @cached_property
    def pupil_words(self) -> np.ndarray:
        """The free slots of pupils as rows of words."""
        return to_words(self.pupil_free)

    @cached_property
    def ranks(self) -> dict[int, int]:
        """The rank of every pupil with open needs, 1 being the least urgent."""
        open_needs = [self.problem.needs[need] for need in self.open_needs]
        return pupil_ranks(self.pupil_numbers[self.open_needs], urgency_of(open_needs, self.profile))

    @cached_property
    def roomy(self) -> np.ndarray:
        """The tutors who may give more sessions than `safe_sessions`, to pupils who come more than once."""
        return np.flatnonzero(self.is_roomy)

    @cached_property
    def is_roomy(self) -> np.ndarray:
        """By tutor, whether the tutor is `roomy`."""
        pupils_left = np.array(self.pupils_left, dtype=np.int64)
        return (pupils_left > 0) & (pupils_left < np.array(self.sessions_left, dtype=np.int64))

    @cached_property
    def repeating_needs(self) -> list[int]:
        """The needs whose pupils could come to one tutor more than once, whoever the tutor is."""
        return [
            need
            for pupil, needs in sorted(self.open_needs_of.items())
            # Who are not yet together need one slot for each meeting.
            if pupil in self.tutors_of_pupil or (len(needs) > 1 and self.pupil_free[pupil].bit_count() > 1)
            for need in needs
        ]

    @cached_property
    def has_repeats(self) -> bool:
        """Whether some need could be a further meeting with a tutor beyond `safe_sessions`."""
        needs = self.repeating_needs if len(self.roomy) else ()
        return any(self.is_roomy[self.suited(self.wish_of[need])].any() for need in needs)
