"""Texts with fields: known names are filled in, and there is no language behind the braces."""

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.text_template import render, unknown_field


def test_fields_are_filled_in_and_double_braces_are_braces() -> None:
    """A template says where values go."""
    text = render("{value} on {group.host}, {{not a field}}", {"value": "3", "group.host": "a{value}"})
    assert text == "3 on a{value}, {not a field}"


def test_a_link_is_percent_encoded() -> None:
    """What clients send cannot change where a runbook link leads."""
    link = render(
        "https://example.com/{group.host}?v={value}", {"group.host": "a/../b?x#y", "value": "1"}, link=True
    )
    assert link == "https://example.com/a%2F..%2Fb%3Fx%23y?v=1"


@given(st.text(alphabet="{}.value_group host![]0", max_size=30))
def test_what_is_no_known_field_is_found(template: str) -> None:
    """A template without an unknown part is filled in without a rest."""
    if unknown_field(template, ["host"]) is None:
        filled = render(
            template.replace("{{", "").replace("}}", ""), {"value": "x", "group": "y", "group.host": "z"}
        )
        assert "{value}" not in filled
        assert "{group}" not in filled
