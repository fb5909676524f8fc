"""Fails when the writer sends more, or works slower beside its peers, than it has to: `make bench-check`.

The bounds, and why they are what they are, stand in `benchmarks.bounds`. Times are ratios of processes that took turns
on this machine, each by its best sample: what else a machine does only ever makes one slower.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import bounds, decoding
from benchmarks.peers.loads import SHAPES
from benchmarks.peers.metered import metered
from benchmarks.peers.ratios import least
from benchmarks.peers.turns import OURS, YARDSTICK, Sample, Turns
from benchmarks.report import print_head, print_row
from benchmarks.writer import FEEDS, points_of_feed
from handlers.adapters.lake.lines import objects_of
from handlers.adapters.timestream.request import requests_of

_ROUNDS, _SECONDS, _DELAY_MS = 4, 0.8, 10.0
_TARGET = {"DatabaseName": "metrics_dev", "TableName": "metrics"}
_HANDMADE = "handmade"


@dataclass(frozen=True)
class Finding:
    """Something that was counted or measured, and the most that it may be."""

    what: str
    found: float
    most: float

    @property
    def holds(self) -> bool:
        """True if it is within its bound."""
        return self.found <= self.most


def main() -> None:
    """Print what was found as Markdown; the exit status is 1 if a bound does not hold."""
    print_head("what", "found", "at most", "")
    findings = []
    for finding in _all():
        print_row(finding.what, _shown(finding.found), _shown(finding.most), _verdict(finding))
        findings.append(finding)
    beyond = [finding.what for finding in findings if not finding.holds]
    if beyond:
        sys.exit(f"beyond its bound: {'; '.join(beyond)}")


def _shown(number: float) -> str:
    return f"{number:,.0f}" if number >= 1_000 else f"{number:.3g}"


def _verdict(finding: Finding) -> str:
    return "" if finding.holds else "**too much**"


def _all() -> Iterator[Finding]:
    for feed in FEEDS:
        yield from sent(feed)
    names = (YARDSTICK, _HANDMADE, OURS)
    for title, shape in SHAPES.items():
        yield from beside_peers(title, Turns(_ROUNDS, _SECONDS).measure(names, shape))
    title, shape = next(iter(SHAPES.items()))
    yield from delayed(Turns(_ROUNDS, _SECONDS, _DELAY_MS).measure((YARDSTICK, OURS), shape))
    yield from decoded()


def sent(feed: str) -> Iterator[Finding]:
    """The units, calls, objects and bytes of a feed's batch in both stores."""
    points, most = points_of_feed(feed), bounds.SENT[feed]
    calls = [metered(request.body) for request in requests_of(_TARGET, points)]
    objects = objects_of(points)
    size = sum(len(one.body()) for one in objects) / len(points)
    yield Finding(f"{feed}: write units", sum(call.units for call in calls), most.units)
    yield Finding(f"{feed}: calls", len(calls), most.calls)
    yield Finding(f"{feed}: objects", len(objects), most.objects)
    yield Finding(f"{feed}: bytes a point in objects", size, most.bytes_a_point * bounds.ZLIB)


def beside_peers(title: str, found: Mapping[str, Sequence[Sample]]) -> Iterator[Finding]:
    """The units, calls and bytes that the writer sends of a load, and its time beside those of its peers."""
    ours = found[OURS]
    for what, most in (
        ("units", bounds.PEER_UNITS),
        ("calls", bounds.PEER_CALLS),
        ("body_bytes", bounds.PEER_BODY_BYTES * 1_000_000),
    ):
        yield Finding(f"{title}: {what} of a million points", round(least(ours, what) * 1_000_000), most)
    cpu = least(ours, "cpu_us")
    of_batch = cpu / least(found[YARDSTICK], "cpu_us")
    yield Finding(f"{title}: processor time / {YARDSTICK}'s", of_batch, bounds.CPU[title])
    of_handmade = cpu / least(found[_HANDMADE], "cpu_us")
    yield Finding(f"{title}: processor time / {_HANDMADE}'s", of_handmade, bounds.CPU_OF_HANDMADE)
    ready = least(ours, "ready_s") / least(found[YARDSTICK], "ready_s")
    yield Finding(f"{title}: time until ready / {YARDSTICK}'s", ready, bounds.READY)


def delayed(found: Mapping[str, Sequence[Sample]]) -> Iterator[Finding]:
    """The time of an event when each answer takes ten milliseconds more."""
    share = least(found[OURS], "event_ms") / least(found[YARDSTICK], "event_ms")
    yield Finding(f"time of an event, answers 10 ms later / {YARDSTICK}'s", share, bounds.DELAYED_EVENT)


def decoded() -> Iterable[Finding]:
    """The time of decoding and judging points in each format."""
    samples = decoding.FEEDS["1,000 series"]
    requests = decoding.in_requests(samples)
    yardstick = decoding.loading(requests)
    for body_format, encode in decoding.FORMATS.items():
        bodies = [encode(request) for request in requests]
        times = decoding.reading(body_format, bodies, len(samples)).first / yardstick
        yield Finding(f"decoding {body_format} / json.loads", times, bounds.DECODING[body_format])


if __name__ == "__main__":
    main()
