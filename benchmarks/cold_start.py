"""From a fresh kernel to one run on the screen, beside `import pandas`.

    python -m benchmarks.cold_start [--repeats 7] [--python PYTHON]

Prints medians of seconds on the clock and of processor, from the first line of a cell to its last.
Each look is a kernel of its own, the sides take turns, and the service has no latency. PYTHON is an
interpreter with `ipykernel` and this package; by default the one that runs this, with this checkout.
Whatever else is installed there counts: httpx imports rich and click where it finds them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from .service import DEP, serving

CHECKOUT = Path(__file__).parents[1]

OURS = """import agentrun_nb as arn
client = arn.Client("key", {url!r})
imported()
run = client.get_run({deployment!r}, {run!r})
run._ipython_display_()"""
PANDAS = """import pandas
imported()"""
BY_HAND = """import httpx, pandas as pd
client = httpx.Client(headers={{"Authorization": "Bearer key"}})
imported()
answer = client.get("{url}/v1/agent-deployments/{deployment}/runs/{run}")
display(pd.json_normalize(answer.json()))"""
SIDES = {"import pandas": PANDAS, "agentrun_nb": OURS, "httpx and json_normalize": BY_HAND}

TIMED = """import time
_begun = time.perf_counter(), time.process_time()
_seconds = []
def imported():
    _seconds.append(time.perf_counter() - _begun[0])
{code}
print("seconds", time.perf_counter() - _begun[0], time.process_time() - _begun[1], _seconds[0])
"""


def seconds(code: str, python: str) -> list[float]:
    """Seconds on the clock, of processor, and until all is imported, in a kernel of its own."""
    with TemporaryDirectory() as folder:
        specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
        argv = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "measured", "language": "python"}
        place = Path(folder, "measured")
        place.mkdir()
        (place / "kernel.json").write_text(json.dumps(spec))
        manager = KernelManager(kernel_name="measured", kernel_spec_manager=specs)
        return _measured(manager, code, python)


def _measured(manager: KernelManager, code: str, python: str) -> list[float]:
    env = os.environ | {"PYTHONPATH": str(CHECKOUT) if python == sys.executable else ""}
    # Who imports a package a second time has its modules compiled.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    manager.start_kernel(env=env)
    client = manager.client()
    written = []

    def write(message: dict[str, dict[str, str]]) -> None:
        written.append(message["content"].get("text") or message["content"].get("evalue", ""))

    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        client.execute_interactive(TIMED.format(code=code), output_hook=write)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    text = "".join(written)
    assert "seconds " in text, text
    return [float(word) for word in text.rpartition("seconds ")[2].split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--python", default=sys.executable)
    options = parser.parse_args()
    found: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    with serving(20) as (url, ids):
        for repeat in range(options.repeats + 1):
            for side, code in SIDES.items():
                whole = code.format(url=url, deployment=DEP, run=ids[0])
                look = seconds(whole, options.python)
                if repeat:  # the first one reads all files from the disk, and compiles them
                    found[side].append(look)
    print(f"medians of {options.repeats}; more than `import pandas` in brackets")
    print(f"{'':>26}{'seconds':>18}{'of processor':>18}{'imported by':>18}")
    base: list[float] = []
    for side, looks in found.items():
        medians = [median(column) for column in zip(*looks, strict=True)]
        base = base or medians
        more = [
            f"{each:.2f} ({each - least:+.2f})" for each, least in zip(medians, base, strict=True)
        ]
        print(f"{side:>26}" + "".join(f"{words:>18}" for words in more))


if __name__ == "__main__":
    main()
