"""What happens alike whichever store the points are in, at a run that a test module has for itself."""

import json
import time
from datetime import UTC, datetime
from typing import Any

from tests.support.alert_listener import PERIOD, Listener
from tests.support.local_run import LocalRun, wait_for

OPS = "python -m ops quarantine"
GRACE, ALLOWED = 10, 3


def a_mended_point_is_stored_once_at_its_own_time(run: LocalRun) -> None:
    """A redrive sends what can be mended, a second one nothing; what is still bad is kept and said.

    The request's account has every point where it is, before and after.
    """
    seconds = int(time.time())
    bad = {"metric_name": "bad", "value": 1, "dimensions": {"time": "a"}}
    reply = run.post({"metrics": [{"metric_name": "mended", "value": 1, "timestamp": seconds}, bad]})
    wait_for(lambda: len(run.quarantine(reply.body["request_id"])) == 2, "the quarantine", seconds=20)
    request_id = reply.headers["x-amz-apigw-id"]

    wait_for(lambda: _account_of(run, request_id)["state"] == "settled", "the account", seconds=30)
    found = _account_of(run, request_id)
    assert (found["received"], found["quarantined"]) == (2, 2)
    assert "looks like seconds" in found["points"][0]["message"]
    shown = run.shell(f"{OPS} redrive --fix seconds || true")
    assert "sent 1 point" in shown
    assert "dimension_name_reserved" in shown
    wait_for(lambda: len(_stored(run, "mended")) == 1, "the point", seconds=20)
    [[at]] = run.select("SELECT time FROM {table} WHERE metric_name = 'mended'")
    assert at == f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.000000000"
    assert "nothing to send" in run.shell(f"{OPS} redrive --fix seconds || true")
    wait_for(lambda: _account_of(run, request_id)["state"] == "settled", "the account again", seconds=30)
    found = _account_of(run, request_id)
    assert [found[name] for name in ("received", "stored", "superseded", "quarantined")] == [2, 1, 0, 1]
    assert [one["indexes"] for one in found["redriven"]] == [[0]]


def a_correction_wins_over_a_redriven_point(run: LocalRun) -> None:
    """What was too early is stored once its time has come; of what was corrected meanwhile the correction stays."""
    offset_s = run.control("clock")["offset_seconds"]
    at = {"timestamp": int((time.time() + offset_s + 1800) * 1000)}
    early = [{"metric_name": name, "value": 1, **at} for name in ("early", "corrected")]
    reply = run.post({"metrics": early})
    wait_for(lambda: len(run.quarantine(reply.body["request_id"])) == 2, "the quarantine", seconds=20)
    run.control("clock", {"advance_seconds": 1000})
    assert run.post({**early[1], "value": 2}).status == 202
    run.wait_until_stored("corrected", 1)
    for said in ("sent 2 points", "nothing to send"):
        assert said in run.shell(f"{OPS} redrive --reason timestamp_in_future")
    run.wait_until_stored("early", 1)
    assert (_stored(run, "early"), _stored(run, "corrected")) == ([1], [2])


def a_batch_that_was_given_up_is_written_once(run: LocalRun) -> None:
    """However often it is handed over, with the times of its arrival; what was corrected since stays corrected.

    Its request is in flight, then given up, then settled.
    """
    # While no new name can be admitted the batch comes again within seconds.
    run.control("faults", {"service": "dynamodb", "operation": "UpdateItem", "error": "InternalServerError"})
    point = {"metric_name": "lost", "value": 1, "dimensions": {"new": "a"}}
    bad = {**point, "timestamp": 1}
    offset_s = run.control("clock")["offset_seconds"]
    at = {"timestamp": int((time.time() + offset_s) * 1000), "dimensions": {"new": "b"}}
    reply = run.post({"metrics": [point, point, bad, {**point, **at}]})
    name = reply.body["request_id"]
    wait_for(
        lambda: (_account_of(run, name)["writer"] or {}).get("retried") is not None, "a retry", seconds=30
    )
    run.control("clock", {"advance_seconds": 1900})
    wait_for(lambda: _account_of(run, name)["state"] == "given up", "the batch to be given up", seconds=90)
    found = _account_of(run, name)
    assert (found["received"], found["given_up"]) == (4, 4)
    assert found["batches"][0]["condition"] == "RecordAgeExceeded"
    run.control("faults", method="DELETE")
    assert run.post({**point, **at, "value": 7}).status == 202
    run.wait_until_stored("lost", 1)
    assert "1 batch, 4 points written" in run.shell(f"{OPS} redrive --batches")
    assert "no batch" in run.shell(f"{OPS} redrive --batches")
    run.wait_until_stored("lost", 3)
    assert sorted(_stored(run, "lost")) == [1, 1, 7]
    wait_for(lambda: _account_of(run, name)["state"] == "settled", "the log of it", seconds=20)
    found = _account_of(run, name)
    assert (found["stored"] + found["superseded"], found["quarantined"], found["given_up"]) == (3, 1, 0)
    assert [one["reason"] for one in found["points"]] == ["timestamp_too_old"]


def an_alert_fires_once_in_time_and_is_resolved_once(listener: Listener) -> None:
    """The message is there within the period's end, the grace and three seconds; filters pass what they say."""
    delays = []
    # A machine that is busy at the wrong moment delays one alert or two; a pipeline that is slow delays them all.
    for room in ("attic", "cellar", "hall"):
        end = listener.move_to_end_of_period()
        alarms = _told(listener, room, 95, end, count=2)
        assert sorted(message["MessageAttributes"]["rule_id"]["StringValue"] for _, message in alarms) == [
            "hot-critical",
            "hot-low",
        ]
        for _, message in alarms:
            attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
            assert (attributes["state"], attributes["metric_type"], attributes["value"]) == (
                "ALARM",
                "business",
                "95",
            )
            assert message["MessageAttributes"]["value"]["DataType"] == "Number"
            assert json.loads(message["Body"])["group"] == {"room": room}
        [(_, only)] = listener.further(listener.critical, seconds=1)
        assert only["MessageAttributes"]["severity"]["StringValue"] == "critical"
        delays.append(max(at for at, _ in alarms) - end)
        if delays[-1] <= GRACE + ALLOWED:
            break
    assert min(delays) <= GRACE + ALLOWED

    end = listener.move_to_end_of_period()
    resolved = _told(listener, room, 60, end, count=1)
    assert [json.loads(message["Body"])["kind"] for _, message in resolved] == ["resolved"]
    assert [json.loads(message["Body"])["rule"]["rule_id"] for _, message in resolved] == ["hot-critical"]
    assert "ALARM" in listener.running.shell("python -m ops alerts show hot-low")


def _told(
    listener: Listener, room: str, value: float, end: int, *, count: int
) -> list[tuple[float, dict[str, Any]]]:
    """The messages of a point in the period that ends then, up to the end of the next evaluation."""
    stored = listener.running.stored("room.temperature")
    assert listener.running.post(_temperature(room, value)).status == 202
    listener.running.wait_until_stored("room.temperature", stored + 1)
    listener.move_to(end + GRACE - ALLOWED)  # the batch's window is over
    return listener.messages(listener.everything, count, end + PERIOD + GRACE + ALLOWED)


def _temperature(room: str, value: float) -> dict[str, Any]:
    return {
        "metric_name": "room.temperature", "metric_type": "business", "value": value, "dimensions": {"room": room},
    }  # fmt: skip


def _account_of(run: LocalRun, request_id: str) -> dict[str, Any]:
    """The account that `ops request show` gives; until its first line is logged the request is unknown."""
    [account] = json.loads(run.shell(f"python -m ops request show '{request_id}' --format json || true"))
    return dict(account)


def _stored(run: LocalRun, metric: str) -> list[float]:
    if not run.select("SELECT count(*) FROM {table} HAVING count(*) > 0"):
        return []  # until the first point is stored the table has no column metric_name
    return [value for [value] in run.select(f"SELECT value FROM {{table}} WHERE metric_name = '{metric}'")]
