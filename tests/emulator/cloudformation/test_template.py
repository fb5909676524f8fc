"""Templates read as a whole: order, conditions, circles, and what is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cloudformation.template import Template
from emulator.errors import TemplateError

PSEUDO = {"AWS::Region": "us-east-1"}


def template(resources: dict[str, Any], **sections: Any) -> Template:
    """A template of these resources."""
    return Template({"Resources": resources, **sections}, {}, pseudo=PSEUDO)


def resource(*references: Any, **keys: Any) -> dict[str, Any]:
    """A resource that refers to these."""
    return {"Type": "AWS::X::Y", "Properties": {"All": list(references)}, **keys}


def test_what_is_referred_to_comes_first() -> None:
    """Ref, GetAtt, Sub, nested functions and DependsOn all order resources."""
    ordered = template(
        {
            "A": resource({"Ref": "B"}),
            "B": resource({"Fn::GetAtt": ["C", "Arn"]}),
            "C": resource({"Fn::Sub": "x${D.Arn}"}),
            "D": resource({"Fn::Join": ["", [{"Fn::Sub": ["${e}", {"e": {"Ref": "E"}}]}]]}),
            "E": resource({"Fn::GetAtt": "F.Arn"}),
            "F": resource(DependsOn="G"),
            "G": resource(DependsOn=["H"]),
            "H": resource(),
        }
    )
    assert list(ordered.resources) == list("HGFEDCBA")


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1])))
def test_every_order_respects_every_reference(pairs: list[tuple[int, int]]) -> None:
    """However resources refer to each other without a circle, each comes after those it needs."""
    resources = {
        f"R{number}": resource(*({"Ref": f"R{needed}"} for needing, needed in pairs if needing == number))
        for number in range(10)
    }
    order = list(template(resources).resources)
    assert len(order) == 10
    assert all(order.index(f"R{needed}") < order.index(f"R{needing}") for needing, needed in pairs)


def test_a_circle_names_its_members() -> None:
    """Resources that need each other are refused with the way round."""
    with pytest.raises(TemplateError, match="circle") as refused:
        template({"A": resource({"Ref": "B"}), "B": resource(DependsOn="A")})
    assert "A" in str(refused.value)
    assert "B" in str(refused.value)


def test_a_condition_decides_what_exists() -> None:
    """A resource, an output and a branch whose condition does not hold are not there."""
    made = template(
        {
            "A": resource(Condition="No"),
            "B": resource({"Fn::If": ["No", {"Ref": "A"}, "x"]}),
            "C": resource(DependsOn="A"),
        },
        Conditions={"No": {"Fn::Equals": ["a", "b"]}},
        Outputs={"O": {"Value": "1", "Condition": "No"}, "P": {"Value": "2"}},
    )
    assert set(made.resources) == {"B", "C"}
    assert made.outputs == {"P": "2"}


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"Resources": {"A": resource({"Ref": "Nobody"})}}, ["A.All.0.Ref", "Nobody"]),
        ({"Resources": {"A": resource({"Fn::Sub": "${Nobody.Arn}"})}}, ["A.All.0.Fn::Sub", "Nobody"]),
        ({"Resources": {"A": resource(DependsOn="Nobody")}}, ["A.DependsOn", "Nobody"]),
        ({"Resources": {"A": {"Properties": {}}}}, ["A", "Type"]),
        ({"Resources": {"A": resource(CreationPolicy={})}}, ["A.CreationPolicy"]),
        ({"Resources": {"A": resource(Condition="Nobody")}}, ["A.Condition", "Nobody"]),
        ({"Resources": {}, "Transform": "AWS::LanguageExtensions"}, ["Transform"]),
        ({"Resources": {}, "Rules": {}}, ["Rules"]),
        ({"Resources": {}, "Conditions": {"C": {"Fn::And": [True, True]}}}, ["Conditions.C", "Fn::And"]),
        (
            {"Resources": {}, "Conditions": {"C": {"Fn::Equals": [{"Fn::GetAtt": ["A", "Arn"]}, 1]}}},
            ["C", "A.Arn"],
        ),
        (
            {"Resources": {}, "Conditions": {"C": {"Condition": "D"}, "D": {"Condition": "C"}}},
            ["refers to itself"],
        ),
        ({"Resources": {}, "Conditions": {"C": True}}, ["Conditions.C"]),
        (
            {
                "Resources": {"A": resource(Condition="No"), "B": resource({"Ref": "A"})},
                "Conditions": {"No": {"Fn::Equals": ["a", "b"]}},
            },
            ["B.All.0.Ref", "condition does not hold"],
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(sections: dict[str, Any], words: list[str]) -> None:
    """A template that CloudFormation would refuse, or that would run otherwise here, is refused by name."""
    with pytest.raises(TemplateError) as refused:
        _ = Template(sections, {}, pseudo=PSEUDO).outputs
    for word in words:
        assert word in str(refused.value)


def test_an_output_without_value_is_refused() -> None:
    """An output needs a value, and only known keys."""
    for output, words in (({}, "no Value"), ({"Value": 1, "Extra": 2}, "Extra")):
        with pytest.raises(TemplateError, match=words):
            _ = template({"A": resource()}, Outputs={"O": output}).outputs
