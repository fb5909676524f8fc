"""Faults from the command line, as `/_local/faults` takes them."""

import argparse
import json
from collections.abc import Mapping
from typing import Any


def fault_of(text: str) -> Mapping[str, Any]:
    """The fault of an option, in short or as a JSON object; names of functions and the like are checked by the run."""
    from emulator.faults import FaultError, parse_rule  # noqa: PLC0415 - slow to load, and most runs have no fault
    from emulator.faults.spec import rule_of  # noqa: PLC0415 - as above

    try:
        if not text.lstrip().startswith("{"):
            parse_rule(rule_of(text))
            return {"rules": [text]}
        found: dict[str, Any] = json.loads(text)
        if not {"rules", "timestream", "seed"} & found.keys():
            parse_rule(found)
    except (FaultError, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return found
