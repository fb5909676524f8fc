"""The table of formats."""

import subprocess
import sys
from importlib import import_module

import pytest

from handlers.domain.ingest.envelope import read_records
from handlers.domain.ingest.formats import READERS, read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.reading import InvalidBody, Reading
from handlers.domain.ingest.validator import PointValidator
from tests.support.events import kinesis_record, metric
from tests.support.points import LIMITS


def read(partition_key: str) -> Reading:
    """The reading of a metric that came under this key."""
    [record] = read_records({"Records": [kinesis_record(metric(), partition_key=partition_key)]})
    return read_request(record, PointValidator(LIMITS), DimensionMapping())


def test_a_record_is_read_by_the_reader_of_its_format() -> None:
    """The format stands first in the partition key."""
    assert len(read("json/-/request").points) == 1


@pytest.mark.parametrize("key", ["no-slashes", "json/only-two", "json//request", "/-/request", "\n\x00"])
def test_a_record_that_did_not_come_through_the_api_is_invalid(key: str) -> None:
    """Whatever its body holds."""
    with pytest.raises(InvalidBody) as caught:
        read(key)
    assert (caught.value.violation.reason, caught.value.violation.field) == (
        "partition_key_invalid",
        "partition_key",
    )


def test_another_format_is_invalid() -> None:
    """The reason says which formats there are."""
    with pytest.raises(InvalidBody) as caught:
        read("csv/-/request")
    assert caught.value.violation == (
        "format_unknown",
        "partition_key",
        f"the body formats are {', '.join(sorted(READERS))}",
    )


def test_only_the_formats_that_came_are_imported() -> None:
    """A function that is sent json alone starts without the readers of others."""
    script = (
        "import sys; from tests.handlers.domain.ingest.formats.test_formats import read; read('json/-/request');"
        "print(*(name for name in sys.modules if name in set(sys.argv[1:])))"
    )
    others = [module for name, module in READERS.items() if name != "json"]
    run = subprocess.run([sys.executable, "-c", script, *others], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


@pytest.mark.parametrize("module", READERS.values())
def test_every_row_names_a_module_that_reads(module: str) -> None:
    """It has a function `read`."""
    assert callable(import_module(module).read)
