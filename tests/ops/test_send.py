"""`ops send`: points of a file to the ingest API."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ops import send
from ops.__main__ import main
from ops.ingest_api import IngestApi
from tests.support.answering_server import answering
from tidegauge_client import unsigned

GOOD = {"metric_name": "a", "value": 1}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of points to be sent to a deployment that has no dimension names yet."""
    monkeypatch.setattr(send, "deployed_names", lambda _: [])
    return tmp_path / "points.json"


def _send(file: Path, content: Any, monkeypatch: pytest.MonkeyPatch, *answers: int) -> tuple[int, list[Any]]:
    """The exit status, and the bodies that arrived."""
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with answering(*answers) as (url, bodies, _):
        monkeypatch.setattr(send, "ingest_api", lambda _: IngestApi(url, unsigned))
        return main(["send", str(file)]), bodies


def test_points_are_sent_with_times(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have none get one each, so that a body that is sent again is stored once."""
    timed = {**GOOD, "timestamp": int(time.time() * 1000)}
    status, bodies = _send(
        file, f"{json.dumps(GOOD)}\n{json.dumps(GOOD)}\n{json.dumps(timed)}", monkeypatch, 503
    )
    assert status == 0
    assert bodies[0] == bodies[1]
    first, second, third = bodies[0]["metrics"]
    assert len({first["timestamp"], second["timestamp"]}) == 2
    assert third == {**timed, "metric_type": "application"}


def test_nothing_is_sent_if_a_point_is_bad(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first is named, with its place and field."""
    status, bodies = _send(file, [GOOD, {**GOOD, "value": "1"}, {}], monkeypatch)
    assert (status, bodies) == (1, [])
    assert (
        "2 points would not be stored, the first for [1] value: a value is a number"
        in capsys.readouterr().err
    )


def test_a_refusal_is_said(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the answer's status."""
    status, _ = _send(file, GOOD, monkeypatch, 403)
    assert status == 1
    assert "did not take the points: 403" in capsys.readouterr().err
