"""`ops status`: what is said of each part, and when that is bad."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from handlers.domain.exports.record import State
from handlers.vocabulary import AlertState
from ops import status
from ops.__main__ import main
from ops.console.place import Place
from ops.console.readers.figures import AlarmOn, Figure, Figures
from ops.errors import OperatorError
from ops.quarantined.given_up import GivenUp
from ops.stack import Target

OUTPUTS = ("StreamName", "AlertsTableName", "RulesTableName", "QuarantineBucketName", "MetricWriterName")
FIGURES = {
    "writer_heartbeat": 31,
    "aggregator_heartbeat": 6,
    "requests": 10,
    "received": 1000,
    "stored": 990,
    "quarantined": 10,
    "latency": 12,
}
LATE = AlarmOn("MetricWriterLate", "points wait", datetime(2026, 1, 1, tzinfo=UTC))
STACK = {
    "StackName": "metrics-dev",
    "StackStatus": "UPDATE_COMPLETE",
    "Description": "a pipeline, version 1.2.3",
    "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
    "Outputs": [{"OutputKey": name, "OutputValue": "x"} for name in OUTPUTS],
}


@pytest.fixture(autouse=True)
def pipeline(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A pipeline in which all is well, to be changed."""
    parts: dict[str, Any] = {
        "figures": {name: Figure([(0, value)]) for name, value in FIGURES.items()},
        "alarms": [],
        "health": "ok",
        "stack": STACK,
        "stream": {"StreamStatus": "ACTIVE", "OpenShardCount": 2},
        "hours": [State.EXPORTED, State.WAITING],
        "points": [],
        "given_up": GivenUp(),
    }  # fmt: skip
    client = SimpleNamespace(
        describe_stream_summary=lambda **_: {"StreamDescriptionSummary": parts["stream"]}
    )
    tables = SimpleNamespace(
        open_keys=list, load=lambda _: parts.get("alerts", []), fresh=lambda: SimpleNamespace(rules=[1, 2])
    )

    def read_figures(_place: Place) -> Figures:
        if isinstance(parts["figures"], Exception):
            raise parts["figures"]
        return Figures(0, parts["figures"])

    monkeypatch.setattr(Target, "stack", lambda _: parts["stack"])
    monkeypatch.setattr(Target, "client", lambda *_: client)
    monkeypatch.setattr(Place, "now_s", lambda _: 0.0)
    monkeypatch.setattr(status, "read_figures", read_figures)
    monkeypatch.setattr(status, "read_alarms", lambda _: parts["alarms"])
    monkeypatch.setattr(status, "health", lambda _: (parts["health"], {"version": "1.2.3"}))
    monkeypatch.setattr(status, "local_ingest_url", lambda _: "https://x/metrics")
    monkeypatch.setattr(status, "AlertsTable", lambda *_: tables)
    monkeypatch.setattr(status, "RulesTable", lambda *_: tables)
    monkeypatch.setattr(
        status, "newest_hours", lambda *_: [SimpleNamespace(state=state) for state in parts["hours"]]
    )
    monkeypatch.setattr(
        status, "read_points", lambda *_, **__: SimpleNamespace(points=parts["points"], truncated=False)
    )
    monkeypatch.setattr(status, "read_given_up", lambda *_: parts["given_up"])
    return parts


def states(capsys: Any) -> tuple[int, dict[str, list[str]]]:
    """The exit status, and of each part what is said."""
    code = main(["status", "--format", "csv"])
    rows = [line.split(",", 2) for line in capsys.readouterr().out.splitlines()[1:]]
    return code, {name: rest for name, *rest in rows}


def test_a_pipeline_that_is_well_says_so(capsys: Any) -> None:
    """In one screen, with its figures."""
    code, parts = states(capsys)
    assert code == 0
    assert {state for state, _ in parts.values()} == {"ok"}
    assert "metrics-dev UPDATE_COMPLETE since 2026-01-01 00:00:00, version 1.2.3" in parts["stack"][1]
    assert '"1,000 received: 990 stored, 0 superseded, 10 quarantined"' in parts["points"][1]
    assert "2 shards; writer lag no reading" in parts["stream"][1]
    assert parts["heartbeat"][1] == '"last one through API and stream: writer 31 s ago, aggregator 6 s ago"'
    assert parts["exports"][1] == '"of the last 2 hours: 1 exported, 1 waiting"'


@pytest.mark.parametrize(
    ("part", "change", "words"),
    [
        ("stack", {"stack": {**STACK, "StackStatus": "UPDATE_ROLLBACK_FAILED"}}, "UPDATE_ROLLBACK_FAILED"),
        ("ingest API", {"health": "no answer (URLError)"}, "no answer (URLError)"),
        ("last hour", {"figures": {"failed": Figure([(0, 3)])}}, "3 failed"),
        ("stream", {"figures": {"MetricWriter_waits": Figure([(0, 61_000)])}}, "writer lag 61.0 s"),
        ("alarms", {"alarms": [LATE]}, "MetricWriterLate: points wait"),
        ("exports", {"hours": [State.MISSING]}, "1 missing"),
        ("quarantine", {"given_up": GivenUp(7, ("s3://b/1",))}, "1 batch given up whole, 7 points; `ops"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_bad_and_ends_with_one(
    part: str, change: dict[str, Any], words: str, pipeline: dict[str, Any], capsys: Any
) -> None:
    """And nothing else is."""
    pipeline.update(change)
    code, parts = states(capsys)
    assert code == 1
    assert [name for name, (state, _) in parts.items() if state == "BAD"] == [part]
    assert words in parts[part][1]


def test_a_heartbeat_that_is_missing_is_to_be_looked_at(pipeline: dict[str, Any], capsys: Any) -> None:
    """Its alarm says when it is trouble; an alarm that waits for its first values is none yet."""
    pipeline.update(figures={"writer_heartbeat": Figure([(-700, 3)])}, alarms=[replace(LATE, waits=True)])
    code, parts = states(capsys)
    assert (code, parts["heartbeat"][0], parts["alarms"][0]) == (0, "look", "look")
    assert "writer 703 s ago, aggregator none" in parts["heartbeat"][1]
    assert "MetricWriterLate waits for its first values" in parts["alarms"][1]


def test_a_heartbeat_that_is_off_is_said_and_is_well(
    pipeline: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """None comes, and none is waited for."""
    monkeypatch.setenv("TIDEGAUGE_ENVIRONMENT", "lake")
    pipeline.update(figures={})
    assert states(capsys)[1]["heartbeat"] == ["ok", '"off, by operators.heartbeat"']


def test_open_alerts_and_quarantined_points_are_to_be_looked_at(
    pipeline: dict[str, Any], capsys: Any
) -> None:
    """They are no fault of the pipeline."""
    alert = SimpleNamespace(
        key=SimpleNamespace(rule_key="hot/cpu"), alert=SimpleNamespace(state=AlertState.ALARM)
    )
    over = SimpleNamespace(key=alert.key, alert=SimpleNamespace(state=AlertState.OK))
    pipeline.update(
        alerts=[alert, over],
        points=[SimpleNamespace(reason="value_type", metric="m", client="c")] * 2,
        given_up=GivenUp(others={"x-WindowAggregator-1": 1}),
    )
    code, parts = states(capsys)
    assert code == 0
    assert parts["alerts"] == ["look", "1 open of 2 rules: hot ALARM"]
    state, words = parts["quarantine"]
    assert (state, words.strip('"').split("; ")) == (
        "look",
        [
            "1 batch given up by WindowAggregator: no point is missing, but alerts have not seen those in them",
            "2 in the last hour: 2 value_type",
            "`ops quarantine list`",
        ],
    )


def test_what_may_not_be_read_hides_nothing_else(pipeline: dict[str, Any], capsys: Any) -> None:
    """The part is unknown, with the reason, and no fault."""
    pipeline["figures"] = OperatorError("cannot read the metrics: no permission")
    code, parts = states(capsys)
    assert code == 0
    assert parts["points"] == ["look", "unknown: cannot read the metrics: no permission"]
    assert parts["alarms"][0] == "ok"
