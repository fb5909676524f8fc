"""Bodies of requests."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.body import NotFinite, Unreadable, read_metrics


def test_a_body_is_one_metric_or_several() -> None:
    """Both forms give a list of metrics as they were written."""
    assert read_metrics(b'{"metric_name":"a"}') == [{"metric_name": "a"}]
    assert read_metrics(b'{"metrics":[{"metric_name":"a"},7]}') == [{"metric_name": "a"}, 7]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body_not_json"),
        (b"{", "body_not_json"),
        (b"\xff\xfe{}", "body_not_json"),
        ('{"metric_name":"a"}'.encode("utf-16"), "body_not_json"),
        (b"[" * 100_000, "body_not_json"),
        (b'{"value":' + b"[" * 100_000, "body_not_json"),
        (b"null", "body_form"),
        (b'"text"', "body_form"),
        (b'[{"metric_name":"a","value":1}]', "body_form"),
        (b'{"metrics":[]}', "body_form"),
        (b'{"metrics":{}}', "body_form"),
        (b'{"metrics":null}', "body_form"),
        (b'{"metrics":[{}],"metric_name":"a"}', "body_form"),
    ],
)
def test_other_bodies_are_unreadable(body: bytes, reason: str) -> None:
    """No metric is told from anything else, however deep or broken."""
    with pytest.raises(Unreadable) as caught:
        read_metrics(body)
    assert caught.value.violation.reason == reason


@pytest.mark.parametrize("literal", ["1e999", "-1e999", "1" * 400, "-" + "9" * 5000, "NaN", "-Infinity"])
def test_a_number_without_a_double_leaves_its_neighbours_readable(literal: str) -> None:
    """It is kept as written, beside values that stay exact."""
    body = f'{{"metrics":[{{"value":{literal}}},{{"value":1763769600000,"x":0.1}}]}}'
    assert read_metrics(body.encode()) == [
        {"value": NotFinite(literal)},
        {"value": 1_763_769_600_000, "x": 0.1},
    ]


def test_a_broken_character_leaves_its_neighbours_readable() -> None:
    """Half of a surrogate pair is for the rules to judge."""
    assert read_metrics(b'{"metrics":[{"metric_name":"\\ud800"},{"metric_name":"b"}]}')[1] == {
        "metric_name": "b"
    }


@given(st.binary(max_size=60))
def test_any_bytes_are_metrics_or_unreadable(body: bytes) -> None:
    """Nothing that a client sends raises anything else."""
    with suppress(Unreadable):
        assert read_metrics(body)
