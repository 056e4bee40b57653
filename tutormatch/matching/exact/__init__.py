"""What the flow leaves open, closed by integer and linear programs, with the prices that prove it."""
