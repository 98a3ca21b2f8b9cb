"""Documents out of a column: whatever they are, they are read as they stand or counted, and none harms another."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from agentrun_nb import json_paths, outputs
from agentrun_nb.core.dtypes import TEXT
from agentrun_nb.documents import reading as module
from agentrun_nb.documents.extract import ATTRS, extract
from agentrun_nb.documents.json_paths import ATTRS as PATHS
from agentrun_nb.documents.parse import parse
from agentrun_nb.documents.reading import ABSENT, BROKEN, read, texts
from agentrun_nb.records import manifests
from tests.documents.test_extract import random_texts
from tests.support.analysis import TORTURE, documents

Corpus = Callable[[str], Path]
LENIENT = {"n_number_NaN.json", "n_number_infinity.json", "n_number_minus_infinity.json"}
"""What Python's json reads, too."""


def file_texts(folder: Path) -> dict[str, str]:
    return {
        path.name: path.read_bytes().decode("utf-8", "replace")
        for path in sorted(folder.rglob("*.json"))
    }


def test_texts_come_as_they_are_however_the_column_is_cut() -> None:
    words = ["é" * n if n % 3 else None for n in range(300)] + ["x" * 2**21, "", "y"]
    whole = pd.Series(words, dtype=TEXT)
    pieces = pa.chunked_array([words[:1], [], words[1:200], [None], words[200:]], pa.large_string())
    for column in (
        whole,
        whole[7:],
        whole[::2],
        whole[:0],
        pd.Series(pd.array(pieces, whole.dtype)),
        whole.astype(object),
    ):
        found = [
            None if text is None else str(text, "utf-8") for part in texts(column) for text in part
        ]
        assert found == [None if pd.isna(word) else word for word in column]


def test_the_two_readers_read_the_same(corpus: Corpus) -> None:
    suite = file_texts(corpus("json-test-suite"))
    assert len(suite) > 300
    for name, text in suite.items():
        value = read(memoryview(text.encode()))
        assert (
            (value is not BROKEN)
            if name.startswith("y_")
            else (value is BROKEN) or not name.startswith("n_") or name in LENIENT
        )
        if value is not BROKEN and text.isascii() and name not in LENIENT:
            assert repr(parse(pd.Series([text]))[0]) == repr(value) or value is None


def test_any_document_goes_through_the_catalogue_and_one_that_is_not_json_is_counted(
    corpus: Corpus,
) -> None:
    suite = file_texts(corpus("json-test-suite"))
    found = json_paths(documents(list(suite.values())))
    broken = [name for name, text in suite.items() if read(memoryview(text.encode())) is BROKEN]
    assert found.attrs[PATHS] == {"broken": len(broken)}
    assert {name for name in suite if name.startswith("n_")} - LENIENT <= set(broken)
    for name, text in file_texts(corpus("documents")).items():
        paths = json_paths(documents([text]))
        assert paths.attrs[PATHS] == {"broken": 0}, name
        leaves = [json.loads(text)]
        count = 0
        while leaves:
            value = leaves.pop()
            inner = (
                value.values()
                if isinstance(value, dict)
                else value
                if isinstance(value, list)
                else ()
            )
            count += not inner
            leaves.extend(inner)
        assert paths["values"].sum() == count


def test_what_is_not_json_beside_a_place_breaks_the_document(corpus: Corpus) -> None:
    """Cut down to a place or read whole, the same documents are broken."""
    suite = file_texts(corpus("json-test-suite"))
    wrapped = {name: f'{{"x":{text},"score":1}}' for name, text in suite.items()}
    broken = {name for name, text in wrapped.items() if read(memoryview(text.encode())) is BROKEN}
    for name in sorted(wrapped):
        counts = extract(
            documents([wrapped[name], '{"score":2}']), score="output_manifest.score"
        ).attrs[ATTRS]["score"]
        assert counts["broken"] == (name in broken), name


def test_outputs_of_both_roads_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(9)
    keys = [
        "name",
        "path",
        "configured_path",
        "kind",
        "status",
        "size_bytes",
        "access",
        "digest",
        "name",
    ]
    values = [
        '"a"',
        '"\\u00e9"',
        "null",
        "3",
        "-1",
        "1e3",
        "{}",
        '{"path":"p"}',
        '{"sandbox_id":null,"path":"q"}',
        "[]",
    ]

    def item() -> str:
        if rng.random() < 0.7:
            plain = {
                "name": "a",
                "kind": "file",
                "size_bytes": rng.randrange(9),
                "access": {"path": "p"},
            }
            return json.dumps(plain, separators=rng.choice([(",", ":"), (", ", ": ")]))
        members = (f'"{rng.choice(keys)}": {rng.choice(values)}' for _ in range(rng.randrange(5)))
        return rng.choice(["{" + ", ".join(members) + "}", rng.choice(values)])

    def manifest() -> str | None:
        if rng.random() < 0.05:
            return rng.choice(
                [
                    None,
                    "[",
                    "{}",
                    '{"outputs":null}',
                    '{"outputs":[1,}',
                    '{"a":1,"outputs":[],"outputs":[1]}',
                ]
            )
        return (
            '{"score": 1, "outputs": [' + ",".join(item() for _ in range(rng.randrange(4))) + "]}"
        )

    for size in (0, 1, 300, 3_000 if TORTURE else 700):
        runs = documents([manifest() for _ in range(size)])
        runs.loc[runs.index[3:4], "deployment_id"] = None
        found = outputs(runs)
        with monkeypatch.context() as patch:
            patch.setattr(manifests, "_strict_outputs", lambda lists: None)
            pd.testing.assert_frame_equal(found, outputs(runs))


def test_the_catalogue_does_not_depend_on_how_documents_are_grouped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = random.Random(4)
    for _ in range(300 if TORTURE else 30):
        runs = documents(random_texts(rng, 20))
        tables = []
        for most in (1, 7, 64):
            monkeypatch.setattr(module, "_MOST", most)
            tables.append(json_paths(runs))
        for table in tables[1:]:
            pd.testing.assert_frame_equal(table, tables[0])


def test_many_keys_that_no_two_documents_share_are_no_matter() -> None:
    runs = documents(
        ["{" + ",".join(f'"{n}-{m}":{{"a":1}}' for m in range(50)) + "}" for n in range(400)]
    )
    assert len(json_paths(runs)) == 20_000


def test_a_gap_is_none_of_the_values_of_json() -> None:
    assert read(None) is ABSENT
    assert read(memoryview(b"null")) is None
    assert read(memoryview(b"{")) is BROKEN
