"""Public lists of script injections and naughty strings, where they are at hand, and some of our own."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pandas as pd

from agentrun_nb import runs_frame
from tests.support.samples import record

OWN = [
    "<img src=http://outside.test/own onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "</script><script>alert(1)</script>",
    "</style></textarea></title></template><script>alert(1)</script>",
    "<!--<script>",
    "<iframe srcdoc='<script>parent.alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)' style='position:fixed;inset:0;z-index:99999'>x</a>",
    "<style>*{display:none!important}</style>",
    '<span style="background:url(https://outside.test/style)">x</span>',
    '"><b onmouseover=alert(1) style="position:fixed;inset:0">x</b>',
    "' onfocus='alert(1)' autofocus tabindex='0",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "{{constructor.constructor('alert(1)')()}}${alert(1)}",
    "<form id=host name=stage><input name=model></form>",
    "__proto__",
    "constructor.prototype.polluted",
    "&lt;img src=x onerror=alert(1)&gt;",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "a\u202eb\u2066c\u200bd\u0000e\u001b[31mf\u2028",
    "suc\u0441eeded",
]
BENIGN = ["x", "x" * 4_000, "two\nlines", "a\u202eb\u200bc", "1", "", "run.output[0]"]
"""Harmless texts that are shown in every manner there is: short, clipped, in lines, with signs made visible."""
SAMPLE = 30
TORTURE = os.environ.get("AGENTRUN_NB_PROFILE") == "torture"


@cache
def payloads() -> list[str]:
    """Our own, and of the public ones all in the profile `torture`, else a sample by a fixed seed."""
    public = sorted(_public() - set(OWN))
    return OWN + (public if TORTURE else random.Random(4).sample(public, min(SAMPLE, len(public))))


def batches(size: int) -> Iterator[list[str]]:
    """The payloads in lists of a size that one page can hold."""
    texts = payloads()
    return (texts[start : start + size] for start in range(0, len(texts), size))


def _public() -> set[str]:
    root = os.environ.get("AGENTRUN_NB_CORPORA")
    if not root:
        return set()
    lists = [
        path.read_text("utf-8", "replace").splitlines() for path in Path(root, "xss").glob("*.txt")
    ]
    naughty = [json.loads(path.read_bytes()) for path in Path(root, "naughty").glob("blns.json")]
    return {line for lines in lists + naughty for line in lines if line.strip()}


def hostile_runs(texts: list[str]) -> pd.DataFrame:
    """A run for each text, which has it in all its places: those of the record, and why it could not be fetched."""
    runs = runs_frame([hostile_record(number, text) for number, text in enumerate(texts)])
    return runs.assign(fetch_error=pd.array(texts, dtype=runs["fetch_error"].dtype))


def hostile_record(number: int, text: str) -> dict[str, object]:
    """A record with one text in all its places: keys, values, status, reason, a log message, ids, paths, an error."""
    output = {
        "name": text,
        "path": text,
        "configured_path": text,
        "kind": text,
        "status": text,
        "size_bytes": text,
    }
    return record(
        number,
        status=text,
        id=text,
        deployment_id=text,
        version_id=text,
        mode=text,
        failure_reason=text,
        sandbox_id=text,
        exit_code=text,
        updated_at=text,
        idempotency_key=text,
        input={text: text},
        output_manifest={
            "outputs": [output],
            text: {text: [text]},
            "logs": [{"level": text, "message": text}],
        },
        logs=[{"message": text}],
        error={"code": text, "message": text},
    )
