"""Rules for tests, made the way every rule is: by reading a document."""

from typing import Any

from hypothesis import strategies as st

from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.statistic import PLAIN, Statistic

STATISTICS = [*map(Statistic, PLAIN), *map(Statistic, ("p0.1", "p50", "p99", "p99.9"))]
"""Every statistic that is a name, and some percentiles."""

RULE_FILE = """\
rules:
  - rule_id: hot
    metric_name: cpu.load
    statistic: avg
    operator: ">"
    threshold: 90
"""
"""A rule file with one rule."""


def a_document(**fields: Any) -> dict[str, Any]:
    """A rule as it may stand in a file, with other fields where a test needs them."""
    plain = {
        "rule_id": "cpu-hot",
        "metric_name": "cpu.load",
        "statistic": "avg",
        "operator": ">",
        "threshold": 2,
        "period": 60,
    }
    return {**plain, **fields}


def a_ratio(**fields: Any) -> dict[str, Any]:
    """A rule of errors by requests, as it may stand in a file, with other fields where a test needs them."""
    plain = {
        "rule_id": "checkout-errors",
        "numerator": {"metric_name": "http.errors", "match": {"status": ["500", "503"]}},
        "denominator": {"metric_name": "http.requests", "at_least": 4},
        "by": ["service"],
        "operator": ">",
        "threshold": 0.05,
    }
    return {**plain, **fields}


def a_rule(**fields: Any) -> Rule:
    """The rule that such a document describes."""
    return read_rule(a_document(**fields))


@st.composite
def written_rules(draw: st.DrawFn) -> dict[str, Any]:
    """Any rule that can be read, with any of its fields left out."""
    operator = draw(st.sampled_from([">", ">=", "<", "<=", "==", "!=", "inside", "outside"]))
    number = st.integers(-(10**6), 10**6) | st.floats(-1e9, 1e9).filter(
        lambda one: one == 0 or abs(one) > 1e-9
    )
    bounds = sorted(draw(st.tuples(number, number)))
    threshold = bounds if operator in ("inside", "outside") else bounds[0]
    period = draw(st.sampled_from([10, 20, 60, 300, 3600]))
    out_of = draw(st.integers(1, min(100, 86_400 // period)))
    statistic = str(draw(st.sampled_from(STATISTICS)))
    name = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_.-]{0,20}", fullmatch=True)
    text = st.text(
        st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20
    )
    by = draw(st.lists(name, max_size=5, unique=True))
    optional = {
        "metric_type": st.sampled_from(["system", "application", "business", "any"]),
        "match": st.dictionaries(name, text | st.lists(text, min_size=1, max_size=3), max_size=3),
        "missing_data": st.sampled_from(["breaching", "not_breaching", "ignore", "missing"]),
        "recovery": st.fixed_dictionaries({"threshold": st.just(threshold)})
        | st.fixed_dictionaries({"datapoints": st.integers(1, min(100, 86_400 // period))}),
        "severity": st.sampled_from(["low", "medium", "high", "critical"]),
        "renotify": st.just(0) | st.integers(60, 7 * 86_400),
        "notify_on_resolve": st.booleans(),
        "forget_after": st.integers(2 * 86_400, 30 * 86_400),
        "annotation": text.map(lambda one: one.replace("{", "{{").replace("}", "}}")),
        "runbook": st.just("https://example.com/{rule_id}"),
        "hold": st.integers(1, 7 * 86_400),
        "messages_per_hour": st.integers(1, 1_000),
        "unless": st.from_regex(r"[a-z0-9][a-z0-9._-]{0,9}", fullmatch=True),
    }
    if statistic in ("sum", "count"):
        optional["missing_data"] |= st.just("zero")
    required = a_document(
        rule_id=draw(st.from_regex(r"[a-z0-9][a-z0-9._-]{0,79}", fullmatch=True)),
        metric_name=draw(text),
        statistic=statistic,
        operator=operator,
        threshold=threshold,
        by=by,
        period=period,
        datapoints=draw(st.just(out_of) | st.integers(1, out_of).map(lambda needed: f"{needed} of {out_of}")),
    )
    found = required | draw(st.fixed_dictionaries({}, optional=optional))
    return _as_ratio(draw, found) if draw(st.integers(0, 4)) == 0 else found


def _as_ratio(draw: st.DrawFn, rule: dict[str, Any]) -> dict[str, Any]:
    """The rule with a ratio of its points to others of its statistic."""
    own: dict[str, Any] = {
        name: rule[name] for name in ("metric_name", "metric_type", "match") if name in rule
    }
    left: dict[str, Any] = {
        name: value for name, value in rule.items() if name not in own and name != "statistic"
    }
    if left.get("missing_data") == "zero":
        del left["missing_data"]
    statistics = st.sampled_from(["count", "sum", "increase"])
    above: dict[str, Any] = {**own, "statistic": draw(statistics)}
    below: dict[str, Any] = {
        "metric_name": "another metric",
        "at_least": draw(st.integers(1, 10**6) | st.just(0.25)),
    }
    return {**left, "numerator": above, "denominator": below}
