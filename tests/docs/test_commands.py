"""Every command of every document is judged: run in a local run, parsed as it would be, or shown by make.

What runs is run by tests/pipeline/test_documents.py and, with curl and Node.js, by tests/clients/test_documents.py.
Both take whatever stands in the documents.
"""

import argparse
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from ops.__main__ import main
from tests.support.documents import DOCUMENTS, FIGURES, ROOT, Block, blocks, judge_of, spans

BLOCKS = list(blocks())
COMMANDS = [(block.name, command) for block in BLOCKS if block.is_commands for command in block.commands]
# Written down before it is there.
COMING = ("python -m ops alerts close",)
# The changelog's are of their time.
SPANS = sorted(
    {
        (path.name, span)
        for path in DOCUMENTS
        if path.name != "CHANGELOG.md"
        for span in spans(path)
        if not span.startswith(COMING)
    }
)
# Who runs blocks in a language: documents that are not named here are looked at by a test below.
RUN_ELSEWHERE = {
    ("python", "emulator/README.md"): "tests/emulator/test_emulator.py",
    ("python", "emulator/timestream/README.md"): "tests/emulator/timestream",
    ("python", "docs/clients.md"): "tests/pipeline/test_signed.py",
    ("python", "clients/python/README.md"): "tests/tidegauge_client/test_processes.py",
    ("javascript", "docs/clients.md"): "tests/clients/test_documents.py",
    ("shell", "README.md"): "tests/docs/test_protocols.py",
    ("python", "README.md"): "tests/docs/test_protocols.py",
    ("apache", "README.md"): "tests/docs/test_protocols.py",
    ("shell", "docs/protocols.md"): "tests/clients/test_opentelemetry_python.py",
    ("python", "docs/protocols.md"): "tests/clients/test_influxdb.py",
    ("apache", "docs/protocols.md"): "tests/clients/test_collectd.py",
    ("yaml", "docs/protocols.md"): "tests/docs/test_protocols.py",
    ("yaml", "alerts/README.md"): "tests/ops/test_rule_files.py",
}
_OPS = re.compile(r"(?:\.venv/bin/)?python -m ops ")


class _ParsedError(Exception):
    pass


def test_the_commands_were_found() -> None:
    """In the README and on the pages, so that the tests below are about something."""
    assert {"README.md", "docs/quarantine.md", "docs/clients.md", "docs/local.md"} <= {
        where for where, _ in COMMANDS
    }
    assert len(COMMANDS) > 50
    assert len(SPANS) > 50


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if not block.language],
    ids=lambda block: f"{block.name}-{block.text[:20]}",
)
def test_a_block_is_of_commands_or_a_figure_that_is_known(block: Block) -> None:
    """A block that begins with another program would be run by nobody."""
    assert block.is_commands or any(" ".join(block.text.split()).startswith(figure) for figure in FIGURES)


@pytest.mark.parametrize(("where", "command"), COMMANDS)
def test_every_command_has_a_judge(where: str, command: str) -> None:
    """None begins with a program that no test knows."""
    assert judge_of(command), where


@pytest.mark.parametrize(
    "command", ["docker run tidegauge", "ssh host make run", "./run.sh", "tidegauge send"]
)
def test_a_command_that_nobody_runs_is_found(command: str) -> None:
    """The judge is one."""
    with pytest.raises(KeyError):
        judge_of(command)
    assert not Block(Path(), "", command).is_commands


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if block.language], ids=lambda block: f"{block.name}-{block.language}"
)
def test_a_block_of_a_language_is_read_or_run(block: Block) -> None:
    """JSON and TOML are read here; what can be run is run by a test that exists."""
    match block.language:
        case "json":
            json.loads(block.text)
        case "toml":
            tomllib.loads(block.text)
        case _:
            assert (ROOT / RUN_ELSEWHERE[block.language, block.name]).exists()


@pytest.mark.parametrize(
    "command", sorted({command for _, command in COMMANDS if judge_of(command) == "make"})
)
def test_make_knows_what_to_do(command: str) -> None:
    """The target is there, and its recipe and variables expand; nothing is run."""
    words = shlex.split(command, comments=True)
    subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, check=True, capture_output=True, timeout=60)  # noqa: S607


@pytest.mark.parametrize("command", sorted({command for _, command in COMMANDS if _OPS.match(command)}))
def test_ops_takes_every_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each parses as it stands, with its placeholders; none is run."""
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
        parse(parser, given)
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    words = shlex.split(_OPS.sub("", command.partition(" | ")[0]), comments=True)
    with pytest.raises(_ParsedError):
        main(words[: words.index(">")] if ">" in words else words)


@pytest.mark.parametrize(("where", "span"), SPANS)
def test_a_command_in_the_text_is_one(where: str, span: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command that is named exists, with the options that are named; forms such as RULE_ID stand for something."""
    words = [word.strip("[]…").partition("|")[0] for word in shlex.split(span.replace("[command]", ""))]
    if span.startswith("make "):
        targets = [word for word in words[1:] if "=" not in word]
        subprocess.run(["make", "-n", *targets], cwd=ROOT, check=True, capture_output=True, timeout=60)  # noqa: S607
    elif span.startswith(("ops ", "python -m ops ")):
        given = [word for word in words[1 if words[0] == "ops" else 3 :] if not word.isupper()]
        with pytest.raises(SystemExit) as ended:
            main([*(word for word in given if not word.startswith("-")), "--help"])
        assert ended.value.code == 0, where
        shown = capsys.readouterr().out
        assert all(word in shown for word in given if word.startswith("--") and len(given) > 2), where
    elif span.startswith("python -m "):
        module = ROOT / words[2].replace(".", "/")
        assert module.with_suffix(".py").exists() or (module / "__main__.py").exists()
    elif span.startswith("python "):
        assert (ROOT / words[1]).exists()
    else:
        assert words[0].endswith(("aws", "curl")), where
