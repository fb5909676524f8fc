"""`ops check`: points judged before they are sent."""

import io
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.__main__ import main
from ops.stack import Target

GOOD = {"metric_name": "a", "value": 1}


def check(given: Any, tmp_path: Path, *options: str) -> int:
    """The exit status for a file with this in it."""
    file = tmp_path / "points.json"
    file.write_text(given if isinstance(given, str) else json.dumps(given))
    return main(["check", *options, str(file)])


def test_good_points_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing else is said, and the exit status is 0."""
    assert check({"metrics": [GOOD, GOOD]}, tmp_path) == 0
    assert capsys.readouterr().out == "good: 2 points\n"


def test_each_bad_point_is_said_with_index_field_and_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the API refuses with its whole request is told from what is set aside alone; the exit status is 1."""
    seconds = {**GOOD, "timestamp": int(time.time())}
    assert check({"metrics": [GOOD, {**GOOD, "value": "1"}, seconds]}, tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:4] == ["metrics[1]", "value", "400", "value_type"]
    assert lines[2].split()[:4] == ["metrics[2]", "timestamp", "quarantined", "timestamp_too_old"]
    assert lines[2].endswith("looks like seconds; send milliseconds")
    assert lines[3].startswith("refused with 400: 1 point,")
    assert lines[4].startswith("quarantined: 1 point,")
    assert lines[5] == "good: 1 point"


def test_points_that_replace_each_other_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the same series and time the last one counts, as in the store; those without a time never meet."""
    same = {**GOOD, "timestamp": int(time.time() * 1000)}
    assert check([same, same, same, GOOD, GOOD], tmp_path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "superseded: 2 points, by a later one of the same series and time",
        "good: 5 points",
    ]


def test_standard_input_is_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Called -, as everywhere."""
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b'{"value": 1}\n{"value": 2}')))
    assert main(["check", "-"]) == 1
    assert "line 2  metric_name  400" in capsys.readouterr().out


def test_a_text_that_cannot_be_read_is_no_point(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody knows how many points it was meant to have."""
    (tmp_path / "cut.json").write_text('{"metrics": [')
    assert main(["check", str(tmp_path / "cut.json")]) == 1
    said = capsys.readouterr().out
    assert "refused with 400: 1 text in which no point can be told" in said
    assert "1 point" not in said


def test_a_file_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """With its name."""
    assert main(["check", "no/such.json"]) == 1
    assert "no/such.json: cannot be read: No such file" in capsys.readouterr().err


def test_of_many_faults_the_first_hundred_are_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And how many there are; nothing that the file says moves the cursor."""
    assert check([{**GOOD, "\x1b[2J": 1}] * 150, tmp_path) == 1
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "… and 50 more" in shown
    assert len(shown.splitlines()) == 104


def test_the_names_of_the_deployment_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With --deployed a name that the table has in another case is found."""
    outputs = {"DimensionsTableName": "names", "TableName": "metrics"}
    monkeypatch.setattr(Target, "outputs", lambda _: outputs)
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name="us-east-1")
        dynamodb.create_table(
            TableName="names",
            KeySchema=[{"AttributeName": "table_name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "table_name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        dynamodb.put_item(TableName="names", Item={"table_name": {"S": "metrics"}, "names": {"SS": ["host"]}})
        point = {**GOOD, "dimensions": {"Host": "a"}}
        assert check(point, tmp_path) == 0
        assert check(point, tmp_path, "--deployed") == 1
    assert "taken as host" in capsys.readouterr().out
