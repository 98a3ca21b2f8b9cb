"""The file of an output, read for the page while its sandbox lives, within bounds and away from the kernel's thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pandas as pd

from agentrun_nb.errors import AgentRunError, DeadlineExceededError, TooLargeError
from agentrun_nb.widget.protocol import RefusedError

if TYPE_CHECKING:
    from agentrun_nb.run import Run
    from agentrun_nb.widget.run_source import RunSource

SECONDS = 10
MOST_BYTES = 5 * 2**20
_NAMES = ["name", "path", "configured_path"]


async def read_file(client: RunSource | None, run: Run, position: int) -> bytes:
    """The bytes of an output.

    Args:
        client: where the run came from.
        run: the run.
        position: which of its outputs.

    Raises:
        RefusedError: there is no file to be had; it says why in one sentence.
    """
    outputs = run.outputs
    if position >= len(outputs):
        raise RefusedError("There is no such output.")
    if client is None:
        raise RefusedError("This view has no client to read the file with: make it with arn.explore(runs, client).")
    output = outputs.iloc[position]
    own = [name for name in output[_NAMES].dropna() if outputs[_NAMES].eq(name).any(axis=1).sum() == 1]
    if not own:
        raise RefusedError("This output has no name or path that no other output of the run has.")
    if pd.notna(output["size_bytes"]) and output["size_bytes"] > MOST_BYTES:
        raise RefusedError(f"The file has {output['size_bytes']:,} bytes; at most {MOST_BYTES:,} are shown here.")
    try:
        return await asyncio.to_thread(client.read_output, run, own[0], max_bytes=MOST_BYTES, deadline=SECONDS)
    except DeadlineExceededError:
        raise RefusedError(f"The file did not come within {SECONDS} seconds.") from None
    except TooLargeError:
        raise RefusedError(f"The file has more than the {MOST_BYTES:,} bytes that are shown here.") from None
    except AgentRunError as error:
        raise RefusedError(str(error)) from None
