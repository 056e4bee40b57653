"""Reads only: return models or small dataclasses, never commit, take the viewer where rows are private."""
