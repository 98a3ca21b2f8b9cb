"""Reads and decompresses the bodies of answers, up to a limit on their bytes.

The limit holds for the bytes on the wire and for the decompressed ones.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Iterator

from agentrun_nb.errors import BadResponseError, TooLargeError

STEP = 1 << 20
"""The number of bytes that are decompressed at once."""

IN_BETWEEN = "A proxy or a cache in between may be at fault: check it, and the base_url."

ACCEPTED = "gzip, deflate"

# The `wbits` of zlib: the largest window, and what stands around the compressed data.
_GZIP, _ZLIB, _RAW_DEFLATE = 31, 15, -15


async def read_body(chunks: AsyncIterable[bytes], encoding: str, cap: int) -> bytes:
    """Reads and decodes a body.

    Args:
        chunks: what came over the wire.
        encoding: the `Content-Encoding` header.
        cap: the most bytes, on the wire and decompressed.

    Raises:
        TooLargeError: the body is larger than the cap; reading stopped there.
        BadResponseError: it is not encoded as the header says.
    """
    inflater = _inflater(encoding.strip().lower())
    parts: list[bytes] = []
    received = decoded = 0
    async for chunk in chunks:
        received += len(chunk)
        for part in inflater.feed(chunk) if inflater else (chunk,):
            decoded += len(part)
            if decoded > cap:
                break
            parts.append(part)
        if max(received, decoded) > cap:
            message = f"The answer is larger than {cap:,} bytes."
            raise TooLargeError(message, hint="Allow more with Client(max_bytes=…).")
    if inflater and not inflater.whole:
        raise BadResponseError("The compressed answer ends too early.", hint=IN_BETWEEN)
    return b"".join(parts)


def _inflater(encoding: str) -> Inflater | None:
    if encoding in ("", "identity"):
        return None
    if encoding in ("gzip", "x-gzip", "deflate"):
        return Inflater(encoding)
    raise BadResponseError(
        f"The answer is encoded as {encoding[:40]!r}, which was not asked for.", hint=IN_BETWEEN
    )


class Inflater:
    """Decompresses a gzip or deflate stream in steps of at most `STEP` bytes.

    Attributes:
        whole: whether the stream has come to its end.
    """

    def __init__(self, encoding: str) -> None:
        self.whole = False
        self._encoding = encoding
        self._begun = False
        self._stream = zlib.decompressobj(_GZIP if encoding != "deflate" else _ZLIB)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Decompresses a chunk, step by step.

        Raises:
            BadResponseError: it is not what the header says.
        """
        data, full = chunk, False
        while data or full:
            if self.whole:
                if self._encoding == "deflate":
                    raise BadResponseError(
                        "The compressed answer goes on after its end.", hint=IN_BETWEEN
                    )
                self._stream, self.whole = zlib.decompressobj(_GZIP), False
            try:
                part = self._stream.decompress(data, STEP)
            except zlib.error:
                self._unwrap(data)
                continue
            self._begun = True
            self.whole = self._stream.eof
            data = self._stream.unused_data or self._stream.unconsumed_tail
            full = len(part) == STEP and not self.whole
            yield part

    def _unwrap(self, data: bytes) -> None:
        """Goes on without the header of zlib, which some servers leave out of deflate."""
        if self._begun or self._encoding != "deflate":
            plain = not self._begun and data.lstrip()[:1] in (b"{", b"[", b"<")
            found = "plain text" if plain else "damaged"
            raise BadResponseError(
                f"The answer is said to be {self._encoding} and is {found}.", hint=IN_BETWEEN
            )
        self._begun, self._stream = True, zlib.decompressobj(_RAW_DEFLATE)
