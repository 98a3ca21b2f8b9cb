"""`python -m tests.faults [number …]`: the table of faults, a line each, and the counts with their controls."""

from __future__ import annotations

import re
import sys
import time
import warnings
from collections import Counter

from . import FAULTS, attempt

WIDTHS = (34, 42, 74)


def _cell(text: str, width: int) -> str:
    text = re.sub(r"\s+", " ", text)
    return (text if len(text) <= width else text[: width - 1] + "…").ljust(width)


def main(numbers: list[int]) -> int:
    """Prints the table; the exit code says whether every fault went as written."""
    warnings.simplefilter("error")
    started = time.monotonic()
    print(
        "  #",
        *(
            _cell(head, width)
            for head, width in zip(("sent", "expected", "got"), WIDTHS, strict=True)
        ),
        "verdict",
    )
    outcomes = []
    for number in numbers or sorted(FAULTS):
        outcome = attempt(FAULTS[number])
        outcomes.append(outcome)
        fault = outcome.fault
        cells = zip((fault.sent, fault.expected, outcome.got), WIDTHS, strict=True)
        theirs = f" ({fault.theirs})" if fault.theirs else ""
        print(
            f"{number:3}", *(_cell(*cell) for cell in cells), outcome.verdict + theirs, flush=True
        )
        if outcome.verdict != "ok":
            print("    ", outcome.got, "| really sent:", "; ".join(outcome.told))
    counts = Counter(each.verdict for each in outcomes)
    print(
        f"\n{len(outcomes)} faults in {time.monotonic() - started:.0f} s: {counts['ok']} as written,",
        end=" ",
    )
    print(f"{counts['differs']} differ, raw exceptions {counts['raw']}, hangs {counts['hang']}")
    requests = Counter(
        attempt(each.fault, control=True).verdict for each in outcomes if each.fault.is_of_requests
    )
    print("control, a plain httpx.get(…).json() on the same replies:", end=" ")
    print(f"raw exceptions {requests['raw']}, hangs {requests['hang']}")
    plain = Counter(
        attempt(each.fault, control=True).verdict for each in outcomes if each.fault.plain
    )
    print("control, plain files, pandas and SQLite as it is:", end=" ")
    print(f"of {plain.total()} {plain['differs']} differ, raw exceptions {plain['raw']}")
    return int(counts["ok"] < len(outcomes))


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
