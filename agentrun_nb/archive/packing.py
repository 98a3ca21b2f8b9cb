"""Many byte strings as one compressed body, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from agentrun_nb.errors import ArchiveDamagedError, TooLargeError

LARGEST = 2**30
"""How many bytes a body may have before it is compressed; what has more is not written."""

LARGEST_COMPRESSED = 999_000_000
"""How many bytes it may have then: SQLite takes a row of 1,000,000,000."""

PART_HEADER = 5
"""The most bytes that a body has beside those of each part, and once of its own."""

_PARTS = msgspec.msgpack.Decoder(list[bytes])


class Packed(NamedTuple):
    """A compressed body.

    Attributes:
        size: the number of bytes before it was compressed.
        body: the compressed bytes.
    """

    size: int
    body: bytes


def compress(content: bytes) -> Packed:
    """Compresses bytes with zstd.

    Raises:
        TooLargeError: they are more than could be read again.
    """
    if len(content) > LARGEST:
        raise _too_large(len(content), LARGEST)
    body = pa.compress(content, codec="zstd", asbytes=True)
    if len(body) > LARGEST_COMPRESSED:
        raise _too_large(len(body), LARGEST_COMPRESSED)
    return Packed(len(content), body)


def expand(packed: Packed) -> bytes:
    """Returns the bytes that were compressed.

    Raises:
        ArchiveDamagedError: they cannot be read.
    """
    try:
        if not 0 <= packed.size <= LARGEST:
            raise ValueError("its size is out of range")
        content: bytes = pa.decompress(packed.body, packed.size, codec="zstd", asbytes=True)
    except (pa.ArrowException, OSError, ValueError, TypeError) as error:
        raise _unreadable(str(error)) from None
    return content


def fits(parts: int, size: int) -> bool:
    """Whether byte strings fit into one body.

    Args:
        parts: how many they are.
        size: how many bytes they have together.
    """
    return size + PART_HEADER * (parts + 1) <= min(LARGEST, LARGEST_COMPRESSED)


def pack(parts: Sequence[bytes]) -> Packed:
    """Packs byte strings into one body.

    Raises:
        TooLargeError: they are more than could be read again.
    """
    return compress(msgspec.msgpack.encode(parts))


def unpack(packed: Packed) -> list[bytes]:
    """Returns the byte strings of a body.

    Raises:
        ArchiveDamagedError: they cannot be read.
    """
    try:
        return _PARTS.decode(expand(packed))
    except msgspec.MsgspecError as error:
        raise _unreadable(str(error)) from None


def digest_of(content: bytes) -> bytes:
    """The SHA-256 of bytes."""
    return hashlib.sha256(content).digest()


def _too_large(size: int, most: int) -> TooLargeError:
    sentence = f"It has {size:,} bytes, and an archive takes {most:,} in one place."
    return TooLargeError(sentence, hint="client.save_outputs saves large files into a folder.")


def _unreadable(reason: str) -> ArchiveDamagedError:
    sentence = f"A part of the archive cannot be read: {reason[:200]}."
    return ArchiveDamagedError(sentence, hint="archive.check() says which runs can be read.")
