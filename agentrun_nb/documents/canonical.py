"""Writes parsed JSON as canonical text: the same for equal values, another for different ones."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from secrets import token_hex
from typing import Any

from agentrun_nb.core import jsontext
from agentrun_nb.documents.reading import BROKEN, read

TOO_DEEP = "(too deep to write here)"
"""Stands for a value whose nesting is deeper than `json` can write."""

_DECIMAL = token_hex(16)
"""Marks a number that `json` cannot write; nobody who writes a document can know it."""

_MARKED = re.compile(rf'"{_DECIMAL}([^"]*)"')


def canonical_text(value: Any, too_deep: str = TOO_DEEP) -> str:
    """Writes a parsed document as compact JSON with sorted keys.

    Args:
        value: the document, with integers exact and decimals as float or Decimal.
        too_deep: what to return where it is nested too deep to be written.
    """
    try:
        text = json.dumps(
            value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_marked
        )
    except RecursionError:
        return too_deep
    if _DECIMAL in text:
        text = _MARKED.sub(r"\1", text)
    return jsontext.valid_unicode(text)


def _marked(number: Any) -> str:
    """Writes a Decimal as a marked text, since `json` cannot write it as a number.

    Trailing zeros are moved into the exponent, so that 10e399 and 1e400 are one number. An integer
    stays in full.
    """
    if not isinstance(number, Decimal):
        return str(number)
    sign, digits, exponent = number.as_tuple()
    if exponent and isinstance(exponent, int):
        significant = "".join(map(str, digits)).rstrip("0")
        zeros = len(digits) - len(significant)
        first_digits = tuple(map(int, significant)) or (0,)
        number = Decimal((sign, first_digits, exponent + zeros))
    return f"{_DECIMAL}{number}"


def parse_or_text(text: str) -> Any:
    """Parses a document; returns the text itself where it is not JSON."""
    value = read(text)
    return text if value is BROKEN else value
