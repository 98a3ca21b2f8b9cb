"""Lists the outputs in the manifests of runs, one row each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pandas as pd

from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.documents.reading import texts
from agentrun_nb.records.batch import Batch
from agentrun_nb.records.manifests import AT_ONCE, RunOutputs, output_batches, outputs_text
from agentrun_nb.tables.frames import Runs, runs_frame, table_frame


def outputs(runs: Runs) -> pd.DataFrame:
    """Lists the outputs in the manifests of runs, one row each.

    Args:
        runs: anything that `runs_frame` takes.

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
    lists = _lists(runs_frame(runs))
    batches: list[Batch] = []
    while some := list(islice(lists, AT_ONCE)):
        batches += output_batches(some)
    return table_frame(OUTPUTS, [Batch.concat(batches)] if batches else [])


def _lists(runs: pd.DataFrame) -> Iterator[RunOutputs]:
    """The `outputs` array of each run that has one."""
    deployments, ids = runs["deployment_id"].to_numpy("object"), runs["id"].to_numpy("object")
    manifests = (text for some in texts(runs["output_manifest"]) for text in some)
    for deployment_id, run_id, manifest in zip(deployments, ids, manifests, strict=True):
        text = outputs_text(manifest)
        if text:
            yield RunOutputs(deployment_id, run_id, text)
