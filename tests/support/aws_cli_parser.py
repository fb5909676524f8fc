"""The AWS CLI as the judge of commands: its parser and the SDK's validation, up to where a request would be sent."""

import ast
import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from unittest.mock import patch

import botocore.endpoint
from awscli import clidriver
from awscli.customizations.cloudformation.deploy import DeployCommand
from awscli.customizations.s3.subcommands import S3TransferCommand

ROOT = Path(__file__).resolve().parents[2]
# A command begins a line, or follows a prompt, a quotation mark, a colon or another command.
_COMMAND = re.compile(r"(?:^|[\s`$:;&|])(?:\.venv/bin/)?aws (?=[a-z0-9-]+ [a-z-]+)", re.MULTILINE)
_END = frozenset({"|", "||", "&&", "&", ";", ">", ">>", "2>"})
_VARIABLES = {
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_DATA_PATH": os.environ["AWS_DATA_PATH"],  # of the CLI's own making
}


class _Sent(BaseException):
    """A command came so far that it would do something."""


def _send(*_: object, **__: object) -> None:
    raise _Sent


@cache
def complaint(*arguments: str) -> str:
    """The AWS CLI's complaint about a command without its `aws`; empty if it would be carried out.

    A file that it would read and that is not there is taken to be an empty one.
    """
    said = io.StringIO()
    arguments = tuple(map(_there, arguments))
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.dict(os.environ, _VARIABLES, clear=True))
        stack.enter_context(contextlib.chdir(ROOT))
        for owner, method in (
            (botocore.endpoint.Endpoint, "make_request"),
            (DeployCommand, "_run_main"),
            (S3TransferCommand, "_run_main"),
        ):
            stack.enter_context(patch.object(owner, method, _send))
        stack.enter_context(contextlib.redirect_stderr(said))
        stack.enter_context(contextlib.redirect_stdout(said))
        try:
            status = clidriver.create_clidriver().main(list(arguments))
        except _Sent:
            return ""
        except SystemExit as error:
            status = error.code
    return said.getvalue().strip() or f"ended with {status}"


def _there(argument: str) -> str:
    missing = argument.startswith("file://") and not Path(argument.removeprefix("file://")).exists()
    return f"file://{os.devnull}" if missing else argument


def commands_in(text: str) -> Iterator[Sequence[str]]:
    """The AWS CLI's commands in a text, without `aws`; each ends with its line, code span or the shell's operator."""
    joined = text.replace("\\\n", " ")
    for found in _COMMAND.finditer(joined):
        line = joined[found.end() :].partition("\n")[0]
        if joined[: found.end()].rpartition("\n")[2].count("`") % 2:
            line = line.partition("`")[0]
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in lexer:
            if word in _END:
                break
            words.append(word)
        yield tuple(words)


def texts_of(module: Path) -> Iterator[str]:
    """The texts in a module's code, with x in the place of what is filled in, docstrings among them."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    filled = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in filled for part in node.values}
    for node in filled:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in parts:
            yield one.value
