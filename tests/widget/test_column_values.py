"""One place of all documents, to the letter, as the table of the page shows it."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest

import agentrun_nb as arn
from agentrun_nb.core import jsontext
from agentrun_nb.documents.col import Col
from agentrun_nb.documents.extract import _trees
from agentrun_nb.documents.reading import Gap
from agentrun_nb.documents.values import values_at
from agentrun_nb.errors import PathNotFound
from agentrun_nb.widget import column_values as module
from agentrun_nb.widget.column_values import column_values
from tests.analysis.test_filter_rows import ODD_DOCUMENTS, PATHS, of_documents
from tests.documents.test_extract import random_texts

LETTERS = [
    ('{"score": 1.50, "a": NaN}', "1.50"),
    ('{"score":1e2}', "1e2"),
    ('{"score":9007199254740993000}', "9007199254740993000"),
    ('{"score":"\\u0041\\ud800"}', '"\\u0041\\ud800"'),
    ('{"score":{"b": 1,  "a":[ ]}}', '{"b": 1,  "a":[ ]}'),
    ('{"score":1,"score":  2.0}', "2.0"),
    (' {"score":null} ', "null"),
    ('{"score":"</script>\u202e"}', '"</script>\u202e"'),
    ('{"other":1}', None),
    ('{"score":5,}', None),
    ("[1]", None),
    (None, None),
]


def test_values_are_to_the_letter():
    texts, expected = zip(*LETTERS, strict=True)
    found = column_values(of_documents(list(texts)), "output_manifest.score")
    assert found.values == list(expected)
    assert found.clipped == 0


@pytest.mark.parametrize("path", [*PATHS, "", "a" + ".a" * 40])
def test_values_read_as_what_extract_finds(path):
    texts = [*ODD_DOCUMENTS, *random_texts(random.Random(7), 100), None]
    texts += ['{"a":' * 41 + "7" + "}" * 41]
    runs = of_documents(texts)
    separator = "" if path.startswith("[") or not path else "."
    column = Col(f"output_manifest{separator}{path}")
    [expected] = [values_at(trees, column.steps) for trees in _all_trees(runs, column)]
    found = module._values(runs["output_manifest"], column.steps)
    for text, value, known in zip(texts, found, expected, strict=True):
        if isinstance(known, Gap):
            assert value is None, text
        else:
            assert value is not None, text
            read = jsontext.parse(value)
            if len(value) < 2_000:
                assert repr(read) == repr(known), text


def _all_trees(runs: Any, column: Col) -> Any:
    return [[tree for part in _trees(runs["output_manifest"], [column.steps]) for tree in part]]


def test_a_list_of_all_elements_is_one_value():
    runs = of_documents(['{"a":[{"b":1.0},{},{"b":[2 ]}]}', '{"a":[]}', '{"a":7}'])
    found = column_values(runs, "output_manifest.a[*].b")
    assert found.values == ["[1.0,[2 ]]", "[]", None]


def test_a_path_that_no_run_has_is_refused_with_the_nearest():
    with pytest.raises(PathNotFound) as refused:
        column_values(of_documents(['{"score":1}']), "output_manifest.scroe")
    assert "output_manifest.score" in refused.value.hint
    assert column_values(of_documents([]), "output_manifest.scroe").values == []


def test_values_that_are_too_much_together_are_clipped_and_counted(monkeypatch):
    monkeypatch.setattr(module, "MOST_CHARACTERS", 1_000)
    texts = [json.dumps({"a": "x" * length}) for length in (1, 100, 5_000)]
    found = column_values(of_documents(texts), "output_manifest.a")
    assert found.values[:2] == ['"x"', '"' + "x" * 100 + '"']
    assert found.clipped == 1
    assert len(found.values[2] or "") < 400
    assert msgspec.json.decode(found.values[0] or "") == "x"
    assert isinstance(arn.extract(of_documents(texts), "output_manifest.a")["a"].iloc[2], str)
