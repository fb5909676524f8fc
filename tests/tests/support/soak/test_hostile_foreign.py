"""Hostile points in other people's protocols: each can be read by the reader of its format."""

import random

import pytest

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import ARRIVAL_MS
from tests.support.points import LIMITS
from tests.support.soak.hostile_foreign import FOREIGN
from tests.support.soak.hostile_inputs import Inputs

_FORMATS = {"otlp_json": "otlp-json", "otlp_protobuf": "otlp-pb", "remote_write": "remote-write"}


@pytest.mark.parametrize("number", range(len(FOREIGN)))
def test_each_point_comes_to_one_end(number: int) -> None:
    """Of a request with hostile names every point is read or refused by itself, and some are read."""
    name, encode = FOREIGN[number]
    points = Inputs(random.Random(number), ARRIVAL_MS - 1_000, 1_000_000_000).foreign(200)
    record = StreamRecord(_FORMATS[name], "-", "r", ARRIVAL_MS, 1, "s", encode(points))
    reading = read_request(record, PointValidator(LIMITS), DimensionMapping())
    assert reading.received == len(points)
    assert reading.points
