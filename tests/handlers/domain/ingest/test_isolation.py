"""Records that the writer's own code fails on."""

import json
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest

from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.batch import Ports, Report, ignore
from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.formats.redriven import redriven_body
from handlers.domain.ingest.isolation import ISOLATED_AFTER_MS, write_or_set_aside
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point
from tests.support.events import ARRIVAL_MS, batch, kinesis_record, metric, records
from tests.support.fake_ports import FakeQuarantine, FakeRegistry
from tests.support.points import LIMITS

LATER_MS = ARRIVAL_MS + ISOLATED_AFTER_MS


class Store:
    """Fails on points of one name, with the error that the test wants."""

    keeps_every_version = False

    def __init__(self, error: Exception) -> None:
        self._error = error

    def write(self, points: Sequence[Point], _: Deadline) -> Written:
        """All stored, or the error."""
        if any(point.series.metric_name == "poison" for point in points):
            raise self._error
        return Written([Outcome.STORED] * len(points))


def ports(error: Exception, quarantine: FakeQuarantine) -> Ports:
    """The ports of a writer with that store."""
    return Ports(FakeRegistry(), Store(error), LIMITS, quarantine, on_stored=ignore)


def written(
    error: Exception, *bodies: object, now_ms: int = LATER_MS, quarantine: FakeQuarantine | None = None
) -> Report:
    """The report of a batch at that time."""
    places = ports(error, quarantine or FakeQuarantine())
    return write_or_set_aside(
        records(*bodies), places, Deadline(time.monotonic() + 60, time.monotonic), now_ms
    )


def test_a_record_that_fails_alone_and_for_long_is_set_aside() -> None:
    """Each of its points, with what was sent, so that it can be redriven; what is no point keeps its own reason."""
    quarantine = FakeQuarantine()
    body = batch(metric("poison"), metric("cpu", 2), metric("x", None))
    report = written(ValueError("a secret"), body, quarantine=quarantine)
    [account] = report.settled
    assert (account.received, account.stored, len(account.quarantined), report.retry_from) == (3, 0, 3, None)
    [text] = quarantine.objects.values()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["reason"] for line in lines] == ["processing_failed", "processing_failed", "value_type"]
    assert [line["payload"] for line in lines] == list(body["metrics"])
    assert b"a secret" not in text


@pytest.mark.parametrize(
    ("error", "bodies", "now_ms"),
    [
        (ValueError("x"), [metric("poison")], LATER_MS - 1),
        (ValueError("x"), [metric("poison"), metric("cpu")], LATER_MS),
        (ConfigurationError("x"), [metric("poison")], LATER_MS + 10**9),
    ],
)
def test_what_may_be_mended_or_halved_is_raised(error: Exception, bodies: list[object], now_ms: int) -> None:
    """A batch is halved first, a deployment taken back, and a setting mended by an operator."""
    with pytest.raises(type(error)):
        written(error, *bodies, now_ms=now_ms)


def test_a_record_that_cannot_even_be_read_is_kept_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one point, in base64."""
    quarantine = FakeQuarantine()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("handlers.domain.ingest.request_reader.RequestReader.read", fail)
    report = written(ValueError(), b"{}", quarantine=quarantine)
    assert len(report.settled[0].quarantined) == 1
    assert [json.loads(text)["payload"] for text in quarantine.objects.values()] == [{"base64": "e30="}]


def test_redriven_points_that_cannot_be_read_keep_their_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each as it was sent again, so that the account of its first request has it, and a further redrive."""
    [first] = records(batch(metric(), metric("a"), metric("b")))
    body = redriven_body(first, 2, {1: metric("a"), 2: metric("b")})
    item = kinesis_record(body, 7, partition_key="redriven/-/redrive-1", arrival_ms=LATER_MS)
    quarantine = FakeQuarantine()

    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("handlers.domain.ingest.request_reader.RequestReader.read", fail)
    deadline = Deadline(time.monotonic() + 60, time.monotonic)
    now_ms = LATER_MS + ISOLATED_AFTER_MS
    write_or_set_aside(read_records({"Records": [item]}), ports(ValueError(), quarantine), deadline, now_ms)
    lines = [json.loads(line) for text in quarantine.objects.values() for line in text.splitlines()]
    assert [(line["request_id"], line["index"], line["attempt"], line["payload"]) for line in lines] == [
        (first.request_id, 1, 2, metric("a")),
        (first.request_id, 2, 2, metric("b")),
    ]


def test_a_quarantine_that_cannot_be_written_has_the_record_come_again() -> None:
    """Nothing is lost for it."""

    quarantine = FakeQuarantine(fails=lambda: True)
    report = written(ValueError(), metric("poison"), quarantine=quarantine)
    assert (report.settled, report.retry_from) == ([], records({})[0].sequence)


def test_attempts_that_nobody_can_note_keep_no_record_back() -> None:
    """Trouble with the notes is none of the record's."""

    class Unreachable:
        def begin(self, *_: object, **__: object) -> int:
            """Trouble."""
            raise TransientError("no answer")

        def end(self, _: object) -> None:
            """Trouble."""
            raise TransientError("no answer")

    places = replace(ports(ValueError(), FakeQuarantine()), attempts=Unreachable())
    deadline = Deadline(time.monotonic() + 60, time.monotonic)
    report = write_or_set_aside(records(metric("cpu")), places, deadline, LATER_MS)
    assert (report.settled[0].stored, report.retry_from) == (1, None)
