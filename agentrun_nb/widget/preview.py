"""Reads the file of an output for the page, while its sandbox exists.

It is read within bounds of size and time, and away from the kernel's thread.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agentrun_nb.errors import AgentRunError, DeadlineExceededError, TooLargeError
from agentrun_nb.widget.protocol import RefusedError

if TYPE_CHECKING:
    from agentrun_nb.run import Run
    from agentrun_nb.widget.run_source import RunSource

SECONDS = 10
MOST_BYTES = 5 * 2**20
NO_CLIENT = "This view has no client to read files with: make it with arn.explore(runs, client)."
_NAMES = ("name", "path", "configured_path")

Output = Mapping[str, Any]
"""An output by the columns of OUTPUTS; None where nothing stands."""


def obstacles(outputs: Sequence[Output]) -> list[str | None]:
    """Says why files cannot be shown, whatever the service answers.

    There is a sentence for each output, and None where its file may be shown.

    Args:
        outputs: all outputs of one run.
    """
    own_names = _own_names(outputs)
    return [_obstacle(output, name) for output, name in zip(outputs, own_names, strict=True)]


def _obstacle(output: Output, own_name: str | None) -> str | None:
    if output["status"] == "missing":
        return "The record says that this file is missing."
    if output["kind"] == "directory":
        return "This is a directory."
    if own_name is None:
        return "This output has no name or path that no other output of the run has."
    # Sizes that the page could not hold exactly are texts.
    size = int(output["size_bytes"] or 0)
    if size > MOST_BYTES:
        return f"The file has {size:,} bytes; at most {MOST_BYTES:,} are shown here."
    return None


def _own_names(outputs: Sequence[Output]) -> list[str | None]:
    """Finds a name or path of each output by which the service finds it and no other.

    It is None where an output has none.
    """
    cells = [[output[column] for column in _NAMES] for output in outputs]
    labels = [dict.fromkeys(str(cell) for cell in row if cell) for row in cells]
    carriers = Counter(label for some in labels for label in some)
    return [next((label for label in some if carriers[label] == 1), None) for some in labels]


async def read_file(client: RunSource | None, run: Run, position: int) -> bytes:
    """The bytes of an output.

    Args:
        client: where the run came from.
        run: the run.
        position: which of its outputs.

    Raises:
        RefusedError: there is no file to be had; it says why in one sentence.
    """
    found = run.outputs.astype("object")
    outputs = found.where(found.notna(), None).to_dict("records")
    if position >= len(outputs):
        raise RefusedError("There is no such output.")
    if client is None:
        raise RefusedError(NO_CLIENT)
    reason, name = obstacles(outputs)[position], _own_names(outputs)[position]
    if reason is not None or name is None:
        raise RefusedError(str(reason))
    read, bounds = client.read_output, {"max_bytes": MOST_BYTES, "deadline": SECONDS}
    try:
        return await asyncio.to_thread(read, run, name, **bounds)
    except DeadlineExceededError:
        raise RefusedError(f"The file did not come within {SECONDS} seconds.") from None
    except TooLargeError:
        too_large = f"The file has more than the {MOST_BYTES:,} bytes that are shown here."
        raise RefusedError(too_large) from None
    except AgentRunError as error:
        raise RefusedError(str(error)) from None
