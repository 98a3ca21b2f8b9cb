"""Exports tables, but not all that its deployment declares.

Input: `{"orders": 40}`, optional. With `--customers` it exports one table more.
"""

import csv
import json
import sys
import time
from pathlib import Path


def export(name, header, rows):
    with Path(f"outputs/{name}.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    print(f"exported {name}")
    time.sleep(0.5)


orders = json.loads(Path("input.json").read_text()).get("orders", 40)
export(
    "orders",
    ("order", "customer", "total"),
    [(n, n % 7, round(9.99 * (n % 5 + 1), 2)) for n in range(orders)],
)
if "--customers" in sys.argv:
    export(
        "customers",
        ("customer", "name"),
        [(n, f'=HYPERLINK("https://example.org/{n}")') for n in range(7)],
    )
print("warning: no summary was asked for, none is written", file=sys.stderr)
Path("manifest.json").write_text(json.dumps({"orders": orders, "score": 0.5}))
