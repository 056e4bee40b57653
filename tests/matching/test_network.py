"""The class network, its nested cuts and its face, on small random problems full of special pairs."""

from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given

from tests.matching.builders import blocked, need, problem, pupil, returning, tutor
from tests.matching.strategies import problems
from tests.matching.test_properties import thorough
from tutormatch.matching import Problem
from tutormatch.matching.flow.assignment import Assignment
from tutormatch.matching.flow.class_network import ClassNetwork, build_class_network
from tutormatch.matching.flow.cuts import nested_cuts
from tutormatch.matching.flow.decoding import decode
from tutormatch.matching.flow.engines import ENGINES, cheapest_transshipment
from tutormatch.matching.flow.faces import flow_on_face
from tutormatch.matching.flow.network import SINK, SOURCE
from tutormatch.matching.flow.openings import Openings, to_numbers
from tutormatch.matching.flow.relaxation import most_needs
from tutormatch.matching.flow.repair import repair
from tutormatch.matching.flow.retiming import retime
from tutormatch.matching.population import generate

WEEK = "mon-15;tue-15;wed-15"


def network_of(some: Problem, needs_for_points: int = 1000) -> ClassNetwork:
    return build_class_network(Openings(some), needs_for_points)


def by_cuts(network: ClassNetwork) -> np.ndarray:
    return flow_on_face(network, nested_cuts(network))


def by_costs(network: ClassNetwork, engine: str = "ortools") -> np.ndarray:
    return ENGINES[engine](network.as_costs())[:-1]


def ranks_reached(network: ClassNetwork, flow: np.ndarray) -> int:
    return int(network.rank @ flow)


def assert_is_flow(network: ClassNetwork, flow: np.ndarray) -> None:
    assert ((flow >= 0) & (flow <= network.capacity)).all()
    gets = np.bincount(network.head, weights=flow, minlength=network.node_count)
    gives = np.bincount(network.tail, weights=flow, minlength=network.node_count)
    assert (gets[SINK + 1 :] == gives[SINK + 1 :]).all()


@thorough
@given(problems())
def test_both_engines_find_flows_of_the_same_worth(some):
    network = network_of(some)
    flows = [by_costs(network, "networkx"), by_cuts(network)]
    for flow in flows:
        assert_is_flow(network, flow)
    assert ranks_reached(network, flows[0]) == ranks_reached(network, flows[1])
    assert network.worth @ flows[0] == network.worth @ flows[1]


@thorough
@given(problems())
def test_liked_arcs_first_keeps_breadth_and_cover(some):
    network = network_of(some, needs_for_points=0)
    depths = nested_cuts(network)
    flow = flow_on_face(network, depths)
    assert_is_flow(network, flow)
    assert ranks_reached(network, flow) == ranks_reached(network, by_costs(network))


@thorough
@given(problems())
def test_the_smallest_cuts_are_worth_what_the_best_flow_reaches(some):
    """Strong duality: what the arcs between depths let through adds up to the ranks of all units served."""
    network = network_of(some)
    depths = nested_cuts(network)
    potential = depths.potential.copy()
    potential[SINK] = 0
    starts = network.tail == SOURCE
    above = np.where(starts, network.rank, potential[network.tail]) - potential[network.head]
    assert int(np.maximum(above, 0) @ network.capacity) == ranks_reached(network, flow_on_face(network, depths))


@thorough
@given(problems())
def test_every_threshold_of_rank_is_reached(some):
    network = network_of(some)
    depths = nested_cuts(network)
    flow = flow_on_face(network, depths)
    starts = network.tail == SOURCE
    for threshold in depths.values[1:].tolist():
        is_in = ~starts | (network.rank >= threshold)
        graph = nx.DiGraph()
        graph.add_nodes_from([SOURCE, SINK])
        for tail, head, capacity in zip(
            *(column[is_in].tolist() for column in (network.tail, network.head, network.capacity)), strict=True
        ):
            known = graph.get_edge_data(tail, head, {"capacity": 0})["capacity"]
            graph.add_edge(tail, head, capacity=known + capacity)
        assert nx.maximum_flow_value(graph, SOURCE, SINK) == flow[starts & is_in].sum()


@thorough
@given(problems())
def test_a_decoded_flow_gives_each_need_a_seat_that_it_may_have(some):
    openings = Openings(some)
    for most in (0, 1000):
        network = build_class_network(openings, most)
        flow = by_cuts(network)
        seats = decode(network, flow)
        assert len(seats) == flow[network.tail == SOURCE].sum()
        assert len({seat.need for seat in seats}) == len(seats)
        assert len({(seat.tutor, seat.slot) for seat in seats}) == len(seats)
        for seat in seats:
            assert seat.slot in to_numbers(openings.options(seat.need)[seat.tutor])


@thorough
@given(problems())
def test_repair_keeps_every_pupil_who_has_a_tutor(some):
    openings = Openings(some)
    network = build_class_network(openings)
    seats = decode(network, by_cuts(network))
    assignment = Assignment.of(openings, seats)
    served = {openings.pupil_of[seat.need] for seat in seats}
    most = most_needs(openings, network)
    repair(assignment, most, [seat for seat in seats if seat.need not in assignment.seat_of])
    assert served <= assignment.served_pupils()
    assert len(assignment.seat_of) <= most


def test_needs_that_agree_share_the_way_to_the_tutors():
    """Twice as many needs and tutors of the same kind make a network twice as large, not four times."""

    def arcs(count: int) -> int:
        return network_of(
            problem(
                [tutor(f"T{number}", WEEK) for number in range(count)],
                [pupil(f"P{number}", WEEK) for number in range(count)],
                [need(f"N{number}", f"P{number}") for number in range(count)],
            )
        ).arc_count

    assert arcs(40) - arcs(20) == 20 * (1 + 3 + 3 + 1)


def test_a_blocked_tutor_is_passed_by_and_the_others_of_the_same_kind_are_not():
    some = problem(
        [tutor("T1", "mon-15"), tutor("T2", "mon-15"), tutor("T3", "mon-15")],
        [pupil("P1"), pupil("P2"), pupil("P3")],
        [need(f"N{number}", f"P{number}") for number in (1, 2, 3)],
        [blocked("T1", "P1"), blocked("T2", "P1"), blocked("T1", "P2")],
    )
    network = network_of(some)
    seats = decode(network, by_cuts(network))
    assert [(seat.need, seat.tutor) for seat in seats] == [(0, 2), (1, 1), (2, 0)]


def test_a_former_tutor_is_reached_although_nobody_else_could_be():
    some = problem([tutor("T1"), tutor("T2")], [pupil(patrons=("NKU",))], [need()], [returning("T2")])
    network = network_of(some)
    assert [seat.tutor for seat in decode(network, by_cuts(network))] == [1]


def test_retiming_moves_sessions_of_a_tutor_to_other_slots():
    some = problem(
        [tutor(slots="mon-15;tue-15", sessions_per_week=2)],
        [pupil("P1", "mon-15;tue-15"), pupil("P2", "mon-15")],
        [need("N1", "P1"), need("N2", "P2")],
    )
    assignment = Assignment(Openings(some))
    assert retime(assignment, tutor=0, need=0)
    assert retime(assignment, tutor=0, need=1)
    assert {need: slot for need, _, slot in assignment.seat_of.values()} == {0: 39, 1: 15}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_generated_round_has_the_same_ranks_by_cuts_and_by_costs(seed):
    network = network_of(generate("60:25", seed).problem)
    flows = [by_costs(network), by_cuts(network)]
    assert ranks_reached(network, flows[0]) == ranks_reached(network, flows[1])
    assert network.worth @ flows[0] == network.worth @ flows[1]


@pytest.mark.parametrize("seed", range(300))
def test_a_contracted_network_has_the_cheapest_flow_of_the_whole(seed):
    random = Random(seed)
    count, supply = random.randint(3, 14), random.randint(1, 6)
    # Few arcs for many nodes, so that most nodes have one predecessor or one successor.
    ends = [sorted(random.sample(range(count), 2)) for _ in range(random.randint(count, 2 * count))]
    arcs = [(*pair, random.choice((1, 1, 2, supply, 10)), random.randint(-9, 9)) for pair in ends]
    arcs.append((0, count - 1, supply, 100))
    supplies = np.zeros(count, dtype=np.int64)
    supplies[0], supplies[-1] = supply, -supply
    tail, head, capacity, cost = np.array(arcs, dtype=np.int64).T
    flow = cheapest_transshipment(tail, head, capacity, cost, supplies)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from((node, {"demand": -int(supplies[node])}) for node in range(count))
    graph.add_edges_from((start, end, {"capacity": most, "weight": each}) for start, end, most, each in arcs)
    assert (flow >= 0).all()
    assert (flow <= capacity).all()
    balance = np.bincount(tail, weights=flow, minlength=count) - np.bincount(head, weights=flow, minlength=count)
    assert (balance == supplies).all()
    assert flow @ cost == nx.network_simplex(graph)[0]
