"""The measured process, which `turns` starts: it gets a handler ready, checks what the handler writes, times it.

Nothing of its own is imported before the handler is ready but what says when that was.
"""

import sys
import time
from importlib import import_module
from json import dumps, load, loads
from os import environ, fdopen
from types import SimpleNamespace

# What a function is told of its invocation.
_CONTEXT = SimpleNamespace(
    **dict.fromkeys(("function_name", "log_group_name", "log_stream_name", "aws_request_id"), "bench"),
    function_version="$LATEST",
    memory_limit_in_mb=1769,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:bench",
    get_remaining_time_in_millis=lambda: 300_000,
)


def main() -> None:
    """Measure, and report in JSON; the argument is an order in JSON, as `turns` has it.

    `module` has the handler; `first` and `events` are files, the first with a single point; so many events are
    `counted` before the clock runs, `event_points` in each; then it runs for so many `seconds`, while the store's
    answers wait `delay_ms`; `born_s` is the monotonic time of the process's start, `report` a file descriptor.
    """
    order = loads(sys.argv[1])
    failed = 0
    with open(order["first"]) as file:  # noqa: PTH123 - pathlib is an import
        first = load(file)
    handler = getattr(import_module(order["module"]), "handler")  # noqa: B009 - every module has one
    handler(first, _CONTEXT)
    ready_s = time.monotonic() - order["born_s"]

    from http.client import HTTPConnection  # noqa: PLC0415 - after what it would make look faster
    from resource import RUSAGE_SELF, getrusage  # noqa: PLC0415

    def asked(path: str) -> dict[str, float]:
        connection = HTTPConnection("127.0.0.1", int(environ["STAND_IN_PORT"]))
        connection.request("GET", path)
        answer: dict[str, float] = loads(connection.getresponse().read())
        connection.close()
        return answer

    def cpu_s() -> float:
        used = getrusage(RUSAGE_SELF)
        return used.ru_utime + used.ru_stime

    with open(order["events"]) as file:  # noqa: PTH123
        events = load(file)
    asked("/counts")
    for event in events[: order["counted"]]:  # warms up, and shows what is sent and stored
        handler(event, _CONTEXT)
    sent = asked("/counts?exact")
    counted = min(order["counted"], len(events)) * order["event_points"]
    asked(f"/delay?{order['delay_ms']}")

    done, began_cpu_s, began_s = 0, cpu_s(), time.monotonic()
    while time.monotonic() - began_s < order["seconds"]:
        failed += len((handler(events[done % len(events)], _CONTEXT) or {}).get("batchItemFailures", ()))
        done += 1
    used_s, wall_s = cpu_s() - began_cpu_s, time.monotonic() - began_s
    asked("/delay?0")
    also_sent = asked("/counts")
    points = done * order["event_points"]
    with open("/proc/self/status") as file:  # noqa: PTH123 - not ru_maxrss: that remembers the parent's
        peak_kb = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    report = {
        "cpu_us": used_s / points * 1e6,
        "points_per_s": points / wall_s,
        "event_ms": wall_s / done * 1e3,
        "calls": sent["calls"] / counted,
        "units": sent["units"] / counted,
        "body_bytes": sent["body_bytes"] / counted,
        "kept": sent["distinct"] / counted,
        "written": (sent["points"] + also_sent["points"]) / (counted + points),
        "unsigned": sent["unsigned"] + also_sent["unsigned"],
        "failed": failed,
        "ready_s": ready_s,
        "peak_mb": peak_kb / 1024,
    }
    with fdopen(order["report"], "w") as file:
        file.write(dumps(report))


if __name__ == "__main__":
    main()
