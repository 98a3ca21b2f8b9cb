"""How the time of `diff` grows with the length of a list: `python -m benchmarks.lists`.

Per length: the seconds of processor of one `diff` of two runs whose lists are numbers with one in a hundred changed,
the same with one put in front, and coins tossed anew.
"""

from __future__ import annotations

import json
import random
import time

import agentrun_nb as arn


def run(numbers: list[float]) -> arn.Run:
    record = {"id": "a", "deployment_id": "d", "output_manifest": {"x": numbers}}
    return arn.Run(json.dumps(record).encode())


def main() -> None:
    rng = random.Random(1)
    print(f"{'elements':>10}{'1 % changed':>14}{'one in front':>14}{'coins':>10}")
    for size in (1_000, 10_000, 100_000, 1_000_000):
        numbers = [rng.random() for _ in range(size)]
        pairs = [
            (numbers, [number if rng.random() > 0.01 else -number for number in numbers]),
            (numbers, [-1.0, *numbers]),
            ([rng.randrange(2) for _ in numbers], [rng.randrange(2) for _ in numbers]),
        ]
        seconds = []
        for before, after in pairs:
            a, b = run(before), run(after)
            started = time.process_time()
            arn.diff(a, b)
            seconds.append(time.process_time() - started)
        print(f"{size:10,}{seconds[0]:12.2f} s{seconds[1]:12.2f} s{seconds[2]:8.2f} s", flush=True)


if __name__ == "__main__":
    main()
