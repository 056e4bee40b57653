"""A linear program, solved roughly by a first-order method or exactly by the simplex method.

References
----------
.. [1] D. Applegate et al., "Practical large-scale linear programming using primal-dual
   hybrid gradient", Advances in Neural Information Processing Systems 34 (2021).
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

ACCURACY = 1e-5
PRIMAL_WEIGHT = 2.0
"""How fast values and prices move beside each other at first: programs of cover come nearest with this."""
TICKS_PER_SECOND = 1 / 3
"""What GLOP counts of its own work (``max_deterministic_time``) in about a second."""


@dataclass(frozen=True)
class LinearProgram:
    """Maximise ``gain @ x`` where ``least <= matrix @ x <= most`` and ``x >= 0``.

    The solutions are pairs of arrays: the values of the variables, and by row what one
    more there would gain.
    """

    matrix: csc_array
    gain: np.ndarray
    least: np.ndarray
    most: np.ndarray

    def solve_roughly(self, iterations: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what so many steps of the primal-dual hybrid gradient method lead to [1]_."""
        # Imported here because it takes long, and only a round needs it.
        from ortools.pdlp import solvers_pb2
        from ortools.pdlp.python import pdlp

        rows, columns = self.matrix.shape
        program = pdlp.QuadraticProgram()
        program.resize_and_initialize(columns, rows)
        program.objective_vector = -self.gain
        program.constraint_matrix = self.matrix
        program.constraint_lower_bounds, program.constraint_upper_bounds = self.least, self.most
        program.variable_lower_bounds, program.variable_upper_bounds = np.zeros(columns), np.full(columns, np.inf)
        settings = solvers_pb2.PrimalDualHybridGradientParams(num_threads=1, initial_primal_weight=PRIMAL_WEIGHT)
        settings.termination_criteria.iteration_limit = iterations
        accuracy = settings.termination_criteria.simple_optimality_criteria
        accuracy.eps_optimal_relative = accuracy.eps_optimal_absolute = ACCURACY
        result = pdlp.primal_dual_hybrid_gradient(program, settings)
        return np.array(result.primal_solution), -np.array(result.dual_solution)

    def solve(self, effort: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Return an exact solution by the simplex method, or None if that takes more than about ``effort`` seconds."""
        from ortools.linear_solver.python.model_builder_helper import ModelBuilderHelper, ModelSolverHelper, SolveStatus

        model = ModelBuilderHelper()
        count = len(self.gain)
        model.fill_model_from_sparse_data(
            np.zeros(count), np.full(count, np.inf), self.gain, self.least, self.most, self.matrix.tocsr()
        )
        model.set_maximize(True)
        solver = ModelSolverHelper("glop")
        solver.set_solver_specific_parameters(f"max_deterministic_time: {effort * TICKS_PER_SECOND}")
        solver.solve(model)
        if solver.status() != SolveStatus.OPTIMAL:
            return None
        return np.array(solver.variable_values()), np.array(solver.dual_values())
