"""Athena's work groups, which moto keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.athena.models import athena_backends

from emulator.moto import ACCOUNT_ID


@dataclass(frozen=True, slots=True)
class WorkGroup:
    """A work group's settings; `configuration` as GetWorkGroup shows it."""

    name: str
    enabled: bool
    configuration: Mapping[str, Any]


def find_work_group(region: str, name: str) -> WorkGroup | None:
    """A region's work group, or None."""
    kept = athena_backends[ACCOUNT_ID][region].work_groups.get(name)
    return None if kept is None else WorkGroup(kept.name, kept.state == "ENABLED", kept.configuration)


def disable_work_group(region: str, name: str) -> None:
    """Let a work group run no queries: moto has no call for that."""
    athena_backends[ACCOUNT_ID][region].work_groups[name].state = "DISABLED"
