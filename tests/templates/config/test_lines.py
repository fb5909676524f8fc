"""The lines of settings in TOML."""

import pytest

from templates.config.lines import line_of

TEXT = '''# a = 1
regions = ["a"]    # b = 2

[api]
auth = "none # no comment"
allow_from = [
    "one",  # three = 3
    "[two]", "three",

    'four',
]
"quoted key" = 1
dotted.key = 1.5

[[alerts.subscriptions]]
protocol = """
protocol = 5
"""
[[alerts.subscriptions]]
protocol = "sqs"

[alerts]
more = [
    {protocol = "email", endpoint = "a=b, c"},
    {
        protocol = "sqs", state = ["OK",
        "ALARM"]}, 5]
[network.cidr]
us-east-1 = "10.0.0.0/16"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("a", None),
        ("regions", 2),
        ("regions[0]", 2),
        ("regions[7]", 2),
        ("api", 4),
        ("api.auth", 5),
        ("api.missing", 4),
        ("api.allow_from", 6),
        ("api.allow_from[0]", 7),
        ("api.allow_from[1]", 8),
        ("api.allow_from[2]", 8),
        ("api.allow_from[3]", 10),
        ("api.quoted key", 12),
        ("api.dotted.key", 13),
        ("alerts.subscriptions[0]", 15),
        ("alerts.subscriptions[0].protocol", 16),
        ("alerts.subscriptions[1].protocol", 20),
        ("alerts.subscriptions[1].endpoint", 19),
        ("alerts.more[0].endpoint", 24),
        ("alerts.more[1].protocol", 26),
        ("alerts.more[1].state[1]", 27),
        ("alerts.more[2]", 27),
        ("network.cidr.us-east-1", 29),
        ("network.cidr.eu-west-1", 28),
        ("network.mode", None),
        ("three", None),
    ],
)
def test_a_setting_is_found_or_what_stands_around_it(path: str, line: int | None) -> None:
    """Keys, entries of lists over several lines, tables in lists; not what stands in comments and texts."""
    assert line_of(TEXT, path) == line
