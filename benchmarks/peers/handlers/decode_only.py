"""Decodes and does nothing else: what no writer can be below."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from orjson import loads

from benchmarks.peers.handlers import DONE


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Decode a batch of the stream."""
    for record in event["Records"]:
        loads(b64decode(record["kinesis"]["data"]))
    return DONE
