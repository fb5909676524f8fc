"""The data stream as the SDK's users write to it."""

import pytest

from handlers.adapters.kinesis import RecordStream
from handlers.domain.errors import ConfigurationError, TransientError
from tests.support.scripted_client import Scripted, refusal


def test_a_record_is_put_as_it_is() -> None:
    """Its data is bytes, which the SDK packs."""
    kinesis = Scripted({})
    RecordStream(kinesis, "stream").put("a/b/c", b"\xff")
    assert kinesis.calls == [
        ("put_record", {"StreamName": "stream", "PartitionKey": "a/b/c", "Data": b"\xff"})
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ProvisionedThroughputExceededException", TransientError),
        ("ResourceNotFoundException", ConfigurationError),
    ],
)
def test_failures_are_the_domains(code: str, kind: type[Exception]) -> None:
    """A throttle passes; a stream that is not there does not."""
    with pytest.raises(kind):
        RecordStream(Scripted(refusal(code)), "stream").put("a/b/c", b"")
