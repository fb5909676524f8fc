"""The whole pipeline, from request to SQL, run as a person runs it."""

import gzip
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.support.local_run import ROOT, LocalRun, free_ports, wait_for

pytestmark = pytest.mark.pipeline


@pytest.mark.parametrize("environment", ["dev", "lake"])
def test_the_feed_is_stored_whole_and_the_run_ends_by_itself(
    start: Callable[..., LocalRun], environment: str
) -> None:
    """With a duration the run feeds itself, ends, and accounts for every point it accepted, in either store."""
    run = start("--duration", "8", "--environment", environment)
    output, _ = run.process.communicate(timeout=60)
    numbers = [int(word) for word in output.rsplit("summary", 1)[1].split() if word.isdigit()]
    assert output.splitlines()[-1].startswith("cost: $")
    accepted, stored, superseded, quarantined = numbers
    assert accepted == stored > 300
    assert (superseded, quarantined) == (0, 0)
    assert not run.env_file.exists()


def test_posted_points_come_back_through_the_aws_cli_within_five_seconds(running: LocalRun) -> None:
    """A batch is posted and can be queried; the unmodified AWS CLI returns exactly those points."""
    delays_s = []
    # A machine that is busy at the wrong moment delays one batch or two; a pipeline that is slow delays them all.
    for name in ("cli-1", "cli-2", "cli-3"):
        began_s = time.monotonic()
        metrics = [
            {"metric_name": name, "value": 1.5, "dimensions": {"host": "a"}},
            {"metric_name": name, "value": -2, "dimensions": {"host": "b"}},
        ]
        assert running.post({"metrics": metrics}).status == 202
        running.wait_until_stored(name, 2, seconds=60)
        delays_s.append(time.monotonic() - began_s)
        if delays_s[-1] < 5:
            break
    assert min(delays_s) < 5
    query = (
        "aws timestream-query query --output text --query 'Rows[].[Data[0].ScalarValue, Data[1].ScalarValue]' "
        """--query-string "SELECT host, value FROM \\"metrics_load\\".\\"metrics\\" """
        f"""WHERE metric_name = '{name}' ORDER BY host" """
    )
    assert running.shell(query) == "a\t1.5\nb\t-2.0\n"


def test_a_bad_point_goes_to_the_quarantine_and_its_neighbours_are_stored(running: LocalRun) -> None:
    """Of one request, the points that cannot be stored are set aside one by one, each with its field and reason."""
    ahead = int((time.time() + 16 * 60) * 1000)
    reply = running.post(
        b'{"metrics": [{"metric_name": "n", "value": 1}, {"metric_name": "n", "value": 1e999},'
        b'{"metric_name": "n", "value": 1, "timestamp": %d}, {"metric_name": "n", "value": 1, "timestamp": 1},'
        b'{"metric_name": "n", "value": 1, "dimensions": {"measure_x": "1"}},'
        b'{"metric_name": "n", "value": 1, "dimensions": {"%s": "1"}}, {"metric_name": "n", "value": 2}]}'
        % (ahead, b"d" * 61)
    )
    assert reply.status == 202
    running.wait_until_stored("n", 2)

    def mine() -> list[tuple[int, str, str]]:
        lines = running.quarantine(reply.body["request_id"])
        return sorted((line["index"], line["field"], line["reason"]) for line in lines)

    wait_for(lambda: len(mine()) == 5, "five points in the quarantine", seconds=60)
    assert [index for index, _, _ in mine()] == [1, 2, 3, 4, 5]
    assert [field.partition(".")[0] for _, field, _ in mine()] == [
        "value",
        "timestamp",
        "timestamp",
        "dimensions",
        "dimensions",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b"null",
        b'{"value": 1}',
        b'{"metrics": []}',
        b'{"metric_name": "x", "value": "1"}',
        b'{"metric_name": 7, "value": 1}',
        b'{"metrics": [{"metric_name": "x", "value": 1}, {"metric_name": "x"}]}',
    ],
)
def test_json_that_breaks_the_model_is_refused_whole_with_the_reason(running: LocalRun, body: bytes) -> None:
    """A request with any broken part is answered 400 with a reason, and nothing of it is stored."""
    reply = running.post(body)
    assert reply.status == 400
    assert reply.body["message"]
    assert reply.body["reason"]
    assert running.stored("x") == 0


def test_a_body_over_the_record_limit_is_refused_and_a_smaller_one_taken(running: LocalRun) -> None:
    """1 MiB is the limit of a request: just below it is accepted and stored, above it is 413."""
    one = b'{"metric_name": "bulk", "value": 1, "timestamp": %d}'
    now = int(time.time() * 1000)
    small = b'{"metrics": [' + b",".join(one % (now - item) for item in range(16_000)) + b"]}"
    assert 1_000_000 < len(small) < 1_048_000
    assert running.post(small + b" " * (1_048_577 - len(small))).status == 413
    assert running.post(small).status == 202
    running.wait_until_stored("bulk", 16_000, seconds=60)


def test_compressed_requests_are_understood(running: LocalRun) -> None:
    """A body with Content-Encoding gzip is stored like any other."""
    request = urllib.request.Request(  # noqa: S310 - our own URL
        running.environment["TIDEGAUGE_URL"],
        gzip.compress(b'{"metric_name": "zipped", "value": 3}'),
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:  # noqa: S310
        assert reply.status == 202
    running.wait_until_stored("zipped", 1)


def test_a_correction_wins_whichever_way_it_is_counted(running: LocalRun) -> None:
    """The same series and time again: the later request's value is the one that can be queried."""
    point = {"metric_name": "corrected", "timestamp": int(time.time() * 1000), "dimensions": {"host": "a"}}
    assert running.post({**point, "value": 1}).status == 202
    assert running.post({"metrics": [{**point, "value": 2}, {**point, "value": 3}]}).status == 202
    sql = "SELECT value FROM {table} WHERE metric_name = 'corrected'"
    wait_for(lambda: running.select(sql) == [[3.0]], "the correction", seconds=60)


@pytest.mark.parametrize("fault", [{"error": "ProvisionedThroughputExceededException"}, {"status": 500}])
def test_when_kinesis_does_not_take_it_the_client_is_told_to_come_again(
    running: LocalRun, fault: dict[str, str]
) -> None:
    """Throttling and failure are 503 with Retry-After, without a word of AWS's; afterwards all is well."""
    running.control("faults", {"service": "kinesis", "operation": "PutRecord", **fault})
    try:
        reply = running.post({"metric_name": "refused", "value": 1})
    finally:
        running.control("faults", method="DELETE")
    assert reply.status == 503
    assert int(reply.headers["Retry-After"]) >= 1
    assert "arn:" not in str(reply.body)
    assert "Exception" not in str(reply.body)
    assert running.post({"metric_name": "taken", "value": 1}).status == 202
    running.wait_until_stored("taken", 1)
    assert running.stored("refused") == 0


def test_concurrent_clients_lose_nothing(running: LocalRun) -> None:
    """Two hundred requests from eight clients at once are all stored, though their points carry no time."""
    with ThreadPoolExecutor(8) as clients:
        bodies = [{"metrics": [{"metric_name": "many", "value": item}] * 5} for item in range(200)]
        statuses = {reply.status for reply in clients.map(running.post, bodies)}
    assert statuses == {202}
    running.wait_until_stored("many", 1000, seconds=60)


def test_the_readmes_make_query_asks_the_local_run(running: LocalRun) -> None:
    """`make query` needs no address: it finds the run by its environment file."""
    running.post({"metric_name": "asked", "value": 7})
    running.wait_until_stored("asked", 1)
    shown = running.shell(
        """make query SQL="SELECT value FROM \\"metrics_load\\".\\"metrics\\" WHERE metric_name = 'asked'" """
    )
    assert "7.0" in shown
    assert "(1 row)" in shown


def test_an_operator_sees_metrics_logs_and_the_state_of_the_region(running: LocalRun) -> None:
    """The same commands that ask an account, by AWS's APIs alone, each with the line on where."""
    reply = running.post({"metric_name": "seen", "value": 7, "dimensions": {"host": "a"}})
    running.wait_until_stored("seen", 1)
    request = shlex.quote(reply.body["request_id"])
    where = f"metrics-load · us-east-1 · local run at 127.0.0.1:{running.aws_port}\n"
    shown = running.shell("python -m ops metrics seen --format csv 2>&1")
    assert shown.startswith(where)
    assert "\na,1," in shown
    shown = running.shell("python -m ops status --format csv 2>&1 || true")
    assert shown.startswith(where)
    for part in ("stack,ok", "ingest API,ok", "alerts,ok,0 open of", "stream,"):
        assert part in shown
    assert ",unknown," not in shown

    def logged() -> bool:
        return "[1,1,0,0]" in running.shell(f"python -m ops logs metricwriter --request {request}")

    wait_for(logged, "the writer's line on the request", seconds=60)


def test_an_interrupt_ends_the_run_cleanly(start: Callable[..., LocalRun]) -> None:
    """Ctrl-C drains the stream, accounts for every point, and leaves no process and no file behind.

    SIGTERM does the same: see test_signed.py.
    """
    run = start()
    wait_for(lambda: run.control("status")["us-east-1"]["accepted"] > 100, "the feed", seconds=60)
    run.end_cleanly(signal.SIGINT, at_least=100)


@pytest.mark.parametrize("option", ["--port", "--aws-port"])
def test_a_port_in_use_is_one_line_that_names_it(option: str) -> None:
    """Nothing is left running, and the line says which port and what to do."""
    import socket

    other = "--aws-port" if option == "--port" else "--port"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [
            sys.executable,
            "-m",
            "local",
            option,
            port,
            other,
            str(free_ports(1)[0]),
            "--duration",
            "3",
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert port in line
    assert "in use" in line


@pytest.mark.parametrize(
    "options",
    [["--port", "x"], ["--duration", "-1"], ["--environment", "nope"], ["--region", "mars-north-1"]],
)
def test_bad_options_are_refused_at_once(options: list[str]) -> None:
    """Every bad option ends with status 2 and a line that names its value."""
    command = [sys.executable, "-m", "local", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert options[1] in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_throttled_points_are_delayed_and_not_lost_and_kept_for_the_next_run(
    start: Callable[..., LocalRun], tmp_path: Path
) -> None:
    """While Timestream throttles, points wait on the stream; afterwards they are stored and the accounts are even.

    With a data folder the second run still answers for the first one's points, and accounts only for its own.
    """
    first = start("--no-feed", "--data", str(tmp_path))
    throttle = {"service": "timestream-write", "operation": "WriteRecords", "error": "ThrottlingException"}
    first.control("faults", {**throttle, "count": 6})
    for value in range(20):
        assert first.post({"metric_name": "patient", "value": value}).status == 202
    first.wait_until_stored("patient", 20, seconds=60)
    assert first.control("faults")["injected"] == 6
    ended = first.end()
    assert ended.account == (20, 20, 0, 0)
    assert ended.status == 0

    second = start("--no-feed", "--data", str(tmp_path))
    kept = second.select("SELECT value FROM {table} WHERE metric_name = 'patient' ORDER BY value")
    assert kept == [[float(value)] for value in range(20)]
    assert second.post({"metric_name": "new", "value": 1}).status == 202
    ended = second.end()
    assert ended.account == (1, 1, 0, 0)
    assert ended.status == 0
    assert os.listdir(tmp_path)  # noqa: PTH208 - only whether there is anything


def test_nothing_outlives_a_run_that_is_killed(start: Callable[..., LocalRun]) -> None:
    """After SIGKILL of the run, its functions and its store end too, so the ports are free for the next."""
    run = start()
    wait_for(lambda: run.control("status")["us-east-1"]["accepted"] > 100, "the feed", seconds=60)
    children = psutil.Process(run.process.pid).children(recursive=True)
    assert children
    run.process.kill()
    run.process.communicate()
    _, alive = psutil.wait_procs(children, timeout=15)
    assert not alive
