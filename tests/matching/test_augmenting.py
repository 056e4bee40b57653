"""A flow that grows and shrinks, against networkx."""

from collections import Counter

import networkx as nx
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.matching.test_properties import thorough
from tutormatch.matching.flow.augmenting import augment, withdraw

FIRST, LAST = 2, 7


@st.composite
def networks(draw):
    """Arcs without circles, each from a lower number to a higher one, and what nodes could bring and give off."""
    ends = st.sampled_from([(tail, head) for tail in range(FIRST, LAST) for head in range(tail + 1, LAST + 1)])
    arcs = draw(st.lists(st.tuples(ends, st.integers(1, 2)), min_size=6, max_size=16))
    tail, head = (np.array([arc[end] for arc, _ in arcs], dtype=np.int32) for end in (0, 1))
    amounts = st.lists(st.integers(0, 2), min_size=LAST - FIRST + 1, max_size=LAST - FIRST + 1)
    supply, drain, later = (np.array([0] * FIRST + draw(amounts), dtype=np.int64) for _ in range(3))
    return tail, head, np.array([capacity for _, capacity in arcs], dtype=np.int64), supply, drain, later


def largest(tail, head, capacity, supply, drain) -> tuple[int, set[int]]:
    """The value of a largest flow by networkx, and the nodes that what could not come in can still reach."""
    capacities = Counter({("source", node): each for node, each in enumerate(supply.tolist())})
    capacities.update({(node, "sink"): each for node, each in enumerate(drain.tolist())})
    for one, two, each in zip(tail.tolist(), head.tolist(), capacity.tolist(), strict=True):
        capacities[one, two] += each
    graph = nx.DiGraph()
    graph.add_edges_from((one, two, {"capacity": each}) for (one, two), each in capacities.items())
    residual = nx.algorithms.flow.preflow_push(graph, "source", "sink")
    still = nx.DiGraph([(one, two) for one, two, arc in residual.edges(data=True) if arc["flow"] < arc["capacity"]])
    still.add_node("source")
    return residual.graph["flow_value"], nx.descendants(still, "source")


def assert_is_flow(tail, head, capacity, flow, came, went):
    assert ((flow >= 0) & (flow <= capacity)).all()
    count = len(came)
    gets = came + np.bincount(head, weights=flow, minlength=count)
    gives = went + np.bincount(tail, weights=flow, minlength=count)
    assert (gets == gives).all()


@thorough
@given(networks())
def test_what_is_carried_already_changes_neither_the_largest_flow_nor_the_cut(network):
    tail, head, capacity, supply, drain, later = network
    flow = np.zeros_like(capacity)
    first = augment(tail, head, capacity, flow, supply, drain)
    assert_is_flow(tail, head, capacity, flow, first.came, first.went)
    second = augment(tail, head, capacity, flow, supply + later - first.came, drain - first.went)
    came, went = first.came + second.came, first.went + second.went
    assert_is_flow(tail, head, capacity, flow, came, went)
    value, reached = largest(tail, head, capacity, supply + later, drain)
    assert came.sum() == value
    assert set(np.flatnonzero(second.is_reached).tolist()) == reached


@thorough
@given(networks())
def test_what_is_withdrawn_leaves_a_flow_of_the_rest(network):
    tail, head, capacity, supply, drain, later = network
    flow = np.zeros_like(capacity)
    found = augment(tail, head, capacity, flow, supply, drain)
    less = np.minimum(found.came, later)
    went = found.went.copy()
    withdraw(tail, head, flow, went, less)
    assert_is_flow(tail, head, capacity, flow, found.came - less, went)
    assert (went <= found.went).all()


def test_a_unit_that_comes_later_turns_an_earlier_one_aside():
    tail, head, one = np.array([2], dtype=np.int32), np.array([3], dtype=np.int32), np.array([1])
    flow, at_2, at_3 = np.array([1]), np.array([0, 0, 1, 0]), np.array([0, 0, 0, 1])
    found = augment(tail, head, one, flow, to_come=at_3, to_go=at_2)
    assert flow.tolist() == [0]
    assert found.came.tolist() == at_3.tolist()
    assert found.went.tolist() == at_2.tolist()
