"""What a wheel must do right after `pip install`, without any extra: `python -m tests.smoke`.

It needs no pytest, no network and no service.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import agentrun_nb as arn
from agentrun_nb.errors import MissingKeyError

RECORDS = b"""[
  {"id": "a", "deployment_id": "d", "version_id": "v", "mode": "job", "status": "succeeded",
   "created_at": "2026-11-20T10:00:00Z", "started_at": "2026-11-20T10:00:05Z",
   "completed_at": "2026-11-20T10:01:00Z", "updated_at": "2026-11-20T10:01:00Z", "exit_code": 0,
   "output_manifest": {"score": 0.5, "outputs": [{"name": "report", "size_bytes": 12}]}},
  {"id": "b", "deployment_id": "d", "version_id": "v", "mode": "job", "status": "failed",
   "created_at": "2026-11-20T11:00:00Z", "started_at": "2026-11-20T11:00:05Z",
   "completed_at": "2026-11-20T11:00:10Z", "updated_at": "2026-11-20T11:00:10Z", "exit_code": 137,
   "failure_reason": "killed", "output_manifest": null}
]"""


def what_it_says(call: Callable[[], object], kind: type[Exception]) -> str:
    """The text of the error that a call raises; empty where it raises none."""
    try:
        call()
    except kind as error:
        return str(error)
    return ""


def every_name() -> None:
    """Each public name is there; `dask` alone needs its extra, and says so."""
    for name in arn.__all__:
        said = what_it_says(partial(getattr, arn, name), ModuleNotFoundError)
        assert not said or (name == "dask" and "agentrun-nb[dask]" in said), (name, said)


def tables() -> None:
    """A table of records, and what is made of it without scipy."""
    runs = arn.runs_frame(RECORDS)
    assert list(runs["status"]) == ["succeeded", "failed"]
    assert list(arn.brief(runs)["status"]) == ["succeeded", "failed"]
    assert arn.extract(runs, "output_manifest.score")["score"].iloc[0] == 0.5
    assert len(arn.outputs(runs)) == 1
    assert list(arn.failures(runs)["exit_code"]) == [137]
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("parquet", "csv"):
            path = arn.save(runs, Path(folder) / f"runs.{suffix}")
            assert arn.load(path).equals(runs)


def views() -> None:
    """A view with its page, and a figure."""
    runs = arn.runs_frame(RECORDS)
    ex = arn.explore(runs)
    ex.filter = {"status": "failed"}
    assert list(ex.shown["id"]) == ["b"]
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "runs.html"
        ex.to_html(page)
        assert len(arn.load(page)) == 1
    assert "failed" in repr(arn.Run.of_row(runs.iloc[1]))
    assert arn.figures.timeline(runs).data


def client() -> None:
    """A client without a key says what to do."""
    said = what_it_says(lambda: arn.Client(base_url="https://runs.example"), MissingKeyError)
    assert not said or "AGENTRUN_API_KEY" in said, said


def main() -> None:
    """Runs all of it."""
    for step in (every_name, tables, views, client, arn.show_versions):
        step()
        print(f"ok: {step.__name__}")


if __name__ == "__main__":
    main()
