"""Intrinsic functions, one by one, and what is refused."""

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cloudformation.template import Template
from emulator.errors import TemplateError

PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws"}
TEXTS = st.text(alphabet=st.characters(exclude_characters="$"), max_size=20)


def evaluate(value: Any, **sections: Any) -> Any:
    """A value with the functions in it evaluated, in a template of these sections."""
    template = Template({"Resources": {}, **sections}, {}, pseudo=PSEUDO)
    return template.scope.evaluate(value, ("Here",))


MAPPINGS = {"Sizes": {"eu-west-1": {"small": 7}}}
PARAMETERS = {
    "Name": {"Type": "String", "Default": "tide"},
    "Shards": {"Type": "Number", "Default": 2},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a, b,c"},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Name"}, "tide"),
        ({"Ref": "Shards"}, "2"),
        ({"Ref": "Zones"}, ["a", "b", "c"]),
        ({"Ref": "AWS::Region"}, "eu-west-1"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 1, True]]}, "a-tide-1-true"),
        ({"Fn::Join": ["/", {"Ref": "Zones"}]}, "a/b/c"),
        ({"Fn::Sub": "arn:${AWS::Partition}:${Name}"}, "arn:aws:tide"),
        ({"Fn::Sub": "${!Literal} ${Name}"}, "${Literal} tide"),
        ({"Fn::Sub": ["${a}-${Name}", {"a": {"Ref": "Shards"}}]}, "2-tide"),
        ({"Fn::Sub": ["${Name}", {"Name": "nearer"}]}, "nearer"),
        ({"Fn::Select": [1, ["a", "b"]]}, "b"),
        ({"Fn::Select": ["0", {"Ref": "Zones"}]}, "a"),
        ({"Fn::Select": [{"Ref": "Shards"}, {"Ref": "Zones"}]}, "c"),
        ({"Fn::If": ["Yes", {"Ref": "Name"}, {"Ref": "Nobody"}]}, "tide"),
        ({"Fn::If": ["No", {"Ref": "Nobody"}, "else"]}, "else"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 7),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::GetAZs": {"Ref": "AWS::Region"}}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::Cidr": ["10.0.0.0/16", "2", "8"]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        (["a", {"Ref": "AWS::NoValue"}, "b"], ["a", "b"]),
        ({"a": {"Fn::If": ["No", 1, {"Ref": "AWS::NoValue"}]}}, {}),
        ({"Condition": {"Bool": {"x": "false"}}}, {"Condition": {"Bool": {"x": "false"}}}),
        ({"Enabled": True, "Count": 3, "Rate": 0.5}, {"Enabled": True, "Count": 3, "Rate": 0.5}),
    ],
)  # fmt: skip
def test_functions_give_what_cloudformation_gives(value: Any, expected: Any) -> None:
    """Each function and pseudo parameter gives the documented result, nested ones included."""
    sections = {
        "Parameters": PARAMETERS,
        "Mappings": MAPPINGS,
        "Conditions": {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Not": [{"Condition": "Yes"}]}},
    }
    assert evaluate(value, **sections) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Fn::Equals": [{"Ref": "Shards"}, 2]}, True),
        ({"Fn::Equals": ["true", True]}, True),
        ({"Fn::Not": [{"Fn::Equals": [1, 1]}]}, False),
        ({"Condition": "Other"}, True),
    ],
)
def test_conditions_are_decided(condition: Any, expected: bool) -> None:
    """Conditions compare as text, combine, and refer to each other."""
    conditions = {"Tested": condition, "Other": {"Fn::Equals": ["x", "x"]}}
    value = {"Fn::If": ["Tested", 1, 0]}
    assert evaluate(value, Parameters=PARAMETERS, Conditions=conditions) == int(expected)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Fn::Length": [1]}, "Fn::Length"),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue"),
        ({"Fn::Transform": {}}, "Fn::Transform"),
        ({"Fn::Split": ["-", "a-b"]}, "Fn::Split"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "large"]}, "there is no large"),
        ({"Fn::FindInMap": ["Nothing", "a", "b"]}, "there is no Nothing"),
        ({"Fn::Base64": "tide"}, "Fn::Base64"),
        ({"Ref": "Nobody"}, "Nobody"),
        ({"Fn::Sub": "${Nobody}"}, "Nobody"),
        ({"Fn::Select": [3, ["a"]]}, "no item 3"),
        ({"Fn::Select": [0, "a"]}, "needs a list"),
        ({"Fn::Join": ["-", "a"]}, "needs a list"),
        ({"Fn::Join": ["-"]}, "list of 2"),
        ({"Fn::If": ["Nobody", 1, 2]}, "Nobody"),
        ({"Fn::Cidr": ["10.0.0.0/16", 300, 8]}, "no 300 blocks"),
        ({"Fn::Cidr": ["tide", 1, 8]}, "tide"),
        ({"Fn::GetAtt": "Nobody"}, "logical id and an attribute"),
        ("{{resolve:ssm:/a}}", "dynamic references"),
    ],
)
def test_what_is_not_understood_is_refused_with_its_place(value: Any, words: str) -> None:
    """An unknown function, a reference to nothing or a wrong argument names where it stands."""
    with pytest.raises(TemplateError, match="Here") as refused:
        evaluate({"Property": value}, Mappings=MAPPINGS)
    assert words in str(refused.value)
    assert refused.value.at[:2] == ("Here", "Property")


@given(TEXTS)
def test_sub_leaves_text_without_variables_alone(text: str) -> None:
    """Text without `${` comes out as it went in."""
    assert evaluate({"Fn::Sub": text}) == text


@given(
    st.recursive(
        TEXTS.map(lambda text: text.replace("{{", "")) | st.integers() | st.booleans(),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("xyz", min_size=1), inner, max_size=3)
        ),
    )
)
def test_values_without_functions_stay_as_they_are(value: Any) -> None:
    """Evaluation changes nothing that is not a function."""
    assert evaluate(value) == value


@given(st.integers(1, 16), st.integers(4, 8))
def test_cidr_blocks_are_apart_and_inside(count: int, bits: int) -> None:
    """The blocks lie in the given one and do not overlap."""
    blocks = [ipaddress.ip_network(block) for block in evaluate({"Fn::Cidr": ["10.0.0.0/16", count, bits]})]
    assert len(blocks) == count
    assert all(block.subnet_of(ipaddress.ip_network("10.0.0.0/16")) for block in blocks)  # type: ignore[arg-type]
    assert not any(a.overlaps(b) for index, a in enumerate(blocks) for b in blocks[:index])
