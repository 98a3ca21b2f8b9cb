"""Every fault goes as written, in a small form; and the instrument sees what it is there to see."""

from __future__ import annotations

import pytest

from . import FAULTS, attempt


@pytest.mark.parametrize("number", sorted(FAULTS))
def test_a_fault_goes_as_written(number: int) -> None:
    outcome = attempt(FAULTS[number])
    assert outcome.verdict == "ok", f"{outcome.got} | really sent: {'; '.join(outcome.told)}"


def test_the_table_has_every_number() -> None:
    assert sorted(FAULTS) == list(range(1, 130))


@pytest.mark.parametrize("number", [9, 12, 17, 36, 51, 53, 84, 108])
def test_the_plain_client_of_the_control_meets_raw_exceptions_and_hangs(number: int) -> None:
    assert attempt(FAULTS[number], control=True).verdict == ("hang" if number == 12 else "raw")


@pytest.mark.parametrize("number", [number for number in sorted(FAULTS) if FAULTS[number].plain])
def test_plain_files_pandas_and_sqlite_do_not_go_so(number: int) -> None:
    assert attempt(FAULTS[number], control=True).verdict in ("raw", "differs")
