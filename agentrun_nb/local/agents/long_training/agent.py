"""Trains for longer than it may.

Input: `{"epochs": 100}`, optional. Asked to end, it writes a checkpoint; with `--stubborn` it does
not listen.
"""

import json
import math
import signal
import sys
import time
from pathlib import Path

history = []


def save_checkpoint(*_):
    Path("outputs/checkpoint.json").write_text(
        json.dumps({"epochs": len(history), "loss": history[-1]})
    )
    print("wrote a checkpoint")
    sys.exit(0)


signal.signal(signal.SIGTERM, signal.SIG_IGN if "--stubborn" in sys.argv else save_checkpoint)
for epoch in range(json.loads(Path("input.json").read_text()).get("epochs", 100)):
    history.append(round(2.3 * math.exp(-epoch / 9) + 0.1, 4))
    Path("manifest.json").write_text(json.dumps({"epochs": len(history), "loss": history}))
    print(f"epoch {epoch + 1}: loss {history[-1]}")
    time.sleep(0.2)
Path("outputs/model.json").write_text(json.dumps({"weights": history}))
