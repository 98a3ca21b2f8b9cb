"""What all views share.

This is the page's module, the checked conversation with it, and the two displays.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import anywidget
import msgspec
import traitlets
from IPython.core.getipython import get_ipython
from IPython.display import display
from ipywidgets import Output
from ipywidgets.widgets import widget

from agentrun_nb.drawing.window import Window
from agentrun_nb.errors import AgentRunError
from agentrun_nb.widget.head import page_head
from agentrun_nb.widget.page import Message
from agentrun_nb.widget.protocol import RefusedError, Request, read_request, request_id
from agentrun_nb.widget.traits import CHECKS, OF_THE_PROGRAM, are_keys
from agentrun_nb.widget.twin import Story, twin

STATIC = Path(__file__).parent / "static"
"""Where the built files of the page are."""

READINGS = {"preview": "file", "logs": "log"}
"""What waits for a client, by the name of the request; one of each at a time."""

MOST_UNASKED = 200_000
"""A page of more runs is large, and not made before it is asked for."""
MOST_UNASKED_BYTES = 8 * 2**20
"""A page of more bytes is not sent before it is asked for."""

_QUIET = 1.0
"""For so many seconds nothing changes before a twin is published anew."""

Answer = Callable[[Request], Message]
Reading = Callable[[Request], Coroutine[Any, Any, Message]]


def _static(*names: str) -> list[bytes]:
    """The bytes of built files of the page."""
    return [(STATIC / name).read_bytes() for name in names]


def _code() -> list[bytes]:
    """The code that opens a page, its styles, and the code that it shares with the later part."""
    return _static("widget.js", "widget.css", "shared.js")


def _loader() -> str:
    """The code that a saved notebook holds.

    It names the version of the rest, which a page keeps for all views that have the same one.
    """
    rest = _static("widget.js", "widget.css", "shared.js", "later.js", "later.css")
    digest = hashlib.sha256(msgspec.json.encode(page_head()))
    for part in rest:
        digest.update(part)
    version = digest.hexdigest()[:16]
    loader = (STATIC / "loader.js").read_text("utf-8")
    return loader.replace("VERSION", version)


class View(anywidget.AnyWidget):
    """A view in the notebook.

    Data, documents, the page's module and its styles go to it by messages, so that none are in the
    saved state.

    Attributes:
        path: the place that is chosen in a document; may be set.
        tz: the zone in which times are shown, an IANA name; may be set.
        uid: the view's own name, hex.
    """

    # As text: for the changes of a file, anywidget would hold every view that there ever was.
    _esm = _loader()

    _page_has_code = False
    """Whether a page has run the code that opens views.

    It may have been loaded anew since; then it asks.
    """

    _turns: AbstractContextManager[None] = nullcontext()
    """Is held while what the view knows is read, changed and told of, where that changes."""

    path: Any = traitlets.TraitType("").tag(sync=True)
    tz: Any = traitlets.TraitType("UTC").tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        self.uid = secrets.token_hex(8)
        self._window = Window()
        self._displayed = False
        self._reading: dict[str, asyncio.Task[None] | None] = {}
        self._renewal: asyncio.TimerHandle | None = None
        super().__init__(**traits)
        self.on_msg(self._receive)

    @traitlets.validate(*CHECKS)
    def _checked(self, proposal: Any) -> Any:
        sound = self._checked_value(proposal.trait.name, proposal.value)
        self._on_set(proposal.trait.name, sound)
        return sound

    def _on_set(self, name: str, value: Any) -> None:
        """Is called when a shared value is set, also to what it was already."""

    def _checked_value(self, name: str, value: Any) -> Any:
        """A shared value as it is stored.

        Raises:
            AgentRunError: the value is not one of these.
        """
        return CHECKS[name](value)

    # --- what each kind of view gives

    _page: Callable[[], Message]
    """The page as it opens."""
    _story: Callable[[], Story]
    _call: Callable[[], str]
    """The Python that shows this view."""
    _line: Callable[[], str]
    """What is shown in one line of text."""

    def _whole_page(self) -> Message:
        """The page with the documents that go with it at once."""
        return self._page()

    def _rows(self) -> int:
        """How many rows a page may name."""
        return 0

    # --- the conversation with the page

    def _handle_msg(self, msg: Any) -> None:
        """Passes over what is no message of a widget.

        Ipywidgets would show an exception of such a message.
        """
        data = msg["content"].get("data")
        if isinstance(data, dict) and "method" in data:
            super()._handle_msg(msg)

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        number = request_id(content)
        with self._refusing(number), self._turns:
            request = read_request(content, self._rows())
            # All other requests are made by the code that these two bring.
            View._page_has_code |= request.op not in ("module", "open")
            # A method `_answer_docs` answers the request `docs` at once; `_read_preview` asks a
            # client first for `preview`. The names of requests are those of the protocol.
            answer: Answer | None = getattr(self, f"_answer_{request.op}", None)
            reading: Reading | None = getattr(self, f"_read_{request.op}", None)
            if answer is not None:
                self._say(number, *answer(request))
            elif reading is not None:
                self._start(request, reading)
            else:
                raise RefusedError("This view has no runs to ask about.")

    def _start(self, request: Request, reading: Reading) -> None:
        """Begins what waits for a client."""
        running = self._reading.get(request.op)
        if running is not None and not running.done():
            raise RefusedError(f"Another {READINGS[request.op]} is being read.")
        self._reading[request.op] = _soon(self._finish(request, reading))

    async def _finish(self, request: Request, reading: Reading) -> None:
        with self._refusing(request.id):
            self._say(request.id, *await reading(request))

    def _say(
        self,
        number: int | None,
        answer: dict[str, Any],
        buffers: Sequence[bytes] = (),
        ok: bool = True,
    ) -> None:
        message = {"id": number, "ok": ok} | answer
        self.send(message, list(buffers))

    @contextmanager
    def _refusing(self, number: int | None) -> Iterator[None]:
        """Says why where no answer can be given."""
        try:
            yield
        except (RefusedError, AgentRunError) as refusal:
            self._say(number, {"error": str(refusal)}, ok=False)
        except Exception as error:
            sentence = f"The kernel could not answer: {type(error).__name__}."
            self._say(number, {"error": sentence}, ok=False)

    def _answer_open(self, _: Request) -> Message:
        page, buffers = self._page()
        self._on_opened()
        return {"page": page}, buffers

    def _answer_module(self, _: Request) -> Message:
        return {}, _code()

    def _answer_later(self, _: Request) -> Message:
        return {}, _static("later.js", "later.css")

    def _answer_window(self, request: Request) -> Message:
        self._window = request.window
        return {}, []

    def _replaced(self) -> None:
        """Tells the page and the twin that the data is another.

        The documents go along, so that what is open on the page can stay as it is.
        """
        page, buffers = self._whole_page()
        # What the tables are like was told when the page opened.
        self.send({"op": "update", "page": page | {"head": None}}, buffers)
        self._renew_twin()

    def _renew_twin(self) -> None:
        """Publishes the twin, as the view is now, in the place that a display has made for it."""
        if self._displayed:
            with self._turns:
                _publish(self._twin(), display_id=f"arn-{self.uid}", update=True)

    def _renew_twin_later(self) -> None:
        """The same once nothing has changed for a while, where this thread runs a loop."""
        if self._renewal is not None:
            self._renewal.cancel()
        self._renewal = _in_a_while(self._renew_twin) if self._displayed else None

    def set_state(self, sync_data: Mapping[str, Any]) -> None:
        """Takes what the page sets, as far as it is sound.

        The page sets the shared values and nothing else.
        """
        sound = {name: value for name, value in sync_data.items() if self._takes(name, value)}
        super().set_state(sound)
        # What it was already, traitlets does not check again.
        for name, value in sound.items():
            self._on_set(name, value)

    def _takes(self, name: str, value: Any) -> bool:
        """Whether the page may set a shared value to this."""
        if name not in CHECKS or name in OF_THE_PROGRAM or not self.has_trait(name):
            return False
        if name == "selected" and not are_keys(value):
            return False
        try:
            self._checked_value(name, value)
            return True
        except (AgentRunError, RecursionError):
            return False

    # --- the displays

    def _twin(self) -> dict[str, str]:
        with self._turns:
            html = twin(self.uid, self._call(), self._story())
            return {"text/html": html, "text/plain": repr(self)}

    def close(self) -> None:
        """Takes the view off the screen."""
        super().close()
        # ipywidgets 7 puts None in its place; what is left of a closed view is its picture.
        self.__dict__.pop("_ipython_display_", None)

    def _ipython_display_(self, **_: Any) -> None:
        """Publishes the static twin and the live view below it, which hides it while it is there.

        In a terminal it publishes a line of text.
        """
        if not shows_html():
            _publish({"text/plain": self._line()})
            return
        if self.comm is None:
            # It was closed: no page can open it any more, and the picture is what is left.
            _publish(self._twin())
            return
        # The twin's place comes first and its HTML last: before a page shows any HTML it cleans it
        # and loads what it needs for formulas, and the live view would wait for that.
        comes_last = not _is_captured()
        first = {"text/plain": ""} if comes_last else self._twin()
        _publish(first, display_id=f"arn-{self.uid}")
        self._displayed = True
        bundle = self._repr_mimebundle_()
        if bundle is not None:
            _publish(bundle[0], metadata=bundle[1])
            self._open_unasked()
        if comes_last:
            self._renew_twin()
        self._on_opened()

    def _open_unasked(self) -> None:
        """Sends what a page asks for first.

        A page that has to ask waits until all cells that were run together have ended.
        """
        if not View._page_has_code:
            self.send({"op": "code"}, _code())
        if self._rows() > MOST_UNASKED:
            return
        with self._turns:
            page, buffers = self._page()
            if sum(map(len, buffers)) <= MOST_UNASKED_BYTES:
                self.send({"op": "opened", "ok": True, "page": page}, buffers)

    def _on_opened(self) -> None:
        """Is called when the view is displayed, and when a page of it opens."""


def shows_html() -> bool:
    """Says whether HTML can be shown.

    The IPython of a terminal has no use for HTML, and says so of itself.
    """
    formatter = getattr(get_ipython(), "display_formatter", None)
    return formatter is None or "text/html" in formatter.active_types


def _is_captured() -> bool:
    """Says whether an Output widget takes what is displayed, which takes no changes of it."""
    # Ipywidgets 8 holds all widgets by one name, and ipywidgets 7 by another.
    is_version_8 = hasattr(widget, "_instances")
    widgets = widget._instances if is_version_8 else widget.Widget.widgets
    outputs = [one for one in list(widgets.values()) if isinstance(one, Output)]
    return any(one.msg_id for one in outputs)


def _publish(
    data: dict[str, Any], metadata: Any = None, display_id: str | None = None, update: bool = False
) -> None:
    display(data, raw=True, metadata=metadata, display_id=display_id, update=update)  # type: ignore[no-untyped-call]


def _soon(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Goes to work on the loop that this thread runs; where it runs none, at once."""
    try:
        return asyncio.get_running_loop().create_task(work)
    except RuntimeError:
        asyncio.run(work)
        return None


def _in_a_while(work: Callable[[], None]) -> asyncio.TimerHandle | None:
    """Works in a while on the loop that this thread runs; where it runs none, at once."""
    try:
        return asyncio.get_running_loop().call_later(_QUIET, work)
    except RuntimeError:
        work()
        return None
