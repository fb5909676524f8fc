"""The account of a request in words."""

import json
from dataclasses import replace

import pytest

from ops.quarantined.points import QuarantinedPoint
from ops.request_account.account import (
    Entry,
    GivenUpBatch,
    RequestAccount,
    Resent,
    Settlement,
    Trouble,
    Waiting,
)
from ops.request_account.words import Kept, document, lines

AT_S = 1_795_716_215.0
KEPT = Kept(log_days=7, quarantine_days=90, since_s=604_800)
ENTRY = Entry(AT_S, "POST /v1/metrics", 200, "edge", "10.0.0.1")
ACCEPTED = RequestAccount("r/1=", AT_S + 300, 3_600.0, entry=ENTRY)
POINT = QuarantinedPoint(
    "r/1=", 3, "edge", AT_S, "value_type", "value", "no number", {"value": "1"}, "otlp-pb"
)
BATCH = GivenUpBatch(
    "aws/lambda/m/s/1", "x-MetricWriter-1", "t", "RecordAgeExceeded", 7, "otlp-pb", "edge", of_writer=True
)
SETTLED = replace(ACCEPTED, settlements=(Settlement(AT_S + 9, 5, 4, 0, 1),), quarantined=(POINT,))
AGAIN = replace(SETTLED, settlements=(Settlement(1, 1, 1, 0, 0),))


def text(account: RequestAccount) -> str:
    """All of it in one line."""
    return " ".join(" ".join(lines(account, kept=KEPT)).split())


def test_a_settled_request_says_who_when_how_and_where_each_point_is() -> None:
    """With the cause and the cure of what was set aside, and what was sent."""
    said = text(SETTLED)
    for part in (
        "request r/1=: settled", "accepted 2026-11-26 18:03:35 UTC, by edge from 10.0.0.1",
        "through POST /v1/metrics, OTLP (otlp-pb)", "answered 200",
        "points 5 received, 4 stored, 0 superseded, 1 quarantined",
        "settled 2026-11-26 18:03:44 UTC, 9 s after it came in",
        "point 3 value_type in value: no number", "cause", "cure", 'sent {"value": "1"}',
    ):  # fmt: skip
        assert part in said
    assert "given up" not in said


@pytest.mark.parametrize(
    ("account", "parts"),
    [
        (
            replace(ACCEPTED, entry=replace(ENTRY, status=400, why="BAD_REQUEST_BODY")),
            ("r/1=: refused", "answered 400: the body breaks the model; `ops check FILE` says where (BAD"),
        ),
        (replace(ACCEPTED, entry=replace(ENTRY, status=401, why="A token is needed")), ("401: A token is needed",)),
        (replace(ACCEPTED, entry=replace(ENTRY, client="")), ("by anonymous from 10.0.0.1",)),
        (
            replace(ACCEPTED, waiting=Waiting(280.0, Trouble(AT_S + 60, "throttled", "r/1="))),
            (
                "in flight", "waiting for 5 min, of 60 min at most", "reads records that are 5 min old (IteratorAge)",
                "retried 2026-11-26 18:04:35 UTC, from this request on: throttled",
            ),
        ),
        (replace(ACCEPTED, waiting=Waiting(None, None)), ("has no reading of its age (IteratorAge)",)),
        (replace(ACCEPTED, now_s=AT_S + 9_000), ("MISSING", "MetricWriterDroppedAlarm")),
        (
            replace(ACCEPTED, given_up=(BATCH,)),
            (
                "r/1=: given up", "points 7 received, 7 given up", "aws/lambda/m/s/1 (RecordAgeExceeded, t)",
                "`ops quarantine redrive --batches`",
            ),
        ),
        (replace(SETTLED, given_up=(BATCH,)), ("a batch with it lies given up as well, which is harmless",)),
        (
            replace(SETTLED, given_up=(replace(BATCH, function="WindowAggregator", of_writer=False),)),
            ("WindowAggregator gave its batch up: no point is missing, but alerts have not seen it",),
        ),
        (
            replace(SETTLED, settlements=(*SETTLED.settlements, Settlement(AT_S + 60, 5, 0, 4, 1))),
            ("4 stored", "again 2026-11-26 18:04:35 UTC: its batch came again, which changes nothing (0 stored, 4 s"),
        ),
        (
            replace(SETTLED, entry=replace(ENTRY, status=503)),
            ("refused 2026", "answered 503", "the stream had it, although the client was told otherwise"),
        ),
        (
            replace(SETTLED, resent=(Resent("redrive-1", AT_S + 99, (3,)),)),
            ("sent again as redrive-1", "redriven 1 point at 2026-11-26 18:05:14 UTC as redrive-1: how that ended"),
        ),
        (
            replace(SETTLED, resent=(Resent("a", AT_S, (3,), AGAIN),)),
            ("redriven 1 point at 2026-11-26 18:03:35 UTC as a: 1 received, 1 stored", "points 5 received, 5 stored"),
        ),
        (replace(SETTLED, quarantined=(POINT,) * 25), ("and 5 more: --format json shows all",)),
        (
            replace(SETTLED, settlements=()),
            ("in flight", "1 quarantined", "has not said yet where the others are"),
        ),
        (
            replace(SETTLED, settlements=(), now_s=AT_S + 9_000),
            ("settled", "1 quarantined", "its counts are not in the log any more"),
        ),
        (replace(SETTLED, entry=None), ("client edge", "answered not known: no access log has it")),
        (replace(ACCEPTED, entry=None), ("unknown", "last 7 days (--since); logs are kept for 7 days, the q")),
        (replace(ACCEPTED, now_s=AT_S + 900, quiet=True, waiting=Waiting(1.0, None)), ("whole: writer.log_level",)),
        (replace(ACCEPTED, remarks=("not all was read",)), ("note not all was read",)),
    ],
)  # fmt: skip
def test_each_state_says_what_it_means(account: RequestAccount, parts: tuple[str, ...]) -> None:
    """And what to do, or what to look at."""
    said = text(account)
    for part in parts:
        assert part in said


def test_programs_get_all_of_it_and_null_for_what_nobody_has_said() -> None:
    """The counts add up, each point has its cause and cure, and the keys are always the same."""
    said = document(replace(SETTLED, given_up=(BATCH,), waiting=Waiting(1.0, Trouble(AT_S, "x"))))
    assert said["received"] == said["stored"] + said["superseded"] + said["quarantined"] + said["given_up"]
    assert (said["state"], said["status"], said["client"], said["asked"]) == (
        "settled",
        200,
        "edge",
        "POST /v1/metrics",
    )
    [point] = said["points"]
    assert (point["index"], point["payload"], point["sent_as"]) == (3, {"value": "1"}, None)
    assert point["cure"]
    assert said["batches"][0]["points_missing"] is False
    assert said["at"] == "2026-11-26T18:03:35.000Z"
    unknown = document(RequestAccount("x", 1.0, 1.0))
    assert unknown.keys() == said.keys()
    assert unknown["received"] is unknown["status"] is unknown["writer"] is None
    json.dumps([said, unknown])
