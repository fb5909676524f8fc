"""The partitions of a table: registered in Glue, projected from its properties, or the table itself."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulator.athena.engine import projection
from emulator.athena.ports import Glue
from emulator.sql import InvalidQueryError


@dataclass(frozen=True, slots=True)
class Partition:
    """Objects below one place; `values` are those of the partition columns, as text."""

    values: tuple[str, ...]
    bucket: str
    prefix: str


def partitions(glue: Glue, table: Mapping[str, Any], now_ns: int) -> list[Partition]:
    """Every partition of a table at a moment; InvalidQueryError where its properties are wrong or not supported."""
    names = [key["Name"].lower() for key in table.get("PartitionKeys") or ()]
    parameters = {name.lower(): value for name, value in (table.get("Parameters") or {}).items()}
    location = (table.get("StorageDescriptor") or {}).get("Location") or ""
    if not names:
        return [_at((), location)]
    if projection.enabled(parameters):
        moment = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC)
        return list(_projected(names, parameters, location, moment))
    registered = glue.partitions(table["DatabaseName"], table["Name"])
    return [_at(tuple(p["Values"]), p["StorageDescriptor"]["Location"]) for p in registered]


def path(names: Sequence[str], values: Sequence[str]) -> str:
    """A partition's path as Hive writes it: `a=1/b=2`."""
    return "/".join(f"{name}={value}" for name, value in zip(names, values, strict=True))


def _projected(
    names: Sequence[str], parameters: Mapping[str, str], location: str, now: datetime
) -> Iterator[Partition]:
    template = parameters.get("storage.location.template")
    if template is not None:
        missing = [name for name in names if f"${{{name}}}" not in template]
        if missing:
            raise InvalidQueryError(
                f"INVALID_TABLE_PROPERTY: storage.location.template has no place for {', '.join(missing)}"
            )
    columns = [projection.values(name, parameters, now) for name in names]
    for count, values in enumerate(itertools.product(*columns)):
        if count >= projection.MAX_PARTITIONS:
            raise InvalidQueryError(
                f"A table with more than {projection.MAX_PARTITIONS} projected partitions is not supported"
            )
        if template is None:
            yield _at(values, f"{location.rstrip('/')}/{path(names, values)}")
            continue
        place = template
        for name, value in zip(names, values, strict=True):
            place = place.replace(f"${{{name}}}", value)
        yield _at(values, place)


def _at(values: tuple[str, ...], location: str) -> Partition:
    scheme, _, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in ("s3", "s3a", "s3n") or not bucket:
        raise InvalidQueryError(f"Location '{location}' is not supported: it is not in S3")
    return Partition(values, bucket, f"{prefix.rstrip('/')}/" if prefix.strip("/") else "")
