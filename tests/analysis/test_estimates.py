"""Proportions and differences against published values and by exact chances."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from agentrun_nb.analysis.censored_times import Times
from agentrun_nb.analysis.compare import compare
from agentrun_nb.analysis.estimates import Estimate, difference, rate
from agentrun_nb.analysis.summarize import summarize
from agentrun_nb.analysis.survival import quantiles
from agentrun_nb.errors import SettingsError
from tests.support.analysis import frame, run


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (8, 10, 0.4901625, 0.9433178),
        (0, 10, 0.0, 0.2775328),
        (81, 263, 0.2553, 0.3662),
        (1, 1, 0.2065493, 1.0),
    ],
)
def test_the_interval_of_a_rate_is_wilsons(successes: int, n: int, low: float, high: float) -> None:
    """Newcombe 1998 (Statistics in Medicine 17:857), and the closed form."""
    found = rate(successes, n)
    assert (found.low, found.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))
    z, p = 1.959963984540054, successes / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert found.low == pytest.approx((p + z * z / (2 * n) - half) / (1 + z * z / n), abs=1e-9)


def test_the_interval_of_a_rate_holds_the_truth_95_times_in_100() -> None:
    """On the mean over all rates there can be, and in no case much more rarely: exactly, by binomial chances."""
    rates = np.linspace(0.01, 0.99, 99)
    for n in (5, 10, 20, 60, 200):
        count = np.arange(n + 1)
        found = [rate(successes, n) for successes in range(n + 1)]
        low, high = np.array([(one.low, one.high) for one in found]).T
        chances = stats.binom.pmf(count, n, rates[:, None])
        covered = np.where((low <= rates[:, None]) & (rates[:, None] <= high), chances, 0).sum(1)
        assert 0.93 <= covered.mean() <= 0.97, n
        assert covered.min() > 0.82, n


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 60), (30, 30), (15, 200)])
def test_equal_rates_rarely_differ(n: int, m: int) -> None:
    """By Newcombe's interval: exactly, by binomial chances."""
    a, b = ([rate(count, size) for count in range(size + 1)] for size in (n, m))
    differs = np.array(
        [[(found := difference(x, y)).low > 0 or found.high < 0 for y in b] for x in a]
    )
    for share in np.linspace(0.02, 0.98, 25):
        chances = np.outer(
            stats.binom.pmf(np.arange(n + 1), n, share), stats.binom.pmf(np.arange(m + 1), m, share)
        )
        assert chances[differs].sum() < 0.056


@pytest.mark.parametrize(
    ("a", "b", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_the_interval_of_a_difference_of_rates_is_newcombes(
    a: tuple[int, int], b: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe 1998 (Statistics in Medicine 17:873), method 10, table II."""
    found = difference(rate(*a), rate(*b))
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_nothing_gives_no_estimate() -> None:
    assert rate(0, 0).n == 0
    assert math.isnan(rate(0, 0).low)
    assert math.isnan(quantiles(Times(np.array([]), np.array([], bool)), 0.5)[0].value)
    assert math.isnan(difference(Estimate(0), rate(1, 2)).low)


def test_a_difference_of_which_one_value_is_not_known_reaches_between_the_bounds() -> None:
    found = difference(Estimate(20, 10, 9, 12), Estimate(20, low=3_600))
    assert found.low == 3_588
    assert math.isnan(found.value)
    assert math.isnan(found.high)


@pytest.mark.parametrize(
    "call",
    [summarize, lambda runs: compare(runs, runs, runs)],
    ids=["summarize", "compare"],
)
def test_without_scipy_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, call: Callable[[Any], Any]
) -> None:
    for module in ("scipy", "scipy.special", "scipy.stats"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SettingsError, match=r"agentrun-nb\[analysis\]"):
        call(frame([run(1)]))


def test_scipy_is_loaded_only_when_it_is_used() -> None:
    code = "import sys; from agentrun_nb.analysis import compare, summarize, survival; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_summary_does_not_load_all_of_scipy() -> None:
    """The distributions of scipy.stats take 60 MB."""
    code = """if True:
        import sys
        import agentrun_nb as arn
        runs = arn.runs_frame(list(arn.local.generate(50)))
        arn.summarize(runs, by="version_id", within="10s")
        sys.exit("scipy.stats" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
