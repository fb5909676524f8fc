"""`ops quarantine` from the command line."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, object_key
from handlers.domain.violation import Reason, Violation
from ops.__main__ import main
from ops.quarantined import redrive
from ops.quarantined.ledger import Note, note_redriven
from ops.quarantined.points import read_points
from ops.stack import Target

BUCKET = "quarantine-bucket"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The quarantine of a deployment, empty."""
    monkeypatch.setattr(
        Target, "outputs", lambda _: {"QuarantineBucketName": BUCKET, "MetricWriterName": "w"}
    )
    monkeypatch.setattr(redrive, "deployed_names", lambda _: [])
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(s3: Any, reason: Reason, metric: str, *, age_s: float) -> None:
    """Quarantine a point of that age."""
    arrival_ms = int((time.time() - age_s) * 1000)
    record = StreamRecord("json", "-", f"request-{arrival_ms}", arrival_ms, arrival_ms, "shard", b"")
    point = QuarantinedPoint(record, 0, Violation(reason, "value", f"{reason}!"), {"metric_name": metric})
    s3.put_object(Bucket=BUCKET, Key=object_key([record]), Body=json_lines([point]))


def test_points_of_the_last_hour_are_listed(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With reason, metric and request, and nothing that a client wrote reaches the terminal raw."""
    put(s3, Reason.VALUE_TYPE, "cpu\x1b[2J", age_s=60)
    put(s3, Reason.VALUE_TYPE, "older", age_s=7200)
    assert main(["quarantine", "list"]) == 0
    shown = capsys.readouterr().out
    assert "value_type" in shown
    assert "cpu�[2J" in shown
    assert "older" not in shown
    assert shown.endswith("(1 point)\n")


@pytest.mark.parametrize(("by", "first"), [("reason", "value_type"), ("metric", "m"), ("client", "-")])
def test_points_are_counted_by_what_they_have_in_common(
    s3: Any, capsys: pytest.CaptureFixture[str], by: str, first: str
) -> None:
    """The largest group stands first, with its number."""
    for number in range(2):
        put(s3, Reason.VALUE_TYPE, "m", age_s=3600 * 5 + number)
    put(s3, Reason.BODY_FORM, "m", age_s=3600 * 20)
    assert main(["quarantine", "list", "--since", "1d", "--by", by]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row[0] == first
    assert row[1] == ("2" if by == "reason" else "3")


def test_a_request_is_shown_with_the_cure(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Each of its points with reason, cause, cure and what the client sent; hostile text is harmless."""
    put(s3, Reason.DIMENSION_NAME_CASE, "cpu\x1b[2J", age_s=60)
    [entry] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    request = json.loads(s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read())["request_id"]
    assert main(["quarantine", "show", request]) == 0
    shown = capsys.readouterr().out
    assert "dimension_name_case in value" in shown
    assert "Send the spelling that the message names." in shown
    assert "\x1b" not in shown


def test_a_request_that_is_not_there_is_said(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """With the option that looks further back."""
    assert main(["quarantine", "show", "none"]) == 1
    assert "nothing of request none" in capsys.readouterr().err


def test_points_that_were_sent_again_are_left_out(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless all are asked for."""
    put(s3, Reason.VALUE_TYPE, "m", age_s=60)
    [point] = read_points(s3, BUCKET, since_s=0, span_s=0).points
    notes = [Note(point.request_id, point.index, 0, point.arrived_s, "x")]
    note_redriven(s3, BUCKET, notes, now_s=time.time())
    for given, number in ((["list"], 0), (["list", "--all"], 1)):
        assert main(["quarantine", *given]) == 0
        assert f"({number} point" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("choice", "number"),
    [(["--reason", "value_type"], 2), (["--metric", "b"], 1), (["--client", "x"], 0), ([], 3)],
)
def test_points_can_be_chosen(
    s3: Any, capsys: pytest.CaptureFixture[str], choice: list[str], number: int
) -> None:
    """By reason, metric and client."""
    for age_s, (reason, metric) in enumerate(
        [(Reason.VALUE_TYPE, "a"), (Reason.VALUE_TYPE, "b"), (Reason.BODY_FORM, "c")]
    ):
        put(s3, reason, metric, age_s=age_s)
    assert main(["quarantine", "list", *choice]) == 0
    assert f"({number} point" in capsys.readouterr().out
    assert main(["quarantine", "redrive", "--dry-run", *choice]) == int(number > 0)


@pytest.mark.parametrize(
    ("times", "number"),
    [
        (["--from", "{-90}"], 1),
        (["--from", "{-150}", "--to", "{-90}"], 1),
        (["--from", "{-250}"], 3),
        (["--to", "{-90}"], 2),
        (["--since", "100s"], 1),
        (["--body-format", "json"], 3),
        (["--body-format", "otlp-pb"], 0),
        (["--request", "none"], 0),
    ],
)
def test_points_can_be_chosen_by_their_times(
    s3: Any, capsys: pytest.CaptureFixture[str], times: list[str], number: int
) -> None:
    """From a time, up to one, or between two; by the format and the request, too."""
    now_s = int(time.time())
    for age_s in (60, 120, 180):
        put(s3, Reason.VALUE_TYPE, "m", age_s=age_s)
    given = [
        f"{datetime.fromtimestamp(now_s + int(one[1:-1]), UTC):%Y-%m-%dT%H:%M:%SZ}" if one[0] == "{" else one
        for one in times
    ]
    assert main(["quarantine", "list", *given]) == 0
    assert f"({number} point" in capsys.readouterr().out


@pytest.mark.parametrize(
    "option",
    [
        "--all",
        "--by reason",
        "--client c",
        "--fix seconds",
        "--metric m",
        "--reason value_type",
        "--request r",
        "--body-format json",
    ],
)
@pytest.mark.parametrize(
    "action",
    ["list --rejected", "redrive --batches", "drop --why w --yes --batches", "drop --why w --yes --rejected"],
)
def test_an_option_that_chooses_points_is_never_ignored(
    s3: Any, capsys: pytest.CaptureFixture[str], action: str, option: str
) -> None:
    """Where something else is chosen it is refused by name, and nothing happens."""
    keys = ["aws/lambda/uuid/x", "rejected/x"]
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    with suppress(SystemExit):  # by a command that has no such option
        assert main(["quarantine", *action.split(), *option.split()]) == 1
    assert option.split(maxsplit=1)[0] in capsys.readouterr().err
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET)["Contents"]] == keys


@pytest.mark.parametrize(
    "given",
    [
        ["list", "--since", "1h", "--from", "2026-11-22T08:00Z"],
        ["query", "--csv", "--plot", "SELECT 1"],
        ["query", "--format", "json", "--plot", "SELECT 1"],
        ["query", "--format", "json", "--csv", "SELECT 1"],
    ],
)
def test_options_of_which_one_would_be_ignored_are_refused(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the names of both."""
    with pytest.raises(SystemExit):
        main(["quarantine", *given])
    assert "not allowed with argument" in capsys.readouterr().err


def test_a_fix_of_other_points_is_refused(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Rather than to send them as they are."""
    put(s3, Reason.VALUE_TYPE, "m", age_s=60)
    assert main(["quarantine", "redrive", "--fix", "seconds", "--reason", "value_type"]) == 1
    assert "--fix seconds is of points that are set aside as timestamp_too_old" in capsys.readouterr().err


@pytest.mark.parametrize(
    "times", [["--from", "yesterday"], ["--from", "2026-11-22T09:00Z", "--to", "2026-11-22T08:00Z"]]
)
def test_a_time_that_is_none_is_said(s3: Any, capsys: pytest.CaptureFixture[str], times: list[str]) -> None:
    """With the option, and what was given."""
    assert main(["quarantine", "list", *times]) == 1
    assert f"{times[-2]} " in capsys.readouterr().err


def test_batches_that_were_given_up_are_mentioned(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """They hold points as well, which no line of the list has."""
    s3.put_object(Bucket=BUCKET, Key="aws/lambda/uuid/x", Body=b"{}")
    assert main(["quarantine", "list"]) == 0
    assert "1 batch given up whole" in capsys.readouterr().err


def test_programs_get_every_point_with_what_was_sent(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the newest fifty alone, and the payload to be mended and sent again."""
    for age_s in range(60):
        put(s3, Reason.VALUE_TYPE, "m", age_s=age_s)
    assert main(["quarantine", "list", "--format", "jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 60
    assert {line["payload"]["metric_name"] for line in lines} == {"m"}


def test_points_can_be_asked_about_in_sql(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Those of the time, as a table."""
    for metric in ("a", "b", "b"):
        put(
            s3,
            Reason.VALUE_TYPE,
            metric,
            age_s=60 + len(s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])),
        )
    sql = "SELECT metric, count(*) AS points FROM quarantine GROUP BY 1 ORDER BY 1"
    assert main(["quarantine", "query", "--csv", sql]) == 0
    assert capsys.readouterr().out == "metric,points\na,1\nb,2\n"
    assert main(["quarantine", "query", "--csv", "--since", "1s", sql]) == 0
    assert capsys.readouterr().out == "metric,points\n"


def test_a_dropped_point_is_listed_no_more(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless all are asked for; shown, it says so."""
    put(s3, Reason.VALUE_TYPE, "m", age_s=60)
    assert main(["quarantine", "drop", "--metric", "m", "--why", "a test", "--yes"]) == 0
    assert "dropped 1 point" in capsys.readouterr().out
    assert main(["quarantine", "list"]) == 0
    assert "(0 points)" in capsys.readouterr().out
    assert main(["quarantine", "list", "--all"]) == 0
    assert "(1 point)" in capsys.readouterr().out
    [point] = read_points(s3, BUCKET, since_s=0, span_s=0).points
    assert main(["quarantine", "show", point.request_id]) == 0
    assert ", dropped" in capsys.readouterr().out


def test_the_command_starts_without_duckdb() -> None:
    """It takes a moment that only a query needs."""
    loaded = "import sys, ops.quarantine; print({'duckdb', 'pyarrow', 'troposphere'} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout
        == "set()\n"
    )


@pytest.mark.parametrize("why", ["", "x" * 501])
def test_a_drop_says_why(why: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a text that somebody reads in a year."""
    with pytest.raises(SystemExit):
        main(["quarantine", "drop", "--why", why])
    assert "1 to 500 characters" in capsys.readouterr().err
