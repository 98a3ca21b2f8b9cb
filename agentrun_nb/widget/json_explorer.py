"""The view of one JSON document, as a tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agentrun_nb.core import jsontext
from agentrun_nb.core.paths import find, parse_path
from agentrun_nb.core.text import counted
from agentrun_nb.errors import DataError, PathNotFound
from agentrun_nb.run import Run
from agentrun_nb.tables.encode import json_value
from agentrun_nb.widget.html_file import page_html, write_page
from agentrun_nb.widget.page import Message, json_page
from agentrun_nb.widget.python_code import place_code
from agentrun_nb.widget.twin import Story, json_story
from agentrun_nb.widget.view import View, shows_html


class JsonExplorer(View):
    """A JSON document as a tree.

    Attributes:
        path: the place that is chosen, such as `outputs[0].path`; may be set.
    """

    def __init__(self, x: Any) -> None:
        """Makes the view; `explore_json` says what may be given."""
        self._text = _text_of(x)
        super().__init__()

    @property
    def value(self) -> Any:
        """What stands at `path`; the whole document when none is chosen.

        Raises:
            PathNotFound: nothing is there.
            JSONTextError: the text is not JSON.

        Example:
            >>> view = arn.explore_json('{"outputs": [{"path": "report.md"}]}')
            >>> view.path = "outputs[0].path"
            >>> view.value
            'report.md'
        """
        found = find(jsontext.parse(self._text), parse_path(self.path))
        if not found:
            sentence = f"This document has nothing at {self.path!r}."
            raise PathNotFound(sentence, hint="Click on a value of it, or set path to one it has.")
        return found[0]

    @property
    def code(self) -> str:
        """The Python that gives `value` out of the parsed `document`.

        Example:
            >>> view = arn.explore_json('{"outputs": [{"path": "report.md"}]}')
            >>> view.path = "outputs[0].path"
            >>> view.code
            "value = ..."
        """
        return f"value = {place_code('document', parse_path(self.path))}"

    def update(self, x: Any) -> None:
        """Shows another document in place.

        Args:
            x: as for `explore_json`.

        Example:
            >>> view = arn.explore_json('{"score": 0.96}')
            >>> view.update({"score": 0.97})
            >>> view.value
            {'score': 0.97}
        """
        self._text = _text_of(x)
        self._replaced()

    def to_html(self, path: str | Path) -> Path:
        """Writes the view as one file that works offline.

        Args:
            path: where to.

        Returns:
            The path.

        Raises:
            DataError: the file cannot be written; what was there stays.

        Example:
            >>> arn.explore_json(run.output_manifest_text).to_html("manifest.html")
            PosixPath('manifest.html')
        """
        contents = f"This file holds a JSON document of {counted(len(self._text), 'character')}."
        html = page_html(self._page(), {"path": self.path}, contents)
        return write_page(path, html)

    def _page(self) -> Message:
        return json_page(self._text, self.uid)

    def _story(self) -> Story:
        return json_story(self._text)

    def _call(self) -> str:
        return "arn.explore_json(document)"

    def _line(self) -> str:
        return f"<JsonExplorer: {counted(len(self._text), 'character')} of JSON>"

    def __repr__(self) -> str:
        if not shows_html():
            return self._line()
        return f"{self._line().removesuffix('>')}, live while its kernel runs>"


def _text_of(x: Any) -> str:
    if isinstance(x, bytes | bytearray | memoryview):
        return bytes(x).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    if isinstance(x, Run):
        return _text_of(x.raw)
    if isinstance(x, str):
        return jsontext.valid_unicode(x)
    try:
        return jsontext.valid_unicode(json.dumps(x, ensure_ascii=False, default=json_value))
    except (TypeError, ValueError, RecursionError) as error:
        sentence = f"This {type(x).__name__} cannot be written as JSON: {error}."
        hint = "Give JSON text, a Run, or lists and mappings; arn.explore shows runs and frames."
        raise DataError(sentence, hint=hint) from None
