"""What `test_pyodide.py` runs in Pyodide, which has no threads and none of the packages that are not pure Python."""

import sys
import threading

sys.path.insert(0, "/src")

import agentrun_nb as arn
from agentrun_nb.http import loop


async def work() -> None:
    """Work for the client's loop."""


try:
    threading.Thread(target=print).start()
except RuntimeError as error:
    print("a thread:", error)
try:
    loop.run(work())
except arn.errors.ConnectionFailedError as error:
    print("the client:", error)
