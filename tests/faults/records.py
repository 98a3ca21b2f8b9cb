"""D and E: records and their moments."""

from __future__ import annotations

import json

import pandas as pd

import agentrun_nb as arn
from agentrun_nb.errors import BadResponseError

from .bodies import codes, kept
from .lab import Got, Lab, fault
from .replies import DEP, http, page, record, refusal, text_record
from .server import Reply, Request


@fault(75, "an unknown status", "kept and noted; not taken for an end, nor for an error")
def _(lab: Lab) -> list[Got]:
    got = []
    for status in ("waiting_for_input", "pending_approval"):
        got.append(kept(lab, "status unknown_value", status=f'"{status}"'))
        assert got[-1].row["status"] == status
        assert lab.one_run(http(record(status=status))).value.ended is False
    return got


@fault(76, "a status in capitals, with blanks", "kept as it is, noted")
def _(lab: Lab) -> Got:
    got = kept(lab, "status unknown_value", status='" Succeeded "')
    assert got.row["status"] == " Succeeded "
    return got


@fault(77, "a status that is null, a number, an object", "NA, and the original in the note")
def _(lab: Lab) -> Got:
    for text, code in (("null", "null"), ("7", "not_text"), ('{"a":1}', "not_text")):
        got = kept(lab, f"status {code}", status=text)
        assert pd.isna(got.row["status"])
        assert text in got.row["parse_notes"]
    return got


@fault(78, "an unknown mode, log level, error code", "kept and noted")
def _(lab: Lab) -> Got:
    got = kept(lab, "mode unknown_value", mode='"daemon"')
    assert got.row["mode"] == "daemon"
    event = {"id": "ev_1", "created_at": "2026-11-07T10:00:00Z", "level": "notice", "message": "m"}
    with lab.service(http({"events": [event]})) as (client, _):
        assert client.get_logs((DEP, "run_1"))["level"].tolist() == ["notice"]
    return got


@fault(79, "fields that nobody knows", "kept in extra, to the letter")
def _(lab: Lab) -> Got:
    got = kept(lab, cost='{"eur": 1.50}', tags="[]")
    assert got.row["extra"] == '{"cost":{"eur": 1.50},"tags":[]}'
    return got


@fault(
    80,
    "required fields that are missing",
    "NA and a note; a record without an id is kept in a listing",
)
def _(lab: Lab) -> list[Got]:
    bare = lab.row(b'{"id":"run_1"}')
    assert len(codes(bare)) == 7, codes(bare)
    assert {code.split()[1] for code in codes(bare)} == {"missing"}
    nameless = lab.listing(
        lambda request, number: [page({"status": "failed"}, {"status": "failed"})]
    )
    assert len(nameless.value) == 2
    assert nameless.report.oddities["missing"] == 14, nameless
    return [bare, nameless]


@fault(81, "null where a value is required", "NA and a note")
def _(lab: Lab) -> Got:
    return kept(
        lab,
        "version_id null",
        "mode null",
        "created_at null",
        version_id="null",
        mode="null",
        created_at="null",
    )


@fault(82, "the record of another run", "BadResponseError; a row with fetch_error in bulk")
def _(lab: Lab) -> list[object]:
    alone = lab.one_run(http(record("run_2")))
    assert type(alone.error) is BadResponseError, alone
    with lab.service(http(record("run_2"))) as (client, _):
        runs = client.get_runs(DEP, ["run_1"], progress=False)
    assert runs["fetch_error"].iloc[0].startswith("bad_response: ")
    return [alone, runs["fetch_error"].iloc[0]]


@fault(83, "a record that names another deployment", "kept, and noted")
def _(lab: Lab) -> Got:
    body = text_record(deployment_id='"dep_9"')
    got = lab.row(body)
    assert codes(got) == {"deployment_id wrong_id"}
    return got


@fault(84, "the vendor's newer shape", "a row; unknown fields in extra, missing ones NA and noted")
def _(lab: Lab) -> Got:
    fields = {
        "id": "run_1",
        "function_id": "fn_1",
        "machine_id": "m_1",
        "route": "/x",
        "queued_reason": None,
        "status": "running",
    }
    got = lab.row(http(fields).partition(b"\r\n\r\n")[2])
    assert {"function_id", "machine_id", "route", "queued_reason"} <= set(
        json.loads(got.row["extra"])
    )
    assert "version_id missing" in codes(got)
    return got


@fault(85, "the same run twice in a page", "the one that changed last, counted")
def _(lab: Lab) -> Got:
    older = record(status="running", updated_at="2026-11-07T10:02:00Z")
    for items in ((older, record()), (record(), older)):
        got = lab.listing(lambda request, number, items=items: [page(*items)])
        assert got.value["status"].tolist() == ["succeeded"]
        assert got.report.duplicates == 1
    return got


@fault(
    86,
    "a status that goes backwards",
    "the record that changed last stays; an archive has both",
)
def _(lab: Lab) -> Got:
    newer = record(status="running", updated_at="2026-11-07T10:04:00Z", completed_at=None)
    stale = record(status="queued", updated_at="2026-11-07T10:00:00Z", completed_at=None)
    with lab.service(lambda request, number: [http(newer if number == 0 else stale)]) as (
        client,
        _,
    ):
        again = client.refetch(client.get_runs(DEP, ["run_1"], progress=False))
    assert again["status"].tolist() == ["running"]
    left = [newer, stale]

    def in_order(request: Request, number: int) -> Reply:
        return [http(left.pop(0)) if request.last == "run_1" else refusal("404 X")]

    with lab.archive() as archive, lab.service(in_order) as (client, _):
        for _ in range(2):
            archive.rescue(client, (DEP, "run_1"))
        assert archive.get_run(DEP, "run_1").status == "running"
        assert archive.observations()["status"].tolist() == ["running", "queued"]
    return Got(None, again, 0.0)


@fault(
    87,
    "ended and still running; ended without an end",
    "both as they are",
    theirs="health: flags them",
)
def _(lab: Lab) -> list[Got]:
    running, endless = kept(lab, status='"running"'), kept(lab, completed_at="null")
    assert running.row["completed_at"] == pd.Timestamp("2026-11-07T10:05:00Z")
    assert pd.isna(endless.row["completed_at"])
    return [running, endless]


def moment(lab: Lab, text: str, expected: str | None, code: str | None) -> Got:
    """A moment as it is read, and its note."""
    got = kept(
        lab,
        *([f"created_at {code}"] if code else []),
        created_at=text,
        started_at="null",
        completed_at="null",
    )
    read = got.row["created_at"]
    assert str(got.value["created_at"].dtype) == "datetime64[us, UTC]"
    assert pd.isna(read) if expected is None else read == pd.Timestamp(expected), read
    return got


@fault(88, "a moment without a zone", "read as UTC, noted")
def _(lab: Lab) -> Got:
    return moment(lab, '"2026-11-07T10:00:00"', "2026-11-07T10:00:00Z", "naive_time")


@fault(89, "+05:30, -00:00", "in UTC")
def _(lab: Lab) -> list[Got]:
    return [
        moment(lab, '"2026-11-07T10:00:00+05:30"', "2026-11-07T04:30:00Z", None),
        moment(lab, '"2026-11-07T10:00:00-00:00"', "2026-11-07T10:00:00Z", None),
    ]


@fault(90, "1, 3, 6, 9 decimals", "one dtype; the ninth is cut and noted")
def _(lab: Lab) -> list[Got]:
    got = [
        moment(lab, f'"2026-11-07T10:00:00.{"1" * n}Z"', f"2026-11-07T10:00:00.{'1' * n}Z", None)
        for n in (1, 3, 6)
    ]
    return [
        *got,
        moment(
            lab, '"2026-11-07T10:00:00.123456789Z"', "2026-11-07T10:00:00.123456Z", "cut_precision"
        ),
    ][-1:]


@fault(91, "small t and z, a blank between", "read")
def _(lab: Lab) -> list[Got]:
    return [
        moment(lab, f'"{text}"', "2026-11-07T10:00:00Z", None)
        for text in ("2026-11-07t10:00:00z", "2026-11-07 10:00:00Z")
    ]


@fault(92, "a leap second", "the last microsecond of its minute, noted")
def _(lab: Lab) -> Got:
    return moment(lab, '"2016-12-31T23:59:60Z"', "2016-12-31T23:59:59.999999Z", "leap_second")


@fault(93, "the years 9999 and 1", "read; beyond them NA and a note")
def _(lab: Lab) -> list[Got]:
    last, first = (
        moment(lab, '"9999-12-31T23:59:59Z"', "9999-12-31T23:59:59Z", None),
        moment(lab, '"0001-01-01T00:00:00Z"', "0001-01-01T00:00:00Z", None),
    )
    return [last, first, moment(lab, '"0001-01-01T00:00:00+10:00"', None, "out_of_range")]


@fault(94, "year 10000, month 13, 24:00, +24:00, a week, foreign digits", "NA and a note")
def _(lab: Lab) -> Got:
    texts = (
        "10000-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-07T24:00:00Z",
        "2026-11-07T10:00:00+24:00",
        "2026-W01-5",
        "２０２６-11-07T10:00:00Z",
    )
    return [moment(lab, f'"{text}"', None, "bad_time") for text in texts][-1]


@fault(95, "seconds and milliseconds since the epoch", "told apart by size, noted")
def _(lab: Lab) -> list[Got]:
    return [
        moment(lab, text, "2026-11-07T10:00:00Z", "epoch_time")
        for text in ("1794045600", "1794045600000")
    ]


@fault(96, "an end before the start", "noted; everything works on")
def _(lab: Lab) -> Got:
    got = kept(lab, "completed_at time_order", completed_at='"2026-11-07T10:00:30Z"')
    arn.figures.timeline(got.value)
    return got


@fault(97, "a start in the future", "kept", theirs="page: drawn, never a negative span")
def _(lab: Lab) -> Got:
    got = kept(lab, status='"running"', started_at='"2099-01-01T00:00:00Z"', completed_at="null")
    assert got.row["started_at"].year == 2099
    return got


@fault(98, "a reader in a zone with summer time", "UTC in the frame; a zone only where it is shown")
def _(lab: Lab) -> Got:
    got = kept(lab, created_at='"2026-10-25T00:30:00Z"')
    assert str(got.value["created_at"].dt.tz) == "UTC"
    assert (
        arn.brief(got.value, tz="Europe/Berlin").iloc[0]["created (Europe/Berlin)"]
        == "2026-10-25 02:30:00"
    )
    return got
