"""From a frame of runs to an answer: pure functions, each with the source of its statistics.

Nothing is left out in silence: rows that could not be fetched, that have no status or one that this
package does not know are counted and named in every result.
"""

from __future__ import annotations

from agentrun_nb.analysis.compare import compare
from agentrun_nb.analysis.concurrency import concurrency
from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.summarize import summarize

__all__ = ["compare", "concurrency", "failures", "summarize"]
