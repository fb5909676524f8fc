"""Requests of remote write, judged by their headers and the beginning of their bodies."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.reading import MAX_BODY_BYTES
from handlers.domain.ingest.remote_write import refusal_of_body, refusal_of_form
from tests.support.remote_write_requests import snappy

HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "x-prometheus-remote-write-version"]),
    st.text(max_size=40) | st.sampled_from(["application/x-protobuf", "snappy", "a/b;;=;proto", "2."]),
)


@given(st.text(max_size=8) | st.just("POST"), HEADERS)
def test_every_request_has_a_verdict(method: str, headers: dict[str, str]) -> None:
    """Whatever stands in its headers."""
    refusal = refusal_of_form(method, headers)
    assert refusal is None or refusal.status in {405, 415}


@given(st.binary(max_size=300))
def test_every_body_has_a_verdict(body: bytes) -> None:
    """And what one of the consumers unpacks passes."""
    refusal = refusal_of_body(body, at_most=100)
    assert refusal is None or refusal.status in {400, 413}
    assert refusal_of_body(snappy(body), at_most=10_000) is None


def test_what_a_consumer_would_not_unpack_is_not_taken() -> None:
    """A block of zeros is small, whatever it expands to."""
    for size, status in ((MAX_BODY_BYTES, None), (MAX_BODY_BYTES + 1, 413)):
        refusal = refusal_of_body(snappy(bytes(size)), at_most=2**20)
        assert (refusal.status if refusal else None) == status
