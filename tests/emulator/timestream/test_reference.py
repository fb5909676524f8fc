"""The table of AWS's functions: what it says is so, and the README has it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.sql.functions import AGGREGATES, SCALAR_FUNCTIONS, windows
from emulator.timestream.dialect import TIMESTREAM
from emulator.timestream.errors import ValidationException
from emulator.timestream.reference import Form, forms
from tests.support.sql_fleet import Ask

README = Path("emulator/timestream/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("form", list(forms()), ids=lambda form: form.form)
def test_form(ask: Ask, form: Form) -> None:
    """The example of a form is answered; that of a missing one is refused as what this emulator does not have."""
    if not form.missing:
        assert ask(form.example).rows
        return
    with pytest.raises(ValidationException, match="this emulator does not have"):
        ask(form.example)


def test_readme() -> None:
    """The README has the table that the command prints."""
    printed = subprocess.run(
        [sys.executable, "-m", "emulator.timestream.reference"], capture_output=True, text=True, check=True
    ).stdout
    assert printed.strip() in README


def test_every_function_is_named() -> None:
    """Each function that there is stands in the table, or beside it."""
    functions = {
        **SCALAR_FUNCTIONS,
        **TIMESTREAM.functions,
        **AGGREGATES,
        **TIMESTREAM.aggregates,
        **windows.FUNCTIONS,
    }
    listed = README[README.index("**Functions**") : README.index("## What it refuses")]
    named = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`]+)`", listed))))
    assert functions.keys() - named == set()
