"""Where the key could be found, and is not: views of objects, errors in every mode, logs, files, notebooks, pages."""

from __future__ import annotations

import base64
import copy
import dataclasses
import gc
import io
import json
import pickle
import pprint
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import nbformat
import pytest
from IPython.core.ultratb import FormattedTB
from nbclient import NotebookClient

import agentrun_nb as arn
from agentrun_nb.client import Client
from agentrun_nb.errors import AgentRunError
from agentrun_nb.http.wire import Wire
from tests.support.tracebacks import WITHOUT_COLOURS

from .lab import BRISK
from .replies import DEP, KEY, http, page, record
from .server import RESET, Pause, Reply, Request, serving

FORMS = (KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode().rstrip("="))
"""In plain, for a URL, in base64."""

Texts = Iterator[tuple[str, str]]


def found(places: Texts) -> tuple[int, list[str]]:
    """How many places were searched, and in which the key was found in some form."""
    searched = list(places)
    assert len({name for name, _ in searched}) == len(searched)
    return len(searched), [name for name, text in searched if any(form in text for form in FORMS)]


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(Wire, "policy", BRISK)


def failing(how: Callable[..., object]) -> Callable[[object], str]:
    """A view that may refuse, in which case its refusal is what is seen."""

    def view(held: object) -> str:
        try:
            return str(how(held))
        except Exception as error:
            return "".join(traceback.format_exception(error))

    return view


def whole(held: object) -> object:
    return (
        dataclasses.asdict(held)
        if dataclasses.is_dataclass(held) and not isinstance(held, type)
        else held
    )


VIEWS: dict[str, Callable[[object], str]] = {
    "repr": repr,
    "str": str,
    "format": "{!s:>400}".format,
    "vars": failing(lambda held: vars(held)),
    "dir": lambda held: str(dir(held)),
    "attributes": failing(lambda held: [getattr(held, name) for name in dir(held)]),
    "pprint": pprint.pformat,
    "bytes": lambda held: str(failing(bytes)(held)),
    "copy": failing(lambda held: vars(copy.copy(held))),
    "deepcopy": failing(copy.deepcopy),
    "pickle": failing(pickle.dumps),
    "reduce": failing(lambda held: held.__reduce_ex__(4)),
    "json": failing(lambda held: json.dumps(held, default=lambda odd: vars(odd))),
    "asdict": failing(whole),
    "getstate": failing(lambda held: held.__getstate__()),
}


def views(held: dict[str, object]) -> Texts:
    for (name, thing), (way, view) in (
        (thing, view) for thing in held.items() for view in VIEWS.items()
    ):
        yield f"{way} of {name}", view(thing)


def test_no_view_of_any_object_shows_the_key() -> None:
    with (
        serving(lambda request, number: [http(record(request.last))]) as server,
        Client(KEY, server.url) as client,
    ):
        run, runs = client.get_run(DEP, "run_1"), client.get_runs(DEP, ["run_1"], progress=False)
        settings = client._wire.settings
        held = {
            "client": client,
            "settings": settings,
            "secret": settings.secret,
            "run": run,
            "frame": runs,
            "report": arn.fetch_report(runs),
            "check": client.check(),
        }
        count, places = found(views(held))
    print(f"{count} views, found in {len(places)}")
    assert count >= 60
    assert places == []


def test_the_views_of_a_plain_client_show_it() -> None:
    """The control."""
    count, places = found(
        views(
            {
                "namespace": SimpleNamespace(api_key=KEY),
                "httpx": httpx.Request("GET", "http://x", params={"k": KEY}),
            }
        )
    )
    assert len(places) > count / 3


def echo(request: Request, number: int) -> Reply:
    """A service that repeats the key wherever it can, by the run that is asked for."""
    text = " ".join(FORMS)
    body = {"error": {"code": KEY, "message": text, "request_id": KEY, "details": text}, "id": text}
    headers = (
        f"Location: https://evil.test/{KEY}",
        f"X-Request-Id: {KEY}",
        f"Set-Cookie: k={KEY}",
        "Retry-After: 0",
    )
    if request.last.isdigit():
        return [http(body, f"{request.last} X", *headers)]
    replies: dict[str, Reply] = {
        "html": [http(f"<html>{text}".encode(), "200 OK", *headers)],
        "cut": [http(f'{{"id":"{text}'.encode(), "200 OK", *headers)],
        "reset": [RESET],
        "silent": [Pause(60)],
        "gzip": [http(text.encode(), "200 OK", "Content-Encoding: gzip", *headers)],
        "br": [http(text.encode(), "200 OK", f"Content-Encoding: {KEY}", *headers)],
        "noise": [f"{KEY}\r\n\r\n".encode(), RESET],
        "file": [http({"error": text}, "404 X")],
        "runs": [page(record(), next_cursor=["x"])],
    }
    return replies.get(request.last, [http(record(KEY))])


FAILURES = ("204", "302", "400", "401", "403", "404", "409", "422", "429", "500", "501", "503", "html", "cut", "reset",
            "silent", "gzip", "br", "noise", "other", "../x", "")  # fmt: skip


IN_BULK = [name for name in FAILURES if name != "401"]
"""Those that are rows; a refused key ends a call."""


def reachable(root: BaseException, depth: int = 6) -> Iterator[object]:
    """Everything that can be reached from an exception."""
    seen: set[int] = set()
    layer: list[object] = [root]
    for _ in range(depth):
        layer = [item for item in gc.get_referents(*layer) if id(item) not in seen]
        seen.update(map(id, layer))
        yield from layer


def modes(name: str, error: BaseException) -> Texts:
    """An error as it is shown in every way there is."""
    kind, trace = type(error), error.__traceback__
    yield (
        f"{name}: str",
        f"{error} {error!r} {error.args} {vars(error)} {getattr(error, '__notes__', '')}",
    )
    yield f"{name}: traceback", "".join(traceback.format_exception(error))
    yield (
        f"{name}: with locals",
        "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()),
    )
    for mode in ("Plain", "Context", "Verbose", "Minimal", "Docs"):
        shown = FormattedTB(
            mode=mode, **WITHOUT_COLOURS, ostream=io.StringIO()
        ).structured_traceback(kind, error, trace)
        yield f"{name}: IPython {mode}", "\n".join(shown)
    frames = [
        frame for frame, _ in traceback.walk_tb(trace) if "agentrun_nb" in frame.f_code.co_filename
    ]
    yield (
        f"{name}: locals of our frames",
        str([{k: repr(v) for k, v in frame.f_locals.items()} for frame in frames]),
    )
    yield f"{name}: cause and context", f"{error.__cause__!r} {error.__context__!r}"
    error.__traceback__ = None
    texts = [item for item in reachable(error) if isinstance(item, str | bytes)]
    yield (
        f"{name}: all that can be reached",
        str([text for text in texts if any(form in str(text) for form in FORMS)]),
    )


def raised(call: Callable[[], object]) -> BaseException:
    try:
        call()
    except (AgentRunError, httpx.HTTPError, ValueError) as error:
        return error
    raise AssertionError("it was to fail")


def errors_of(client: Client) -> Texts:
    for name in FAILURES:
        yield from modes(name, raised(lambda name=name: client.get_run(DEP, name)))


def test_no_error_shows_the_key_in_any_mode() -> None:
    with serving(echo) as server, Client(KEY, server.url, timeout=0.2, deadline=0.5) as client:
        count, places = found(errors_of(client))
        rows = client.get_runs(DEP, IN_BULK, progress=False)
        more, there = found(
            (f"row {number}", text) for number, text in enumerate(rows["fetch_error"])
        )
    count += more
    print(f"{count} errors as shown, found in {len(places + there)}")
    assert count >= 200
    assert places + there == []


def test_a_plain_error_shows_it() -> None:
    """The control."""
    with serving(echo) as server:
        target = f"{server.url}/v1/x/302"

        def call() -> object:
            return httpx.get(
                target, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False
            ).raise_for_status()

        _, places = found(modes("plain", raised(call)))
    assert len(places) >= 3


def constructors() -> Texts:
    cases: dict[str, dict[str, object]] = {
        "unsafe address": {"base_url": "http://api.test"},
        "key in the address": {"base_url": f"https://{KEY}@api.test"},
        "key as the address": {"base_url": KEY},
        "key in the query": {"base_url": f"https://api.test?k={KEY}"},
        "bad limit": {"timeout": -1},
        "no switch": {"allow_http": "no"},
        "no transport": {"transport": 5},
        "key in the proxy, which is no Unicode": {"proxy": f"http://{KEY}:\ud800@proxy.test"},
        "bad proxy": {"proxy": f"socks5://{KEY}"},
        "blank in the key": {"api_key": f"{KEY} "},
        "line in the key": {"api_key": f"{KEY}\n"},
        "bytes": {"api_key": KEY.encode()},
    }
    for name, settings in cases.items():
        error = raised(lambda settings=settings: Client(**{"api_key": KEY} | settings))  # type: ignore[arg-type]
        yield f"{name}: str", f"{error} {error!r} {vars(error)}"
        frames = [
            frame
            for frame, _ in traceback.walk_tb(error.__traceback__)
            if "/agentrun_nb/" in frame.f_code.co_filename
        ]
        if "address" not in name and "query" not in name and "proxy" not in name:
            yield (
                f"{name}: locals of our frames",
                str([{k: repr(v) for k, v in frame.f_locals.items()} for frame in frames]),
            )


def test_no_constructor_that_fails_shows_the_key() -> None:
    count, places = found(constructors())
    assert count >= 12
    assert places == []


def test_no_log_at_any_level_shows_key_cursor_or_query(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(1)
    for name in ("httpx", "httpcore", "aiohttp", "aiohttp.client", "asyncio", "agentrun_nb"):
        caplog.set_level(1, logger=name)  # put back after this test, as other tests read logs too

    def script(request: Request, number: int) -> Reply:
        return [page(record(), next_cursor=None if "cursor" in request.query else "secret-cursor")]

    with serving(script) as server, Client(KEY, server.url) as client:
        client.list_runs(DEP, status="failed", progress=False)
    told = "\n".join(f"{entry.getMessage()} {entry.args} {vars(entry)}" for entry in caplog.records)
    assert not [form for form in (*FORMS, "secret-cursor", "status=failed") if form in told]
    with serving(script) as server:
        httpx.get(server.url, params={"cursor": "secret-cursor"}, trust_env=False)
    assert "secret-cursor" in caplog.text  # the control


NOTEBOOK = """
import agentrun_nb as arn
client = arn.Client(base_url=URL, timeout=0.2, deadline=0.5)
client
---
runs = client.get_runs("dep_1", NAMES, progress=True)
runs
---
%xmode Verbose
client.get_run("dep_1", "401")
---
%xmode Context
client.get_run("dep_1", "500")
---
client.get_run("dep_1", "cut")
---
client.list_runs("dep_1")
---
arn.explore(runs, client)
---
arn.explore(client.get_run("dep_1", "run_1"), client)
---
import ipywidgets, json
json.dumps(ipywidgets.Widget.get_manager_state())
---
{**globals()}
"""


def test_no_notebook_holds_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run with failures in every mode, with the view and the state of its widgets, and written to a file."""

    def script(request: Request, number: int) -> Reply:
        return [http(record("run_1"))] if request.last == "run_1" else echo(request, number)

    monkeypatch.setenv("AGENTRUN_API_KEY", KEY)
    with serving(script) as server:
        source = NOTEBOOK.replace("URL", repr(server.url)).replace(
            "NAMES", repr([*IN_BULK, "run_1"])
        )
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in source.split("---\n")]
        )
        NotebookClient(notebook, timeout=60, allow_errors=True, store_widget_state=True).execute()
    saved = tmp_path / "saved.ipynb"
    nbformat.write(notebook, saved)
    text = saved.read_text("utf-8")
    assert [form for form in FORMS if form in text] == []
    for seen in (
        "UnauthorizedError",
        "ServerError",
        "BadResponseError",
        "application/vnd.jupyter.widget",
    ):
        assert seen in text


def test_no_file_holds_the_key(tmp_path: Path) -> None:
    with (
        serving(lambda request, number: echo(request, number)) as server,
        Client(KEY, server.url, deadline=0.5) as client,
    ):
        runs = client.get_runs(DEP, IN_BULK, progress=False)
    for name in ("runs.parquet", "runs.csv"):
        arn.save(runs, tmp_path / name)
        data = (tmp_path / name).read_bytes()
        assert not [form for form in FORMS if form.encode() in data]
    assert not [form for form in FORMS if form in runs.to_html() + json.dumps(runs.attrs)]
