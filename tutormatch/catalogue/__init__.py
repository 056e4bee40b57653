"""Regions, districts, institutions, subjects and the school year, as CSV data."""
