"""Readers of a run with hostile points: commands, exports and the console, which must bear whatever is there."""

import http.client
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.support.local_run import ROOT, LocalRun
from tests.support.soak.hostile_inputs import FIRST_ID

_RULES, _TYPED = 40, 6


def looked_at(run: LocalRun) -> list[str]:
    """The lines for what broke, or escaped, as everything was looked at."""
    differences: list[str] = []
    _rules(run, differences)
    _exports(run, differences)
    _console(run, differences)
    return differences


def _rules(run: LocalRun, differences: list[str]) -> None:
    """Apply rules on the names that are stored, whatever they are, and have them listed and shown."""
    names = [row[0] for row in run.select(f"SELECT DISTINCT metric_name FROM {{table}} LIMIT {_RULES}")]
    rules = [
        {"rule_id": f"hostile-{number}", "metric_name": name, "by": ["host"], "statistic": "max", "operator": ">",
         "threshold": 1, "annotation": "{group.host} {value} {metric_name}"}
        for number, name in enumerate(names)
    ]  # fmt: skip
    file = ROOT / "build" / f"hostile-{run.aws_port}.yaml"
    file.write_text(json.dumps({"rules": rules}, ensure_ascii=False))
    commands = (
        f"rules apply {file}", "rules list", "alerts list", "quarantine list --since 1d --by reason",
        "quarantine list --since 1d",
    )  # fmt: skip
    for command in commands:
        _said(run, differences, f"python -m ops {command}")
    tests = file.with_suffix(".tests.yaml")
    tests.write_text(json.dumps(_tests_of(rules, file.name), ensure_ascii=False))
    _said(run, differences, f"python -m ops rules test {tests}", may_refuse=True)
    tests.unlink()
    file.unlink()
    _asked(run, differences, [name for name in names if name.isprintable()][:_TYPED])


def _tests_of(rules: Sequence[Mapping[str, Any]], file: str) -> dict[str, Any]:
    """Tests of the rules, in which each metric breaches in a group that is called after it."""
    return {
        "rule_files": [file],
        "tests": [
            {
                "name": f"{rule['metric_name']} breaches",
                "points": [
                    {
                        "metric_name": rule["metric_name"],
                        "dimensions": {"host": rule["metric_name"]},
                        "series": "0 2 0",
                    }
                ],
                "expect": [{"rule_id": rule["rule_id"], "group": {"host": rule["metric_name"]}}],
            }
            for rule in rules
        ],
    }


def _asked(run: LocalRun, differences: list[str], names: Sequence[str]) -> None:
    """Type hostile names into commands, which may refuse them in a line; and have those that are stored shown."""
    for number, name in enumerate(names):
        word = shlex.quote(name)
        for command in (
            f"alerts silence --for 5m --why {word} --yes metric={word} host={word}",
            f"alerts show hostile-{number} {word}",
            f"quarantine list --since 1d --metric {word}",
        ):
            _said(run, differences, f"python -m ops {command}", may_refuse=True)
    _said(run, differences, "python -m ops alerts silences")
    points, since = run.store.points.replace('"', '\\"'), run.store.since("1h")
    sql = f"SELECT metric_name, count(*) AS points FROM {points} WHERE {since} GROUP BY metric_name LIMIT 50"
    _said(run, differences, f'python -m ops query "{sql}"')


def _exports(run: LocalRun, differences: list[str]) -> None:
    """Export the current hour and read it back: as many points as the store has of it."""
    _said(run, differences, "python -m ops export run current")
    sql = f"SELECT count(*) FROM metrics WHERE value >= {FIRST_ID} AND value < {2 * FIRST_ID}"
    exported = _said(run, differences, f'python -m ops export query --format csv "{sql}"').split()
    hour_s = int(time.time()) // 3600 * 3600
    seconds = "time_ns / 1000000000" if run.store.superseded else "to_milliseconds(time) / 1000"
    ((stored,),) = run.select(
        f"SELECT count(*) FROM {{table}} WHERE value >= {FIRST_ID} AND value < {2 * FIRST_ID} AND {seconds} >= {hour_s}"
    )
    if exported[-1:] != [str(stored)]:
        differences.append(f"the hour has {stored} points, of which {exported} are exported")


def _said(run: LocalRun, differences: list[str], command: str, *, may_refuse: bool = False) -> str:
    """The output of a command, which must succeed, or refuse in words, and send nothing to a terminal but text."""
    try:
        said = run.shell(command)
    except subprocess.CalledProcessError as error:
        if not may_refuse or "Traceback" in error.stderr:
            differences.append(f"{command}: {error.stderr[-500:]}")
            return ""
        said = error.stdout + error.stderr
    if escaped := {
        text for text in said if (ord(text) < 32 and text not in "\n\t\r") or text in "\x7f\x9b\u202e"
    }:
        differences.append(f"{command}: sends {escaped!r} to the terminal")
    return said


def _console(run: LocalRun, differences: list[str]) -> None:
    """Open every page of the console with a hostile metric in its address; its server goes on answering."""
    with _console_process(run) as (host, process):
        for path in ("/", "/explore", "/alerts", "/quarantine", "/exports", "/fleet", "/try"):
            for query in (
                "",
                "?metric=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
                "?metric=%00%F0%9F%92%A9'\"%3B--",
            ):
                connection = http.client.HTTPConnection(host, timeout=30)
                connection.request("GET", path + query)
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                if answer.status >= 500 or b"<script>alert(1)" in body:
                    differences.append(f"console {path}{query}: {answer.status}")
        if process.poll() is not None:
            differences.append("the console has ended")


@contextmanager
def _console_process(run: LocalRun) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    environment: Mapping[str, str] = {**run.environment, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", "console"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield line.split()[-1].removeprefix("http://").rstrip("/"), process
    finally:
        process.terminate()
        process.communicate(timeout=30)
