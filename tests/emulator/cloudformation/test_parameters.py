"""Template parameters and their constraints."""

from typing import Any

import pytest

from emulator.cloudformation.parameters import resolve_parameters
from emulator.errors import TemplateError


def one(declaration: dict[str, Any], **given: str) -> Any:
    """The value of a single parameter P."""
    return resolve_parameters({"P": declaration}, given)["P"]


def test_a_given_value_goes_before_the_default() -> None:
    """The default counts where nothing is given; numbers are text, as on AWS."""
    declaration = {"Type": "Number", "Default": 5}
    assert one(declaration) == "5"
    assert one(declaration, P="6") == "6"


def test_lists_are_split_and_trimmed() -> None:
    """A comma-delimited list becomes its items; an empty one none."""
    assert one({"Type": "CommaDelimitedList", "Default": "a, b"}) == ["a", "b"]
    assert one({"Type": "List<Number>", "Default": ""}) == []


@pytest.mark.parametrize(
    ("declaration", "value", "words"),
    [
        ({"Type": "String", "AllowedValues": ["a", "b"]}, "c", "a, b"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", "[a-z]+"),
        ({"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "letters"}, "a1", "letters"),
        ({"Type": "String", "MinLength": 3}, "ab", "at least 3"),
        ({"Type": "String", "MaxLength": 1}, "ab", "at most 1"),
        ({"Type": "Number"}, "x", "a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "3"),
        ({"Type": "List<Number>", "MaxValue": 3}, "1,4", "3"),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/a", "parameter store"),
    ],
)
def test_a_value_against_its_constraints_is_refused(
    declaration: dict[str, Any], value: str, words: str
) -> None:
    """The parameter is named, with what is allowed."""
    with pytest.raises(TemplateError, match=r"^Parameters\.P: ") as refused:
        one(declaration, P=value)
    assert words in str(refused.value)


def test_a_secret_is_not_shown() -> None:
    """The refusal of a NoEcho parameter does not repeat its value."""
    with pytest.raises(TemplateError) as refused:
        one({"Type": "String", "NoEcho": True, "MaxLength": 3}, P="hunter2")
    assert "hunter2" not in str(refused.value)


def test_missing_and_unknown_parameters_are_refused() -> None:
    """A parameter without value or default, and a value for no parameter, are named."""
    with pytest.raises(TemplateError, match=r"Parameters\.P: has no value"):
        one({"Type": "String"})
    with pytest.raises(TemplateError, match="no parameter Q"):
        one({"Type": "String", "Default": ""}, Q="1")
