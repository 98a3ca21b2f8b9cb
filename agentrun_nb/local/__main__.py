"""Runs the local service as a process of its own.

`python -m agentrun_nb.local [--port N] [--workers N] [--runs N]`
"""

from __future__ import annotations

import argparse
import signal
import sys

from .. import local
from ..errors import AgentRunError


def main() -> None:
    """Serves until it is interrupted, or exits with a sentence that says why it cannot."""
    parser = argparse.ArgumentParser(
        prog="python -m agentrun_nb.local", description="The local service on its own."
    )
    parser.add_argument(
        "--port", type=int, default=0, help="a port of 127.0.0.1 (default: any free one)"
    )
    parser.add_argument("--workers", type=int, default=2, help="runs at one time (default: 2)")
    parser.add_argument(
        "--runs", type=int, default=0, help="generated runs to serve (default: none)"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        service = local.Service(options.workers, port=options.port)
    except (ModuleNotFoundError, AgentRunError) as error:
        sys.exit(str(error))
    except (OSError, OverflowError) as error:
        reason = str(error).rstrip(".")
        sys.exit(f"The port {options.port} cannot be taken: {reason}.")
    with service:
        try:
            service.load(local.generate(options.runs))
        except AgentRunError as error:
            sys.exit(str(error))
        lines = (
            repr(service),
            "",
            f"export AGENTRUN_BASE_URL={service.base_url}",
            f"export AGENTRUN_API_KEY={service.api_key}",
            "",
            "Ends with Ctrl+C.",
        )
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        try:
            signal.pause()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
