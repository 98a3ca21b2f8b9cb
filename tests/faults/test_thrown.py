"""Whatever is thrown on the way of a request, at whichever step, leaves typed and shows neither key nor header."""

from __future__ import annotations

import asyncio
import gc
import io
import traceback
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest
from IPython.core.ultratb import FormattedTB

from agentrun_nb.client import Client
from agentrun_nb.errors import AgentRunError, BadResponseError, TooLargeError
from agentrun_nb.http import loop
from agentrun_nb.http.wire import Wire
from tests.support.tracebacks import WITHOUT_COLOURS

from .lab import BRISK
from .replies import DEP, KEY


class Rare(BaseException):
    """Nothing that anybody expects."""


THROWN: dict[str, Callable[[], BaseException]] = {
    "typed": lambda: AgentRunError(f"typed {KEY}"),
    "typed, of an answer": lambda: BadResponseError(f"typed {KEY}"),
    "typed, of a size": lambda: TooLargeError(f"typed {KEY}"),
    "of the transport": lambda: httpx.ReadError(KEY),
    "plain": lambda: RuntimeError(KEY),
    "a bad address": lambda: httpx.InvalidURL(KEY),
    "not text": lambda: UnicodeEncodeError("utf-8", KEY, 0, 1, KEY),
    "a group": lambda: ExceptionGroup(KEY, [ValueError(KEY)]),
    "a group of the base": lambda: BaseExceptionGroup(KEY, [Rare(KEY)]),
    "rare": lambda: Rare(KEY),
    "an interrupt": lambda: KeyboardInterrupt(KEY),
    "an exit": lambda: SystemExit(KEY),
    "cancelled": lambda: asyncio.CancelledError(KEY),
    "out of memory": lambda: MemoryError(KEY),
}


class Throwing(httpx.AsyncBaseTransport):
    """A transport that throws at one step."""

    def __init__(self, step: str, error: Callable[[], BaseException]) -> None:
        self.step, self.error = step, error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        header = request.headers["authorization"]
        if self.step == "before sending":
            raise self.error() from RuntimeError(header)

        async def body() -> AsyncIterator[bytes]:
            yield b'{"items": ['
            if self.step == "in the body":
                raise self.error() from RuntimeError(header)
            yield b"]}"

        return httpx.Response(200, content=body())


CALLS: dict[str, Callable[[Client], object]] = {
    "get_run": lambda client: client.get_run(DEP, "run_1"),
    "list_runs": lambda client: client.list_runs(DEP, progress=False),
    "iter_runs": lambda client: list(client.iter_runs(DEP, progress=False)),
    "get_runs": lambda client: client.get_runs(DEP, ["run_1"], progress=False)[
        "fetch_error"
    ].tolist(),
    "list_versions": lambda client: client.list_versions(DEP),
    "check": lambda client: client.check(),
}


def chained(error: BaseException) -> Iterator[BaseException]:
    """An error with its causes, contexts and members."""
    seen: set[int] = set()
    line: list[BaseException | None] = [error]
    while line:
        item = line.pop()
        if item is None or id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        line += [item.__cause__, item.__context__, *getattr(item, "exceptions", ())]


def shown(error: BaseException) -> Iterator[str]:
    """All that a traceback in any mode can show, and all requests that can be reached from one."""
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    for mode in ("Context", "Verbose"):
        view = FormattedTB(mode=mode, **WITHOUT_COLOURS, ostream=io.StringIO())
        yield "\n".join(view.structured_traceback(type(error), error, error.__traceback__))
    for item in chained(error):
        yield f"{item} {item.args} {vars(item)} {getattr(item, '__notes__', '')}"
        for frame, _ in traceback.walk_tb(item.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                layer = list(frame.f_locals.values())
                yield repr(layer)
                held = [*layer, *gc.get_referents(*layer)]
                yield repr(
                    [thing.headers.raw for thing in held if isinstance(thing, httpx.Request)]
                )


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits of milliseconds."""
    monkeypatch.setattr(Wire, "policy", BRISK)


def outcome(call: str, step: str, thrown: str) -> BaseException | object:
    transport = Throwing(step, THROWN[thrown])
    with Client(KEY, "https://api.test", transport=transport, deadline=5) as client:
        try:
            return CALLS[call](client)
        except BaseException as error:
            return error


@pytest.mark.parametrize("thrown", THROWN)
@pytest.mark.parametrize("step", ["before sending", "in the body"])
@pytest.mark.parametrize("call", CALLS)
def test_whatever_is_thrown_leaves_typed_and_shows_nothing(
    call: str, step: str, thrown: str
) -> None:
    error = outcome(call, step, thrown)
    if call in ("get_runs", "check"):  # these tell of errors and raise none
        assert not isinstance(error, BaseException), error
        assert KEY not in repr(error)
        return
    assert isinstance(error, AgentRunError), repr(error)
    assert [text for text in shown(error) if KEY in text] == []


@pytest.mark.parametrize("thrown", ["plain", "rare", "an interrupt", "cancelled", "not text"])
def test_what_is_thrown_while_an_answer_is_read_leaves_typed(
    thrown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise THROWN[thrown]()

    monkeypatch.setattr("agentrun_nb.fetch.by_id.read_identity", broken)
    error = outcome("get_run", "nowhere", thrown)
    assert isinstance(error, AgentRunError), repr(error)
    assert f"nobody expected: {type(THROWN[thrown]()).__name__}" in str(error)
    assert [text for text in shown(error) if KEY in text] == []


def test_without_the_guard_the_search_finds_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""
    monkeypatch.setattr(loop, "safe_error", lambda error: error)
    error = outcome("get_run", "before sending", "rare")
    assert isinstance(error, Rare)
    assert [text for text in shown(error) if KEY in text] != []


def test_the_loop_goes_on_after_all_of_it() -> None:
    outcome("get_run", "before sending", "an exit")
    assert loop.run(asyncio.sleep(0, "here")) == "here"
