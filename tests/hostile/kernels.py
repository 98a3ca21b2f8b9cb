"""A kernel without a front end, and all that it shows."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.support.jupyter_server import environment


@contextmanager
def running(folder: Path) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """A kernel that runs in a folder, in an environment of its own."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(folder), env=environment(folder))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def told(kernel: BlockingKernelClient, code: str) -> tuple[str, list[str]]:
    """What a cell prints, and everything else that is shown until it ends."""
    asked = kernel.execute(code)
    printed, shown = "", []
    while True:
        message = kernel.get_iopub_msg(timeout=60)
        kind, content = message["msg_type"], message["content"]
        if kind == "stream" and content["name"] == "stdout":
            printed += content["text"]
        elif kind in ("stream", "error", "display_data"):
            shown.append(json.dumps(content))
        own = message["parent_header"].get("msg_id") == asked
        if own and kind == "status" and content["execution_state"] == "idle":
            return printed.strip(), shown


def send(kernel: BlockingKernelClient, comm: str, data: Any) -> None:
    """Sends what a page would send to the widget at the other end of a line."""
    kernel.shell_channel.send(kernel.session.msg("comm_msg", {"comm_id": comm, "data": data}))


def left_over(kernel: BlockingKernelClient, seconds: float) -> str:
    """Whatever else comes within a while, as one text."""
    parts = []
    while True:
        try:
            parts.append(json.dumps(kernel.get_iopub_msg(timeout=seconds)["content"]))
        except queue.Empty:
            return "\n".join(parts)
