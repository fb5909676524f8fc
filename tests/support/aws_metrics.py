"""The metrics that AWS's pages document, with the dimensions under which each can be read."""

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

Documented = tuple[str, str, frozenset[str]]
"""Namespace, metric, names of dimensions."""


@cache
def documented() -> frozenset[Documented]:
    """Every metric of `aws_metrics.toml`."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return frozenset(_rows(tomllib.loads(text)["service"]))


def _rows(services: list[dict[str, list[str]]]) -> Iterator[Documented]:
    for service in services:
        for metric in service["metrics"]:
            for names in service["dimensions"]:
                yield str(service["namespace"]), metric, frozenset(names)
