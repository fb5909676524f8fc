"""A Timestream that takes everything at once and keeps its books later: `python -m benchmarks.peers.stand_in`.

It prints its port. While a client is timed, a call costs this process its framing alone: bodies are read when
somebody asks `/counts`, which also sets everything back to nothing. `/delay?MS` makes each answer wait.
The dimension registry's item is answered, too: every name of the load is known.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from benchmarks.peers.metered import Call, metered

_TARGET = b"x-amz-target: timestream_20181101."
_REGISTRY = {
    "Item": {"names": {"SS": ["host", "region", "environment", "device", "cpu"]}, "revision": {"N": "1"}}
}


class StandIn:
    """The calls since somebody asked, and the seconds that an answer waits."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.delay_s = 0.0
        self._bodies: list[bytes] = []
        self._unsigned = 0

    def answer(self, head: bytes, body: bytes) -> tuple[bytes, float]:
        """The body of the answer to a request, and the seconds that it waits."""
        low = head.lower()
        if b"x-amz-target: dynamodb_" in low:
            return orjson.dumps(_REGISTRY), self.delay_s
        at = low.find(_TARGET)
        if at < 0:
            return orjson.dumps(self._control(head.split(b" ", 2)[1].decode())), 0.0
        self._unsigned += b"aws4-hmac-sha256" not in low
        if low.startswith(b"describeendpoints", at + len(_TARGET)):
            endpoint = {"Address": f"http://127.0.0.1:{self.port}", "CachePeriodInMinutes": 1440}
            return orjson.dumps({"Endpoints": [endpoint]}), self.delay_s
        self._bodies.append(body)
        count = body.count(b'"MeasureValue":') + body.count(b'"MeasureValues":')
        ingested = {"Total": count, "MemoryStore": count, "MagneticStore": 0}
        return orjson.dumps({"RecordsIngested": ingested}), self.delay_s

    def _control(self, path: str) -> Mapping[str, Any]:
        what, _, argument = path.partition("?")
        if what == "/delay":
            self.delay_s = float(argument) / 1000
            return {}
        bodies, self._bodies = self._bodies, []
        unsigned, self._unsigned = self._unsigned, 0
        return {**_counts(map(metered, bodies), exact=argument == "exact"), "unsigned": unsigned}


def _counts(calls: Iterator[Call], *, exact: bool) -> Mapping[str, int]:
    """Calls, units, bytes, points, and the distinct points if it is to be `exact`."""
    counts = dict.fromkeys(("calls", "units", "body_bytes", "points", "largest_call"), 0)
    distinct: set[tuple[Any, ...]] = set()
    for call in calls:
        counts["calls"] += 1
        counts["units"] += call.units
        counts["body_bytes"] += call.body_bytes
        counts["points"] += len(call.points)
        counts["largest_call"] = max(counts["largest_call"], call.records)
        if exact:
            distinct.update(call.points)
    return {**counts, "distinct": len(distinct)}


class _Connection(asyncio.Protocol):
    def __init__(self, stand_in: StandIn) -> None:
        self._stand_in = stand_in
        self._buffer = bytearray()
        self._needed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer
        buffer += data
        while len(buffer) >= self._needed:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(buffer[: end + 2])
            self._needed = end + 4 + _content_length(head)
            if len(buffer) < self._needed:
                return
            body, wait_s = self._stand_in.answer(head, bytes(buffer[end + 4 : self._needed]))
            del buffer[: self._needed]
            self._needed = 0
            reply = (
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\n"
                b"x-amzn-RequestId: stand-in\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
            )
            if wait_s:
                asyncio.get_running_loop().call_later(wait_s, self._transport.write, reply)
            else:
                self._transport.write(reply)


def _content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    return int(head[at + 17 : head.find(b"\r\n", at + 2)]) if at >= 0 else 0


async def _main() -> None:
    stand_in = StandIn(0)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(stand_in), "127.0.0.1", 0)
    stand_in.port = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": stand_in.port}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
