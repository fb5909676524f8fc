"""A function that Trino has and this emulator does not is told from one that nobody has."""

import pytest

from emulator.sql import InvalidQueryError
from emulator.sql.errors import NotInEmulatorError
from emulator.sql.functions import AGGREGATES, SCALAR_FUNCTIONS, windows
from emulator.sql.functions.documented import is_documented
from tests.support.sql_fleet import Ask

_NOT_LISTED = {
    "coalesce", "current_date", "current_time", "current_timestamp", "extract", "greatest", "if", "least", "localtime",
    "localtimestamp", "nanosecond", "nullif", "try",
}  # fmt: skip


def test_the_functions_are_trinos() -> None:
    """Every function of all dialects is one that Trino documents, or has a grammar of its own there."""
    here = {*SCALAR_FUNCTIONS, *AGGREGATES, *windows.FUNCTIONS} - _NOT_LISTED
    assert sorted(name for name in here if not is_documented(name)) == []


@pytest.mark.parametrize("name", ["xxhash64", "st_distance", "map_agg", "Soundex"])
def test_documented(name: str, ask: Ask) -> None:
    """What Trino documents is said to be missing here."""
    with pytest.raises(
        NotInEmulatorError, match=f"line 1:8: this emulator does not have the function {name.lower()}"
    ):
        ask(f"SELECT {name}('a')")


@pytest.mark.parametrize("name", ["nope", "read_csv", "list_extract"])
def test_unknown(name: str, ask: Ask) -> None:
    """What nobody documents is refused in AWS's words."""
    with pytest.raises(InvalidQueryError, match=f"line 1:8: Function '{name}' not registered") as refused:
        ask(f"SELECT {name}('a')")
    assert not isinstance(refused.value, NotInEmulatorError)
