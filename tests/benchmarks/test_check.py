"""The bounds of the writer: what is slower or sends more is told."""

import pytest

from benchmarks import bounds
from benchmarks.check import beside_peers, delayed, sent
from benchmarks.peers.loads import SHAPES
from benchmarks.peers.turns import OURS, YARDSTICK, Sample
from benchmarks.writer import FEEDS

TITLE = next(iter(SHAPES))
GOOD = {"units": 0.05, "calls": 0.01, "body_bytes": 200.0, "cpu_us": 1.0, "ready_s": 0.1, "event_ms": 1.0}
PEER: Sample = {"cpu_us": 100.0, "ready_s": 0.1, "event_ms": 100.0}


def beyond(**ours: float) -> list[str]:
    """The bounds that do not hold if the writer's samples, of which one is good for nothing, are these."""
    samples: list[Sample] = [{**GOOD, **ours}, {name: value * 9 for name, value in {**GOOD, **ours}.items()}]
    found = {OURS: samples, YARDSTICK: [PEER, PEER], "handmade": [PEER, PEER]}
    findings = [*beside_peers(TITLE, found), *delayed(found)]
    return [finding.what for finding in findings if not finding.holds]


def test_a_quick_writer_is_within_all_bounds() -> None:
    """Its best sample counts: what else a machine does makes a sample worse, never better."""
    assert beyond() == []


@pytest.mark.parametrize(
    ("what", "least", "told"),
    [
        ("units", (bounds.PEER_UNITS + 1) / 1e6, "units of a million points"),
        ("calls", (bounds.PEER_CALLS + 1) / 1e6, "calls of a million points"),
        ("body_bytes", bounds.PEER_BODY_BYTES + 1, "body_bytes of a million points"),
        ("cpu_us", bounds.CPU[TITLE] * 101, "processor time"),
        ("cpu_us", bounds.CPU_OF_HANDMADE * 101, "processor time / handmade's"),
        ("ready_s", bounds.READY * 0.101, "time until ready"),
        ("event_ms", bounds.DELAYED_EVENT * 101, "time of an event"),
    ],
)
def test_what_goes_beyond_is_named(what: str, least: float, told: str) -> None:
    """One more unit, call or byte, or a share of time beyond its bound."""
    assert any(told in name for name in beyond(**{what: least}))


@pytest.mark.parametrize("feed", FEEDS)
def test_a_feeds_batch_is_sent_as_it_is_written_down(feed: str) -> None:
    """Write units and calls to Timestream, objects and bytes to the lake; fewer is to be written down as well."""
    units, calls, objects, size = sent(feed)
    assert (units.found, calls.found, objects.found) == (units.most, calls.most, objects.most)
    assert size.holds
