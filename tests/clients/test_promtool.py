"""Prometheus as a judge: rules that it can express fire and resolve in the same periods on the same series."""

import json
import random
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.reading import read_rule
from tests.support.alert_world import RULES, Record, Settings, World, one_thread
from tests.support.prometheus_counters import INCREASES, SAMPLES

PROMTOOL = Path(__file__).parents[2] / "build" / "debian" / "usr" / "bin" / "promtool"
MINUTES, STEP_S = 40, 10
START = 1_763_769_600
# The end of the first period that is judged. A range of 59 s is closed on both sides: points stand a second earlier.
FIRST = START + 60
HOSTS, ENVS = ("a", "b"), ("prod", "test")
COMBINED = {
    "max": "max{by} (max_over_time({series}[59s]))",
    "min": "min{by} (min_over_time({series}[59s]))",
    "sum": "sum{by} (sum_over_time({series}[59s]))",
    "count": "sum{by} (count_over_time({series}[59s]))",
    "avg": "sum{by} (sum_over_time({series}[59s])) / sum{by} (count_over_time({series}[59s]))",
}

Series = dict[tuple[str, str], list[float | None]]


class Told:
    """The alerts that fire, by the end of the interval with which that began or ended."""

    def __init__(self) -> None:
        self.changes: list[tuple[int, str, str, bool]] = []

    def published(self, parameters: Mapping[str, Any], now_s: float) -> None:
        """SNS has taken a message."""
        body = json.loads(parameters["Message"])
        body = json.loads(body["default"]) if "default" in body else body
        ends = round((now_s - START - 11) // 60) * 60 + START
        self.changes.append(
            (ends, body["rule"]["rule_id"], body["group"].get("host", ""), body["state"] == "ALARM")
        )

    def firing(self, end_s: int) -> set[tuple[str, str]]:
        """The rules and groups that fire once the interval that ended then is evaluated."""
        known: dict[tuple[str, str], bool] = {}
        for at_s, rule_id, host, fires in self.changes:
            if at_s <= end_s:
                known[rule_id, host] = fires
        return {name for name, fires in known.items() if fires}

    def written(self, shard: str, first: int, last: int, at_s: float) -> None:
        """Windows are there, which nobody here asks for; as little as what follows."""

    def evaluating(self, payload: Mapping[str, Any]) -> None:
        """An evaluation begins."""

    def progressed(self, evaluated_to: str, now_s: float) -> None:
        """An evaluation came to its end."""

    def handed_out(self, page: Mapping[str, Any], chunk: Mapping[str, Any], now_s: float) -> None:
        """Notifications are handed out."""

    def saved(self, by: str, before: Any, after: Any, now_s: float, call: Any) -> None:
        """An alert was written."""


def a_rule(chance: random.Random, number: int) -> dict[str, Any]:
    """A rule that Prometheus can express."""
    statistic = chance.choice(sorted(COMBINED))
    operator = chance.choice((">", ">=", "<", "<=", "==", "!=", "inside", "outside"))
    by = chance.choice(([], ["host"]))
    n = chance.choice((1, 2, 3, 5))
    m = chance.choice((n, n, chance.randint(1, n)))
    # A subquery would find zeros before the series begin.
    is_zero = statistic in {"count", "sum"} and not by and m == n and chance.random() < 0.5
    silence = "zero" if is_zero else "not_breaching"
    low = chance.choice((1, 2, 3)) * (3 if statistic in {"count", "sum"} else 1)
    return {
        "rule_id": f"r{number}",
        "metric_name": f"metric_{number}",
        "match": chance.choice(({}, {"env": "prod"})),
        "by": by,
        "statistic": statistic,
        "operator": operator,
        "threshold": [low, low + 2] if operator in {"inside", "outside"} else low,
        "period": 60,
        "datapoints": f"{m} of {n}",
        "missing_data": silence,
        "recovery": {"datapoints": chance.randint(1, 3) if m == n else 1},
    }


def the_series(chance: random.Random) -> Series:
    """Values every ten seconds, often none, in runs so that states last for some minutes."""
    series: Series = {}
    for host in HOSTS:
        for env in ENVS:
            values: list[float | None] = []
            while len(values) < MINUTES * 60 // STEP_S:
                gone, level = chance.random() < 0.3, chance.choice((0.5, 2.0, 4.0))
                values += [
                    None if gone else level + chance.choice((-0.5, 0.0, 0.5))
                    for _ in range(chance.choice((3, 6, 12, 24)))
                ]
            series[host, env] = values[: MINUTES * 60 // STEP_S]
    return series


def expression(rule: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """The rule as PromQL, and how long it is for and is kept firing for."""
    match = '{env="prod"}' if rule["match"] else ""
    by = " by (host)" if rule["by"] else ""
    value = COMBINED[rule["statistic"]].replace("{series}", rule["metric_name"] + match).replace("{by}", by)
    if rule["missing_data"] == "zero":
        value = f"({value} or vector(0))"
    threshold, operator = rule["threshold"], rule["operator"]
    if operator == "inside":
        breach = f"(({value}) >= {threshold[0]}) <= {threshold[1]}"
    elif operator == "outside":
        breach = f"(({value}) < {threshold[0]}) or (({value}) > {threshold[1]})"
    else:
        breach = f"({value}) {operator} {threshold}"
    m, _, n = str(rule["datapoints"]).partition(" of ")
    if m != n:
        return f"count_over_time(({breach})[{int(n) * 60 - 1}s:60s]) >= {m}", {}
    lasts = {"for": int(n) - 1, "keep_firing_for": rule["recovery"]["datapoints"] - 1}
    return breach, {name: f"{minutes}m" for name, minutes in lasts.items() if minutes}


def evaluate(rules: list[dict[str, Any]], series: Series) -> Told:
    """The messages of our alerts, minute by minute."""
    told = Told()
    world = World(Settings(tick=60, grace=10), START - 60.0, 1, told)
    with one_thread(lambda: world.now_s, lambda _: None):
        for document in rules:
            item = item_of(replace(read_rule(document), in_force_since_s=START - 20))
            world.tables[RULES].put_item(TableName=RULES, Item=item)
        world.run_until(START + 1.0)
        for minute in range(MINUTES + 2):
            end_s = FIRST + minute * 60
            record = Record(minute + 1, end_s - 1.0, a_body(rules, series, minute), ())
            assert world.process("shardId-000000000000", [record])
            world.start({"source": "sweep"})
            world.run_until(end_s + 62.0)
    return told


def a_body(rules: list[dict[str, Any]], series: Series, minute: int) -> bytes:
    """The request with all points of the period that ends with a minute."""
    metrics = []
    for step in range((minute - 1) * 6 + 1, minute * 6 + 1):
        for (host, env), values in series.items():
            value = values[step] if 0 <= step < len(values) else None
            if value is not None:
                point = {"value": value, "timestamp": (FIRST + step * STEP_S - 1) * 1_000}
                dimensions = {"dimensions": {"host": host, "env": env}}
                metrics += [{"metric_name": rule["metric_name"], **point, **dimensions} for rule in rules]
    nothing = {"metric_name": "nothing", "value": 0, "timestamp": FIRST * 1_000}
    return json.dumps({"metrics": metrics or [nothing]}).encode()


def promtool(rules: list[dict[str, Any]], series: Series, told: Told, folder: Path) -> str:
    """The verdict of promtool: empty if at each minute the same alerts fire."""
    group = []
    for rule in rules:
        text, lasts = expression(rule)
        group.append({"alert": rule["rule_id"], "expr": text, **lasts})
    (folder / "rules.yaml").write_text(
        yaml.safe_dump({"groups": [{"name": "all", "interval": "1m", "rules": group}]})
    )
    inputs = [
        {
            "series": f'{rule["metric_name"]}{{host="{host}",env="{env}"}}',
            "values": " ".join("_" if value is None else str(value) for value in values),
        }
        for rule in rules
        for (host, env), values in series.items()
    ]
    expected = [
        {
            "eval_time": f"{minute}m",
            "alertname": rule["rule_id"],
            "exp_alerts": [
                {"exp_labels": {"host": host} if host else {}}
                for rule_id, host in sorted(told.firing(FIRST + minute * 60))
                if rule_id == rule["rule_id"]
            ],
        }
        for rule in rules
        for minute in range(1, MINUTES)
    ]
    test = {"interval": f"{STEP_S}s", "input_series": inputs, "alert_rule_test": expected}
    tests = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (folder / "tests.yaml").write_text(yaml.safe_dump(tests))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "tests.yaml"], cwd=folder, capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[:4_000]


def test_what_prometheus_can_express_fires_and_resolves_in_the_same_periods(tmp_path: Path) -> None:
    """N of N and M of N, recovery by several periods, every statistic and operator, gaps, and silence as zero."""
    assert PROMTOOL.exists(), "make test-clients unpacks Debian's promtool"
    chance = random.Random(1)
    rules = [a_rule(chance, number) for number in range(40)]
    series = the_series(chance)
    told = evaluate(rules, series)
    assert len(told.changes) > 200
    assert not promtool(rules, series, told, tmp_path)


def test_promtool_notices_an_alert_that_does_not_fire(tmp_path: Path) -> None:
    """So its silence above means something."""
    chance = random.Random(2)
    rules, series = [a_rule(chance, number) for number in range(5)], the_series(chance)
    told = evaluate(rules, series)
    at_s, rule_id, host, fires = told.changes.pop(0)
    assert fires
    assert rule_id in promtool(rules, series, told, tmp_path), (at_s, host)


@pytest.mark.parametrize(("function", "seconds"), [("increase", 1), ("rate", 60)])
def test_prometheus_gives_the_growth_of_its_counters_that_ours_is_held_to(
    function: str, seconds: int, tmp_path: Path
) -> None:
    """Restarts, gaps and bursts: `tests/handlers/domain/alerts/windows/statistics/test_counters.py` has ours."""
    inputs, expected = [], []
    for number, (name, values) in enumerate(SAMPLES.items()):
        text = " ".join("_" if value is None else repr(value) for value in values)
        inputs.append({"series": f"counter_{number}", "values": text})
        for minute, value in enumerate(INCREASES[name], start=1):
            found = [] if value is None else [{"labels": "{}", "value": value}]
            query = f"round({function}(counter_{number}[1m]) * {seconds}, 0.001)"
            expected.append({"expr": query, "eval_time": f"{minute}m", "exp_samples": found})
    test = {"interval": f"{STEP_S}s", "input_series": inputs, "promql_expr_test": expected}
    assert len(expected) > 40
    (tmp_path / "tests.yaml").write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [test]}))
    done = subprocess.run(
        [PROMTOOL, "test", "rules", "tests.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
