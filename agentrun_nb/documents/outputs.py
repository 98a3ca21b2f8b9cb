"""Lists the outputs in the manifests of runs, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pandas as pd

from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.documents.reading import texts
from agentrun_nb.files.many_runs import ManyRuns, count_parts
from agentrun_nb.records.batch import Batch, to_batch
from agentrun_nb.records.manifests import AT_ONCE, RunOutputs, output_batches, outputs_text
from agentrun_nb.tables.frames import table_frame

_NEEDED = ("id", "deployment_id", "output_manifest")
"""The columns of runs that are read."""


def outputs(runs: ManyRuns) -> pd.DataFrame:
    """Lists the outputs in the manifests of runs, one row each.

    Args:
        runs: anything that `runs_frame` takes; also frames one after another, a folder that `save`
            has written, or a frame of Dask, whose manifests are read part by part.

    Returns:
        The OUTPUTS table in the order of the runs and of their manifests. A manifest without an
        `outputs` array gives no rows; an item that is not an object is a row with a note.

    Example:
        >>> arn.outputs(run)[["name", "status"]]
                  name     status
        0    report.md  available
        1     plot.png  available
        2  result.json  available
    """
    batch = count_parts(runs, _NEEDED, _read_outputs, Batch.concat)
    return table_frame(OUTPUTS, [batch])


def _read_outputs(runs: pd.DataFrame) -> Batch:
    """The outputs of the runs of a RUNS table."""
    lists = _lists(runs)
    batches = [to_batch(OUTPUTS, {}, 0)]
    while some := list(islice(lists, AT_ONCE)):
        batches += output_batches(some)
    return Batch.concat(batches)


def _lists(runs: pd.DataFrame) -> Iterator[RunOutputs]:
    """The `outputs` array of each run that has one."""
    deployments, ids = runs["deployment_id"].to_numpy("object"), runs["id"].to_numpy("object")
    manifests = (text for some in texts(runs["output_manifest"]) for text in some)
    for deployment_id, run_id, manifest in zip(deployments, ids, manifests, strict=True):
        text = outputs_text(manifest)
        if text:
            yield RunOutputs(deployment_id, run_id, text)
