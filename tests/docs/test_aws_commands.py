"""Every command of the AWS CLI that is written or printed is one: its own parser takes it as it stands."""

import shlex
from pathlib import Path

import pytest

from tests.support.aws_cli_parser import ROOT, commands_in, complaint, texts_of
from tests.support.documents import DOCUMENTS

# Only those that can have a command in them: to read the code of all takes longer than the tests.
MODULES = sorted(
    path
    for folder in ("ops", "local")
    for path in (ROOT / folder).rglob("*.py")
    if "aws " in path.read_text(encoding="utf-8")
)


def _found() -> list[tuple[str, tuple[str, ...]]]:
    texts = [(path, path.read_text(encoding="utf-8")) for path in DOCUMENTS]
    texts += [(path, text) for path in MODULES for text in texts_of(path)]
    return [
        (path.relative_to(ROOT).as_posix(), tuple(command))
        for path, text in texts
        for command in commands_in(text)
        if command[0] != "x"  # a service that is filled in
    ]


FOUND = list(dict.fromkeys(_found()))


def test_the_commands_were_found() -> None:
    """In the README, the first deployment's page and what `ops` says, so the test below is about something."""
    assert {
        "README.md",
        "docs/first-deploy.md",
        "ops/preflight.py",
        "ops/change_set.py",
        "local/guide.py",
    } <= {where for where, _ in FOUND}


@pytest.mark.parametrize(
    ("where", "command"), FOUND, ids=lambda value: value if isinstance(value, str) else shlex.join(value)[:60]
)
def test_the_aws_cli_takes_every_command(where: str, command: tuple[str, ...]) -> None:
    """No option is missing, unknown or of another shape; nothing is sent."""
    assert complaint(*command) == "", where


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("cloudformation deploy --stack-name a", "--template-file"),
        ("cloudformation deploy --stack-name a --template-file b --capabilitys=c", "--capabilitys"),
        ("cloudformation delete-stacks --stack-name a", "Invalid choice"),
        ("s3 cp a s3://b/c --only-errors", "--only-errors"),
        ("lambda invoke --function-name a --payload {} --clientcontext b out", "Unknown options"),
        ("cloudformation wait stack-made --stack-name a", "Invalid choice"),
        ("dynamodb get-item --table-name a --key {}x", "Invalid JSON"),
    ],
)
def test_a_wrong_command_is_found(command: str, said: str) -> None:
    """The judge is one: an option that is missing, misspelled or malformed, or a command that there is not."""
    assert said.lower() in complaint(*shlex.split(command)).lower()


def test_commands_are_read_as_a_person_reads_them(tmp_path: Path) -> None:
    """Over continued lines, in code spans, after other commands, and out of strings with parts to be filled in."""
    text = (
        "$ aws s3 ls \\\n  --region r | head\n`aws sts get-caller-identity` asks. x: aws s3 rb s3://a && b\n"
    )
    assert [*commands_in(text)] == [
        ("s3", "ls", "--region", "r"),
        ("sts", "get-caller-identity"),
        ("s3", "rb", "s3://a"),
    ]
    module = tmp_path / "module.py"
    module.write_text('name = 1\nsaid = f"no: aws s3 ls " f"s3://{name}"\n')
    assert next(command for one in texts_of(module) for command in commands_in(one)) == ("s3", "ls", "s3://x")
