"""Notifications: valid under their schema, subjects that SNS takes, attributes that filters understand."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.notification import Notification, Origin, notification
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.statistic import Statistic
from handlers.domain.alerts.state.alert import Alert, Datapoint, Verdict
from handlers.domain.alerts.state.protocol import decide
from tests.support.rules import STATISTICS, a_ratio, a_rule

SCHEMA = json.loads(Path("docs/alert-notification.schema.json").read_text())
ORIGIN = Origin("eu-west-1", "dev")
START = 1_763_769_600


def notify(rule: Rule, group: tuple[str | None, ...] = (), value: float | None = 3.0) -> Notification:
    """The notification of a group that begins to fire."""
    alert = Alert(rule.key, group)
    datapoints = [Datapoint(START, Verdict.BREACHING, value, 1)]
    decision = decide(rule, alert, datapoints, START, START + 60)
    assert decision.transition is not None
    return notification(rule, decision.alert, decision.transition, ORIGIN)


@pytest.mark.parametrize("statistic", [*STATISTICS, None], ids=str)
def test_every_statistic_is_told_by_the_schema(statistic: Statistic | None) -> None:
    """A ratio with its sides, which no other has."""
    rule = read_rule(a_ratio()) if statistic is None else a_rule(statistic=str(statistic))
    body = json.loads(notify(rule, ("a",) * len(rule.by)).message)
    jsonschema.Draft202012Validator(SCHEMA).validate(body)
    assert body["rule"]["statistic"] == str(statistic or "ratio")
    assert {"numerator", "denominator"} & body["rule"].keys() == (
        set() if statistic else {"numerator", "denominator"}
    )
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(
            body | {"rule": body["rule"] | {"statistic": "p100"}}
        )


def test_the_body_says_everything_a_person_needs() -> None:
    """Rule, group, states, value, threshold, period, times, reason, place, id and runbook stand in the body."""
    rule = a_rule(
        by=["host"], severity="critical", metric_type="system",
        annotation="{group.host} is at {value} ({operator} {threshold})", runbook="https://example.com/{group.host}",
    )  # fmt: skip
    message = notify(rule, ("a/b",))
    body = json.loads(message.message)
    jsonschema.Draft202012Validator(SCHEMA).validate(body)
    assert body["version"] == 1
    assert body["dedupe_id"] == message.dedupe_id
    assert (body["state"], body["previous_state"], body["kind"]) == ("ALARM", "OK", "alarm")
    assert (body["value"], body["threshold"], body["group"]) == (3.0, 2.0, {"host": "a/b"})
    assert body["period"] == {"seconds": 60, "start": "2025-11-22T00:00:00Z", "end": "2025-11-22T00:01:00Z"}
    assert (body["since"], body["at"]) == ("2025-11-22T00:01:00Z", "2025-11-22T00:01:00Z")
    assert body["annotation"] == "a/b is at 3 (> 2)"
    assert body["runbook"] == "https://example.com/a%2Fb"
    assert (body["region"], body["environment"]) == ("eu-west-1", "dev")
    assert message.subject == "[dev eu-west-1] CRITICAL ALARM cpu-hot: cpu.load host=a/b"


def test_attributes_are_what_filter_policies_compare() -> None:
    """Severity, type, state and rule are Strings, the value is a Number."""
    attributes = notify(a_rule(severity="low")).attributes
    assert {name: value["StringValue"] for name, value in attributes.items()} == {
        "severity": "low", "metric_type": "any", "state": "ALARM", "rule_id": "cpu-hot", "value": "3",
    }  # fmt: skip
    assert {
        name: value["DataType"] for name, value in attributes.items() if name != "value"
    } == dict.fromkeys(["severity", "metric_type", "state", "rule_id"], "String")
    assert attributes["value"]["DataType"] == "Number"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e300, "1000000000"), (-1e300, "-1000000000"), (0.1, "0.1"), (1e-9, "0"), (-1e-9, "0"), (2.0, "2")],
)
def test_values_stay_inside_what_filters_compare(value: float, text: str) -> None:
    """Filter policies know numbers within a billion and five digits; a larger value still passes `> 90`."""
    assert notify(a_rule(), value=value).attributes["value"]["StringValue"] == text


def test_missing_data_has_no_value() -> None:
    """No value means no attribute, and null in the body."""
    message = notify(a_rule(missing_data="breaching"), value=None)
    assert "value" not in message.attributes
    assert json.loads(message.message)["value"] is None


@given(
    st.text(min_size=1, max_size=80).filter(lambda text: text.isprintable()),
    st.lists(st.none() | st.text(min_size=1, max_size=300), min_size=1, max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_hostile_names_and_values_make_subjects_that_sns_takes(
    name: str, values: list[Any], value: float
) -> None:
    """Whatever clients call their metrics and dimensions, the subject is short printable ASCII, the body valid."""
    rule = a_rule(metric_name=name, by=[f"d{n}" for n in range(len(values))], annotation="{group} {value}")
    message = notify(rule, tuple(values), value)
    assert 1 <= len(message.subject) < 100
    assert all(" " <= character <= "~" for character in message.subject)
    assert message.subject[0] == "["
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(message.message))
    assert len(message.message.encode()) < 20_000


def test_value_and_period_are_of_one_datapoint() -> None:
    """An alarm is told with the datapoint that breached last, though a newer one, or a late one, is there."""
    rule = a_rule(datapoints="1 of 3")
    verdicts = [(0, 9.0, Verdict.BREACHING), (60, 1.0, Verdict.RECOVERED), (120, 1.5, Verdict.RECOVERED)]
    datapoints = [Datapoint(START + offset, verdict, value, 1) for offset, value, verdict in verdicts]
    decision = decide(rule, Alert(rule.key, ()), datapoints, START + 120, START + 180)
    assert decision.transition is not None
    body = notification(rule, decision.alert, decision.transition, ORIGIN).body
    assert (body["kind"], body["value"]) == ("alarm", 9.0)
    assert body["period"] == {"seconds": 60, "start": "2025-11-22T00:00:00Z", "end": "2025-11-22T00:01:00Z"}
    later = [Datapoint(START + 60 * number, Verdict.RECOVERED, 1.0 + number, 1) for number in (3, 4)]
    decision = decide(rule, decision.alert, later, START + 240, START + 300)
    assert decision.transition is not None
    body = notification(rule, decision.alert, decision.transition, ORIGIN).body
    assert (body["kind"], body["value"]) == ("resolved", 5.0)
    assert body["period"]["end"] == "2025-11-22T00:05:00Z"


def test_an_alert_has_one_id_in_all_its_messages_and_its_region_alone() -> None:
    """A receiver of several regions or environments can tell their alerts, and their messages, apart."""
    rule = a_rule(by=["host"])
    alert = Alert(rule.key, ("a",))
    ids, messages = set(), set()
    for origin in (ORIGIN, Origin("us-east-1", "dev"), Origin("eu-west-1", "prod")):
        of_one = set()
        current = alert
        for number, value in enumerate([3.0, 1.0, 3.0]):
            verdict = Verdict.BREACHING if value > 2 else Verdict.RECOVERED
            start = START + 60 * number
            decision = decide(rule, current, [Datapoint(start, verdict, value, 1)], start, start + 60)
            current = decision.alert
            assert decision.transition is not None
            message = notification(rule, current, decision.transition, origin)
            assert message.body["sequence"] == number + 1
            of_one.add(message.body["alert_id"])
            messages.add(message.dedupe_id)
        assert len(of_one) == 1
        ids |= of_one
    assert (len(ids), len(messages)) == (3, 9)


def test_equal_transitions_have_one_id_and_different_ones_have_others() -> None:
    """Copies of one notification share an id, other notifications have others."""
    rule = a_rule(by=["host"])
    ids = [
        notify(rule, ("a",)),
        notify(rule, ("a",)),
        notify(rule, ("b",)),
        notify(a_rule(by=["host"], rule_id="x"), ("a",)),
    ]
    assert ids[0] == ids[1]
    assert len({message.dedupe_id for message in ids}) == 3


def test_later_notifications_of_a_group_have_other_ids() -> None:
    """An alarm that comes back is not taken for a copy of the first one."""
    rule = a_rule()
    ids: set[str] = set()
    alert = Alert(rule.key, ())
    for number, value in enumerate([3.0, 1.0, 3.0, 1.0]):
        start = START + 60 * number
        verdict = Verdict.BREACHING if value > 2 else Verdict.RECOVERED
        decision = decide(rule, alert, [Datapoint(start, verdict, value, 1)], start, start + 60)
        alert = decision.alert
        assert decision.transition is not None
        ids.add(notification(rule, alert, decision.transition, ORIGIN).dedupe_id)
    assert len(ids) == 4


def test_what_a_queue_does_not_take_is_escaped() -> None:
    """SQS refuses or replaces two characters that a client may send; a reader of the JSON gets them all the same."""
    strange = "a\ufffeb\uffffc\U0001f600"
    message = notify(a_rule(by=["host"]), (strange,)).message
    assert not {"\ufffe", "\uffff"} & set(message)
    assert json.loads(message)["group"] == {"host": strange}
