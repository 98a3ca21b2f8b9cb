"""Makes writes fail as a system makes them fail: a file that grows too large, a full disk, a broken one."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NUMBERS = {
    "x86_64": {"pwrite64": 18, "fsync": 74, "fdatasync": 75, "ftruncate": 77},
    "aarch64": {"pwrite64": 68, "fsync": 82, "fdatasync": 83, "ftruncate": 46},
}
"""The numbers of the system calls by which SQLite writes, by machine."""

WRITES = tuple(NUMBERS["x86_64"])

# What a filter of system calls is made of (linux/filter.h, linux/seccomp.h).
_LOAD_NUMBER = 0x20
_IS_EQUAL = 0x15
_RETURN = 0x06
_ALLOW = 0x7FFF0000
_FAIL = 0x00050000
_NO_NEW_PRIVILEGES = 38
_SET_SECCOMP = 22
_BY_FILTER = 2


def limit_file_size(most: int) -> None:
    """From now on no file of this process grows beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


class _Step(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step)))


def break_disk(*calls: str) -> bool:
    """From now on these calls of this process fail with EIO; nothing takes that back.

    Args:
        calls: names of `WRITES`.

    Returns:
        Whether it is so: only Linux can do it, and not each machine.
    """
    numbers = NUMBERS.get(platform.machine())
    if numbers is None or platform.system() != "Linux":
        return False
    steps = [(_LOAD_NUMBER, 0, 0, 0)]
    for call in calls:
        steps.append((_IS_EQUAL, 0, 1, numbers[call]))
        steps.append((_RETURN, 0, 0, _FAIL | errno.EIO))
    steps.append((_RETURN, 0, 0, _ALLOW))
    program = _Program(len(steps), (_Step * len(steps))(*[_Step(*step) for step in steps]))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return library.prctl(_SET_SECCOMP, _BY_FILTER, ctypes.byref(program), 0, 0) == 0


@contextmanager
def small_disk(folder: Path, megabytes: int = 8) -> Iterator[Path | None]:
    """A file system of a few megabytes in a new folder; None where this user cannot mount one."""
    folder.mkdir()
    size = f"size={megabytes}m"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, leaving: int) -> Path:
    """Writes a file that leaves so many bytes on a disk."""
    state = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - leaving)))
    return ballast


def become_nobody() -> None:
    """From now on this process has no rights of its own; root may write anywhere."""
    if os.getuid() == 0:
        os.setgid(65534)
        os.setuid(65534)
