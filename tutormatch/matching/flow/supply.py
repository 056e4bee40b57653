"""What tutors can give, told apart only as far as a matching needs it.

Tutors who teach the same subjects in the same languages under the same conditions are
one *family*; those of them who come from one institution are a *kind*. An *offer* is one
subject with its grades, taught by one or more families; a *local offer* is one of a
single institution. There are many tutors and few families, so that what pupils wish for
need not be held against every tutor.
"""

from collections import defaultdict

import numpy as np

from tutormatch.matching.columns import numbered
from tutormatch.matching.flow.layers import table
from tutormatch.matching.flow.openings import Openings, Wish
from tutormatch.matching.objective import POINTS
from tutormatch.matching.problem import Teaching

FOR_ALL = -1


class Supply:
    """The tutors of a problem by family and kind.

    Parameters
    ----------
    openings : Openings
    special : set of int
        Tutors who are blocked for a pupil, or whom one pupil gains more with than others: each of
        them is a family.
    institutions : set of str
        Those that are a patron of somebody; where other tutors come from says nothing.

    Attributes
    ----------
    kind_of : ndarray
        By tutor.
    family_of : ndarray
        By kind.
    family_offers, local_offer_kinds : ndarray of shape (n, 2)
        Which offer comes from which family, and which local offer from which kind. Tutors with no
        room for new pupils offer nothing: they are reached by their own pupils alone.
    """

    def __init__(self, openings: Openings, special: set[int], institutions: set[str]) -> None:
        families: dict[tuple, int] = {}
        kinds: dict[tuple[int, str], int] = {}
        self.offers: dict[tuple[Teaching, frozenset[str], frozenset[str]], int] = {}
        self.local_offers: dict[tuple[int, str], int] = {}
        kind_of, family_of, family_offers, local_offer_kinds = [], [], [], []
        tutors = openings.problem.tutors
        subjects, _ = numbered([tutor.subjects for tutor in tutors])
        for index, tutor in enumerate(tutors):
            takes_new = openings.pupils_left[index] > 0
            own = index if index in special or not takes_new else FOR_ALL
            family = families.setdefault((subjects[index], tutor.languages, tutor.conditions, own), len(families))
            institution = tutor.institution if tutor.institution in institutions else ""
            kind = kinds.setdefault((family, institution), len(kinds))
            kind_of.append(kind)
            if kind < len(family_of):
                continue
            family_of.append(family)
            for each in tutor.subjects if takes_new else ():
                offer = self.offers.setdefault((each, tutor.languages, tutor.conditions), len(self.offers))
                family_offers.append((offer, family))
                if institution:
                    local = self.local_offers.setdefault((offer, institution), len(self.local_offers))
                    local_offer_kinds.append((local, kind))
        self.kind_of = np.array(kind_of, dtype=np.int64)
        self.family_of = np.array(family_of, dtype=np.int64)
        self.family_count = len(families)
        self.kinds = list(kinds)
        self.family_offers = np.unique(table(family_offers, 2), axis=0)
        self.local_offer_kinds = np.unique(table(local_offer_kinds, 2), axis=0)
        self._offers_of_subject: dict[str, list[tuple]] = defaultdict(list)
        for (teaching, languages, conditions), offer in self.offers.items():
            self._offers_of_subject[teaching.subject].append((teaching, languages, conditions, offer))

    def offers_for(self, wish: Wish) -> list[tuple[int, int]]:
        """Return the offers that suit a wish by rules 1, 2 and 6, and the points of the language."""
        return [
            (offer, POINTS["first_language"] * (wish.languages[0] in languages))
            for teaching, languages, conditions, offer in self._offers_of_subject.get(wish.subject, ())
            if teaching.covers(wish.subject, wish.grade)
            and not languages.isdisjoint(wish.languages)
            and wish.requires <= conditions
        ]

    def kinds_of_family(self) -> list[list[int]]:
        """Return by family its kinds."""
        kinds: list[list[int]] = [[] for _ in range(self.family_count)]
        for kind, family in enumerate(self.family_of.tolist()):
            kinds[family].append(kind)
        return kinds
