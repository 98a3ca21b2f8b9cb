"""The vendor's own SDK, unchanged, reading a service: prints what it saw as JSON.

Run by the interpreter of an environment that has `nullspace-sdk`; URL and key come by the SDK's own variables.
"""

import json
import sys
import tempfile
from pathlib import Path

from nullspace.agent_deployments import AgentDeployment
from nullspace.errors import SandboxError


def pages(fetch, **options):
    """All items of a listing, and how many pages it took."""
    items, count, cursor = [], 0, None
    while True:
        answer = fetch(cursor=cursor, **options)
        items, count, cursor = items + answer.items, count + 1, answer.next_cursor
        if not cursor:
            return items, count


def seen(run):
    """A run as the SDK understood it."""
    times = {
        name: getattr(run, name)
        for name in ("created_at", "updated_at", "started_at", "completed_at")
    }
    return {
        "id": run.id,
        "version_id": run.version_id,
        "status": run.status.value,
        "exit_code": run.exit_code,
        "failure_reason": run.failure_reason,
        "input": run.input,
        "output_manifest": run.output_manifest,
        **{name: value and value.timestamp() for name, value in times.items()},
    }


def error(call, *arguments):
    """The code of the error that a call ends in."""
    try:
        call(*arguments)
    except SandboxError as failure:
        return failure.code
    return None


def main(deployment_id, run_id, output):
    deployment = AgentDeployment.get(deployment_id)
    runs, run_pages = pages(deployment.list_runs, limit=2)
    followed = deployment.iter_run_logs(run_id, limit=3, follow=True, poll_interval=0)
    target = Path(tempfile.mkdtemp()) / "output"
    deployment.download_run_output(run_id, output, target)
    created = deployment.run(input={"package": "json"}, idempotency_key="witness")
    cancelled = deployment.cancel_run(created.id, reason="seen")
    report = {
        "deployments": [item.name for item in pages(AgentDeployment.list, limit=3)[0]],
        "versions": [
            [item.id, item.version_number, item.status.value]
            for item in pages(deployment.list_versions)[0]
        ],
        "run": seen(deployment.get_run(run_id)),
        "runs": [item.id for item in runs],
        "run_pages": run_pages,
        "succeeded": [item.id for item in pages(deployment.list_runs, status="succeeded")[0]],
        "log": [[event.event_type, event.level.value, event.message] for event in followed],
        "outputs": deployment.run_outputs(run_id).outputs,
        "downloaded": target.read_bytes().hex(),
        "created": [created.status.value, created.input, created.idempotency_key],
        "cancelled": cancelled.id == created.id,
        "missing": error(deployment.get_run, "adrun_missing"),
        "too_many": error(lambda: deployment.list_runs(limit=500)),
    }
    json.dump(report, sys.stdout)


main(*sys.argv[1:])
