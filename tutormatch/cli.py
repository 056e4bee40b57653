"""``flask`` commands: a thin door to services."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to ``app``."""
