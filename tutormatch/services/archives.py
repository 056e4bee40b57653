"""A round's problem as bytes: a ZIP of the problem's files, the same bytes for the same problem."""

import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from ..matching import Problem, write_problem

_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(problem: Problem) -> bytes:
    """Return the problem's folder as a ZIP."""
    archive = BytesIO()
    with tempfile.TemporaryDirectory(prefix="tutormatch-") as name:
        folder = Path(name) / "problem"
        write_problem(problem, folder)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(path.name, _EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
    return archive.getvalue()


def unpack(packed: bytes, folder: Path) -> None:
    """Write the files of a packed problem to ``folder``, which must not hold any.

    Raises
    ------
    FileExistsError
        When the folder is there and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is not an empty folder; it is left alone")
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(BytesIO(packed)) as archive:
        for entry in archive.infolist():
            (folder / Path(entry.filename).name).write_bytes(archive.read(entry))
