"""An independent check of a solution; it shares only the records and the table of points with the solver."""
