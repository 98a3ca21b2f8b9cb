"""Runs a command, and kills its whole process group when the other end of stdin is closed.

It is run as a script and imports nothing of the package.
"""

import os
import signal
import sys
import threading

LIFELINE = 0


def end_with_service() -> None:
    """Waits for the service's end of the pipe to close; a killed service closes it too."""
    while os.read(LIFELINE, 1024):
        pass
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> None:
    """Runs the command in this process group and ends with its exit code, 128 + n for signal n."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    nothing = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[nothing])
    threading.Thread(target=end_with_service, daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
