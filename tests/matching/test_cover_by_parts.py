"""Cover part by part keeps what stands and finds what one program of everybody would."""

from hypothesis import given

from tests.matching.strategies import problems
from tests.matching.test_certificate import optimum
from tests.matching.test_properties import thorough
from tutormatch.matching import Problem
from tutormatch.matching.exact.parts import gather_by_parts
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.decoding import decode
from tutormatch.matching.flow.faces import flow_on_face
from tutormatch.matching.flow.openings import Openings
from tutormatch.matching.flow.repair import repair
from tutormatch.matching.population import generate
from tutormatch.matching.verification.verifier import broken_rules


def flowing(source: Problem) -> Assignment:
    """Return the assignment of the best flow."""
    openings = Openings(source)
    network = build_class_network(openings)
    return Assignment.of(openings, decode(network, flow_on_face(network, nested_cuts(network))))


@thorough
@given(problems())
def test_parts_of_few_sessions_keep_breadth_and_every_rule_and_lose_no_need(source):
    assignment = flowing(source)
    before = dict(assignment.seat_of)
    found, openings = gather_by_parts(assignment, effort=10, sessions_at_once=2), assignment.openings
    ranks, _, needs = optimum(source)
    assert broken_rules(source, found.matches()) == []
    new = found.served_pupils() - openings.served_pupils
    assert sum(openings.ranks[each] for each in new) == ranks
    assert len(before) <= len(found.seat_of) <= needs
    assert assignment.seat_of == before


def test_parts_serve_needs_that_repair_leaves_out():
    source = generate("300:120", 1).problem
    assignment = flowing(source)
    repair(assignment, len(source.needs))
    found = gather_by_parts(assignment, effort=10, sessions_at_once=60)
    assert broken_rules(source, found.matches()) == []
    assert len(found.seat_of) > len(assignment.seat_of)


def test_parts_end_with_the_effort():
    assignment = flowing(generate("300:120", 1).problem)
    assert gather_by_parts(assignment, effort=0).seat_of == assignment.seat_of
