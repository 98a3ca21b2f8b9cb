"""Audits invoices one by one until one of them crashes it.

Input: `{"invoices": 12}`, optional. With `--chain` the crash is a chain of two exceptions.
"""

import json
import sys
import time
from pathlib import Path


class AuditError(Exception):
    """An invoice cannot be audited."""


def unit_price(invoice):
    return invoice["total"] / invoice["pieces"]


def audit(invoice):
    try:
        return unit_price(invoice)
    except ZeroDivisionError as error:
        if "--chain" not in sys.argv:
            raise
        raise AuditError(f"invoice {invoice['number']} has no pieces") from error


def main():
    count = json.loads(Path("input.json").read_text()).get("invoices", 12)
    with Path("outputs/audited.csv").open("w") as file:
        file.write("number,unit_price\n")
        for number in range(1, count + 1):
            invoice = {"number": number, "total": 19.5 * number, "pieces": (7 * number) % 10}
            file.write(f"{number},{audit(invoice):.2f}\n")
            print(f"invoice {number} is in order")
            time.sleep(0.1)


main()
