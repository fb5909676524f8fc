"""Fault rules in short: `kinesis:PutRecord=throttle@10%x100`, `lambda/MetricWriterFunction=kill:200@1%`.

    SERVICE[:OPERATION][/NAME]=FAULT[:MS or :SHARE%][+after][@PROBABILITY%][xCOUNT]

NAME is a function of lambda, or a subscription of sns; FAULT a kind, a status from 400 on, or an error's code.
"""

import re
from typing import Any

from emulator.faults.kinds import KINDS

FORM = "SERVICE[:OPERATION][/NAME]=FAULT[:MS or :SHARE%][+after][@PROBABILITY%][xCOUNT]"
_NUMBER = r"\d+(?:\.\d+)?"
_SPEC = re.compile(
    r"(?P<service>[a-z0-9-]+|\*)(?::(?P<operation>\w+|\*))?(?:/(?P<name>.+))?=(?P<fault>[A-Za-z]+|\d{3})"
    rf"(?::(?:(?P<share>{_NUMBER})%|(?P<latency_ms>\d+)(?:ms)?))?(?P<after>\+after)?"
    rf"(?:@(?P<probability>{_NUMBER})%)?(?:x(?P<count>\d+))?"
)
_NAMED = {"lambda": "function", "sns": "subscription"}


def rule_of(text: str) -> dict[str, Any]:
    """The rule as JSON has it; ValueError says what is not understood. Its values are not checked."""
    found = _SPEC.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:200]!r} is no fault: {FORM}, as in kinesis:PutRecord=throttle@10%x100")
    rule: dict[str, Any] = {"service": found["service"]}
    if found["operation"]:
        rule["operation"] = found["operation"]
    if found["name"]:
        if found["service"] not in _NAMED:
            raise ValueError(f"{text[:200]!r}: only lambda and sns are followed by /NAME")
        rule[_NAMED[found["service"]]] = found["name"]
    rule |= _fault(found["fault"])
    if found["after"]:
        rule["when"] = "after"
    for name in ("latency_ms", "count"):
        if found[name]:
            rule[name] = int(found[name])
    for name in ("share", "probability"):
        if found[name]:
            rule[name] = float(found[name]) / 100
    return rule


def _fault(text: str) -> dict[str, Any]:
    """A kind, a status, or an error's code, which begins with a capital; any other is a kind that there is not."""
    if text.isdigit():
        return {"status": int(text)}
    return {"fault" if text in KINDS or not text[0].isupper() else "error": text}
