"""The bodies of requests, made past botocore's serializer."""

import json

import botocore.session
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from handlers.adapters.timestream.request import request_body, requests_of
from handlers.domain.point import Point
from tests.support import points as support


def point(host: str, time_ns: int, version: int, value: float = 0.1) -> Point:
    """A point of one series per host."""
    return support.point(
        'cpu\u2028 "load" é', (("host", host),), time_ns=time_ns, value=value, version=version
    )


def test_the_body_is_what_the_sdk_would_have_sent() -> None:
    """The request has the shape of the service's model, and botocore's own serializer makes the same of it."""
    model = (
        botocore.session.get_session().get_service_model("timestream-write").operation_model("WriteRecords")
    )
    for points in (
        [point("a", 1_763_769_600_000_000_001, 1)],
        [point("a", 1_763_769_600_000_000_001, 1), point("b", 1_763_769_600_000_000_001, 1, 1e-300)],
        [point("a", 1_763_769_600_000_000_001, 1), point("b", 1_763_769_600_000_000_002, 2, -1e22)],
    ):
        ours = json.loads(request_body({"DatabaseName": "metrics_dev", "TableName": "metrics"}, points))
        assert not ParamValidator().validate(ours, model.input_shape).has_errors()
        theirs = create_serializer("json", include_validation=False).serialize_to_request(ours, model)["body"]
        assert json.loads(theirs) == ours


def test_requests_hold_each_point_once_at_its_position() -> None:
    """The positions of a request name its records, in their order."""
    points = [point(f"h{number % 40}", 1_763_769_600_000_000_000 + number, 1) for number in range(250)]
    target = {"DatabaseName": "d", "TableName": "t"}
    requests = list(requests_of(target, points))
    assert sorted(position for request in requests for position in request.positions) == list(range(250))
    for positions, body in requests:
        assert body == request_body(target, [points[position] for position in positions])
