"""The part of a failure's reason that says why.

That is the end of a traceback, or the lines that call themselves an error.
"""

from __future__ import annotations

import re

_HEAD, _TAIL = 2_000, 6_000
"""Characters that are read from the beginning and from the end of a reason."""

_PREFIX = re.compile(
    r"\s*(?:entrypoint|process|command|program|script|job|agent|task|container)"
    r" (?:failed|ended|exited|stopped) with (?:exit )?(?:code|status) -?\d+\s*[:.,-]\s*(?=\S)",
    re.IGNORECASE,
)
"""What the service writes before the agent's own words; the exit code has a column of its own."""

_FRAME = re.compile(r'^[ \t|+-]*File "[^"\n]*", line \d+.*$', re.MULTILINE)
"""A place in a Python traceback."""

_STACK = re.compile(
    # A place in a stack of JavaScript or Java, or of node's own machine code.
    r"[ \t]+at [^\n]*[:(][^\n]*|[ \t]*\d+: 0x[\da-f]+[^\n]*"
    # What tools add, and what has nothing to do with the failure.
    r"|Node\.js v\d\S*|\[notice\][^\n]*|npm notice[^\n]*|[ \t]*\.\.\. \d+ more"
    # Where in a database's text something was found, and the mark under it.
    r"|LINE \d+: [^\n]*|[ \t]*[\^~]+[ \t]*"
)
"""Lines that tell where, not why."""

_SOURCE = re.compile(r"\A\S+:\d+\n[^\n]*\n[ \t]*\^+[ \t]*\n")
"""The line of source that node prints before an error that nobody caught."""

_ERROR_LINE = re.compile(
    r"^[ \t]*(?:ERROR|FATAL|FATAL ERROR|Error|error|fatal|npm ERR!|npm error|E):? ", re.MULTILINE
)
_DETAILS = re.compile(r"^(?:Call log:|Require stack:)$", re.MULTILINE)


def telling(reason: str) -> str:
    """The part of a reason that says why.

    Args:
        reason: a `failure_reason`, of any length. Of a very long one the beginning and the end are
            read.

    Returns:
        The last exception of a Python traceback, else the lines from the first that calls itself an
        error, else all; without places in a stack and without the service's words before the
        agent's own.
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
    """Gives what follows the last place of a Python traceback and its lines of source.

    It gives all of the reason where there is no traceback.
    """
    places = list(_FRAME.finditer(reason))
    if not places:
        return reason
    lines = reason[places[-1].end() :].splitlines()[1:]
    # In a group of exceptions each line begins with a bar.
    lines = [re.sub(r"^[ \t]*\|", "", line) for line in lines]
    first = next(
        (number for number, line in enumerate(lines) if line[:1].strip() and line.strip(" +-")),
        None,
    )
    return reason if first is None else "\n".join(lines[first:])


def _without_places(text: str) -> str:
    text = _SOURCE.sub("", text, count=1)
    if details := _DETAILS.search(text):
        text = text[: details.start()]
    return "\n".join(line for line in text.splitlines() if not _STACK.fullmatch(line))
