"""Finds the part of a failure's reason that says why: the end of a traceback, an error message."""

from __future__ import annotations

import re

_HEAD, _TAIL = 2_000, 6_000
"""The number of characters that are read from the beginning and from the end of a reason."""

_PREFIX = re.compile(
    r"\s*(?:entrypoint|process|command|program|script|job|agent|task|container)"
    r" (?:failed|ended|exited|stopped) with (?:exit )?(?:code|status) -?\d+\s*[:.,-]\s*(?=\S)",
    re.IGNORECASE,
)
"""The words of the service before those of the agent; the exit code has its own column."""

_FRAME = re.compile(r'^[ \t|+-]*File "[^"\n]*", line \d+.*$', re.MULTILINE)
"""A line of a Python traceback that names a file."""

_STACK = re.compile(
    # A place in a stack of JavaScript or Java, or of node's own machine code.
    r"[ \t]+at [^\n]*[:(][^\n]*|[ \t]*\d+: 0x[\da-f]+[^\n]*"
    # What tools add, and what has nothing to do with the failure.
    r"|Node\.js v\d\S*|\[notice\][^\n]*|npm notice[^\n]*|[ \t]*\.\.\. \d+ more"
    # Where in a database's text something was found, and the mark under it.
    r"|LINE \d+: [^\n]*|[ \t]*[\^~]+[ \t]*"
)
"""Lines that say where something failed, and not why."""

_SOURCE = re.compile(r"\A\S+:\d+\n[^\n]*\n[ \t]*\^+[ \t]*\n")
"""The line of source that node prints before an error that nobody caught."""

_ERROR_LINE = re.compile(
    r"^[ \t]*(?:ERROR|FATAL|FATAL ERROR|Error|error|fatal|npm ERR!|npm error|E):? ", re.MULTILINE
)
_DETAILS = re.compile(r"^(?:Call log:|Require stack:)$", re.MULTILINE)


def explanation(reason: str) -> str:
    """Returns the part of a reason that says why.

    Args:
        reason: a `failure_reason`. Of a very long one only the beginning and the end are read.

    Returns:
        The last exception of a Python traceback; or else the lines from the first that begins with
        a word for an error; or else everything. Lines of a stack trace and the words of the service
        before those of the agent are left out.
    """
    if len(reason) > _HEAD + _TAIL:
        reason = f"{reason[:_HEAD]}\n{reason[-_TAIL:]}"
    reason = _PREFIX.sub("", reason, count=1)
    if "\n" not in reason:
        return reason
    text = _without_places(_after_traceback(reason)).strip()
    if begin := _ERROR_LINE.search(text):
        text = text[begin.start() :]
    return text or reason


def _after_traceback(reason: str) -> str:
    """Returns what follows the lines of a Python traceback, or everything where there is none."""
    places = list(_FRAME.finditer(reason))
    if not places:
        return reason
    lines = reason[places[-1].end() :].splitlines()[1:]
    # In a group of exceptions each line begins with a bar.
    lines = [re.sub(r"^[ \t]*\|", "", line) for line in lines]
    for number, line in enumerate(lines):
        is_indented = not line[:1].strip()
        is_ruler = not line.strip(" +-")
        if not is_indented and not is_ruler:
            return "\n".join(lines[number:])
    return reason


def _without_places(text: str) -> str:
    """Drops the lines that say where something failed."""
    text = _SOURCE.sub("", text, count=1)
    if details := _DETAILS.search(text):
        text = text[: details.start()]
    return "\n".join(line for line in text.splitlines() if not _STACK.fullmatch(line))
