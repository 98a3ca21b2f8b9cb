"""Many byte strings as one compressed body, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import pyarrow as pa

from agentrun_nb.errors import ArchiveDamagedError

LARGEST = 2**30
"""How many bytes a body may have before it was compressed; SQLite holds no more in one place."""

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
    """Compresses bytes with zstd."""
    return Packed(len(content), pa.compress(content, codec="zstd", asbytes=True))


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


def pack(parts: Sequence[bytes]) -> Packed:
    """Packs byte strings into one body."""
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


def _unreadable(reason: str) -> ArchiveDamagedError:
    sentence = f"A part of the archive cannot be read: {reason[:200]}."
    return ArchiveDamagedError(sentence, hint="archive.check() says which runs can be read.")
