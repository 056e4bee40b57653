"""The files of a problem and of a solution, and every fault in them."""
