"""Groups of the same failure."""

from __future__ import annotations

import random
import sys
import uuid
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrun_nb.analysis.failures import failures
from agentrun_nb.analysis.fingerprints import exit_meaning, fingerprint
from agentrun_nb.core.schema import LOGS
from agentrun_nb.errors import SchemaError
from agentrun_nb.local.generator import generate
from agentrun_nb.tables.frames import runs_frame
from agentrun_nb.tables.mending import mend
from tests.support.analysis import at, frame, run
from tests.support.strategies import HOSTILE

SAME = [
    ["KeyError: 'invoice_12'", "KeyError: 'invoice 7'", 'KeyError: "x"', "KeyError: ``"],
    [
        "killed, out of memory at 146 MB",
        "killed, out of memory at 2,913 MB",
        "killed, out of memory at 1.5e3 MB",
    ],
    ["run adrun_7c2a009b is gone", "run adrun_12345678 is gone", "run adrun_d00dfeedcafe1 is gone"],
    [f"job {uuid.UUID(int=1)} lost", f"job {uuid.UUID(int=2**127 + 77)} lost"],
    [
        "cannot read /workspace/in/a.csv",
        "cannot read /tmp/x-1/b.json",
        "cannot read ./data/c",
        "cannot read src/a/b.py",
    ],
    [
        "no answer from http://a.example/x?y=1",
        "no answer from https://b.example:8443/",
        "no answer from 10.0.0.7:80",
    ],
    [
        "at 2026-03-01T10:00:00Z: stopped",
        "at 2026-04-02 11:30:00.123+02:00: stopped",
        "at 2026-04-02: stopped",
    ],
    ["segfault at 0x7ffe12", "segfault at 0x1"],
    ["stopped after 30 s", "stopped after 1,800 s", "stopped  after\n7 s"],
    ["upstream-410 refused", "upstream-7 refused"],
    ["took 1m30s", "took 5s"],
    ["step -3 of 5", "step 3 of 5"],
    ["limit of 2 GiB", "limit of 512 MiB", "limit of 900MB", "limit of 1.5 kB", "limit of 3 bytes"],
    [
        "waited 5 s",
        "waited 300 ms",
        "waited 0.5 seconds",
        "waited 2m30s",
        "waited 1 hour",
        "waited 20min",
    ],
    ["gave up after 3 attempts", "gave up after 1 attempt"],
    [
        "entrypoint failed with exit code 1: ValueError: 'A 7'",
        "process exited with code 2: ValueError: 'B 9'",
    ],
    [
        f"Error code: 529 - {{'type': 'error', 'error': {{'type': 'overloaded_error'}}, 'request_id': {value}}}"
        for value in ("None", "'req_011CSHoEeqs5C35K2UUqR7Fy'", '"abc"', "7")
    ],
    [
        'API said {"error":{"type":"overloaded_error","message":"Overloaded"},"id":"x1"}',
        "API said {'error': {'type': 'overloaded_error', 'message': 'Overloaded'}, 'id': None}",
    ],
    [
        f"{{'error': {{'message': 'Rate limit for {model}: limit {n}. Try again in {wait}.', 'code': 'rate_limit'}}}}"
        for model, n, wait in [
            ("gpt-4o", "30000", "1.2s"),
            ("gpt-4o-mini", "9", "183ms"),
            ("claude-3-5", "7", "6m0s"),
        ]
    ],
    [
        "Incorrect API key provided: sk-proj-*****7Q4A.",
        "Incorrect API key provided: sk-ab12*****wxyZ.",
    ],
    ["File not found: '/data/in/a.csv'", "File not found: 'b/c.csv'", "File not found: 'd.csv'"],
    ["commit 3f2a9bc41d0e7788 not found", "commit 0123456789abcdef not found"],
]
DIFFERENT = [
    "exit code 1", "exit code 137", "HTTP 404", "HTTP 503", "status: 500", "status: 429", "errno 13", "errno 2",
    "KeyError: 'x'", "ValueError: 'x'", "sha256 mismatch", "sha512 mismatch", "utf8 error", "utf16 error",
    "read/write error", "open/close error", "step stage1 failed", "can't open", "don't open", "ModuleNotFoundError",
    "KeyError: 'amount'", "KeyError: 'customer_name'", "No module named 'pandas'", "No module named 'numpy'",
    "'NoneType' object has no attribute 'text'", "'NoneType' object has no attribute 'find'",
    "column \"price\" does not exist", "column \"total\" does not exist", "(reading 'content')", "(reading 'length')",
    "502 Bad Gateway", "500 Internal Server Error", "gateway returned 502", "gateway returned 500", "HTTPError: 502",
    "HTTPError: 500", "<Response [502]>", "<Response [500]>", "got '503 Service Unavailable' for it",
    "got '504 Gateway Timeout' for it", "returned code -9", "returned code -11", "ORA-00942: x", "ORA-12154: x",
    "Expecting ',' delimiter", "Expecting ':' delimiter",
    "[X] {'error': {'type': 'invalid_request_error', 'message': 'prompt is too long: 9 tokens > 7 maximum'}}",
    "[X] {'error': {'type': 'invalid_request_error', 'message': 'Your credit balance is too low.'}}",
    '[X] {"error":{"type":"authentication_error","message":"invalid x-api-key"}}',
    '[X] {"error":{"code":"rate_limit_exceeded"}}', '[X] {"error":{"code":"insufficient_quota"}}',
    '[X] {"error":{"code":429}}', '[X] {"error":{"code":503}}', '[X] {"statusCode":500}', '[X] {"statusCode":502}',
    '[X] {"error":"{\\"type\\":\\"overloaded_error\\"}"}', '[X] {"error":"{\\"type\\":\\"api_error\\"}"}',
    '[X] {"error":{"type":"cut_off_in_the_middle","mess',
    "(Caused by NewConnectionError('<x object at 0x7f>: Failed to connect: Name or service not known'))",
    "(Caused by NewConnectionError('<x object at 0x7f>: Failed to connect: Connection refused by it'))",
    "std::bad_alloc", "std::out_of_range", "",
]  # fmt: skip


@pytest.mark.parametrize("reasons", SAME)
def test_reasons_that_differ_in_ids_numbers_paths_or_quotes_have_one_fingerprint(
    reasons: list[str],
) -> None:
    assert len(set(map(fingerprint, reasons))) == 1, list(map(fingerprint, reasons))


def test_reasons_that_say_different_things_keep_apart() -> None:
    assert len(set(map(fingerprint, DIFFERENT))) == len(DIFFERENT)
    assert len({fingerprint(reasons[0]) for reasons in SAME}) == len(SAME)


ENDINGS = ["KeyError: 'amount'", "ValueError: no rows", "RuntimeError: first line\nsecond line"]


def python_traceback(ending: str, frames: int) -> str:
    places = "".join(
        f'  File "/srv/a_{n}.py", line {n}, in f{n}\n    call({n})\n' for n in range(frames)
    )
    return f"Traceback (most recent call last):\n{places}{ending}"


def node_traceback(ending: str, frames: int) -> str:
    places = "".join(f"    at step{n} (/app/flow.js:{n}:7)\n" for n in range(frames))
    return f"/app/flow.js:{frames}\n    throw error\n    ^\n\n{ending}\n{places}\nNode.js v20.11.1"


@pytest.mark.parametrize("written", [python_traceback, node_traceback])
@pytest.mark.parametrize("ending", ENDINGS)
def test_of_a_traceback_of_any_length_the_exception_counts_and_not_the_places(
    written: Any, ending: str
) -> None:
    long = written(ending, 200)
    assert len(long) > 5_000
    chained = f"{written('OSError: gone', 3)}\n\nDuring handling of it, another exception occurred:\n\n{long}"
    found = {
        fingerprint(reason)
        for reason in (written(ending, 1), long, f"entrypoint failed with exit code 1: {long}")
    }
    assert found == {fingerprint(ending)}
    if written is python_traceback:
        assert fingerprint(chained) == fingerprint(ending)


def test_of_what_an_installer_prints_the_errors_count() -> None:
    error = "ERROR: No matching distribution found for torch==9.9"
    assert fingerprint(
        f"Collecting torch\n  Using cache\n{error}\n[notice] A new release of pip"
    ) == fingerprint(error)


@given(HOSTILE | st.text())
def test_any_reason_has_a_fingerprint_and_it_is_stable(reason: str) -> None:
    found = fingerprint(reason)
    assert found
    assert fingerprint(reason) == found


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "unit",
    [
        "'",
        "/",
        "a/",
        "1",
        "a1",
        "-",
        ":",
        "a:",
        "0x",
        ".",
        "@a",
        "a.",
        "://",
        "“",
        "<",
        "*",
        "{'a':",
        "\n  at x (",
        "error: ",
    ],
)
def test_a_hostile_reason_costs_no_more_than_its_length(unit: str) -> None:
    assert fingerprint(unit * 1_000_000)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (137, "SIGKILL"),
        (143, "SIGTERM"),
        (-9, "SIGKILL"),
        (124, "timeout"),
        (126, "could not be run"),
        (127, "not found"),
    ],
)
def test_exit_codes_of_the_shell_have_meanings(code: int, words: str) -> None:
    assert words in (exit_meaning(code) or "")


@pytest.mark.parametrize("code", [1, 2, 3, 255, 200, 2**40, pd.NA, None])
def test_an_exit_code_of_the_programs_own_has_none(code: object) -> None:
    assert exit_meaning(code) is None


def failed(number: int, reason: str | None, second: int, **more: object) -> object:
    return run(number, "failed", (0, 1, second), failure_reason=reason, exit_code=1, **more)


def test_one_row_tells_a_failure_whole() -> None:
    runs = frame(
        [
            failed(0, "no 'a' in 5 rows", 7, version_id="v1"),
            failed(1, "no 'b' in 6 rows", 3, version_id="v2"),
            failed(2, "no 'c' in 9 rows", 5, version_id="v2"),
            run(3, "timed_out", (0, 1, 4), exit_code=137),
            run(4),
        ]
    )
    first, second = (row for _, row in failures(runs).iterrows())
    assert first["fingerprint"] == "no <text> in <n> rows"
    assert (first["n"], first["share"], first["versions"]) == (3, 0.75, "v2: 2, v1: 1")
    assert (first["first_seen"], first["last_seen"]) == (pd.Timestamp(at(3)), pd.Timestamp(at(7)))
    assert (first["run_id"], first["example"]) == ("run-0", "no 'a' in 5 rows")
    assert (second["status"], second["fingerprint"], second["n"]) == (
        "timed_out",
        "no reason recorded",
        1,
    )
    assert "SIGKILL" in second["meaning"]


def test_the_same_reason_with_another_exit_code_is_another_failure() -> None:
    runs = frame([run(code, "failed", failure_reason="died", exit_code=code) for code in (1, 137)])
    assert failures(runs)["exit_code"].tolist() == [1, 137]


def test_the_phase_comes_from_the_last_event_that_names_one() -> None:
    runs = frame([failed(0, "x", 2), failed(1, "x", 2), failed(2, "x", 2)])
    texts = [
        '{"failure_phase":"install"}',
        '{"failure_phase":"run"}',
        '{"failure_phase":7}',
        '{"a":"failure_phase"',
        "{}",
    ]
    logs = pd.DataFrame(
        {
            "id": list("abcde"),
            "deployment_id": "dep",
            "run_id": ["run-0", "run-0", "run-1", "run-1", "run-2"],
            "created_at": [at(second) for second in (1, 2, 3, 4, 5)],
            "metadata": texts,
        }
    )
    assert failures(runs, mend(logs, LOGS).iloc[::-1])["phase"].tolist() == ["run: 1"]
    assert failures(runs)["phase"].isna().all()


def test_what_is_not_known_to_have_failed_is_named_after_the_failures() -> None:
    runs = frame([failed(0, "x", 2), run(1, "pending_approval"), run(2, None), run(3, None)])
    runs.loc[3, "fetch_error"] = "connection: No answer came."
    found = failures(runs)
    assert found["fingerprint"].tolist()[1:] == [
        "unknown status: pending_approval",
        "no status",
        "not fetched: connection",
    ]
    assert found["n"].sum() == 4
    assert found["share"].sum() == 1


def test_no_failures_give_an_empty_table_of_the_same_columns() -> None:
    empty, full = failures(frame([run(0)])), failures(frame([failed(0, "x", 2)]))
    assert empty.empty
    assert empty.dtypes.equals(full.dtypes)


@pytest.mark.parametrize("by", [None, "created_at", "started_at", ["version_id", "completed_at"]])
def test_failures_without_a_moment_give_a_table_of_the_same_columns(by: Any) -> None:
    timed = frame([failed(0, "x", 2)])
    untimed = timed.copy()
    untimed.loc[:, ["created_at", "started_at", "completed_at"]] = pd.NaT
    found = failures(untimed, by=by)
    assert found["n"].tolist() == [1]
    assert found["first_seen"].isna().all()
    assert found.dtypes.equals(failures(timed, by=by).dtypes)


def test_generated_failures_fall_into_their_kinds_whatever_the_order() -> None:
    runs = runs_frame(b"[" + b",".join(generate(20_000)) + b"]")
    found = failures(runs)
    assert len(found) == 6
    assert found["n"].sum() == runs["status"].isin(["failed", "timed_out"]).sum()
    shuffled = runs.sample(frac=1, random_state=random.Random(1).randrange(2**32))
    pd.testing.assert_frame_equal(failures(shuffled), found)


def test_the_group_of_every_run_stands_at_its_own_place() -> None:
    runs = frame(
        [failed(0, "no 'b' in 6 rows", 2), run(1), failed(2, "boom", 2), run(3, "running")]
    )
    runs = runs.set_axis(["x", "x", "y", "z"])
    each = failures(runs, each=True)
    assert each.index.equals(runs.index)
    assert each.fillna("-").tolist() == ["no <text> in <n> rows", "-", "boom", "-"]
    assert failures(runs.iloc[:0], each=True).empty
    assert set(each.dropna()) == set(failures(runs)["fingerprint"])


def test_failures_are_grouped_by_a_column_a_series_or_both() -> None:
    runs = frame(
        [failed(n, "boom", n + 2, version_id=f"v{n % 2}") for n in range(5)]
        + [run(9, version_id="v0")]
    )
    hours = pd.Series([1, 1, 1, 1, 2, 2], runs.index, name="hour")
    by_version = failures(runs, by="version_id")
    assert by_version[["version_id", "n", "share"]].to_numpy().tolist() == [
        ["v0", 3, 1.0],
        ["v1", 2, 1.0],
    ]
    by_both = failures(runs, by=[hours, "version_id"])
    assert list(by_both.columns[:3]) == ["hour", "version_id", "n"]
    assert by_both["n"].sum() == 5
    assert failures(runs, by=hours.rename(None)).columns[0] == "group"
    for wrong in ("versionid", 7, ["n"], hours.iloc[:3], hours.set_axis(range(50, 56)), [["a"]]):
        with pytest.raises(SchemaError):
            failures(runs, by=wrong)


OWN = ["deployment_id", "status", "exit_code"]


@pytest.mark.parametrize("by", [*OWN, ["status", "version_id"], OWN, ["version_id", "exit_code"]])
def test_failures_are_grouped_by_columns_that_the_result_has_anyway(by: Any) -> None:
    runs = frame(
        [
            failed(n, "boom", n + 2, version_id=f"v{n % 2}", deployment_id=f"d{n % 3}")
            for n in range(8)
        ]
        + [run(9, "timed_out", (0, 1, 3), exit_code=137), run(10)]
    )
    columns = [by] if isinstance(by, str) else by
    found = failures(runs, by=by)
    renamed = runs.assign(**{f"my_{name}": runs[name] for name in columns})
    expected = failures(renamed, by=[f"my_{name}" for name in columns])
    assert list(found)[: len(columns)] == columns
    assert sorted(found) == sorted({*failures(runs), *columns})
    for name in columns:
        assert found[name].tolist() == expected[f"my_{name}"].tolist()
    others = [name for name in failures(runs) if name not in columns]
    pd.testing.assert_frame_equal(pd.DataFrame(found[others]), pd.DataFrame(expected[others]))


def test_names_stand_for_the_deployments_of_failures_and_logs_still_tell_their_phase() -> None:
    runs = frame([failed(n, "boom", n + 2, deployment_id=f"d{n % 2}") for n in range(4)])
    log = {
        "id": "e",
        "deployment_id": "d0",
        "run_id": "run-0",
        "metadata": '{"failure_phase": "install"}',
    }
    logs = mend(pd.DataFrame([log]), LOGS)
    found = failures(runs, logs, by="deployment_id", names={"d0": "export"})
    assert found.set_index("deployment_id")["n"].to_dict() == {"export": 2, "d1": 2}
    assert found.set_index("deployment_id")["phase"]["export"] == "install: 1"
    assert found["share"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", ["status", "completed_at", "failure_reason", "id", "exit_code"])
def test_a_series_with_the_name_of_a_column_groups_and_changes_no_failure(name: str) -> None:
    runs = frame([failed(n, f"boom {n}", n + 2) for n in range(6)] + [run(7)])
    parts = pd.Series(range(len(runs)), runs.index) % 2
    found = failures(runs, by=parts.rename(name))
    expected = failures(runs, by=parts.rename("half"))
    assert found[name].tolist() == expected["half"].tolist()
    others = [column for column in failures(runs) if column != name]
    pd.testing.assert_frame_equal(pd.DataFrame(found[others]), pd.DataFrame(expected[others]))


def test_runs_that_stand_more_than_once_are_said_to() -> None:
    runs = frame([failed(0, "boom", 2), failed(1, "boom", 2)])
    twice = pd.concat([runs, runs.iloc[:1]], ignore_index=True)
    assert not failures(runs)["fingerprint"].str.contains("more than once").any()
    last = failures(twice).iloc[-1]
    assert "more than once" in last["fingerprint"]
    assert last["n"] == 1


def test_a_notebook_shows_what_differs_at_length_and_nothing_in_it_acts() -> None:
    reason = (
        "entrypoint failed with exit code 1: RuntimeError: "
        + "a long way to the end, " * 8
        + "\u202eevil <b>here</b>"
    )
    found = failures(frame([failed(0, reason, 2)]))
    assert list(found.columns[:3]) == ["n", "share", "fingerprint"]
    assert list(found.columns[-2:]) == ["deployment_id", "run_id"]
    html = found._repr_html_()
    assert html.count("here") == 2
    assert "\u202e" not in html + repr(found)
    assert "<b>" not in html
    assert not found["fingerprint"].iloc[0].startswith("entrypoint")
    assert found["example"].iloc[0] == reason
    assert type(found.head(1)) is pd.DataFrame


def test_equal_reasons_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    module = sys.modules["agentrun_nb.analysis.failures"]
    monkeypatch.setattr(module, "fingerprint", lambda reason: read.append(reason) or "x")
    assert failures(frame([failed(n, "boom" * 500, 2) for n in range(300)]))["n"].tolist() == [300]
    assert len(read) == 1
