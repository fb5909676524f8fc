"""The names of attempts."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.exports.attempt import Attempt, run_of, run_started_at_s, status_key
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import DATASETS

HOUR = Hour.parse("2026-11-22T02")
ATTEMPTS = st.builds(
    Attempt, st.builds(Hour, st.integers(0, 1_000_000)), st.integers(1, 10_000), st.integers(0, 4_000_000_000)
)


@given(ATTEMPTS, ATTEMPTS)
def test_no_two_attempts_share_a_prefix_or_a_token(one: Attempt, other: Attempt) -> None:
    """Prefixes and client tokens are equal exactly when hour, dataset, number and beginning are."""
    for dataset in DATASETS:
        for other_dataset in DATASETS:
            same = one == other and dataset == other_dataset
            assert (one.prefix(dataset) == other.prefix(other_dataset)) == same
            assert (one.client_token(dataset) == other.client_token(other_dataset)) == same


@given(ATTEMPTS)
def test_a_client_token_has_the_length_timestream_takes(attempt: Attempt) -> None:
    """A client token has 32 to 128 characters."""
    assert 32 <= len(attempt.client_token("metrics")) <= 128


@given(ATTEMPTS)
def test_a_location_tells_its_run(attempt: Attempt) -> None:
    """From a partition's location the run can be told, and from the run when it began."""
    assert run_of(f"s3://bucket/{attempt.results('metrics')}") == attempt.run
    assert run_started_at_s(attempt.run) == attempt.started_at_s


def test_names_are_short_and_stable() -> None:
    """The layout of the bucket, which people script against."""
    attempt = Attempt(HOUR, 3, HOUR.end_s + 900)
    assert attempt.results("metrics") == "metrics/2026-11-22/02/20261122T031500-3/results/"
    assert status_key(HOUR) == "metrics/2026-11-22/02/_hour.json"


def test_what_is_no_run_is_told_apart() -> None:
    """Folders and locations of others are not taken for ours."""
    for name in ("", "results", "20261122T031500", "20269922T031500-1", "20261122T031500-x", "_hour.json"):
        assert run_started_at_s(name) is None
    assert run_of("s3://bucket/metrics/") is None
    assert run_of("s3://bucket/20261122T031500-1/other/") is None
