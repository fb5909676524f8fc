"""The Makefile's own promises: what it hands to a command."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def made(*arguments: str, **environment: str) -> list[str]:
    """The arguments, a line each, that `make` gives to the interpreter, with nothing installed."""
    command = ["make", "--silent", "-o", "install-local", *arguments, "PY=printf '%s\\n'"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "sql", ["a 'load$' $$ $x", "$(shell touch {0}) $(error no)", "`touch {0}` $(touch {0})", "-- a comment"]
)
@pytest.mark.parametrize("given", ["command line", "environment"])
def test_sql_arrives_as_it_was_given(sql: str, given: str, tmp_path: Path) -> None:
    """Neither make nor the shell reads a dollar in it, and nothing in it runs."""
    trace = tmp_path / "trace"
    text = sql.format(trace)
    shown = made("query", f"SQL={text}") if given == "command line" else made("query", SQL=text)
    assert shown[-1] == text
    assert not trace.exists()


def test_what_was_not_given_is_left_to_the_command() -> None:
    """A loaded environment file then says which environment, and the command finds a local run by itself."""
    assert made("query", "SQL=x") == ["-m", "ops", "query", "--", "x"]
    assert made("query", "SQL=x", "ENV=prod", "REGION=eu-west-1") == [
        *("-m", "ops", "query", "--environment", "prod", "--region", "eu-west-1", "--", "x")
    ]


def test_a_part_of_the_tests_can_be_named() -> None:
    """Without lint, which is for what is about to go out."""
    shown = made("-o", "install-dev", "test", "T=tests/ops/test_where.py -x")
    assert shown[-4:] == ["-m", "tests.support.run_tests", "tests/ops/test_where.py", "-x"]
    assert len(shown) == 9, "the bundle is built first, and nothing else is done"


def test_consent_is_passed_on() -> None:
    """YES=1 answers the question beforehand."""
    assert made("publish", "YES=1") == ["-m", "ops", "publish", "--yes"]
