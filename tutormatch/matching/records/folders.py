"""Folders of tables, written whole or not at all."""

import csv
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_folder(folder: Path | str, files: Collection[str]) -> Iterator[Path]:
    """Give an empty folder to write to, and move it to its place when it is whole.

    Parameters
    ----------
    folder : path
        The place. A folder that is there already is replaced.
    files : collection of str
        The files that such a folder may hold.

    Raises
    ------
    FileExistsError
        If the place is taken by anything else.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(entry.name not in files for entry in folder.iterdir())):
        raise FileExistsError(f"{folder} exists and holds other files; it is left alone")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
    except BaseException:
        shutil.rmtree(draft)
        raise
    if folder.exists():
        old = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        folder.rename(old)
        draft.rename(folder)
        shutil.rmtree(old)
    else:
        draft.rename(folder)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file in UTF-8 with a header row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
