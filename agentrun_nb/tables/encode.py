"""Encodes Python values as JSON text, those of pandas and numpy too."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from agentrun_nb.core import jsontext
from agentrun_nb.core.text import kind_of
from agentrun_nb.errors import SchemaError


def json_value(value: Any) -> Any:
    """Converts a value of pandas, numpy or the standard library to one that JSON has.

    Raises:
        TypeError: there is none for it.
    """
    if value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value).isoformat()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{kind_of(value)} has no place in JSON")


_ENCODER = msgspec.json.Encoder(enc_hook=json_value, decimal_format="number")


def record_bytes(record: Mapping[str, Any]) -> bytes:
    """Encodes a mapping as the bytes of one record.

    Raises:
        SchemaError: it holds something that JSON cannot hold.
    """
    try:
        return _ENCODER.encode(dict(record))
    except UnicodeError:
        # Lone surrogates cannot be written in UTF-8. As escapes they can, and are noted as in any
        # record.
        return json.dumps(dict(record), default=json_value).encode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        hint = "Give texts, numbers, truth values, moments, lists and mappings of them."
        raise SchemaError(f"This mapping cannot be written as JSON: {error}.", hint=hint) from None


def document_text(document: Any) -> str:
    """Writes a document as JSON text; a text is taken as JSON already.

    Lone surrogates become escapes, which mean the same.
    """
    text = document
    if not isinstance(document, str):
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=json_value)
    if text.isascii() or jsontext.valid_unicode(text) == text:
        return str(text)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


_SURROGATE = re.compile("[\ud800-\udfff]")
