"""Analyses a CSV of daily bicycle counts: a Markdown report, a plot, and a result in JSON.

Input: `{"column": "bicycles", "threshold": 3.5}`, both optional. With `--outliers` it also looks
for odd days.
"""

import csv
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

from matplotlib.figure import Figure


def read(column):
    series = defaultdict(list)
    with Path("counts.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            series[row["counter"]].append((row["date"], float(row[column])))
    return dict(series)


def describe(days):
    values = [value for _, value in days]
    return {
        "days": len(values),
        "mean": round(statistics.fmean(values), 1),
        "median": statistics.median(values),
        "max": max(values),
    }


def odd_days(days, threshold):
    values = [value for _, value in days]
    middle = statistics.median(values)
    spread = statistics.median(abs(value - middle) for value in values) * 1.4826
    return [
        {"date": date, "value": value, "deviation": round((value - middle) / spread, 1)}
        for date, value in days
        if abs(value - middle) > threshold * spread
    ]


def plot(series, odd, column):
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, days in series.items():
        line = axes.plot([value for _, value in days], label=name)[0]
        dates = [date for date, _ in days]
        marked = [(dates.index(day["date"]), day["value"]) for day in odd.get(name, [])]
        axes.scatter(
            *zip(*marked, strict=True), color=line.get_color(), marker="x"
        ) if marked else None
    axes.set(xlabel="day", ylabel=column, title=f"{column} a day")
    axes.legend(frameon=False)
    figure.savefig("outputs/plot.png", dpi=90)


def report(summary, odd, column):
    lines = [
        f"# {column} a day",
        "",
        "| counter | days | mean | median | max |",
        "|---|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {s['days']} | {s['mean']} | {s['median']} | {s['max']} |"
        for name, s in summary.items()
    ]
    if odd:
        lines += ["", "## Odd days", ""]
        lines += [
            f"- {day['date']}, {name}: {day['value']:g}"
            for name, days in odd.items()
            for day in days
        ]
    return "\n".join(lines) + "\n"


def main():
    given = json.loads(Path("input.json").read_text())
    column, threshold = given.get("column", "bicycles"), given.get("threshold", 3.5)
    series = read(column)
    print(f"read {sum(map(len, series.values()))} rows of {len(series)} counters")
    summary = {name: describe(days) for name, days in series.items()}
    odd = (
        {name: odd_days(days, threshold) for name, days in series.items()}
        if "--outliers" in sys.argv
        else {}
    )
    plot(series, odd, column)
    print("plotted")
    Path("outputs/report.md").write_text(report(summary, odd, column))
    result = {"column": column, "counters": summary}
    if odd:
        result["odd_days"] = odd
    Path("outputs/result.json").write_text(json.dumps(result, indent=1))
    found = sum(map(len, odd.values()))
    rows = sum(part["days"] for part in summary.values())
    Path("manifest.json").write_text(
        json.dumps({"rows": rows, "score": round(1 - found / rows, 4), **result})
    )
    print(f"found {found} odd days")


main()
