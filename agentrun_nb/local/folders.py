"""The folder of one running service, removed at its end or, if it was killed, by the next one."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "agentrun-local-"
LOCK = "owner.lock"


class ServiceFolder:
    """A new folder that only its owner can read.

    The owning process holds a lock on a file in it, so that a folder whose process is dead is
    recognised for sure.

    Args:
        parent: where to make the folder; None: among the system's temporary files.
    """

    def __init__(self, parent: Path | None = None) -> None:
        place = parent if parent is not None else Path(tempfile.gettempdir())
        place.mkdir(parents=True, exist_ok=True)
        sweep(place)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        self._lock = _new_lock(self.path)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def sweep(place: Path) -> list[Path]:
    """Removes the folders of services whose process is dead; returns them."""
    orphans = [path for path in place.glob(f"{PREFIX}*") if _is_orphan(path)]
    for path in orphans:
        shutil.rmtree(path, ignore_errors=True)
    return orphans


def _new_lock(folder: Path) -> IO[bytes]:
    # The file is locked before it gets its name, so that it is never seen unlocked.
    unnamed = folder / f"{LOCK}.new"
    lock = unnamed.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unnamed.rename(folder / LOCK)
    return lock


def _is_orphan(folder: Path) -> bool:
    try:
        if folder.is_symlink() or folder.lstat().st_uid != os.getuid():
            return False
        with (folder / LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
