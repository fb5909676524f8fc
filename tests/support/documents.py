"""The documents' code blocks, their commands, and by what each command is judged."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for path in (*ROOT.glob("*.md"), *ROOT.glob("[a-z]*/**/*.md"))
    if "node_modules" not in path.parts and path.relative_to(ROOT).parts[0] != "build"
)
_BLOCK = re.compile(r"^```([a-z]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SETS = r"[a-z]+=\$\("  # a variable that takes what a command says
_PROGRAMS = rf"(?:{_SETS})?(?:\.venv/bin/)?(?:aws|curl|export|head|make|python|source)\b"

# Blocks without a language that show something and are no commands, by their first words.
FIGURES = frozenset(
    {
        "client ── POST",
        "clients ── JSON, OTLP, line protocol",
        "metrics/2026-11-22/02/20261122T031502-1/results",
        "hot/event_hour=2026-11-25-20/…jsonl.gz",
        "console http://127.0.0.1",
        "templates build/dev/",
        'POST /metrics {"metrics":',
    }
)

# Commands of `ops` that only an account can carry out, or that do not end: parsed and not run.
_ACCOUNT = (
    r"python -m ops (?:publish|deploy|rollout|fleet|bundle|console|store)\b"
    r"|--environment (?:prod|lake)|--all-regions"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: where it is, its language (empty if none is given), and its text."""

    document: Path
    language: str
    text: str

    @property
    def name(self) -> str:
        """The document's path in the project."""
        return self.document.relative_to(ROOT).as_posix()

    @property
    def is_commands(self) -> bool:
        """True if it begins as commands for a shell do."""
        return not self.language and re.match(_PROGRAMS, self.text) is not None

    @property
    def commands(self) -> list[str]:
        """The commands, those over several lines joined."""
        joined = re.sub(r"\\\n\s*|(?<=\|)\n\s*", " ", self.text)
        return [line for line in joined.splitlines() if line.strip()]


def blocks(documents: Sequence[Path] = DOCUMENTS) -> Iterator[Block]:
    """Every block of every document."""
    for path in documents:
        for language, text in _BLOCK.findall(path.read_text(encoding="utf-8")):
            yield Block(path, language, text)


def spans(path: Path) -> Iterator[str]:
    """The commands in the running text of a document."""
    text = _BLOCK.sub("", path.read_text(encoding="utf-8"))
    for span in re.findall(r"`([^`]+)`", text):
        line = " ".join(span.split())
        if re.match(r"(?:make|python|aws|curl|\.venv/bin/\w+|ops) [a-z-]", line):
            yield line


def judge_of(command: str) -> str:
    """The judge of a command: `run` in a local run, `foreign` likewise with programs that are not Python's, `parse`,
    the AWS CLI's own parser (`aws`), `make -n`. KeyError for a command that nothing judges.
    """
    program = re.match(_PROGRAMS, command)
    if program is None:
        raise KeyError(command)
    if "curl " in command:
        return "foreign"
    if program[0].endswith("aws"):
        return "aws" if re.search(r"--region|<|^aws ce |file://", command) else "run"
    if program[0] == "make":
        return "run" if command.startswith("make query") else "make"
    return "parse" if re.search(_ACCOUNT, command) else "run"
