"""Athena's answers as rows of values."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.errors import OperatorError
from ops.store import athena
from ops.store.athena import AthenaStore
from ops.store.port import Meter
from tests.support.scripted_client import Scripted, refusal

STARTED = {"QueryExecutionId": "q-1"}


def state(word: str, reason: str = "", scanned: int = 0) -> dict[str, Any]:
    """GetQueryExecution's answer."""
    status = {"State": word, **({"StateChangeReason": reason} if reason else {})}
    return {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": scanned}}}


def page(columns: list[tuple[str, str]], *rows: list[str | None], token: str = "") -> dict[str, Any]:
    """A page of GetQueryResults."""
    cells = [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in rows]
    metadata = {"ColumnInfo": [{"Name": name, "Type": kind} for name, kind in columns]}
    return {
        "ResultSet": {"Rows": cells, "ResultSetMetadata": metadata},
        **({"NextToken": token} if token else {}),
    }


class Counting(Meter):
    """A meter that keeps what it is told."""

    def __init__(self) -> None:
        self.questions, self.bill = 0, list[tuple[str, float]]()

    def asked(self) -> None:
        """One more."""
        self.questions += 1

    def billed(self, price: str, units: float) -> None:
        """Keep it."""
        self.bill.append((price, units))


def store(*answers: Any, glue: Any = None, meter: Meter | None = None) -> tuple[AthenaStore, Scripted]:
    """A store whose Athena answers so in turn."""
    client = Scripted(*answers)
    return AthenaStore(client, glue, "metrics_lake", "metrics-lake", meter or Meter()), client


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(athena, "_FIRST_POLL_S", 0.001)


def test_an_answer_is_waited_for_and_read_to_its_last_page() -> None:
    """The first row of a SELECT has the columns' names and is none; pages follow each other by their tokens."""
    columns = [("name", "varchar"), ("n", "bigint")]
    asked, client = store(
        STARTED,
        state("QUEUED"),
        state("RUNNING"),
        state("SUCCEEDED"),
        page(columns, ["name", "n"], ["a", "1"], token="next"),
        page(columns, ["name", None], ["n", "3"]),
    )
    names, rows = asked.select("SELECT name, n FROM points")
    assert list(names) == ["name", "n"]
    assert list(rows) == [["a", 1], ["name", None], ["n", 3]]
    started = client.calls[0][1]
    assert started["WorkGroup"] == "metrics-lake"
    assert started["QueryExecutionContext"] == {"Database": "metrics_lake"}
    assert client.calls[-1][1] == {"QueryExecutionId": "q-1", "NextToken": "next"}


def test_pages_are_read_as_their_rows_are_taken() -> None:
    """A long answer is never held whole."""
    asked, client = store(STARTED, state("SUCCEEDED"), page([("a", "integer")], ["a"], ["1"], token="t"))
    _, rows = asked.select("SELECT a FROM points")
    assert next(rows) == [1]
    assert [name for name, _ in client.calls].count("get_query_results") == 1


def test_an_answer_to_show_has_no_row_of_names() -> None:
    """Its first row is one, and an answer may have none at all."""
    asked, _ = store(STARTED, state("SUCCEEDED"), page([("tab_name", "string")], ["hot"], ["points"]))
    assert list(asked.select("SHOW TABLES")[1]) == [["hot"], ["points"]]
    asked, _ = store(STARTED, state("SUCCEEDED"), page([]))
    assert list(asked.select("DROP VIEW x")[1]) == []


def test_an_answer_to_describe_is_cut_at_its_tabs() -> None:
    """Athena names three columns and sends one text for them."""
    columns = [(name, "string") for name in ("col_name", "data_type", "comment")]
    lines: list[list[str | None]] = [
        ["host                \tstring              \t                    "],
        ["value\tdouble"],
    ]
    asked, _ = store(STARTED, state("SUCCEEDED"), page(columns, *lines))
    assert list(asked.select("DESCRIBE metrics")[1]) == [["host", "string", ""], ["value", "double", ""]]


@pytest.mark.parametrize(
    ("interval", "ago", "width_s"),
    [
        ("5s", "'5' SECOND", 5),
        ("15m", "'15' MINUTE", 900),
        ("1h", "'1' HOUR", 3600),
        ("7d", "'7' DAY", 604_800),
    ],
)
def test_intervals_are_spelled_as_athena_wants_them(interval: str, ago: str, width_s: int) -> None:
    """Before now, and as the width of bins."""
    asked, _ = store()
    assert asked.since(interval).count(f"current_timestamp - INTERVAL {ago}") == 2
    assert f"/ {width_s}) * {width_s}" in asked.bins(interval)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("double", "1.5E3", 1500.0),
        ("integer", "-1", -1),
        ("boolean", "false", False),
        ("decimal", "12.50", 12.5),
        ("decimal", "12345678901234567890", 12345678901234567890),
        ("timestamp", "2026-11-26 04:05:06.123", "2026-11-26 04:05:06.123000000"),
        ("timestamp", "2026-11-26 04:05:06", "2026-11-26 04:05:06.000000000"),
        ("timestamp with time zone", "2026-11-26 04:05:06.123 UTC", "2026-11-26 04:05:06.123000000"),
        (
            "timestamp with time zone",
            "2026-11-26 04:05:06.1 Europe/Rome",
            "2026-11-26 04:05:06.100000000 Europe/Rome",
        ),
        ("time", "04:05:06.123", "04:05:06.123000000"),
        ("date", "2026-11-26", "2026-11-26"),
        ("array", "[a, b]", "[a, b]"),
    ],
)
def test_a_cell_has_its_columns_type(kind: str, text: str, value: object) -> None:
    """Numbers are numbers, and times have the form that Timestream's have."""
    asked, _ = store(STARTED, state("SUCCEEDED"), page([("a", kind)], ["a"], [text]))
    [[found]] = asked.select("SELECT a")[1]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            [refusal("InvalidRequestException", "line 1:1: mismatched\ninput 'SELEC'")],
            "line 1:1: mismatched input",
        ),
        ([STARTED, state("FAILED", "COLUMN_NOT_FOUND: line 1:8: Column 'x'")], "COLUMN_NOT_FOUND: line 1:8"),
        (
            [STARTED, state("CANCELLED", "Bytes scanned limit was exceeded")],
            "Bytes scanned limit was exceeded",
        ),
        ([STARTED, state("CANCELLED")], "the query is cancelled"),
        (
            [STARTED, state("SUCCEEDED"), refusal("AccessDeniedException", "no s3:GetObject")],
            "no s3:GetObject",
        ),
    ],
)
def test_athenas_reason_reaches_the_operator_as_one_line(answers: list[Any], words: str) -> None:
    """At whatever step it refuses or fails."""
    with pytest.raises(OperatorError, match=words) as raised:
        store(*answers)[0].select("SELECT x")
    assert "\n" not in str(raised.value)


def test_a_query_that_meets_a_compaction_is_asked_once_more() -> None:
    """An object that it had listed was gone; what replaced it is there. A second time is no accident."""
    gone = state("FAILED", "HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split s3://b/hot/x (offset=0)")
    asked, client = store(STARTED, gone, STARTED, state("SUCCEEDED"), page([("a", "integer")], ["a"], ["1"]))
    assert list(asked.select("SELECT a FROM points")[1]) == [[1]]
    assert [name for name, _ in client.calls].count("start_query_execution") == 2
    with pytest.raises(OperatorError, match="HIVE_CANNOT_OPEN_SPLIT"):
        store(STARTED, gone, STARTED, gone)[0].select("SELECT a FROM points")


def test_who_is_interrupted_has_the_query_stopped() -> None:
    """Ctrl-C leaves nothing running that is paid for."""

    class Interrupted(Scripted):
        def get_query_execution(self, **_: Any) -> Any:
            raise KeyboardInterrupt

    client = Interrupted(STARTED, {})
    with pytest.raises(KeyboardInterrupt):
        AthenaStore(client, None, "d", "w", Meter()).select("SELECT 1")
    assert client.calls[-1] == ("stop_query_execution", {"QueryExecutionId": "q-1"})


@pytest.mark.parametrize(("scanned", "billed"), [(0, 0.01), (25_000_000, 0.025)])
def test_a_query_is_billed_what_it_read_and_ten_megabytes_at_least(scanned: int, billed: float) -> None:
    """One that failed is billed nothing: https://aws.amazon.com/athena/pricing/"""
    meter = Counting()
    store(STARTED, state("SUCCEEDED", scanned=scanned), page([]), meter=meter)[0].select("SELECT 1")
    assert (meter.questions, meter.bill) == (1, [("athena_scanned_gb", billed)])
    with pytest.raises(OperatorError):
        store(STARTED, state("FAILED", scanned=scanned), meter=meter)[0].select("SELECT 1")
    assert (meter.questions, len(meter.bill)) == (2, 1)


def test_a_statement_without_an_hour_is_refused_with_the_words_to_add() -> None:
    """The words let it through."""
    asked, client = store()
    with pytest.raises(OperatorError, match="event_hour") as raised:
        asked.expect_bounded("SELECT * FROM points")
    words = str(raised.value).partition("WHERE ")[2].partition(";")[0]
    asked.expect_bounded(f"SELECT * FROM points WHERE {words}")
    asked.expect_bounded("SELECT * FROM points WHERE event_hour > ''")
    assert not client.calls


def test_dimensions_are_the_views_other_columns() -> None:
    """As the catalog has them, without a query."""
    columns = [{"Name": name} for name in ("time", "host", "value", "event_hour", "core", "index")]
    glue = Scripted(
        {"Table": {"StorageDescriptor": {"Columns": columns}}}, refusal("EntityNotFoundException")
    )
    asked, client = store(glue=glue)
    assert asked.dimensions() == ["core", "host"]
    assert glue.calls[0][1] == {"DatabaseName": "metrics_lake", "Name": "points"}
    assert not client.calls
    with pytest.raises(OperatorError, match="cannot read the catalog"):
        asked.dimensions()


def test_a_refusal_to_stop_is_said() -> None:
    """The query goes on then, and is paid for."""

    class Interrupted(Scripted):
        def get_query_execution(self, **_: Any) -> Any:
            raise KeyboardInterrupt

    client = Interrupted(STARTED, ClientError({"Error": {"Code": "X", "Message": "not allowed"}}, "Stop"))
    with pytest.raises(OperatorError, match="cannot stop the query in Athena: not allowed"):
        AthenaStore(client, None, "d", "w", Meter()).select("SELECT 1")
