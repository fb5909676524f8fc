"""`ops rules backtest` against the tables of a deployment and a store of made-up points."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.exports.hour import Hour
from ops.__main__ import main
from ops.errors import OperatorError
from ops.history.asked import AskedMetric, Readings
from ops.history.hours import Slice
from ops.rule_backtest import sources
from ops.rule_table import RuleTable
from ops.stack import Target
from tests.support.alert_tables import RULES
from tests.support.rules import a_document, a_rule

NOW = 1_764_072_000  # 2025-11-25T12:00:00Z
SPAN = ["--from", "2025-11-25T06:00", "--to", "2025-11-25T10:00"]
# By host, the minutes of the hour in which it is hot, and how hot.
HOT = {"a": (range(10, 20), 95.0), "b": (range(30, 32), 92.0), 'c"x': (range(0), 0.0)}


class Minutely:
    """A history with a point of each host in each minute, hot in the same minutes of each hour."""

    unreadable: Sequence[Hour] = ()

    def __init__(self, *_: object) -> None:
        pass

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """All of it."""
        if hour in self.unreadable:
            raise OperatorError("never exported")
        return [Slice(hour.start_s, hour.end_s)]

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points."""
        if metric.metric_name != "cpu.load":
            return
        for host, (hot, value) in HOT.items():
            values = [value if minute in hot else 50.0 for minute in range(60)]
            times = list(range(part.start_s // 60, part.end_s // 60))
            yield Readings(metric, "system", (("host", host),), times, values)

    def remark(self, _: Hour) -> str:
        """Nothing."""
        return ""


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(deployment: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> Run:
    """A function that runs the command, over a rule in force and a candidate's fields; its status and what it said."""
    del deployment
    monkeypatch.setattr(RuleTable, "time_s", lambda _: NOW)
    monkeypatch.setattr(sources, "StoredHistory", Minutely)
    monkeypatch.setattr(Target, "store", lambda _: None)
    monkeypatch.setattr(Minutely, "unreadable", ())
    in_force = a_rule(by=["host"], threshold=94, renotify=300)
    boto3.client("dynamodb").put_item(TableName=RULES, Item=item_of(in_force))

    def running(*words: str, **candidate: Any) -> tuple[int, str, str]:
        named = list(words)
        if candidate:
            path = tmp_path / "new.yaml"
            path.write_text(yaml.safe_dump({"rules": [a_document(by=["host"], **candidate)]}))
            named.insert(0, str(path))
        status = main(["rules", "backtest", *named])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return running


def test_it_tells_what_a_rule_would_have_done_beside_the_one_in_force(run: Run) -> None:
    """How often, how long, how many messages, which groups, and what is more and less."""
    status, out, err = run(*SPAN, threshold=90, datapoints=2)
    assert status == 0
    assert "fires 8 times in 4h, 40m in all, 2 groups; 16 messages" in out
    assert "fires 4 times in 4h, 40m in all, one" not in out
    assert "fires 4 times in 4h, 40m in all, 1 group; 12 messages" in out
    assert "+4 alerts, -0, 4 in both" in out
    assert "\n+       cpu-hot  host=b  ALARM  2025-11-25 06:32:00  2025-11-25 06:33:00  1m" in out
    assert "5/5 2025-11-25T09  180 points; 900 points so far" in err
    assert "silences and acknowledgements are left out; read from 2025-11-25 05:00:00 on" in err


def test_programs_get_rows_alone(run: Run) -> None:
    """With seconds, and the group by its dimensions."""
    _, out, _ = run(*SPAN, "--format", "jsonl", threshold=90, datapoints=2)
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows[0] == {
        "change": "+", "rule": "cpu-hot", "group": {"host": "b"}, "state": "ALARM", "from": "2025-11-25 06:32:00",
        "to": "2025-11-25 06:33:00", "fired": 60, "baseline fired": None, "value": 92.0, "worst": 92.0, "messages": 2,
    }  # fmt: skip
    assert [row["change"] for row in rows] == ["+"] * 4 + ["="] * 4
    assert rows[-1]["baseline fired"] == 600


@pytest.mark.parametrize(
    ("view", "row"),
    [
        (
            "groups",
            {"rule": "cpu-hot", "group": "host=a", "alerts": 4, "fired": 2160, "messages": 8, "baseline alerts": 4,
             "baseline fired": 2400, "baseline messages": 12},
        ),
        (
            "days",
            {"rule": "cpu-hot", "day": "2025-11-25", "alerts": 8, "messages": 16, "baseline alerts": 4,
             "baseline messages": 12},
        ),
        (
            "rules",
            {"rule": "cpu-hot", "alerts": 8, "groups": 2, "fired": 2400, "messages": 16, "more": 4, "fewer": 0,
             "both": 4, "baseline alerts": 4, "baseline groups": 1, "baseline fired": 2400, "baseline messages": 12},
        ),
    ],
)  # fmt: skip
def test_rows_are_alerts_groups_days_or_rules(view: str, row: dict[str, Any], run: Run) -> None:
    """As `--show` says."""
    _, out, _ = run(*SPAN, "--show", view, "--format", "jsonl", threshold=90, datapoints=2)
    assert json.loads(out.splitlines()[0]) == row


def test_a_rule_in_force_is_tried_by_itself(run: Run) -> None:
    """By its id, with nothing beside it."""
    status, out, _ = run("cpu-hot", *SPAN)
    assert status == 0
    assert "fires 4 times" in out
    assert "in both" not in out


def test_a_new_rule_is_all_more(run: Run) -> None:
    """There is none of its id."""
    _, out, _ = run(*SPAN, rule_id="new", threshold=94)
    assert "no rule of this id is in force" in out
    assert out.count("\n+ ") == 4


def test_the_rest_of_a_long_table_is_counted(run: Run) -> None:
    """As many rows as are asked for, and how many there are besides."""
    _, out, _ = run(*SPAN, "--top", "3", threshold=90)
    assert "and 5 more; --top 0 shows all" in out
    _, out, _ = run(*SPAN, "--top", "0", threshold=90)
    assert "more; --top" not in out


def test_an_hour_that_was_not_read_is_named_and_is_another_status(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is told is true of the others."""
    monkeypatch.setattr(Minutely, "unreadable", (Hour.parse("2025-11-25T07"),))
    status, out, err = run("cpu-hot", *SPAN)
    assert status == 3
    assert "fires 3 times" in out
    assert "not read, and judged by nobody: 1 hour: 2025-11-25T07: never exported" in err


def test_an_hour_before_the_span_is_missed_less(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was before is not known, and that is said."""
    monkeypatch.setattr(Minutely, "unreadable", (Hour.parse("2025-11-25T05"),))
    status, _, err = run("cpu-hot", *SPAN)
    assert status == 0
    assert "what was before is not known: 2025-11-25T05: never exported" in err


def test_where_nothing_can_be_read_nothing_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a failure."""
    monkeypatch.setattr(Minutely, "unreadable", [Hour.parse(f"2025-11-25T0{hour}") for hour in range(10)])
    status, out, err = run("cpu-hot", *SPAN)
    assert (status, out) == (1, "")
    assert "no hour could be read: 2025-11-25T05 to 2025-11-25T09: never exported" in err


def test_a_history_without_points_of_the_rule_is_said(run: Run) -> None:
    """It did not fire, but nothing was judged either."""
    _, out, err = run(*SPAN, rule_id="new", metric_name="cpu.laod")
    assert "never fires in 4h" in out
    assert "there is no point of cpu.laod that a rule matches in all the hours that were read" in err


def test_a_dimension_that_no_point_has_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its letters are: a rule in force sees no other."""
    monkeypatch.setattr(Target, "dimension_names", lambda _: {"host", "Env"})
    _, _, err = run(*SPAN, rule_id="new", match={"env": "prod", "host": "*"})
    assert "note: new: no point has had a dimension 'env' so far" in err
    assert "dimension 'host'" not in err


def test_a_metric_that_formats_a_terminal_is_said_without(run: Run) -> None:
    """Its name stands in a note, too."""
    _, _, err = run(*SPAN, rule_id="new", metric_name="\u202eabc")
    assert "there is no point of �abc" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cpu-hto"], "no rule 'cpu-hto' is in force; did you mean cpu-hot?"),
        (["cpu-hot", "--top", "-1"], "--top -1: a number of rows"),
        (["cpu-hot", "--from", "2026-01-01"], "is in the future"),
    ],
)
def test_mistakes_are_named(words: list[str], message: str, run: Run) -> None:
    """Before anything is read."""
    status, _, err = run(*words)
    assert status == 1
    assert message in err
