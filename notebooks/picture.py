"""Takes the picture in the README: the explorer in JupyterLab, with real runs of the local service."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from execute import HERE, few_colours

sys.path.insert(0, str(HERE.parent))

CELLS = (
    """
import agentrun_nb as arn
service = arn.local.serve(workers=4)
for version in (1, 2):
    for name in service.deployments["name"]:
        service.submit(name, version=version)
service.wait()
client = service.client
runs = client.list_runs(progress=False)
""",
    """
ex = arn.explore(runs, client, names=client.names())
ex.selected = runs[runs["status"] == "failed"].head(1)
ex
""",
)
WIDTH, HEIGHT = 1_440, 900


def take(target: Path) -> None:
    """Runs the cells in a JupyterLab of its own and writes what the last one shows."""
    from tests.support.chromium import chromium
    from tests.support.jupyter_host import Host

    with tempfile.TemporaryDirectory() as folder, Host(Path(folder)) as host, chromium() as browser:
        host.write("picture.ipynb", *CELLS)
        with host.open(browser, "picture.ipynb") as notebook:
            notebook.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
            notebook.command("application:toggle-left-area")
            notebook.run_all()
            view = notebook.cell(1).locator(".arn-root")
            view.get_by_text("failed").first.wait_for()
            notebook.page.wait_for_timeout(1_500)
            target.write_bytes(few_colours(view.screenshot()))


if __name__ == "__main__":
    take(HERE / "explorer.png")
