"""Runs of AI agents in a notebook: look at one, analyse many.

    import agentrun_nb as arn

    client = arn.Client()                  # the key: AGENTRUN_API_KEY, or api_key=getpass.getpass()
    client.explore(deployment_id, run_id)  # one run: status, course, outputs, manifest
    # a typed DataFrame that says how complete it is
    runs = client.list_runs(deployment_id, since="7d")
    arn.brief(runs)                        # what a person reads
    arn.failures(runs)                     # what failed, in groups
    arn.extract(runs, score="output_manifest.score")
    ex = arn.explore(runs, client); ex     # look, click, drag a range
    ex.selection                           # ... and it is a DataFrame again
    arn.save(runs, "runs.parquet")

Without a key and without a network: `arn.local.serve()` runs real jobs on this machine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from agentrun_nb._version import __version__ as __version__
from agentrun_nb.core import display as _display

_CONTENTS = {
    "analysis.compare": ("compare",),
    "analysis.concurrency": ("concurrency",),
    "analysis.failures": ("failures",),
    "analysis.health": ("health",),
    "analysis.summarize": ("summarize",),
    "archive.archive": ("Archive",),
    "client": ("Client",),
    "core.versions": ("show_versions",),
    "documents.diff": ("diff",),
    "errors": ("AgentRunError",),
    "documents.col": ("Col",),
    "documents.extract": ("extract",),
    "files.save_load": ("load", "save"),
    "tables.brief": ("brief", "spans"),
    "tables.frames": ("runs_frame",),
    "tables.phases": ("phases",),
    "documents.json_paths": ("json_paths",),
    "documents.outputs": ("outputs",),
    "documents.parse": ("parse",),
    "tables.report": ("fetch_report",),
    "run": ("Run",),
    "widget": ("explore", "explore_json"),
}
_HOMES = {name: home for home, names in _CONTENTS.items() for name in names}
_MODULES = ("dask", "errors", "figures", "local")

__all__ = sorted([*_HOMES, *_MODULES, "__version__"])

if TYPE_CHECKING:
    from agentrun_nb import dask as dask
    from agentrun_nb import errors as errors
    from agentrun_nb import figures as figures
    from agentrun_nb import local as local
    from agentrun_nb.analysis.compare import compare as compare
    from agentrun_nb.analysis.concurrency import concurrency as concurrency
    from agentrun_nb.analysis.failures import failures as failures
    from agentrun_nb.analysis.health import health as health
    from agentrun_nb.analysis.summarize import summarize as summarize
    from agentrun_nb.archive.archive import Archive as Archive
    from agentrun_nb.client import Client as Client
    from agentrun_nb.core.versions import show_versions as show_versions
    from agentrun_nb.documents.col import Col as Col
    from agentrun_nb.documents.diff import diff as diff
    from agentrun_nb.documents.extract import extract as extract
    from agentrun_nb.documents.json_paths import json_paths as json_paths
    from agentrun_nb.documents.outputs import outputs as outputs
    from agentrun_nb.documents.parse import parse as parse
    from agentrun_nb.errors import AgentRunError as AgentRunError
    from agentrun_nb.files.save_load import load as load
    from agentrun_nb.files.save_load import save as save
    from agentrun_nb.run import Run as Run
    from agentrun_nb.tables.brief import brief as brief
    from agentrun_nb.tables.brief import spans as spans
    from agentrun_nb.tables.frames import runs_frame as runs_frame
    from agentrun_nb.tables.phases import phases as phases
    from agentrun_nb.tables.report import fetch_report as fetch_report
    from agentrun_nb.widget import explore as explore
    from agentrun_nb.widget import explore_json as explore_json


def _show(run: Any) -> None:
    import_module(f"{__name__}.widget").explore(run)._ipython_display_()


_display.show_by(_show)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
