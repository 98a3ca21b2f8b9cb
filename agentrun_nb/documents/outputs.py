"""The outputs that manifests list, one row each."""

from __future__ import annotations

from itertools import islice

import pandas as pd

from agentrun_nb.core.schema import OUTPUTS
from agentrun_nb.documents.reading import texts
from agentrun_nb.records.batch import Batch
from agentrun_nb.records.outputs import AT_ONCE, joined, output_batches, outputs_text
from agentrun_nb.tables.frames import Runs, runs_frame, table_frame


def outputs(runs: Runs) -> pd.DataFrame:
    """The outputs that the manifests list, one row each.

    Args:
        runs: anything that `runs_frame` takes.

    Returns:
        The OUTPUTS table in the order of the runs and of their manifests. A manifest without an
        `outputs` array gives no rows; an item that is no object is a row with a note.
    """
    runs = runs_frame(runs)
    owners = zip(
        runs["deployment_id"].to_numpy("object"), runs["id"].to_numpy("object"), strict=True
    )
    lists = (outputs_text(text) for part in texts(runs["output_manifest"]) for text in part)
    found = ((*owner, text) for owner, text in zip(owners, lists, strict=True) if text)
    batches: list[Batch] = []
    while listed := list(islice(found, AT_ONCE)):
        batches += output_batches(listed)
    return table_frame(OUTPUTS, [joined(batches)])
