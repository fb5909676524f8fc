"""The log of a batch."""

import json
from typing import Any

from msgspec.structs import replace

from handlers.domain.ingest.batch import Report, RequestAccount
from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.formats.redriven import redriven_body
from handlers.domain.ingest.quarantine import QuarantinedPoint
from handlers.domain.ingest.report import log_lines
from handlers.domain.violation import Reason, Violation
from tests.support.events import ARRIVAL_MS, kinesis_record, records

VIOLATION = Violation(Reason.VALUE_TYPE, "value", "a value is a number")


def report(*requests: RequestAccount, retry_from: int | None = None) -> Report:
    """A batch that came to this."""
    return Report(list(requests), retry_from, 7, 2, ["WriteRecords: ThrottlingException"], "r/9=")


def lines(some: Report, *, every_request: bool = True) -> list[dict[str, Any]]:
    """The log, read."""
    found = list(
        log_lines(
            some, {"Project": "metrics", "Environment": "dev"}, ARRIVAL_MS + 900, every_request=every_request
        )
    )
    assert all("\n" not in line and line.isascii() and len(line) < 256 * 1024 for line in found)
    return [json.loads(line) for line in found]


def test_one_line_holds_the_metrics_of_a_batch() -> None:
    """In embedded metric format: each metric that is declared is there."""
    [one, two] = records({}, {}, arrival_ms=ARRIVAL_MS)
    refused = [QuarantinedPoint(one, 0, VIOLATION, {})]
    [line] = lines(
        report(
            RequestAccount(one, 4, 2, 1, refused),
            RequestAccount(two, 1, 0, 0, [QuarantinedPoint(two, 0, VIOLATION, {})], unreadable=True),
        )
    )
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Tidegauge", [["Project", "Environment"]])
    assert (line["Project"], line["Environment"]) == ("metrics", "dev")
    assert {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]} == {
        "PointsReceived": 5,
        "PointsStored": 2,
        "PointsSuperseded": 1,
        "PointsQuarantined": 2,
        "RecordsUnreadable": 1,
        "IngestDelay": [900],
    }
    assert (line["WriteCalls"], line["WriteThrottles"]) == (7, 2)
    assert line["_aws"]["Timestamp"] == ARRIVAL_MS + 900


def test_every_request_has_its_account() -> None:
    """Received, stored, superseded and quarantined by request id; one id in two records is one sum."""
    [one, two] = records({}, {})
    [line] = lines(
        report(RequestAccount(one, 4, 3, 1), RequestAccount(replace(two, request_id=one.request_id), 2, 2))
    )
    assert line["requests"] == {"request/0+=": [6, 5, 1, 0]}


def test_a_redrives_record_that_came_twice_has_one_account() -> None:
    """Its points are the same: counted twice, twice as many would have lost to a correction as there are."""
    [first] = records({})
    body = redriven_body(first, 1, {0: {}, 1: {}})
    items = [kinesis_record(body, place, partition_key="redriven/edge/redrive-1") for place in (1, 2)]
    accounts = [RequestAccount(record, 2, 1, 1) for record in read_records({"Records": items})]
    found = lines(report(*accounts))
    assert found[0]["requests"] == {"redrive-1": [2, 1, 1, 0]}
    assert found[1]["clients"] == {"edge": [2, 1, 1, 0]}


def test_remote_write_has_its_client_in_its_account() -> None:
    """No access log has it, as it came through no API; without a token there is none to name."""
    [one, two] = records({}, {})
    come = [
        replace(one, format="remote-write", client="edge"),
        replace(two, format="remote-write", client="-"),
    ]
    line, _ = lines(report(*(RequestAccount(record, 4, 4) for record in come)))
    assert line["requests"] == {"request/0+=": [4, 4, 0, 0, "edge"], "request/1+=": [4, 4, 0, 0]}


def test_what_cannot_be_read_and_what_was_settled_before_a_retry_have_accounts() -> None:
    """A record of which no point can be told counts as one; nothing is said of those that come again."""
    [one, two] = records({}, {})
    refused = [QuarantinedPoint(two, 0, VIOLATION, {})]
    [line] = lines(
        report(
            RequestAccount(one, 4, 4), RequestAccount(two, 1, 0, 0, refused, unreadable=True), retry_from=9
        )
    )
    assert line["requests"] == {"request/0+=": [4, 4, 0, 0], "request/1+=": [1, 0, 0, 1]}


def test_quiet_logs_leave_out_what_was_stored_whole() -> None:
    """Only requests with something to tell remain, and the metrics count them all."""
    [one, two] = records({}, {})
    [line] = lines(report(RequestAccount(one, 4, 4), RequestAccount(two, 4, 3, 1)), every_request=False)
    assert line["requests"] == {"request/1+=": [4, 3, 1, 0]}
    assert line["PointsReceived"] == 8


def test_hostile_ids_neither_break_nor_burst_a_line() -> None:
    """Ten thousand requests with the longest ids go on over several lines, and none is missing."""
    template = records({})[0]
    requests = [
        RequestAccount(replace(template, request_id=f"{n}" + "\n\u2028💥" * 80), 1, 1) for n in range(10_000)
    ]
    found = lines(report(*requests))
    assert len(found) > 1
    assert sum(len(line["requests"]) for line in found) == 10_000
    assert [line for line in found if "_aws" in line] == found[:1]


def test_delays_are_a_sample_with_both_ends() -> None:
    """A metric takes a hundred values."""
    template = records({})[0]
    requests = [RequestAccount(replace(template, arrival_ms=ARRIVAL_MS - n), 1, 1) for n in range(5000)]
    [delays] = [line["IngestDelay"] for line in lines(report(*requests)) if "IngestDelay" in line]
    assert (len(delays), delays[0], delays[-1]) == (100, 900, 5899)


def test_a_retry_is_explained() -> None:
    """Where the stream starts again and with which request, and what was in the way, but nothing that a client sent."""
    [line] = lines(report(retry_from=123))
    assert line["retry_request"] == "r/9="
    assert (line["retry_from"], line["causes"]) == ("123", ["WriteRecords: ThrottlingException"])
    assert (line["PointsReceived"], line["requests"]) == (0, {})


def test_every_client_with_a_token_has_its_account() -> None:
    """In lines of their own, however quiet the log is and however many they are; who has none is in no line."""
    some = records(*({} for _ in range(400)))
    clients = [replace(one, client=f"edge-{number % 200}") for number, one in enumerate(some)]
    refused = [QuarantinedPoint(some[0], 0, VIOLATION, {})]
    accounts = [RequestAccount(one, 4, 2, 1, refused) for one in clients]
    _, *found = lines(report(*accounts, RequestAccount(some[0], 1, 1)), every_request=False)
    counted = [line["clients"] for line in found if "clients" in line]
    assert [len(line) for line in counted] == [150, 50]
    assert {name: account for line in counted for name, account in line.items()} == {
        f"edge-{number}": [8, 4, 2, 2] for number in range(200)
    }
    [line] = lines(report(RequestAccount(some[0], 1, 1)), every_request=False)
    assert "clients" not in line


def test_what_became_no_dimension_and_what_is_no_sample_is_counted() -> None:
    """Twenty names at most, as clients choose them, and of a long one its beginning."""
    [one, two] = records({}, {})
    many = {f"{number:02}" + "n" * 100: number for number in range(1, 40)}
    [line] = lines(
        report(
            RequestAccount(one, 1, 1, dropped={"service.instance.id": 70}, ignored={"exemplars": 1}),
            RequestAccount(two, 1, 1, dropped={"service.instance.id": 5, **many}, ignored={"exemplars": 2}),
        )
    )
    assert line["ignored"] == {"exemplars": 3}
    assert line["dropped_attributes"].pop("service.instance.id") == 75
    assert line["dropped_attributes"] == {f"{number:02}" + "n" * 58: number for number in range(21, 40)}
    [line] = lines(report(RequestAccount(one, 1, 1)))
    assert not {"ignored", "dropped_attributes"} & line.keys()
