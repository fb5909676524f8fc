"""`python -m ops`: its commands, and what calling one costs."""

import importlib
import os
import subprocess
import sys

import pytest

from ops.__main__ import COMMANDS, main
from ops.bundle import ROOT
from ops.errors import OperatorError
from ops.stack import Target
from templates.version import version

# Each takes a tenth of a second or more to import, and a third of one together.
HEAVY = {
    "troposphere",
    "awacs",
    "templates.stacks",
    "duckdb",
    "moto",
    "cfnlint",
    "sqlglot",
    "pyarrow",
    "emulator",
    "nicegui",
}


@pytest.mark.parametrize(
    "command",
    [
        *(["query"], ["metrics"], ["status"], ["logs"]),
        *(["alerts", "list"], ["rules", "list"], ["fleet", "status"], ["export", "status"]),
        *(["quarantine", "list"], ["check"], ["send"]),
    ],
    ids=" ".join,
)
def test_a_question_loads_nothing_that_builds(command: list[str]) -> None:
    """Commands that only ask a deployment start without the templates' and the engines' libraries."""
    script = (
        "import sys\nfrom ops.__main__ import main\n"
        f"try:\n    main([*{command!r}, '--help'])\n"
        "except SystemExit:\n    print('loaded:', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    shown, _, loaded = done.stdout.rpartition("loaded:")
    assert "usage: python -m ops" in shown
    assert "ops.stack" in loaded.split()
    assert not HEAVY & set(loaded.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_a_module_that_explains_itself(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--help` of a command shows its own options, and the list of all shows its line."""
    assert callable(importlib.import_module(f"ops.{name}").add_arguments)
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: python -m ops {name}" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--help"])
    assert COMMANDS[name][:30] in capsys.readouterr().out


@pytest.mark.parametrize("given", [[], ["rules"], ["export"]], ids=["none", "rules", "export"])
def test_a_question_without_a_command_is_answered_with_the_commands(
    given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever types the name alone wants to know what there is."""
    with pytest.raises(SystemExit) as ended:
        main(given)
    assert ended.value.code == 0
    assert "\ncommands:\n" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage says which commands there are."""
    with pytest.raises(SystemExit) as ended:
        main(["no-such-command"])
    assert ended.value.code == 2
    assert "usage: python -m ops" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "meant"), [(["qurey"], "query"), (["rules", "aply"], "apply"), (["export", "stats"], "status")]
)
def test_a_command_that_was_misspelled_is_asked_back(
    typed: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The nearest one is named, on every level."""
    with pytest.raises(SystemExit):
        main(typed)
    assert capsys.readouterr().err.endswith(f"; did you mean {meant}?\n")


def test_a_python_without_the_libraries_is_told_which_has_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line in place of a traceback."""
    monkeypatch.setitem(sys.modules, "ops.query", None)
    assert main(["query", "SELECT 1"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert ".venv/bin/python -m ops" in error


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    """The same that a deployed stack states."""
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"tidegauge {version()}\n"


def test_ctrl_c_ends_in_silence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status is that of a command that a signal ended, and nothing but where it was is printed."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Target, "store", interrupt)
    assert main(["query", "SELECT 1"]) == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_an_error_reaches_the_terminal_as_lines_without_control_characters(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """AWS's text may quote what clients wrote; line breaks of our own stay."""

    def refuse(*_: object) -> None:
        raise OperatorError("two mistakes:\na\x1b[2J\nb")

    monkeypatch.setattr(Target, "store", refuse)
    assert main(["query", "SELECT 1"]) == 1
    error = capsys.readouterr().err.partition("\n")[2]
    assert error == "python -m ops: two mistakes:\na�[2J\nb\n"


def test_a_reader_that_has_read_enough_gets_no_traceback() -> None:
    """Output that nothing reads any more, as `head` leaves it, ends in silence."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "ops", "cost", "--format=json"],
            cwd=ROOT,
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 141
    assert done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_the_shell_closed_harm_nothing(closing: str) -> None:
    """Nobody reads what is printed then."""
    command = f"{sys.executable} -m ops cost --format json {closing}"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_a_terminal_without_unicode_gets_what_it_can_show() -> None:
    """A question mark stands for what its encoding lacks."""
    done = subprocess.run(
        [sys.executable, "-c", "from ops import __main__ as ops; ops._open_streams('/dev/null'); print('é')"],
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "ascii:strict"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"?\n")
