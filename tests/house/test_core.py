"""The matching core stands alone."""

import subprocess
import sys

from tutormatch import ROOT

FOREIGN = {"flask", "sqlalchemy", "wtforms", "babel", "werkzeug", "jinja2", "huey"}


def test_command_line_of_the_core_starts_without_web_and_database():
    """Keep `tutormatch/__init__.py` and `tutormatch/matching/` free of imports of the web and the database."""
    script = "import sys, tutormatch.matching.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not FOREIGN & set(loaded.stdout.split())
