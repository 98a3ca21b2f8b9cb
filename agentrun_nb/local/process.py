"""One command as a real process group: started, read, timed, stopped."""

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
"""What an agent's folder is called in all that the service says."""
WATCHDOG = Path(__file__).with_name("watchdog.py")
GRACE = 0.5
"""Seconds between asking a process to end and killing it."""
LINE = 8_000
"""Characters of an output line that are kept."""
LINES = 2_000
"""Lines of each stream that are kept."""
REASON = 500
"""Characters of a line that tells why a process failed."""

_ERROR = re.compile(r"[\w.]*(?:Error|Exception)\b")

Listener = Callable[[str, str], None]
"""Called with the stream's name and a line of it."""


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        exit_code: as a shell tells it: 128 + n for a process ended by signal n.
        overran: it was stopped because its time was over.
        stopped: it was stopped because somebody asked.
        said: what it wrote to stderr about its failure: the last line that names an error, else the
            last line.
    """

    exit_code: int
    overran: bool
    stopped: bool
    said: str


class AgentProcess:
    """A running command with the watchdog over it.

    Args:
        command: a shell-like line; `python` is this interpreter, isolated from its environment.
        folder: its working directory.
        environment: its whole environment.
        listener: hears each line that it writes.
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
        """Hears the process to its end; stops it when `seconds` are over or `stop` is set."""
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
        # An agent sees its sandbox: where that lies on this machine is nobody's business.
        for real, shown in self._shown.items():
            text = text.replace(real, shown)
        return text


def _arguments(command: str) -> list[str]:
    words = shlex.split(command)
    return [sys.executable, "-I", "-u", *words[1:]] if words[0] == "python" else words
