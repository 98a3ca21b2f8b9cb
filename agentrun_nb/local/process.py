"""Runs one command as a process group: starts it, reads its output, and stops it in time."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

WORKDIR = PurePosixPath("/workspace")
"""How the service calls an agent's folder."""
WATCHDOG = Path(__file__).with_name("watchdog.py")
GRACE = 0.5
"""Seconds between asking a process to end and killing it."""
LINE = 8_000
"""The most characters of an output line that are read as one."""
LINES = 2_000
"""How many lines of each stream go into the log."""
REASON = 500
"""How many characters the reason of a failure has at most."""

_ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b")

Listener = Callable[[str, str], None]
"""Called with the stream's name and a line of it."""


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        exit_code: the exit code as in a shell: 128 + n for a process ended by signal n.
        overran: whether it was stopped because its time was over.
        stopped: whether it was stopped on request.
        said: what it wrote to stderr about its failure: the last line that names an error, else the
            last line.
    """

    exit_code: int
    overran: bool
    stopped: bool
    said: str


class AgentProcess:
    """A running command under the watchdog.

    Args:
        command: a shell-like line; `python` is this interpreter, isolated from its environment.
        folder: its working directory.
        environment: its whole environment.
        listener: called with each line that it writes.
    """

    def __init__(
        self, command: str, folder: Path, environment: Mapping[str, str], listener: Listener
    ) -> None:
        self._listener = listener
        self._named_error = self._last_line = ""
        self._shown = {str(folder.resolve()): str(WORKDIR), sys.prefix: "/python"}
        nearer_end, self._lifeline = os.pipe()
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", str(WATCHDOG), *_arguments(command)],
            cwd=folder,
            env=dict(environment),
            stdin=nearer_end,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        os.close(nearer_end)
        self.process_id = self._process.pid
        self._readers = [
            threading.Thread(target=self._read, args=(name, stream), daemon=True)
            for name, stream in (("stdout", self._process.stdout), ("stderr", self._process.stderr))
        ]

    def wait(self, seconds: float, stop: threading.Event) -> Ending:
        """Waits for the end of the process; stops it after `seconds`, or when `stop` is set."""
        for reader in self._readers:
            reader.start()
        deadline = time.monotonic() + seconds
        overran = False
        while self._process.poll() is None and not stop.wait(0.01):
            if time.monotonic() >= deadline:
                overran = True
                break
        stopped = self._process.poll() is None and not overran
        if overran or stopped:
            self._stop()
        self._kill()
        code = self._process.wait()
        os.close(self._lifeline)
        for reader in self._readers:
            reader.join(GRACE)
        return Ending(
            code if code >= 0 else 128 - code,
            overran,
            stopped,
            self._named_error or self._last_line,
        )

    def _stop(self) -> None:
        self._signal(signal.SIGTERM)
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._kill()

    def _kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        try:
            os.killpg(self.process_id, number)
        except (ProcessLookupError, PermissionError):
            return

    def _read(self, name: str, stream: IO[bytes]) -> None:
        with stream:
            for number, line in enumerate(iter(lambda: stream.readline(LINE), b"")):
                text = self._inside_view(line.decode("utf-8", "replace").rstrip("\r\n"))
                if name == "stderr" and text.strip():
                    self._last_line = text.strip()[:REASON]
                    if _ERROR.match(self._last_line):
                        self._named_error = self._last_line
                if number < LINES:
                    self._listener(name, text)

    def _inside_view(self, text: str) -> str:
        # Paths of this machine are replaced by those of the sandbox.
        for real, shown in self._shown.items():
            text = text.replace(real, shown)
        return text


def _arguments(command: str) -> list[str]:
    words = shlex.split(command)
    return [sys.executable, "-I", "-u", *words[1:]] if words[0] == "python" else words
