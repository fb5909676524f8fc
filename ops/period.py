"""Periods that operators type, such as 15m."""

import argparse
import re

_PERIOD = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def period_s(text: str) -> int:
    """Seconds of a period such as 15m, 1h or 7d; argparse shows the error's text to the operator."""
    match = _PERIOD.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number with s, m, h or d, such as 15m or 1h")
    return int(match[1]) * _SECONDS[match[2]]
