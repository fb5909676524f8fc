"""Token buckets."""

from emulator.token_bucket import Limits, TokenBucket


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    """After the burst, a token comes back each 1/rate seconds, and never more than the burst."""
    now = [0.0]
    bucket = TokenBucket(Limits(rate=2, burst=3), lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] += 0.5
    assert [bucket.take() for _ in range(2)] == [True, False]
    now[0] += 60
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
