"""Environment variables of functions."""

from dataclasses import dataclass

import pytest

from handlers.domain.errors import ConfigurationError
from handlers.environment import is_lake, read_environment


@dataclass(frozen=True)
class Shape:
    """What a function wants to know."""

    table_name: str
    retention_days: int
    endpoint_url: str | None = None


def test_fields_are_variables_in_capitals() -> None:
    """With their types; other variables do not matter."""
    assert read_environment(Shape, {"TABLE_NAME": "t", "RETENTION_DAYS": "30", "PATH": ""}) == Shape("t", 30)


@pytest.mark.parametrize(("variables", "url"), [({}, None), ({"ENDPOINT_URL": "https://x"}, "https://x")])
def test_a_field_with_a_default_needs_no_variable(variables: dict[str, str], url: str | None) -> None:
    """It has the variable's value where there is one."""
    assert (
        read_environment(Shape, {"TABLE_NAME": "t", "RETENTION_DAYS": "1", **variables}).endpoint_url == url
    )


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "٣", "1_0", " 1"])
def test_a_number_is_made_of_digits(number: str) -> None:
    """Nothing that only Python would take for a number."""
    with pytest.raises(ConfigurationError, match="RETENTION_DAYS is not a whole number"):
        read_environment(Shape, {"TABLE_NAME": "t", "RETENTION_DAYS": number})


@dataclass(frozen=True)
class Listing:
    """A shape with a list."""

    names: frozenset[str]


def test_a_list_is_json() -> None:
    """An empty one is one, too; what is no list of texts is a fault."""
    assert read_environment(Listing, {"NAMES": '["a", "b"]'}) == Listing(frozenset({"a", "b"}))
    assert read_environment(Listing, {"NAMES": "[]"}) == Listing(frozenset())
    for text in ("a,b", '{"a": 1}', "[1]", '"a"'):
        with pytest.raises(ConfigurationError, match="NAMES is not a JSON list of texts"):
            read_environment(Listing, {"NAMES": text})


def test_all_faults_are_named_at_once() -> None:
    """A variable that is missing or empty is not set."""
    with pytest.raises(
        ConfigurationError, match=r"^environment: TABLE_NAME is not set; RETENTION_DAYS is not set$"
    ):
        read_environment(Shape, {"TABLE_NAME": ""})


def test_the_kind_of_store_is_timestream_unless_it_is_said() -> None:
    """A stack of before there were two has no variable for it; a kind that nobody knows ends the start."""
    assert not is_lake({})
    assert not is_lake({"STORE_KIND": "timestream"})
    assert is_lake({"STORE_KIND": "lake"})
    with pytest.raises(
        ConfigurationError, match=r"^environment: STORE_KIND is neither timestream nor lake: ''$"
    ):
        is_lake({"STORE_KIND": ""})
