"""What a view asks of a client."""

from __future__ import annotations

from typing import Any, Protocol


class RunSource(Protocol):
    """Whatever runs came from and output files can be read from, such as a Client.

    A view asks for this and not for the Client itself, so that clients may open views. A source
    may have more of the methods of a Client: where it has no `get_logs` there are no logs, and
    where it has no `names` ids stand for themselves.
    """

    def read_output(
        self, run: Any, name: str, *, max_bytes: int | None = None, deadline: float | None = None
    ) -> bytes:
        """The bytes of an output of a run."""
        ...
