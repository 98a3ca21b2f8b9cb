"""A view as one file that needs neither a kernel nor a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agentrun_nb._version import __version__
from agentrun_nb.core.arguments import read_path
from agentrun_nb.drawing.html import Markup, el
from agentrun_nb.files.atomic import replacing
from agentrun_nb.files.html import DATA, seal
from agentrun_nb.widget.page import Message
from agentrun_nb.widget.view import STATIC

_BOOT = """
const text = (id) => document.getElementById(id).textContent;
const page = JSON.parse(text("arn-data"));
const bytes = (part) => Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
page.buffers = page.buffers.map(bytes);
const scripts = JSON.parse(text("arn-modules"));
const address = (code) => URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
const shared = address(scripts.shared);
// Modules from memory have no folder, so what they import is named by its address.
const run = (code) => import(address(code.replaceAll("./shared.js", shared)));
const { mount } = await run(scripts.widget);
mount(document.getElementById("arn-place"), page, () => run(scripts.later));
"""

_STYLE = "margin:1em auto;max-width:90em;padding:0 1em;font:14px/1.5 system-ui,sans-serif"


def write_page(path: str | Path, html: bytes) -> Path:
    """Writes the file.

    Args:
        path: where to.
        html: what `page_html` gave.

    Returns:
        The path.

    Raises:
        DataError: the file cannot be written.
    """
    file_path = read_path(path)
    with replacing(file_path) as file:
        file.write(html)
    return file_path


def page_html(
    message: Message, traits: Mapping[str, Any], contents: str, table: bytes | None = None
) -> bytes:
    """A page that opens by itself, as the bytes of a file.

    Args:
        message: the page with all its buffers.
        traits: the shared values that it opens with.
        contents: a sentence that says what the file holds.
        table: the runs as a Parquet file, by which `load` gives them back; None where it has none.
    """
    page, buffers = message
    data = {
        "page": page,
        "buffers": [base64.b64encode(part).decode() for part in buffers],
        "traits": dict(traits),
        "table": None if table is None else base64.b64encode(table).decode(),
    }
    digest = hashlib.sha256(_BOOT.encode()).digest()
    boot = base64.b64encode(digest).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{boot}' blob:; "
        "style-src 'unsafe-inline'; img-src data:"
    )
    sheets = ("widget", "later")
    styles = "".join((STATIC / f"{name}.css").read_text("utf-8") for name in sheets)
    modules = ("widget", "shared", "later")
    scripts = {name: (STATIC / f"{name}.js").read_text("utf-8") for name in modules}
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    head = el(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Markup('<meta name="viewport" content="width=device-width">'),
        el("title", page["title"]),
        el("style", Markup(styles.replace("</", "<\\/"))),
    )
    origin = f"{contents} Written {written} by agentrun_nb {__version__}."
    footer = el("p", origin, style="opacity:.8;font-size:12px")
    off = "This file shows its runs by a script of its own, which is switched off here."
    title = el("h1", page["title"], style="font-size:16px")
    body = el(
        "body",
        el("main", title, el("div", id="arn-place"), footer, el("noscript", off)),
        _data(DATA, data),
        _data("arn-modules", scripts),
        el("script", Markup(_BOOT), type="module"),
        style=_STYLE,
    )
    html = el("html", head, body, lang="en", style="color-scheme:light dark")
    return seal(f"<!doctype html>\n{html}\n".encode())


def _data(name: str, value: Any) -> Markup:
    """JSON inside a page, where neither `</script` nor `<!--` may stand."""
    text = Markup(json.dumps(value).replace("<", "\\u003c"))
    return el("script", text, type="application/json", id=name)
