"""The e-mail of an alert: what a person reads at night, on a telephone."""

import shlex
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.email_text import email_text, subject

BODY: dict[str, Any] = {
    "kind": "alarm", "state": "ALARM", "severity": "critical", "metric_name": "cpu.load", "value": 95.5,
    "threshold": 90.0,
    "rule": {"rule_id": "cpu-hot", "statistic": "avg", "operator": ">", "datapoints": "3 of 3"},
    "group": {"host": "web-1", "disk": None}, "since": "2025-11-22T00:03:00Z", "late": False, "untold": 0,
    "period": {"seconds": 60, "start": "2025-11-22T00:02:00Z", "end": "2025-11-22T00:03:00Z"},
    "reason": "avg of cpu.load is 93, 94, 95.5", "annotation": "web-1 is too hot.\nOpen a window.",
    "runbook": "https://example.com/hot", "region": "eu-west-1", "environment": "prod",
}  # fmt: skip


def test_the_text_begins_with_the_annotation_and_ends_with_where_to_look() -> None:
    """Annotation, state, value and threshold, reason, runbook, and the command that shows the alert."""
    assert (
        email_text(BODY)
        == """\
web-1 is too hot.
Open a window.

CRITICAL ALARM since 2025-11-22 00:03:00 UTC
avg of cpu.load of host=web-1 is 95.5
in the 60 s until 2025-11-22 00:03:00 UTC; the rule fires when it is > 90 in 3 of 3 periods.

Why: avg of cpu.load is 93, 94, 95.5.
Runbook: https://example.com/hot
Look: python -m ops alerts show --environment prod --region eu-west-1 cpu-hot web-1 ''"""
    )


def test_the_text_has_no_line_for_what_there_is_not() -> None:
    """Without annotation, runbook and group it begins with the state; late points and what was not told are said."""
    body = BODY | {
        "annotation": "", "runbook": "", "group": {}, "kind": "resolved", "state": "OK", "late": True, "untold": 2,
        "threshold": [1.0, 2.5], "value": None,
    }  # fmt: skip
    assert (
        email_text(body)
        == """\
CRITICAL RESOLVED since 2025-11-22 00:03:00 UTC
avg of cpu.load is unknown, as there is no data
in the 60 s until 2025-11-22 00:03:00 UTC; the rule fires when it is > 1 to 2.5 in 3 of 3 periods.

Why: avg of cpu.load is 93, 94, 95.5.
Points that came late made the difference.
Changes of state that could not be sent before this one: 2.
Look: python -m ops alerts show --environment prod --region eu-west-1 cpu-hot"""
    )


def test_the_subject_says_where_how_bad_and_what() -> None:
    """A mailbox that gets several regions' alerts tells them apart by the subject alone."""
    assert subject(BODY) == "[prod eu-west-1] CRITICAL ALARM cpu-hot: cpu.load host=web-1"
    resolved = BODY | {"kind": "resolved", "state": "OK"}
    assert subject(resolved) == "[prod eu-west-1] CRITICAL RESOLVED cpu-hot: cpu.load host=web-1"
    reminder = BODY | {"kind": "reminder", "state": "MISSING"}
    assert subject(reminder) == "[prod eu-west-1] CRITICAL still MISSING cpu-hot: cpu.load host=web-1"
    long = subject(BODY | {"group": {"host": "x" * 200}})
    assert (len(long), long[-4:]) == (99, "x...")


@given(st.lists(st.none() | st.text(min_size=1, max_size=50), min_size=1, max_size=3))
def test_hostile_names_make_no_line_and_no_word_of_their_own(values: list[str | None]) -> None:
    """A host called like a command, or with a line break, is one argument of the command that people copy."""
    group = {f"d{number}": value for number, value in enumerate(values)}
    lines = email_text(BODY | {"group": group}).split("\n")
    assert len(lines) == 10
    shown = ["".join(c if c.isprintable() else "?" for c in value or "") for value in values]
    assert shlex.split(lines[-1].removeprefix("Look: "))[-len(values) :] == shown


def test_long_names_are_cut_and_left_out_of_the_command() -> None:
    """Five values of 2 KB would make no e-mail that anybody reads, nor one that a state of the machine can hold."""
    body = BODY | {"group": {f"d{number}": "'\"" * 1_024 for number in range(5)}}
    text = email_text(body)
    assert len(text) < 1_200
    assert text.endswith("Look: python -m ops alerts show --environment prod --region eu-west-1 cpu-hot")


def test_a_ratio_says_what_is_divided_by_what() -> None:
    """The statistic alone would not."""
    sides = [
        {"metric_name": name, "metric_type": "any", "match": match, "statistic": "count"}
        for name, match in (("errors", {"status": ["500", "503"]}), ("requests", {}))
    ]
    rule = BODY["rule"] | {
        "statistic": "ratio",
        "numerator": sides[0],
        "denominator": sides[1] | {"at_least": 1},
    }
    text = email_text(BODY | {"rule": rule, "value": 0.25})
    assert "ratio of count of errors where status=500|503 to count of requests of host=web-1 is 0.25" in text
