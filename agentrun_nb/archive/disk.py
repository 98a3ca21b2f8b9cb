"""Which file system a file lies on, as far as an archive has to know it."""

from __future__ import annotations

import re
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
"""Where Linux lists what is mounted; other systems have no such file."""

NETWORK = re.compile(
    r"nfs\d?|cifs|smb\w*|9p|afs|ncpfs|ceph|glusterfs|lustre|fuse\.(sshfs|\w*s3\w*)"
)
"""The types of file systems that other machines may write to at the same time."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def on_network(path: Path) -> bool:
    """Whether a file lies on a file system of another machine; False where nobody knows."""
    try:
        mounts = MOUNTS.read_text("utf-8", "replace")
        return bool(NETWORK.fullmatch(type_of(path.resolve(), mounts)))
    except OSError:
        return False


def type_of(path: Path, mounts: str) -> str:
    """The type of the file system that a path lies on; empty where it is not listed.

    Args:
        path: the path, absolute.
        mounts: the lines of `/proc/self/mountinfo`.

    Example:
        >>> type_of(Path("/data/runs.sqlite"), "36 35 98:0 / /data rw - nfs4 host:/data rw")
        'nfs4'
    """
    best = ""
    kind = ""
    for line in mounts.splitlines():
        place, _, system = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) < 5 or not system:
            continue
        point = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[4])
        # Of two that are mounted on each other the later one is seen.
        if path.is_relative_to(point) and len(point) >= len(best):
            best = point
            kind = system.split(" ")[0]
    return kind
