"""What Python tells a page; node's tests of the page read the same from `head.json`.

`python -m tests.both_sides.test_head` writes it anew, after a change of the fields or the statuses.
"""

from __future__ import annotations

import json
from pathlib import Path

from agentrun_nb.widget.head import page_head

FILE = Path(__file__).with_name("head.json")


def test_the_page_in_the_tests_of_node_knows_what_python_tells():
    assert json.loads(FILE.read_text("utf-8")) == page_head()


if __name__ == "__main__":
    FILE.write_text(json.dumps(page_head(), indent=1) + "\n", "utf-8")
