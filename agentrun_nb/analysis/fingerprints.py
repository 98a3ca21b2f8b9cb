"""What stays the same when the same failure happens again."""

from __future__ import annotations

import re

import pandas as pd

_LONGEST = 2_000
"""Characters of a reason that are read."""

_CHANGING = re.compile(
    r"""
      (?P<keep>\b(?:code|status|http(?:/[\d.]+)?|errno|signal)[\s:=]{0,2}\d{1,3}\b)
    | (?P<address>\b[a-z][a-z\d+.-]*://[^\s'"<>]+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | \b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b
        | (?<![\w:.])(?=[\da-f:]*[\da-f])[\da-f]{0,4}(?::[\da-f]{0,4}){3,7}(?![\w:]))
    | (?P<text>(?<!\w)(?P<quote>['"`]).*?(?P=quote)(?!\w) | “[^”]*” | ‘[^’]*’ | «[^»]*»)
    | (?P<path>(?<![\w.])(?:[a-z]:\\|~?/|\.{1,2}/)[\w.@+/\\-]+ | (?<![\w.])[\w.@+-]+(?:/[\w@+-]+)*/[\w@+-]+\.\w+)
    | (?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?\b)
    | (?P<n>\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b | \b0x[\da-f]+\b
        | (?<![^\W_])(?=[a-z]*\d)(?=\d*[a-z])[\da-f]{7,64}(?![^\W_])
        | (?<![^\W_])(?=[a-z]*\d+[a-z])[\da-z]{8,64}(?![^\W_])
        | (?:(?<![\w)\]])[+-])?(?<![^\W_])\d+(?:[.,:]\d+)*(?:e[+-]?\d+)?(?:[a-z]{1,2}\d+)*)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def fingerprint(reason: object) -> str:
    """What is left of a reason when ids and numbers, times, paths, addresses and quoted text are masked.

    They become `<n>`, `<time>`, `<path>`, `<address>` and `<text>`. A code that says what happened stays: the number
    after code, status, HTTP, errno or signal.
    """
    if not isinstance(reason, str) or not reason.strip():
        return "no reason recorded"
    return " ".join(_CHANGING.sub(_mask, reason[:_LONGEST]).split())


def _mask(match: re.Match[str]) -> str:
    kind = next(name for name in ("keep", "address", "text", "path", "time", "n") if match[name] is not None)
    return match[0] if kind == "keep" else f"<{kind}>"


_MEANINGS = {
    0: "the process itself ended well", 124: "stopped by timeout, where that command ran it",
    126: "the command was found and could not be run", 127: "the command was not found",
}  # fmt: skip
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT, interrupted", 6: "SIGABRT, it aborted itself", 13: "SIGPIPE", 15: "SIGTERM, asked to stop",
    9: "SIGKILL, as by a limit of memory or time", 11: "SIGSEGV, a fault of memory access",
}  # fmt: skip


def exit_meaning(code: object) -> str | None:
    """What an exit code means by the habit of shells: 124 to 127, and 128 + n or -n for signal n; None: its own."""
    if not isinstance(code, int) or pd.isna(code):
        return None
    signal = -code if code < 0 else code - 128
    return _MEANINGS.get(code) or (f"ended by signal {signal}: {_SIGNALS[signal]}" if signal in _SIGNALS else None)
