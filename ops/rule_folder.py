"""The rules that a command is given: those of its files and folders, or of the project's own folder."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from handlers.domain.alerts.rules.rule import Rule
from ops import stack
from ops.bundle import ROOT
from ops.errors import OperatorError
from ops.output import counted
from ops.rule_files import FOLDER, read_rule_files, rule_files_in, unread_files


def read_rules(environment: str, paths: Sequence[Path] = (), *, changing: bool = False) -> list[Rule]:
    """The rules of these files and folders, or else of the project's; OperatorError with all mistakes at once."""
    folders = paths or [Path(os.path.relpath(ROOT / FOLDER))]
    files = rule_files_in(folders)
    if not files:
        raise OperatorError(f"no rule files: there is no *.yaml or *.yml in {', '.join(map(str, folders))}")
    for path in (path for folder in folders for path in unread_files(folder)):
        print(f"note: {path} is not read with its folder; name it, or {path.parent}", file=sys.stderr)
    found = read_rule_files(files, stack.settings(environment).alerts.tick_seconds)
    if found.mistakes:
        outcome = "; nothing was changed" if changing else ""
        listed = "\n".join(map(str, found.mistakes))
        raise OperatorError(f"{counted(len(found.mistakes), 'mistake')}{outcome}:\n{listed}")
    return [filed.rule for filed in found.rules]


def has_rule_files() -> bool:
    """True if the project has rules of its own."""
    return bool(rule_files_in([ROOT / FOLDER]))
