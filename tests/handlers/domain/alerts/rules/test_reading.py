"""Rules as people write them: what is accepted, what it means, and what is said of a mistake."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.rules.ratio import measured_text
from handlers.domain.alerts.rules.reading import (
    APPLIED,
    OPTIONAL,
    REQUIRED,
    WORDS,
    condition_revision,
    read_rule,
    rule_document,
    rule_revision,
)
from handlers.domain.alerts.rules.statistic import Part
from tests.support.rules import a_document, a_ratio, a_rule, written_rules


def test_a_short_rule_has_sensible_defaults() -> None:
    """Five fields make a rule: one group, one period of a minute, missing data ignored, medium, resolves notified."""
    rule = read_rule({k: v for k, v in a_document().items() if k != "period"})
    document = rule_document(rule)
    assert document == {
        "rule_id": "cpu-hot",
        "metric_name": "cpu.load",
        "metric_type": "any",
        "match": {},
        "by": [],
        "statistic": "avg",
        "operator": ">",
        "threshold": 2.0,
        "period": 60,
        "datapoints": "1 of 1",
        "missing_data": "ignore",
        "recovery": {"threshold": 2.0, "datapoints": 1},
        "severity": "medium",
        "renotify": 0,
        "notify_on_resolve": True,
        "forget_after": 86_400,
        "annotation": "",
        "runbook": "",
        "in_force_since": 0,
        "groups_since": 0,
    }
    assert set(document) == {*REQUIRED, *OPTIONAL, *APPLIED} - {"unless", "hold", "messages_per_hour"}
    assert rule_document(a_rule(messages_per_hour=20))["messages_per_hour"] == 20
    assert rule_document(a_rule(hold=900))["hold"] == 900
    assert rule_document(a_rule(unless="net-down"))["unless"] == "net-down"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"rule_id": "CPU"}, "rule_id", "lower-case"),
    ({"rule_id": "a/b"}, "rule_id", "letters, digits"),
    ({"rule_id": "a" * 81}, "rule_id", "1 to 80"),
    ({"rule_id": "a\n"}, "rule_id", "1 to 80"),
    ({"metric_name": ""}, "metric_name", "1 to 256 bytes"),
    ({"unless": "Net"}, "unless", "lower-case"),
    ({"unless": ""}, "unless", "1 to 80"),
    ({"unless": ["net-down"]}, "unless", "1 to 80"),
    ({"messages_per_hour": -1}, "messages_per_hour", "from 0 to 1000; 0 is no cap"),
    ({"messages_per_hour": 1_001}, "messages_per_hour", "1001"),
    ({"messages_per_hour": "20"}, "messages_per_hour", "'20': a whole number"),
    ({"hold": -1}, "hold", "from 0 to 604800, seconds, at most a week"),
    ({"hold": 604_801}, "hold", "604801"),
    ({"hold": 0.5}, "hold", "a whole number"),
    ({"hold": "15m"}, "hold", "'15m': a whole number from 0 to 604800, seconds"),
    ({"metric_name": "a\nb"}, "metric_name", "control characters"),
    ({"metric_name": "é" * 200}, "metric_name", "1 to 256 bytes"),
    ({"metric_type": "sys"}, "metric_type", "system, application, business, any"),
    (
        {"statistic": "p101"},
        "statistic",
        "stddev, increase, rate, nor a percentile, p0.1 to p99.9",
    ),
    ({"statistic": "p0"}, "statistic", "the least value is min"),
    ({"statistic": "p100"}, "statistic", "the greatest value is max"),
    ({"statistic": "p0.0"}, "statistic", "percentile"),
    ({"statistic": "p99.99"}, "statistic", "percentile"),
    ({"statistic": "p05"}, "statistic", "percentile"),
    ({"statistic": "p-1"}, "statistic", "percentile"),
    ({"statistic": "p1e1"}, "statistic", "percentile"),
    ({"statistic": "p\u0669"}, "statistic", "percentile"),
    ({"statistic": "P99"}, "statistic", "percentile"),
    ({"statistic": "p"}, "statistic", "percentile"),
    ({"statistic": 99}, "statistic", "percentile"),
    ({"statistic": "median"}, "statistic", "p50"),
    ({"statistic": None}, "statistic", "avg"),
    ({"operator": "=>"}, "operator", ">, >=, <, <=, ==, !=, outside, inside"),
    ({"threshold": "2"}, "threshold", "a number"),
    ({"threshold": True}, "threshold", "a number"),
    ({"threshold": float("nan")}, "threshold", "between"),
    ({"threshold": 10**400}, "threshold", "between"),
    ({"threshold": [1, 2]}, "threshold", "a number"),
    ({"operator": "inside"}, "threshold", "two numbers"),
    ({"operator": "outside", "threshold": [3, 1]}, "threshold", "lower number comes first"),
    ({"period": 7}, "period", "10 to 3600"),
    ({"period": 70}, "period", "divides a day"),
    ({"period": 7200}, "period", "10 to 3600"),
    ({"period": 61}, "period", "multiple of 10"),
    ({"period": "60"}, "period", "whole number"),
    ({"datapoints": 0}, "datapoints", "1 to 100"),
    ({"datapoints": "3 of 2"}, "datapoints", "not more than it is out of"),
    ({"datapoints": "3 in 5"}, "datapoints", "`3 of 5`"),
    ({"datapoints": "1 of 30", "period": 3600}, "datapoints", "one day"),
    ({"missing_data": "none"}, "missing_data", "breaching, not_breaching, ignore, missing, zero"),
    ({"recovery": 3}, "recovery", "a mapping"),
    ({"recovery": {"after": 3}}, "recovery.after", "threshold, datapoints"),
    ({"recovery": {"threshold": 3}}, "recovery.threshold", "healthy side"),
    ({"operator": "<", "recovery": {"threshold": 1}}, "recovery.threshold", "healthy side"),
    ({"operator": "==", "recovery": {"threshold": 1}}, "recovery.threshold", "healthy side"),
    (
        {"operator": "outside", "threshold": [1, 5], "recovery": {"threshold": [0, 4]}},
        "recovery.threshold",
        "healthy",
    ),
    (
        {"operator": "inside", "threshold": [1, 5], "recovery": {"threshold": [2, 9]}},
        "recovery.threshold",
        "healthy",
    ),
    ({"severity": "urgent"}, "severity", "low, medium, high, critical"),
    ({"renotify": 59}, "renotify", "or 0 for never"),
    ({"missing_data": "zero"}, "missing_data", "count and sum"),
    ({"missing_data": "zero", "statistic": "max"}, "missing_data", "count and sum"),
    ({"forget_after": 0}, "forget_after", "from 7200 to 2592000, seconds; so long the rule looks back"),
    ({"forget_after": 7_199}, "forget_after", "7199"),
    ({"forget_after": 31 * 86_400}, "forget_after", "to 2592000"),
    ({"forget_after": "1d"}, "forget_after", "a whole number"),
    ({"forget_after": 3_839, "missing_data": "missing", "datapoints": 3}, "forget_after", "from 3840"),
    ({"notify_on_resolve": "yes"}, "notify_on_resolve", "true or false"),
    ({"by": "host"}, "by", "a list"),
    ({"by": ["host", "host"]}, "by", "different"),
    ({"by": [1]}, "by", "text"),
    ({"match": ["host"]}, "match", "a mapping"),
    ({"match": {"host": []}}, "match.host", "a list of 1 to 50"),
    ({"match": {"host": [3]}}, "match.host", "text"),
    ({"annotation": "{value.__class__}"}, "annotation", "there are"),
    ({"annotation": "{0}"}, "annotation", "not a field"),
    ({"annotation": "{value!r}"}, "annotation", "not a field"),
    ({"annotation": "{"}, "annotation", "{{ is a brace"),
    ({"annotation": "{group.host}"}, "annotation", "not a field"),
    ({"runbook": "http://example.com"}, "runbook", "https://"),
    ({"runbook": "javascript:alert(1)"}, "runbook", "https://"),
    ({"colour": "red"}, "colour", "rule_id, metric_name"),
]


@pytest.mark.parametrize(
    ("fields", "field", "words"), WRONG, ids=[f"{next(iter(w[0]))}-{n}" for n, w in enumerate(WRONG)]
)
def test_a_mistake_is_named_with_its_field_and_what_is_allowed(
    fields: dict[str, Any], field: str, words: str
) -> None:
    """A wrong value is refused with the field's name, the value, and what may stand there."""
    with pytest.raises(RuleError) as caught:
        a_rule(**fields)
    assert caught.value.field == field
    assert words in str(caught.value)
    assert len(str(caught.value)) < 600


SIDE = {"metric_name": "http.errors"}
WRONG_RATIOS: list[tuple[dict[str, Any], str, str]] = [
    ({"denominator": a_ratio()["numerator"]}, "denominator", "the same points as the numerator"),
    (
        {
            "numerator": {**SIDE, "match": {"a": ["1", "2"]}},
            "denominator": {**SIDE, "match": {"a": ["2", "1", "2"]}},
        },
        "denominator",
        "the same points",
    ),
    ({"denominator": {**SIDE, "at_least": 0}}, "denominator.at_least", "above 0"),
    ({"denominator": {**SIDE, "at_least": -1}}, "denominator.at_least", "above 0"),
    ({"denominator": {**SIDE, "at_least": "1"}}, "denominator.at_least", "a number"),
    (
        {"numerator": {**SIDE, "at_least": 1}},
        "numerator.at_least",
        "metric_name, metric_type, match, statistic",
    ),
    ({"numerator": {**SIDE, "statistic": "p99"}}, "numerator.statistic", "count, sum, increase"),
    ({"numerator": {}}, "numerator.metric_name", "is missing"),
    ({"numerator": "http.errors"}, "numerator", "a mapping"),
    ({"denominator": None}, "denominator", "a mapping"),
    ({"metric_name": "other"}, "metric_name", "numerator"),
    ({"match": {"a": "b"}}, "match", "numerator"),
    ({"statistic": "count"}, "statistic", "numerator"),
    ({"missing_data": "zero"}, "missing_data", "count and sum"),
    ({"numerator": {**SIDE, "by": ["host"]}}, "numerator.by", "metric_name, metric_type, match, statistic"),
]


@pytest.mark.parametrize(("fields", "field", "words"), WRONG_RATIOS)
def test_a_mistake_in_a_ratio_is_named_with_its_side(fields: dict[str, Any], field: str, words: str) -> None:
    """What stands in the sides need not stand in the rule, and must not say anything else there."""
    with pytest.raises(RuleError) as caught:
        read_rule(a_ratio(**fields))
    assert (caught.value.field, caught.value.others) == (field, ())
    assert words in str(caught.value)


@pytest.mark.parametrize("side", ["numerator", "denominator"])
def test_a_ratio_has_two_sides(side: str) -> None:
    """One alone is no rule, and the statistic `ratio` alone neither."""
    document = a_ratio()
    del document[side]
    with pytest.raises(RuleError, match=f"{side}: is missing"):
        read_rule(document)
    with pytest.raises(RuleError, match="a ratio has a numerator and a denominator"):
        a_rule(statistic="ratio")


def test_a_ratio_asks_for_both_selections_in_the_groups_of_the_denominator() -> None:
    """It is called after its numerator; sides of the same points with other statistics are one selection."""
    rule = read_rule(a_ratio())
    assert (rule.key, rule.selection.metric_name) == ("checkout-errors/http.errors", "http.requests")
    assert [selection.metric_name for selection in rule.asked] == ["http.requests", "http.errors"]
    assert rule.measured == "ratio of count of http.errors where status=500|503 to count of http.requests"
    assert measured_text(rule_document(rule)) == rule.measured
    mean = a_ratio(numerator={"metric_name": "a", "statistic": "sum"}, denominator={"metric_name": "a"})
    assert read_rule(mean).asked == {read_rule(mean).selection: frozenset({Part.TOTAL})}


def test_all_mistakes_are_raised_at_once() -> None:
    """The first with all others, those inside of fields among them; nothing is wrong only as another field is."""
    with pytest.raises(RuleError) as caught:
        a_rule(
            operator="=>", threshold=[1, 2], by=3, annotation="{group.host}", recovery={"datapoints": 0, "after": 1},
            match={"a": [], "b": 5}, forget_after="1d", colour="red",
        )  # fmt: skip
    fields = [error.field for error in (caught.value, *caught.value.others)]
    assert sorted(fields) == [
        "by", "colour", "forget_after", "match.a", "match.b", "operator", "recovery.after", "recovery.datapoints",
    ]  # fmt: skip


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_cannot_be_left_out(field: str) -> None:
    """A rule without one of its five required fields is refused by that field's name."""
    with pytest.raises(RuleError, match=f"{field}: is missing"):
        read_rule({name: value for name, value in a_document().items() if name != field})


GARBAGE = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*REQUIRED, *OPTIONAL, *APPLIED]) | st.text(max_size=2_000), GARBAGE))
def test_any_mapping_is_a_rule_or_all_that_is_wrong_with_it(document: dict[str, Any]) -> None:
    """Each mistake names its field, in a message that a terminal holds; every field that is missing is among them."""
    with pytest.raises(RuleError) as caught:
        read_rule(document)
    mistakes = (caught.value, *caught.value.others)
    assert {f"{name}: is missing" for name in REQUIRED if name not in document} <= set(map(str, mistakes))
    assert all(mistake.field and len(str(mistake)) < 700 for mistake in mistakes)


@given(written_rules())
def test_any_rule_is_the_same_in_every_form(document: dict[str, Any]) -> None:
    """Its document, also through JSON as an alert keeps it, describes it."""
    rule = read_rule(document)
    assert read_rule(rule_document(rule)) == rule
    assert read_rule(json.loads(json.dumps(rule_document(rule)))) == rule
    assert condition_revision(read_rule(json.loads(json.dumps(rule_document(rule))))) == condition_revision(
        rule
    )


@example(Decimal("sNaN"), "threshold")
@example(Decimal("sNaN"), "renotify")
@example(Decimal("NaN"), "threshold")
@example(float("nan"), "renotify")
@given(GARBAGE, st.sampled_from([*REQUIRED, *OPTIONAL, *APPLIED]))
def test_whatever_stands_in_a_field_it_is_read_or_refused(value: object, field: str) -> None:
    """No value of any field does anything but make a rule or a `RuleError`."""
    try:
        rule = a_rule(**{field: value})
    except RuleError as error:
        refused = error.field
        rule = None
    assert read_rule(rule_document(rule)) == rule if rule else refused.startswith(field)


def test_one_canonical_form_goes_both_ways() -> None:
    """A rule read from its own document is the same rule, also when numbers come back as the table keeps them."""
    rule = a_rule(
        operator="outside", threshold=[0.1, 0.7], recovery={"threshold": [0.2, 0.6], "datapoints": 3},
        match={"env": ["prod", "dev"], "zone": "a"}, by=["host", "disk"], datapoints="3 of 5",
        annotation="{group.host} {{x}} {value}", runbook="https://example.com/{rule_id}", in_force_since=5,
    )  # fmt: skip
    document = rule_document(rule)
    assert read_rule(document) == rule
    as_decimals = {**document, "threshold": [Decimal("0.1"), Decimal("0.7")], "period": Decimal(60)}
    assert read_rule(as_decimals) == rule


def test_the_revision_changes_with_what_a_rule_says_and_not_with_when() -> None:
    """Putting the same rule into force again ends no alert; changing any field does."""
    rule = a_rule()
    assert rule_revision(a_rule(in_force_since=99)) == rule_revision(rule)
    for fields in (
        {"threshold": 3},
        {"severity": "low"},
        {"annotation": "x"},
        {"by": ["host"]},
        {"renotify": 60},
    ):
        assert rule_revision(a_rule(**fields)) != rule_revision(rule)


CHANGES: dict[str, Any] = {
    "rule_id": "x", "metric_name": "x", "metric_type": "system", "match": {"a": "b"}, "by": ["host"],
    "statistic": "max", "operator": "<", "threshold": 3, "period": 120, "datapoints": 2, "missing_data": "missing",
    "recovery": {"datapoints": 2}, "severity": "low", "renotify": 60, "notify_on_resolve": False,
    "forget_after": 7_200, "annotation": "x", "runbook": "https://example.com", "unless": "x", "hold": 60,
    "messages_per_hour": 20,
}  # fmt: skip


def test_words_change_the_revision_and_not_the_conditions() -> None:
    """Severity, texts and what is repeated are words; every other field is part of when a rule fires."""
    rule = a_rule()
    assert set(CHANGES) == {*REQUIRED, *OPTIONAL}
    for field, value in CHANGES.items():
        other = a_rule(**{field: value})
        assert rule_revision(other) != rule_revision(rule)
        assert (condition_revision(other) == condition_revision(rule)) == (field in WORDS), field
    assert condition_revision(a_rule(in_force_since=99, groups_since=5)) == condition_revision(rule)


def test_groups_are_known_since_their_rule_is_in_force_unless_it_says_otherwise() -> None:
    """A rule that only changed its condition keeps the time since which its groups are known."""
    assert a_rule(in_force_since=99).groups_since_s == 99
    assert a_rule(in_force_since=99, groups_since=5).groups_since_s == 5


@pytest.mark.parametrize("statistic", ["count", "sum", "avg", "min", "max"])
def test_silence_counts_as_zero_where_nothing_adds_up_to_nothing(statistic: str) -> None:
    """Counts and sums of a period without points are 0 unless the rule says otherwise, as stored rules do."""
    adds_up = statistic in ("count", "sum")
    assert a_rule(statistic=statistic).missing_data == ("zero" if adds_up else "ignore")
    assert a_rule(statistic=statistic, missing_data="ignore").missing_data == "ignore"


def test_a_group_is_forgotten_after_a_day_or_as_long_as_its_rule_looks_back() -> None:
    """A rule that waits for a day of silence is not made to forget before it has passed."""
    assert a_rule(period=3600, datapoints=24, missing_data="missing").forget_after_s == 26 * 3_600
    assert a_rule(period=3600, recovery={"datapoints": 24}).forget_after_s == 2 * 86_400 + 3_600
    assert a_rule(missing_data="missing", datapoints=3, forget_after=3_840).forget_after_s == 3_840
    stored = {name: value for name, value in rule_document(a_rule()).items() if name != "forget_after"}
    assert read_rule(stored) == a_rule()


def test_rules_that_ask_for_the_same_points_share_their_evidence() -> None:
    """Threshold and severity are no part of a selection; metric, type, match, groups and period are."""
    selection = a_rule(by=["host"]).selection
    assert a_rule(by=["host"], threshold=9, severity="critical", rule_id="other").selection == selection
    different = [
        a_rule(by=["host"], metric_name="x"), a_rule(by=["host"], metric_type="system"), a_rule(by=["disk"]),
        a_rule(by=["host"], match={"a": "b"}), a_rule(by=["host"], period=120),
    ]  # fmt: skip
    ids = {rule.selection.selection_id for rule in different} | {selection.selection_id}
    assert len(ids) == 6


@pytest.mark.parametrize(
    "value", [Decimal("1E+50"), Decimal("-1E+120"), Decimal("0.5"), math.inf, -math.inf, math.nan]
)
@pytest.mark.parametrize("field", ["period", "renotify", "in_force_since", "groups_since", "datapoints"])
def test_a_number_of_any_size_is_refused_as_its_field(field: str, value: Any) -> None:
    """The rules table holds numbers that no arithmetic here can take, and one such item must not stop the others."""
    with pytest.raises(RuleError, match=f"^{field}: "):
        a_rule(**{field: value})


@pytest.mark.parametrize("text", ["a\ud800b", "a\x00b", "a\x1b[2Jb"])
def test_an_annotation_is_text_that_can_be_sent(text: str) -> None:
    """Lines are allowed; what has no UTF-8 or breaks a terminal is not."""
    with pytest.raises(RuleError, match=r"^annotation: "):
        a_rule(annotation=text)
    assert a_rule(annotation="two\nlines\tand a tab").annotation == "two\nlines\tand a tab"
