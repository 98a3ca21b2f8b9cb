"""Reduces reasons of failures to fingerprints, which mask what differs from run to run."""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from numbers import Integral

from agentrun_nb.analysis.explanation import explanation

_LONGEST = 2_000
"""How many characters are read from the beginning of the part of a reason that says why.

As many are read from its end.
"""

_TELLING_KEY = re.compile(
    r"(?:error_?)?(?:type|message|description)|__type|error|exception|msg|reason|detail|title|kind"
    r"|\w*(?:code|status)",
    re.IGNORECASE,
)
"""Of these keys in a body the value says what happened; of all others only the key stays."""

_BODY = re.compile(r"""[{]\s*(?:["']\w|["']@|\w+:\s)""")
"""The beginning of an object in JSON, or as Python or JavaScript write it."""

_MEMBER = re.compile(
    r"""
    (?P<mark>\\*["']|)(?P<key>[\w@-]{1,40})(?P=mark)\s*[:=]\s*
    (?:(?P<opened>[\[{])
        | \\*"(?P<double>(?:[^"\\]|\\.)*+)"? | \\*'(?P<single>(?:[^'\\]|\\.)*+)'?
        | (?P<bare>[\w.+-]+))
    """,
    re.VERBOSE | re.DOTALL,
)
"""A key of such an object and its value: quoted, bare, or the bracket that opens it."""

_NAMING = (
    r"named|name|module|attribute|column|relation|table|field|argument|parameter|param|property"
    r"|reading|function|method|class|type|constraint|index|extension|option|command|package"
    r"|library|symbol|import|from|variable|key|operation|label|tool|object has no attribute"
    r"|KeyError|NameError"
)
"""Behind these words a quoted name is a part of the program, and so of what happened."""

_PHRASES = "|".join(re.escape(status.phrase) for status in HTTPStatus if status >= 400)
_UNITS = (
    r"[KMGT]i?B?|bytes?|B|ms|msecs?|milliseconds?|us|µs|μs|microseconds?|ns|s|secs?|seconds?"
    r"|m|mins?|minutes?|h|hrs?|hours?|d|days?|%"
)
_NUMBER = rf"\d+(?:[.,:]\d+)*(?:\.(?=[ ](?:{_UNITS})\b))?(?:e[+-]?\d+)?"
_QUANTITY = (
    rf"{_NUMBER}(?:(?:[ ]?(?:{_UNITS})(?![^\W_]))"
    rf"|(?:(?:h|m|s|ms|d){_NUMBER})*(?:h|m|s|ms)(?![^\W_]))?"
)
_DAY = r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*"
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_FILE = (
    r"csv|tsv|jsonl?|ndjson|txt|pdf|xlsx?|docx?|pptx?|parquet|feather|png|jpe?g|gif|webp|svg"
    r"|mp[34]|wav|md|html?|xml|log|zip|tar|t?gz|ya?ml|toml|ini|env|db|sqlite3?|pkl|npy|h5"
)
_DOMAIN = r"com|net|org|io|ai|dev|cloud|internal|local|localdomain|example|svc|eu|de|uk"

_CHANGING = rf"""
      (?P<keep>\b[a-z_]{{0,20}}(?:code|status|http(?:/[\d.]+)?|errno|winerror|signal|sqlstate)
            ["']?[\s:=\[(]{{0,3}}["']?-?\d{{1,5}}\b(?!\.\d)
        | (?<![\w.-])[45]\d\d\b
            (?=[ ](?:{_PHRASES}|client[ ]error|server[ ]error|error)\b
                |[ ]?\{{|[ ](?-i:[A-Z_]{{6,}}))
        | (?:error:?[ ]
            |\b(?:returned|responded[ ]with|answered|replied|response|got|received)[:]?[ ])
            [45]\d\d\b(?![.,:]?\d|[ ][a-z]+s\b)
        | \bresponse[ ]\[\d{{3}}\] | (?:failed|error)[ ]\([45]\d\d\)
        | \b(?:ORA|PLS|TNS|DPI|DPY|SQL|TS|CS)-?\d{{3,5}}\b)
    | (?P<address>\b[a-z][a-z\d+.-]*://[^\s'"<>]+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
        | \b\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?::\d+)?\b
        | (?<![\w:.])(?=[\da-f:]*[\da-f])[\da-f]{{0,4}}(?::[\da-f]{{0,4}}){{3,7}}(?![\w:])
        | (?<![\w.@/-])(?:localhost|(?:[\w-]+\.)+(?:{_DOMAIN}))(?::\d+)?(?![\w/.-]|\.\w))
    | (?P<value>(?<=input_value=)[^\n]*?(?=,[ ]input_type=))
    | (?P<text>(?<!\w)(?P<quote>['"`])(?P<inside>.*?)(?P=quote)(?!\w) | “[^”]*” | ‘[^’]*’ | «[^»]*»)
    | (?P<path>(?<![\w.])(?:[a-z]:\\|~?/|\.{{1,2}}/)[\w.@+/\\-]+
        | (?<![\w.])[\w.@+-]+(?:/[\w@+-]+)*/[\w@+-]+\.\w+
        | (?<![\w.])[\w-]+\.(?:{_FILE})\b(?!\.\w))
    | (?P<time>\b\d{{4}}[-/]\d\d[-/]\d\d(?:[T ]{_CLOCK}(?:[ ]?(?:Z|UTC|[+-]\d\d:?\d\d))?)?\b
        | \b{_DAY},?[ ](?:\d\d?[ ]{_MONTH}[ ]\d{{4}}|{_MONTH}[ ]{{1,2}}\d\d?)
            [ ]{_CLOCK}(?:[ ](?:GMT|UTC|\d{{4}}))?\b)
    | (?P<name>\b(?:gpt|chatgpt|claude|gemini|gemma|llama|mistral|mixtral|deepseek|qwen|grok)
            -?[\w.:-]*\d[\w.:-]*\b
        | (?<![\w.-])(?=[a-z\d-]*\d)[a-z][a-z\d]*(?:-[a-z\d]+){{2,}}(?![\w-]))
    | (?P<n>\b[\da-f]{{8}}(?:-[\da-f]{{4}}){{3}}-[\da-f]{{12}}\b | \b0x[\da-f]+\b
        | \b(?:sk|pk|org|proj|user|key|api)-[\w*-]{{6,}} | (?<![\w*-])[\w-]*\*{{3,}}[\w-]*
        | (?<![^\W_])(?=[a-z]*\d)(?=\d*[a-z])[\da-f]{{7,64}}(?![^\W_])
        | (?<![^\W_])(?=[a-z]*\d+[a-z])[\da-z]{{8,64}}(?![^\W_])
        | (?<![\w+/-])(?=[\w+/-]*\d)[\w+/-]{{40,}}={{0,2}}
        | [$€£]?(?:(?<![\w)\]])[+-])?(?<![^\W_]){_QUANTITY}(?:[a-z]{{1,2}}\d+)*)
    """
"""What differs from run to run; the group that matches says its kind.

The kind `keep` comes first: it looks as if it differed, and says what happened, such as a code.
"""
_KINDS = ("keep", "address", "value", "text", "path", "time", "name", "n")


@cache
def _changing() -> re.Pattern[str]:
    """The pattern of `_CHANGING`, which takes as long to compile as ten modules to import."""
    return re.compile(_CHANGING, re.VERBOSE | re.IGNORECASE)


_CLASS = re.compile(r"\A\s*[\w.]+(?:Error|Exception): (?=Error code: \d)")
"""The class of an error of a client for a model, which its code says again."""

_ONE = re.compile(
    r"\b1 (validation error|attempt|error|row|file|item|time|token|request|record|page|test)\b"
)
_REPEATED = re.compile(r"(<[a-z]+>)(?:(?:, |,| and | x |/)\1)*(?:,(?=\)))?")
"""Of a list of masked values one is left, and of a tuple of one too."""

_LEADING_TIME = re.compile(r"\A\[?<time>\]?[\s:-]*(?=\S)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_.-]+")
_HTTP = re.compile(rf"[1-5]\d\d (?:{_PHRASES})")
_FEWEST_SPACES = 3
"""A quoted text with fewer is a value, not a sentence."""

_TYPES = {"NoneType", "str", "int", "float", "bool", "list", "dict", "tuple", "set", "bytes"}
_BEFORE_NAME = re.compile(rf"(?:\b(?:{_NAMING})s?|Error)[\s:(=]{{0,2}}\Z")
_BEFORE_SENTENCE = re.compile(
    r"(?:Error|Exception)[:(]\s?\Z|(?:Error|Exception)\([^()]{0,200}, \Z|error \Z|\(\d+, \Z"
)


def fingerprint(reason: object) -> str:
    """Masks what differs from run to run in a reason, so that equal failures have equal texts.

    Numbers with their units and ids become `<n>`, and likewise `<time>`, `<path>`, `<address>`,
    `<text>` (quoted) and `<name>` (of a model or a machine). What says what happened stays: the
    number after code, status, HTTP, errno or signal; a quoted name of the program's own
    (`KeyError: 'amount'`, `No module named 'x'`); and of a body in JSON, or as Python writes it,
    the values of `type`, `code`, `message` and their like. Of a traceback the last exception is
    read, and the service's words before the agent's own are left out.

    Example:
        >>> fingerprint("killed, out of memory at 1.5 GiB")
        'killed, out of memory at <n>'
    """
    if not isinstance(reason, str) or not reason.strip():
        return "no reason recorded"
    text = _CLASS.sub("", explanation(reason))
    if len(text) > 2 * _LONGEST:
        text = f"{text[:_LONGEST]} … {text[-_LONGEST:]}"
    text = _masked(_without_bodies(text))
    text = _REPEATED.sub(r"\1", " ".join(text.split()))
    return _LEADING_TIME.sub("", text) or "no reason recorded"


def _masked(text: str) -> str:
    """Replaces each thing that differs from run to run by its kind in angle brackets."""
    return _changing().sub(_mask, _ONE.sub(r"1 \1s", text))


def _mask(match: re.Match[str]) -> str:
    kind = next(name for name in _KINDS if match[name] is not None)
    if kind == "keep":
        return match[0]
    if kind == "value":
        return "<text>"
    return _quoted(match) if kind == "text" and match["inside"] else f"<{kind}>"


def _quoted(match: re.Match[str]) -> str:
    """Masks a quoted text unless it says what happened.

    A name of the program's own stays, a sentence of an error is masked inside, all else goes.
    """
    inside = match["inside"]
    before = match.string[max(0, match.start() - 240) : match.start()]
    if _NAME.fullmatch(inside) and (inside in _TYPES or _BEFORE_NAME.search(before)):
        return f"'{inside}'"
    if not any(map(str.isalnum, inside)) and len(inside) in (1, 2):
        return match[0]
    if _HTTP.fullmatch(inside):
        return f"'{inside}'"
    if inside.count(" ") >= _FEWEST_SPACES and _BEFORE_SENTENCE.search(before):
        return f"'{_masked(inside)}'"
    for kind in ("path", "address"):
        found = _changing().fullmatch(inside)
        if found and found[kind] is not None:
            return f"<{kind}>"
    return "<text>"


def _without_bodies(text: str) -> str:
    """Replaces each object in a text by those of its values that say what happened.

    The objects, called bodies here, are in JSON or as Python or JavaScript write them.
    """
    parts, place = [], 0
    while begin := _BODY.search(text, place):
        end = _closing(text, begin.start())
        parts += [text[place : begin.start()], _words_of(text[begin.start() : end])]
        place = end
    return "".join([*parts, text[place:]])


def _closing(text: str, start: int) -> int:
    """Where the brace at `start` is closed; the end of the text where it is cut off."""
    depth = 0
    marks = r"""[{}]|"(?:[^"\\]|\\.)*+"|(?<!\w)'(?:[^'\\]|\\.)*+'(?!\w)"""
    for mark in re.finditer(marks, text[start:]):
        depth += {"{": 1, "}": -1}.get(mark[0], 0)
        if depth == 0:
            return start + mark.end()
    return len(text)


def _words_of(body: str) -> str:
    """Gives the values of a body that say what happened, each once.

    Where none does, it gives the names of the body's keys.
    """
    words: dict[str, None] = {}
    keys: dict[str, None] = {}
    for member in _MEMBER.finditer(body):
        value = next((member[name] for name in ("double", "single", "bare") if member[name]), "")
        keys[member["key"]] = None
        if not _TELLING_KEY.fullmatch(member["key"]) or value in ("", "null", "None"):
            continue
        # A number here is a code, and stays by the word before it; a text may be another body.
        plain = value.replace("\\n", " ").replace("\\", "")
        words[_without_bodies(f"code {value}" if value.isdecimal() else plain)] = None
    return " ".join(words) if words else "{" + ", ".join(sorted(keys)) + "}"


_MEANINGS = {
    0: "the process itself ended well", 124: "stopped by timeout, where that command ran it",
    126: "the command was found and could not be run", 127: "the command was not found",
}  # fmt: skip
_SIGNALS = {
    1: "SIGHUP", 2: "SIGINT, interrupted", 6: "SIGABRT, it aborted itself",
    13: "SIGPIPE", 15: "SIGTERM, asked to stop",
    9: "SIGKILL, as by a limit of memory or time", 11: "SIGSEGV, a fault of memory access",
}  # fmt: skip


def exit_meaning(code: object) -> str | None:
    """Says what an exit code means by the habit of shells.

    These are 0, 124, 126 and 127, and 128 + n or -n for signal n. Any other code is the program's
    own, and the meaning is None.
    """
    if not isinstance(code, Integral):
        return None
    number = int(code)
    signal = -number if number < 0 else number - 128
    ended = f"ended by signal {signal}: {_SIGNALS[signal]}" if signal in _SIGNALS else None
    return _MEANINGS.get(number) or ended
