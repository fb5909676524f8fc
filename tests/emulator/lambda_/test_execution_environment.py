"""Functions in real processes, behind the Runtime API."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from emulator import start_functions
from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.errors import UnknownFunctionError
from emulator.faults import Faults, parse_rule
from emulator.faults.spec import rule_of
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES
from tests.support.cloudwatch import of_region
from tests.support.functions import NOWHERE, ROOT, Start, deployment, function


def test_a_function_gets_its_event_and_context(start: Start) -> None:
    """The handler sees the event, the request id, the ARN and how much time is left."""
    functions = start("""
        def handler(event, context):
            return [event, context.invoked_function_arn, context.get_remaining_time_in_millis(),
                    context.memory_limit_in_mb, context.aws_request_id]
    """)
    result = functions.invoke("writer", {"a": ["é", 1]})
    event, arn, left, memory, request_id = json.loads(result.payload)
    assert (result.status, result.function_error) == (200, None)
    assert (event, memory) == ({"a": ["é", 1]}, "256")
    assert arn == "arn:aws:lambda:eu-west-1:123456789012:function:writer"
    assert 15_000 < left <= 20_000
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)


@pytest.mark.parametrize(
    "name",
    [
        "writer",
        "writer:$LATEST",
        "arn:aws:lambda:eu-west-1:123456789012:function:writer",
        "123456789012:function:writer:1",
    ],
)
def test_a_function_is_found_by_name_or_arn(start: Start, name: str) -> None:
    """A qualifier makes no difference: there is one version here."""
    assert start("def handler(event, context): return 1").invoke(name, {}).payload == b"1"


def test_an_unknown_function_is_an_error(start: Start) -> None:
    """Nobody gets an answer from a function that is not there."""
    with pytest.raises(UnknownFunctionError):
        start("def handler(event, context): return 1").invoke("reader", {})


def test_a_function_sees_its_template_and_lambda_alone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this process's environment, path or working directory reaches the function."""
    monkeypatch.setenv("LEAKED", "yes")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    functions = start(
        """
        import os, sys
        def handler(event, context):
            return [dict(os.environ), sys.path, os.getcwd()]
        """,
        Environment={"Variables": {"TABLE_NAME": "metrics", "AWS_REGION": "overridden"}},
        TracingConfig={"Mode": "Active"},
    )
    environment, path, folder = json.loads(functions.invoke("writer", {}).payload)
    # The C library's locale is set by Python itself.
    environment.pop("LC_CTYPE", None)
    assert set(environment) == {
        "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN", "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT", "LANG", "PATH", "TABLE_NAME", "TZ", "_AWS_XRAY_DAEMON_ADDRESS",
        "_AWS_XRAY_DAEMON_PORT", "_HANDLER", "_X_AMZN_TRACE_ID",
    }  # fmt: skip
    assert environment["AWS_REGION"] == "eu-west-1"
    assert environment["AWS_LAMBDA_LOG_GROUP_NAME"] == "writer-logs"
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=[01]", environment["_X_AMZN_TRACE_ID"]
    )
    assert Path(path[0]) == Path(folder) == Path(environment["LAMBDA_TASK_ROOT"])
    assert str(ROOT) not in path
    assert not [entry for entry in path if entry.endswith("site-packages")]


def test_a_function_that_raises_answers_unhandled(start: Start) -> None:
    """The error's type, message and trace come back; the process goes on."""
    functions = start("""
        import os
        def handler(event, context):
            if event:
                raise ValueError("no such thing")
            return os.getpid()
    """)
    before = functions.invoke("writer", {}).payload
    result = functions.invoke("writer", {"x": 1})
    error = json.loads(result.payload)
    assert (result.status, result.function_error) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such thing")
    assert "app.py" in error["stackTrace"][0]
    assert functions.invoke("writer", {}).payload == before


def test_a_function_that_takes_too_long_is_killed_and_started_again(start: Start, tmp_path: Path) -> None:
    """The timeout ends the process, whatever it does; the next event gets a new one."""
    functions = start(
        """
        import os, time
        def handler(event, context):
            while event:
                pass
            return os.getpid()
        """,
        Timeout=1,
    )
    first = json.loads(functions.invoke("writer", {}).payload)
    began = time.monotonic()
    result = functions.invoke("writer", {"hang": True})
    assert time.monotonic() - began < 10
    assert result.function_error == "Unhandled"
    error = json.loads(result.payload)
    assert error["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(r"RequestId: \S{36} Error: Task timed out after 1\.00 seconds", error["errorMessage"])
    assert not psutil.pid_exists(first)
    assert json.loads(functions.invoke("writer", {}).payload) != first
    assert "Task timed out after 1.00 seconds" in (tmp_path / "logs" / "writer.log").read_text()


@pytest.mark.parametrize(
    ("how", "reason"), [("os._exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal: killed")]
)
def test_a_process_that_ends_is_reported_and_replaced(start: Start, how: str, reason: str) -> None:
    """A crash during an event is Runtime.ExitError; the next event works."""
    functions = start(f"""
        import os
        def handler(event, context):
            if event:
                {how}
            return 1
    """)
    result = functions.invoke("writer", {"crash": True})
    error = json.loads(result.payload)
    assert (error["errorType"], result.function_error) == ("Runtime.ExitError", "Unhandled")
    assert error["errorMessage"].endswith(f"Error: Runtime exited with error: {reason}")
    assert functions.invoke("writer", {}).payload == b"1"


def test_a_module_that_cannot_be_imported_is_an_init_error(start: Start) -> None:
    """The runtime client's own words come back, on every invocation."""
    functions = start("import not_in_the_bundle")
    for _ in range(2):
        result = functions.invoke("writer", {})
        error = json.loads(result.payload)
        assert (error["errorType"], result.function_error) == ("Runtime.ImportModuleError", "Unhandled")
        assert "not_in_the_bundle" in error["errorMessage"]


def test_a_module_that_ends_the_process_is_an_exit_error(start: Start) -> None:
    """A crash before the first event is reported like one during it."""
    error = json.loads(start("import os; os._exit(5)").invoke("writer", {}).payload)
    assert error["errorType"] == "Runtime.ExitError"


def test_a_request_over_six_megabytes_is_refused(start: Start) -> None:
    """Lambda answers 413 itself; the largest event that fits arrives."""
    functions = start("def handler(event, context): return len(event)")
    largest = b'"' + b"x" * (MAX_PAYLOAD_BYTES - 2) + b'"'
    assert functions.invoke("writer", largest).payload == str(MAX_PAYLOAD_BYTES - 2).encode()
    refused = functions.invoke("writer", largest + b" ")
    assert refused.status == 413
    assert json.loads(refused.payload)["__type"] == "RequestTooLargeException"


def test_a_response_over_six_megabytes_is_an_error(start: Start) -> None:
    """The function's answer is dropped with Lambda's reason; the process goes on."""
    functions = start("def handler(event, context): return 'x' * event")
    assert len(functions.invoke("writer", MAX_PAYLOAD_BYTES - 10).payload) == MAX_PAYLOAD_BYTES - 8
    result = functions.invoke("writer", MAX_PAYLOAD_BYTES + 200)
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"


def test_concurrency_beyond_the_reserved_is_throttled(start: Start) -> None:
    """With a reserved concurrency of 1, a second event at the same time gets 429."""
    functions = start(
        """
        import time
        def handler(event, context):
            time.sleep(event)
        """,
        ReservedConcurrentExecutions=1,
    )
    functions.invoke("writer", 0)
    thread = threading.Thread(target=functions.invoke, args=("writer", 2))
    thread.start()
    result = functions.invoke("writer", 0)
    while thread.is_alive() and not result.throttled:
        result = functions.invoke("writer", 0)
    thread.join()
    assert (result.status, result.throttled) == (429, True)
    assert functions.invoke("writer", 0).status == 200


def test_events_at_the_same_time_run_in_environments_of_their_own(start: Start) -> None:
    """Two events run at once in two processes; a third waits for one of them."""
    functions = start("""
        import os, time
        def handler(event, context):
            time.sleep(0.5)
            return os.getpid()
    """)
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(functions.invoke("writer", {}).payload))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    assert len(set(answers)) == 2


def test_lines_are_logged_and_embedded_metrics_counted(start: Start, tmp_path: Path) -> None:
    """print, logging and errors come line by line; metrics in them add up."""
    functions = start("""
        import json, logging, sys
        logging.getLogger().setLevel("INFO")
        def handler(event, context):
            print("to stdout")
            print("to stderr", file=sys.stderr)
            logging.info("a line of the logger")
            metrics = [{"Name": "Points"}, {"Name": "Delay"}]
            directive = {"Namespace": "T", "Dimensions": [[]], "Metrics": metrics}
            print(json.dumps({"_aws": {"CloudWatchMetrics": [directive]}, "Points": 5, "Delay": [1, 9]}))
            raise RuntimeError("at the end")
    """)
    for request_id in ("", "one-of-a-url"):
        functions.invoke("writer", {}, request_id=request_id)
    functions.close()
    log = (tmp_path / "logs" / "writer.log").read_text()
    for expected in (
        "START RequestId: ",
        "START RequestId: one-of-a-url Version: $LATEST\n",
        "to stdout\n",
        "to stderr\n",
        "a line of the logger",
        "[ERROR] RuntimeError: at the end\nTraceback",
        "REPORT RequestId: ",
    ):
        assert expected in log
    metrics = functions.metrics()["writer"]
    assert (metrics["Points"].sum, metrics["Points"].count) == (10, 2)
    assert (metrics["Delay"].minimum, metrics["Delay"].maximum, metrics["Delay"].count) == (1, 9, 4)


def test_a_function_sees_the_clock_move(start: Start, clock: Clock) -> None:
    """Time read in any usual way follows the local clock, and stays a real datetime to C code."""
    functions = start("""
        import datetime, json, time
        from datetime import datetime as moment, timezone
        def handler(event, context):
            now = moment.now(timezone.utc)
            assert isinstance(now, moment) and type(now + datetime.timedelta(1)) is type(now)
            assert moment(2024, 5, 6).isoformat() == "2024-05-06T00:00:00"
            assert issubclass(moment, datetime.date)
            return [time.time(), time.time_ns() / 1e9, now.timestamp(),
                    moment.utcnow().replace(tzinfo=timezone.utc).timestamp(),
                    context.get_remaining_time_in_millis()]
    """)
    for ahead in (0, 3600):
        clock.advance(ahead)
        *times, left = json.loads(functions.invoke("writer", {}).payload)
        assert times == pytest.approx([clock.now()] * 4, abs=5)
        assert 10_000 < left <= 20_000


def test_close_ends_every_process_and_what_it_started(start: Start) -> None:
    """A function's own children end with it, also in the middle of an event."""
    functions = start("""
        import os, subprocess, time
        def handler(event, context):
            child = subprocess.Popen(["sleep", "60"])
            if event:
                time.sleep(60)
            return [os.getpid(), child.pid]
    """)
    pids = json.loads(functions.invoke("writer", {}).payload)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(functions.invoke("writer", {"hang": 1})))
    thread.start()
    time.sleep(0.5)
    functions.close()
    thread.join(5)
    assert answers[0].function_error == "Unhandled"
    assert functions.invoke("writer", {}).throttled
    assert not [pid for pid in pids if _runs(pid)]


def test_a_killed_parent_leaves_no_process_behind(tmp_path: Path, runtime: Path) -> None:
    """Even SIGKILL of the local run ends its functions, in the middle of an event, too."""
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    (bundle / "app.py").write_text(
        "import os, time\ndef handler(event, context):\n    time.sleep(event)\n    return os.getpid()\n"
    )
    program = f"""
import threading, time
from pathlib import Path
from emulator.clock import Clock
from emulator import start_functions
from tests.support.functions import deployment, function
functions = start_functions(deployment(function()), endpoint_url="http://127.0.0.1:9", clock=Clock(),
    code=Path({str(bundle)!r}), runtime=Path({str(runtime)!r}), logs=Path({str(tmp_path / "logs")!r}))
pid = functions.invoke("writer", 0).payload.decode()
threading.Thread(target=functions.invoke, args=("writer", 15)).start()
time.sleep(0.3)
print(pid, flush=True)
threading.Event().wait()  # an interpreter that ends would take the function along by itself
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert _runs(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 5
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_cloudwatch_counts_invocations_errors_throttles_and_how_long_they_took(
    tmp_path: Path, runtime: Path
) -> None:
    """Of a function by its name; what is throttled, also by a fault, is no invocation."""
    (tmp_path / "app.py").write_text("def handler(event, context): return 1 / event")
    metrics, faults = RegionMetrics(Clock()), Faults(seed=1)
    faults.add(parse_rule(rule_of("lambda/writer=throttlex1")))
    functions = start_functions(
        deployment(function(ReservedConcurrentExecutions=1)),
        faults=faults,
        endpoint_url=NOWHERE,
        clock=Clock(),
        code=tmp_path,
        runtime=runtime,
        logs=tmp_path / "logs",
        metrics=metrics,
    )
    try:
        assert functions.invoke("writer", 1).status == 429
        functions.invoke("writer", 1)
        functions.invoke("writer", 0)
        environments = functions._environments["writer"]
        environments._busy = 1
        assert functions.invoke("writer", 1).status == 429
        environments._busy = 0
    finally:
        functions.close()
    of = partial(of_region, metrics, "AWS/Lambda", dimensions={"FunctionName": "writer"})
    assert (of("Invocations"), of("Errors"), of("Throttles")) == (2, 1, 2)
    assert of("ConcurrentExecutions", stat="Maximum") == 1
    assert 0 < (of("Duration", stat="Maximum") or 0) < 20_000
