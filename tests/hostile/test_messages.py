"""A thousand malformed messages to a real kernel: none is obeyed, none shows an exception, none makes a request."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient

from tests.support.samples import body

from .kernels import left_over, running, send, told

KEY = "sk-never-shown-4f1d9c"
MAKE = f"""
import pathlib, agentrun_nb as arn
client = arn.Client(api_key={KEY!r}, base_url="http://127.0.0.1:PORT", allow_http=True)
ex = arn.explore(arn.runs_frame(pathlib.Path("runs.json").read_bytes()), client)
print(ex.model_id)
"""
STRANGE: list[Any] = [
    *(
        None,
        True,
        -1,
        1e308,
        2**70,
        "",
        "open",
        "../../etc/passwd",
        "http://127.0.0.1/x",
        "__import__('os')",
        "\x00",
    ),
    *([], [[]], {}, {"op": "run"}, [["a"]], [[1, 2]], {"__proto__": 1}, "x" * 10_000, [[[[[[]]]]]]),
]
NOT_OF_WIDGETS = [
    {"method": None},
    {"method": "eval"},
    {"method": "update"},
    {"method": "custom"},
    {},
    [],
    "x",
    5,
]
"""Data that no page of ipywidgets sends."""
OPS = [
    "open",
    "run",
    "window",
    "preview",
    "eval",
    "fetch",
    "read_output",
    "to_html",
    "__class__",
    "",
    "OPEN",
]
KEYS = ["id", "op", "row", "output", "start", "end", "by", "path", "url", "code", "selected"]


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[int, list[str]]]:
    """A service that notes what it is asked."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, seen
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlockingKernelClient]:
    folder = tmp_path_factory.mktemp("kernel")
    (folder / "runs.json").write_bytes(body(12))
    with running(folder) as (_, client):
        yield client


def malformed(draw: random.Random) -> dict[str, Any]:
    """The data of one message: a strange request, strange state, or nothing of the protocol of widgets."""
    request = {key: draw.choice(STRANGE) for key in draw.sample(KEYS, draw.randrange(len(KEYS)))}
    request |= {"op": draw.choice(OPS)} if draw.random() < 0.7 else {}
    content = draw.choice([request, request, request, draw.choice(STRANGE)])
    state = {
        name: draw.choice(STRANGE)
        for name in draw.sample(["selected", "path", "tz", "_esm", "uid", "comm"], 2)
    }
    return draw.choice(
        [
            {"method": "custom", "content": content},
            {"method": "custom", "content": content},
            {"method": "update", "state": state, "buffer_paths": []},
        ]
    )


@pytest.fixture
def comm(kernel: BlockingKernelClient, asked: tuple[int, list[str]]) -> str:
    """The line to a new view in the kernel."""
    printed, shown = told(kernel, MAKE.replace("PORT", str(asked[0])))
    assert shown == []
    return printed


def test_a_thousand_malformed_messages_are_refused_in_silence(
    kernel: BlockingKernelClient, comm: str, asked: tuple[int, list[str]]
) -> None:
    draw = random.Random(1)
    for number in range(1_000):
        send(kernel, comm, malformed(draw))
        if number % 100 == 99:
            _, shown = told(kernel, "pass")
            assert shown == []
    printed, shown = told(
        kernel,
        "print(type(ex.selected), type(ex.path), ex.tz, ex._esm[:0] == '', len(ex.selection))",
    )
    assert shown == []
    assert printed.startswith("<class 'list'> <class 'str'>")
    assert asked[1] == []
    assert left_over(kernel, 0.2) == ""


@pytest.mark.parametrize("data", NOT_OF_WIDGETS, ids=repr)
def test_what_is_no_message_of_widgets_shows_no_exception(
    kernel: BlockingKernelClient, comm: str, data: Any
) -> None:
    send(kernel, comm, data)
    assert told(kernel, "pass") == ("", [])
