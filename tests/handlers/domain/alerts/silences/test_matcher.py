"""Which alerts a matcher is about."""

import time

import pytest

from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.silences.matcher import FIELDS, Matcher, fits
from tests.support.rules import a_rule

RULE = a_rule(
    rule_id="cpu-hot",
    metric_type="system",
    severity="high",
    by=["host", "disk"],
    match={"env": ["prod", "stage"]},
)
HERE: Group = ("web-1", None)


def matcher(*words: str) -> Matcher:
    """The matcher of words such as `rule=cpu-*`."""
    found: dict[str, list[str]] = {}
    for word in words:
        name, _, pattern = word.partition("=")
        found.setdefault(name, []).append(pattern)
    fields, dimensions = (
        tuple(sorted((name, tuple(patterns)) for name, patterns in found.items() if (name in FIELDS) is own))
        for own in (True, False)
    )
    return Matcher(fields, dimensions)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), True),
        (("rule=cpu-hot",), True),
        (("rule=cpu",), False),
        (("rule=disk", "rule=cpu-*"), True),
        (("rule=cpu-*", "severity=low"), False),
        (("severity=low", "severity=high", "metric=cpu.*", "type=system"), True),
        (("host=web-*",), True),
        (("host=web-2",), False),
        (("host=",), False),
        (("disk=",), True),
        (("disk=*",), True),
        (("disk=?",), False),
        (("rack=",), True),
        (("rack=r1",), False),
        (("env=prod",), False),
        (("env=prod", "env=stage"), True),
        (("env=*",), True),
        (("host=web-1", "env=test"), False),
    ],
)
def test_all_names_must_match_and_of_each_one_pattern(words: tuple[str, ...], *, expected: bool) -> None:
    """By the rule, the group's dimensions, and those that every point of the rule has; an absent one is empty."""
    assert matcher(*words).matches(RULE, HERE) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("host=web-9",), True),
        (("hots=web-1",), False),
        (("hots=", "host=x"), True),
        (("hots=*",), True),
        (("env=prod",), False),
        (("env=prod", "env=st*"), True),
        (("rule=other", "host=web-1"), False),
    ],
)
def test_a_rule_may_match_by_what_it_groups_by(words: tuple[str, ...], *, expected: bool) -> None:
    """Of a dimension in which all its alerts are alike it is known that none matches, be it as they lack it."""
    assert matcher(*words).matches_rule(RULE) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), True),
        (("rule=*",), True),
        (("rule=**",), True),
        (("host=*",), True),
        (("host=*", "rule=*", "severity=*"), True),
        (("severity=low", "severity=m*", "severity=high", "severity=critical"), True),
        (("type=system", "type=a*", "type=business"), True),
        (("rule=", "rule=*"), True),
        (("severity=low", "severity=high"), False),
        (("rule=*", "host=web-*"), False),
        (("host=",), False),
        (("rule=a*",), False),
    ],
)
def test_what_leaves_nothing_out_is_known(words: tuple[str, ...], *, expected: bool) -> None:
    """However it is written."""
    assert matcher(*words).is_everything is expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True), ("", "a", False), ("*", "", True), ("a*b", "ab", True), ("a*b", "aXb", True),
        ("a*a", "a", False), ("[a]*", "a", False), ("a.c", "abc", False),
        ("*b*", "abc", True), ("a*bc*c", "abcc", True), ("a*bc*c", "abc", False),
    ],
)  # fmt: skip
def test_a_star_is_any_text_and_nothing_else_is_special(pattern: str, text: str, *, expected: bool) -> None:
    """From the beginning to the end."""
    assert fits(pattern, text) is expected


def test_no_pattern_takes_long() -> None:
    """As names come from clients."""
    began = time.process_time()
    assert not fits("a*" * 1_000 + "b", "a" * 2_048)
    assert time.process_time() - began < 1


def test_a_matcher_reads_as_it_was_written() -> None:
    """With a prefix for dimensions that have the names of fields."""
    assert (
        str(Matcher((("rule", ("a", "b*")),), (("host", ("x",)), ("type", ("y",)))))
        == "rule=a rule=b* host=x group.type=y"
    )
    assert str(Matcher()) == "all alerts"
